/* What a call does outside its card, on every page: the sound, the tab's title, the notification, the reader's voice. */

import * as alarm from "./alarm.js";
import { aloud } from "./dom.js";
import { titleOf } from "./my-calls.js";
import { duration, phone } from "./say.js";
import { _ } from "./words.js";

/** Ring and speak for `desk` in the tab that leads; `open(id)` is what a click on the notification does. */
export function ringing({ desk, live, tabs, keys, open }) {
  const draw = () => follow(desk, live, tabs.leads);
  desk.addEventListener("rang", ({ detail: call }) => {
    if (!tabs.leads) return;
    const who = [titleOf(desk, call), desk.name(call) ? phone(desk.other(call)) : ""].filter(Boolean).join(", ");
    aloud(_("Incoming call: %(who)s. %(key)s answers.", { who, key: keys.label("answer") }));
    alarm.notify(alarm.words.ringing(), who, () => open(call.id));
  });
  for (const type of ["calls", "current"]) desk.addEventListener(type, draw);
  tabs.addEventListener("lead", draw);
  setInterval(draw, 1_000);
  return draw;
}

function follow(desk, live, leads) {
  const [first] = desk.ringing;
  const { active } = desk;
  if (first && leads) {
    if (!active) alarm.ring();
    alarm.title(`☎ ${titleOf(desk, first)}`);
    return;
  }
  alarm.hush();
  alarm.unnotify();
  const clock = active?.since ? duration((live.now() - Date.parse(active.since)) / 1000) : "";
  alarm.title(active && leads ? `● ${clock} ${titleOf(desk, active)}` : "");
}
