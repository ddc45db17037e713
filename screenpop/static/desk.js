/* The agent's desk: builds the parts, gives each what it needs, and does what the keys say. */

import "./run-time.js";
import "./my-calls.js";
import "./queue-list.js";
import "./missed-list.js";
import "./my-day.js";
import "./net-figure.js";
import "./work-state.js";
import "./client-card.js";
import "./unknown-caller.js";
import "./wrap-up.js";
import "./next-up.js";
import "./first-steps.js";
import "./pbx-away.js";
import "./side-tabs.js";
import "./team-presence.js";
import "./finder.js";
import "./transfer-picker.js";
import "./key-sheet.js";
import * as alarm from "./alarm.js";
import { effect } from "./call-bar.js";
import { Desk } from "./desk-model.js";
import { dial } from "./dial.js";
import { aloud, say, tell, writing } from "./dom.js";
import { Keys } from "./keys.js";
import { Live } from "./live.js";
import { titleOf } from "./my-calls.js";
import { painted } from "./painted.js";
import * as rest from "./rest.js";
import { ringing } from "./rings.js";
import { followClock } from "./run-time.js";
import { phone } from "./say.js";
import { Tabs } from "./tabs.js";
import { _, page } from "./words.js";

const find = (name) => document.querySelector(name);
const live = new Live(page.live);
const desk = new Desk(page.user, { now: () => live.now(), busy: () => writing() });
const tabs = new Tabs(page.user.id);
const keys = new Keys({ run, digit, enter, sheet: () => (find("key-sheet").open(), true) });
const acknowledge = painted(live);

followClock(() => live.now());
for (const element of document.querySelectorAll("[data-part-of=desk]")) {
  element.attach({ desk, live, keys, tabs, dial, unknown: find("unknown-caller"), done: () => find("wrap-up").draw() });
}

/* ---- keys ---- */

function run(action) {
  const call = desk.active ?? desk.current;
  if (action === "find") return find("find-anybody").toggle();
  if (action === "state") return page.user.extension ? find("work-state").turn() : refuse();
  const does = effect(action, call, desk);
  if (action === "answer") return does === "answer" ? answer() : does ? act(call, does, action) : call && desk.active ? refuse() : nextToCall();
  if (action === "transfer" && does === "transfer") return find("transfer-picker").open(call);
  if (action === "conference" && does === "conference") return conference(call);
  if (does === "finish") return find("wrap-up").finish();
  if (action === "hangup" && !call && desk.after.size) return desk.open([...desk.after.keys()].at(-1));
  return does ? act(call, does, action) : refuse();
}

function refuse() {
  aloud(_("Not possible now."));
}

function answer() {
  const call = desk.ringing.find((each) => (each.actions ?? []).includes("answer"));
  if (desk.pop !== "never") desk.open(call.id);
  return act(call, "answer", "answer");
}

/** With no call, the answer key goes round what is to be called: missed calls, then tasks; Enter calls. */
function nextToCall() {
  const lists = [find("missed-list"), find("next-up")];
  const inFirst = lists[0].contains(document.activeElement);
  const took = inFirst ? lists[1].enter() || lists[0].enter() : lists[0].enter() || lists[1].enter();
  if (!took) aloud(_("Nobody to call back, no tasks."));
}

function conference(call) {
  const others = desk.mine.filter((each) => each.id !== call.id && (each.state === "held" || each.state === "talking"));
  return others.length || (call.actions ?? []).includes("complete") ? act(call, "conference", "conference") : find("transfer-picker").open(call, "conference");
}

async function act(call, action, button) {
  const bar = find("call-bar");
  bar.busy(button);
  try {
    await rest.calls.act(call.id, action);
  } catch (problem) {
    say(problem.message);
    bar.draw();
  }
}

function digit(n, event) {
  if (find("unknown-caller").pick(n)) return true;
  if (!desk.current || (desk.current.state !== "ended" && !event.altKey)) return false;
  return find("wrap-up").pick(n);
}

function enter() {
  if (!desk.current) return find("next-up").enter() || find("missed-list").enter();
  if (desk.current.state === "ended" && desk.card(desk.current)?.client && find("wrap-up").querySelector("[aria-pressed=true]")) return (keys.press("hangup"), true);
  return find("unknown-caller").enter() || find("wrap-up").enter();
}

/* ---- the feed ---- */

live.addEventListener("frame", ({ detail }) => {
  desk.take(detail);
  for (const event of detail) {
    if (event.type === "snapshot") ready();
    if (event.type === "error") say(event.detail);
    if (event.type === "call" && event.card) acknowledge(event.call.id);
  }
});

function ready() {
  live.subscribe(["presence", "queue"]);
  document.documentElement.dataset.ready = "yes";
  for (const call of desk.mine) if (desk.card(call)) acknowledge(call.id);
  if (desk.own?.user_state === "wrapup" && !desk.current) unfinished();
}

/** After a reload in mid wrap-up: the last call and what was written about it. */
async function unfinished() {
  try {
    const { items } = await rest.calls.list({ extension: page.user.extension, limit: 1 });
    const [call] = items;
    if (!call?.ended_at || live.now() - Date.parse(call.ended_at) > 3_600_000) return;
    const number = call.direction === "inbound" ? call.caller?.number : call.dialed;
    const card = number ? await rest.clients.lookup(number).catch(() => null) : null;
    desk.resume(call, card);
  } catch {
    // the next call is not in the way of it
  }
}

/* ---- what a ringing call does outside its card ---- */

const alarms = ringing({ desk, live, tabs, keys, open: (id) => desk.open(id) });

function edges() {
  const [first] = desk.ringing;
  const edge = document.getElementById("edge");
  const waits = tabs.leads && first && desk.currentId !== first.id;
  edge.hidden = !waits;
  if (waits) {
    tell(edge.querySelector(".who"), titleOf(desk, first));
    tell(edge.querySelector(".from"), [desk.name(first) ? phone(desk.other(first)) : "", first.queue].filter(Boolean).join(" · "));
    tell(edge.querySelector("kbd"), keys.label("answer"));
  }
  document.getElementById("elsewhere").hidden = tabs.leads || !(first || desk.active);
  document.documentElement.toggleAttribute("data-elsewhere", !tabs.leads);
}

desk.addEventListener("lost", ({ detail: { call, worked, before } }) => {
  if (worked || before.state !== "ringing") return;
  const by = (call.answered_by ?? []).map((extension) => desk.phone(extension, call.pbx)?.user?.name ?? extension).join(", ");
  say(by ? _("Answered by %(who)s", { who: by }) : _("The call has ended: %(who)s", { who: titleOf(desk, before) }));
});
for (const type of ["calls", "current"]) desk.addEventListener(type, edges);
tabs.addEventListener("lead", edges);
keys.listeners.add(edges);

document.getElementById("edge").addEventListener("click", () => desk.ringing[0] && desk.open(desk.ringing[0].id));
document.querySelector("#elsewhere button").addEventListener("click", () => tabs.claim());
find("#find-button").addEventListener("click", () => keys.press("find"));
find("#keys-button").addEventListener("click", () => find("key-sheet").open());
document.addEventListener("focusout", () => setTimeout(() => desk.look()));
document.addEventListener("signed-out", () => {
  find("wrap-up").flush(true);
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
});

/* ---- sound and notifications ---- */

const sound = document.getElementById("sound");
const drawSound = () => sound.setAttribute("aria-pressed", String(!alarm.muted()));
sound.addEventListener("click", () => { alarm.mute(!alarm.muted()); drawSound(); alarms(); });
drawSound();
const notices = document.getElementById("notices");
notices.hidden = !alarm.askable();
notices.addEventListener("click", async () => { await Notification.requestPermission(); notices.hidden = !alarm.askable(); });

/* ---- what the user chose for himself ---- */

async function choices() {
  const settings = await rest.me.settings().catch(() => null);
  if (!settings) return;
  keys.use(settings.keys);
  desk.pop = ["answer", "never"].includes(settings.pop) ? settings.pop : "ring";
}

// Chosen on another page meanwhile.
document.addEventListener("visibilitychange", () => document.hidden || choices());

/* ---- begin ---- */

// The first call must find the choices made, but never wait long for them.
Promise.race([choices(), new Promise((over) => setTimeout(over, 1_000))]).then(() => live.start());
