/* The supervisor's page: every extension as it changes, every call that goes on, every queue. */

import "./run-time.js";
import "./net-figure.js";
import "./first-steps.js";
import "./pbx-away.js";
import { ClientNames } from "./client-names.js";
import { doing } from "./my-calls.js";
import { Desk, phoneKey, queueKey } from "./desk-model.js";
import { dial, fill, h, once, tell } from "./dom.js";
import { attend } from "./everywhere.js";
import { Live } from "./live.js";
import { followClock } from "./run-time.js";
import { phone, stateOf } from "./say.js";
import { byNumber, fits, nameOf } from "./team-presence.js";
import { _, ngettext, page } from "./words.js";

const LOOKS = ["busy", "warn", "good", "still"];
const live = new Live(page.live);
const desk = new Desk(page.user, { now: () => live.now() });
const part = (name) => document.getElementById(name);
const names = new ClientNames(drawCalls);
let look = "";

followClock(() => live.now());
document.querySelector("net-figure").attach({ live });
document.querySelector("pbx-away").attach({ desk });
document.querySelector("first-steps").attach({ desk, live });
live.addEventListener("frame", ({ detail }) => {
  desk.take(detail);
  if (detail.some((event) => event.type === "snapshot")) {
    live.subscribe(["presence", "queue"]);
    document.documentElement.dataset.ready = "yes";
  }
});
desk.addEventListener("presence", drawPhones);
desk.addEventListener("calls", drawCalls);
desk.addEventListener("presence", drawCalls);
desk.addEventListener("queues", drawQueues);
const strip = document.querySelector("call-strip");
if (strip) attend(strip, live, desk);
part("find-phone").addEventListener("input", drawPhones);
for (const button of document.querySelectorAll("[data-show]")) {
  button.addEventListener("click", () => {
    look = look === button.dataset.show ? "" : button.dataset.show;
    drawPhones();
  });
}
live.start();

function drawPhones() {
  const all = desk.phones;
  const typed = part("find-phone").value.trim();
  const looks = all.map((row) => stateOf(row).look);
  const rows = all.filter((row, i) => (!look || looks[i] === look) && (!typed || fits(row, typed))).sort(byNumber);
  for (const each of LOOKS) {
    const button = document.querySelector(`[data-show=${each}]`);
    button.setAttribute("aria-pressed", String(look === each));
    tell(button.querySelector(".count"), String(looks.filter((one) => one === each).length));
  }
  const note = part("no-phones");
  note.hidden = rows.length > 0;
  tell(note, all.length ? _("Nobody like that.") : _("No phones to see."));
  tell(part("phones-count"), ngettext("%(count)s phone", "%(count)s phones", all.length));
  fill(part("phones"), rows, phoneKey, makePhone, updatePhone);
}

function makePhone(row) {
  const button = dial(row.extension, "", { class: "tile" });
  button.append(h("span", { class: "shape" }), h("span", { class: "who clip" }), h("span", { class: "muted small number ext" }), h("span", { class: "doing small clip" }),
    h("run-time", { class: "muted small number" }));
  return h("li", {}, button);
}

function updatePhone(item, row) {
  const place = desk.place(row);
  if (item.told === row && item.place === place) return;
  Object.assign(item, { told: row, place });
  const { word, look: looks, alone } = stateOf(row);
  const button = item.firstChild;
  button.toggleAttribute("data-alone", Boolean(alone));
  const changed = button.dataset.look && button.querySelector(".doing").textContent && button.dataset.state !== row.state;
  button.dataset.look = looks;
  button.dataset.state = row.state;
  tell(button.querySelector(".who"), nameOf(row));
  tell(button.querySelector(".ext"), [place, row.extension].filter(Boolean).join(" "));
  tell(button.querySelector(".doing"), row.peer ? (row.state === "talking" ? phone(row.peer) : `${word} · ${phone(row.peer)}`) : word);
  const timer = button.querySelector("run-time");
  const since = (row.state === "idle" && ["paused", "wrapup"].includes(row.user_state) ? row.user_since : row.since) ?? "";
  if (timer.getAttribute("since") !== since) timer.setAttribute("since", since);
  button.title = [nameOf(row), row.extension, alone ? _("free, not at the desk") : word, row.peer ? phone(row.peer) : ""].filter(Boolean).join(" · ");
  if (changed) {
    button.classList.remove("changed");
    requestAnimationFrame(() => button.classList.add("changed"));
  }
}

/** An extension as people say it: its user's name and number, or the phone's number alone. */
function person(extension, pbx) {
  const row = desk.phone(extension, pbx) ?? { extension };
  return row.user?.name || row.name ? `${nameOf(row)} ${extension}` : nameOf(row);
}

/** Who it is outside: the client, else the name the network gave; inside calls have a colleague there. */
function outsider(call, number) {
  if (call.direction === "internal") return desk.name(call);
  return names.of(number) || (call.direction === "inbound" ? desk.name(call) : "");
}

/** Who takes part inside now: who talks, else who is rung, else who calls. Who handed the call over is not in it. */
function inside(call) {
  const there = (call.parties ?? []).filter(({ extension }) => call.direction !== "internal" || extension !== desk.other(call));
  const talking = there.filter(({ state }) => state === "talking" || state === "held");
  const all = (talking.length ? talking : there).map(({ extension }) => extension);
  if (!all.length && call.caller?.extension) all.push(call.caller.extension);
  return [...new Set(all)].map((extension) => person(extension, call.pbx)).join(", ");
}

function drawCalls() {
  const calls = [...desk.calls.values()].sort((a, b) => (a.started_at ?? "").localeCompare(b.started_at ?? ""));
  part("no-calls").hidden = calls.length > 0;
  tell(part("calls-count"), calls.length ? String(calls.length) : "");
  fill(part("calls"), calls, (call) => call.id, makeCall, updateCall);
}

function makeCall() {
  return h("tr", {}, h("td", {}, h("span", { class: "pill" })), h("td", { class: "outside" }), h("td", { class: "within" }), h("td", { class: "queue muted" }), h("td", { class: "right" }, h("run-time", {})));
}

function updateCall(row, call) {
  const { word, look: looks } = doing(call, call.direction === "outbound");
  const [state] = row.firstChild.children;
  state.className = `pill ${looks}`;
  tell(state, word);
  const number = desk.other(call);
  const name = outsider(call, number);
  once(row.querySelector(".outside"), [number, name], () => [name && h("span", { class: "clip strong", title: name }, name), number ? dial(number, phone(number)) : _("Number withheld")]);
  const arrow = { inbound: "→", outbound: "←", internal: "↔" }[call.direction] ?? "→";
  tell(row.querySelector(".within"), `${arrow} ${inside(call)}`);
  tell(row.querySelector(".queue"), call.queue ?? "");
  const timer = row.querySelector("run-time");
  const since = call.since ?? call.started_at ?? "";
  if (timer.getAttribute("since") !== since) timer.setAttribute("since", since);
}

function drawQueues() {
  const queues = [...desk.queues.values()].sort((a, b) => a.queue.localeCompare(b.queue));
  part("no-queues").hidden = queues.length > 0;
  fill(part("queues"), queues, queueKey, () => h("tr", {}, h("th", { scope: "row" }), h("td", { class: "right waiting" }), h("td", { class: "right" }, h("run-time", {})), h("td", { class: "right level" }), h("td", { class: "right members" })), (row, queue) => {
    tell(row.firstChild, queue.queue);
    tell(row.querySelector(".waiting"), String(queue.waiting ?? 0));
    row.classList.toggle("pressing", queue.waiting > 0);
    row.querySelector("run-time").setAttribute("since", queue.waiting ? queue.longest_since ?? "" : "");
    tell(row.querySelector(".level"), typeof queue.service_level === "number" ? `${Math.round(queue.service_level * 100)} %` : "—");
    const members = queue.members ?? [];
    tell(row.querySelector(".members"), `${members.filter((member) => !member.paused).length} / ${members.length}`);
  });
}
