/* Every page but the desk and the lines: a feed of my own calls for the strip in the bar on top. */

import "./call-strip.js";
import "./run-time.js";
import { Desk } from "./desk-model.js";
import { Keys } from "./keys.js";
import { Live } from "./live.js";
import * as rest from "./rest.js";
import { followClock } from "./run-time.js";
import { Tabs } from "./tabs.js";
import { page } from "./words.js";

/** Give `strip` the feed, and its keys to the page; the desk's own tab rings where there is one. */
export function attend(strip, live, desk) {
  const tabs = new Tabs(page.user.id, { claims: false });
  const keys = new Keys({ run: (action) => strip.run(action), enter: () => strip.enter(), takes: (action) => strip.takes(action) });
  strip.attach({ desk, live, keys, tabs });
  const choices = () => rest.me.settings().then((settings) => keys.use(settings?.keys), () => {});
  document.addEventListener("visibilitychange", () => document.hidden || choices());
  choices();
}

const strip = document.querySelector("call-strip[data-alone]");
if (strip) {
  const live = new Live(page.live);
  const desk = new Desk(page.user, { now: () => live.now() });
  followClock(() => live.now());
  live.subscribe([`presence:${page.user.extension}`]);
  live.addEventListener("frame", ({ detail }) => desk.take(detail));
  attend(strip, live, desk);
  live.start();
}
