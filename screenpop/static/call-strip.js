/* <call-strip>: my call on every page but the desk, in the bar on top, where it covers nothing and moves nothing:
 * who rings or talks, why we think so, the keys, the way to the desk. */

import { effect } from "./call-bar.js";
import { h, once, say } from "./dom.js";
import { matchOf, keeperOf } from "./match.js";
import { doing, titleOf } from "./my-calls.js";
import { painted } from "./painted.js";
import * as rest from "./rest.js";
import { ringing } from "./rings.js";
import { phone } from "./say.js";
import { _ } from "./words.js";

const DESK = "/";
const TAKES = ["answer", "mute", "hold", "hangup"];

class CallStrip extends HTMLElement {
  attach({ desk, live, keys, tabs }) {
    Object.assign(this, { desk, live, keys, signedOut: false });
    const shown = painted(live);
    live.addEventListener("frame", ({ detail }) => {
      for (const { type, call, card } of detail) if (type === "call" && card) shown(call.id);
      if (detail.some(({ type }) => type === "snapshot")) for (const call of desk.mine) if (desk.card(call)) shown(call.id);
    });
    ringing({ desk, live, tabs, keys, open: () => this.#toDesk() });
    for (const type of ["calls", "current", "presence"]) desk.addEventListener(type, () => this.draw());
    live.addEventListener("line", () => this.draw());
    document.addEventListener("signed-out", () => { this.signedOut = true; this.draw(); });
    keys.listeners.add(() => this.draw());
  }

  /** The call the strip is about: the one I talk in, else the first that rings, else the one to finish. */
  get call() {
    const { desk } = this;
    return desk.active ?? desk.ringing[0] ?? desk.mine[0] ?? [...desk.after.values()].at(-1) ?? null;
  }

  /** Whether a key is the strip's own now: what it cannot do stays the browser's. */
  takes(action) {
    return TAKES.includes(action) && this.#does(action) !== null;
  }

  run(action) {
    const does = this.#does(action);
    if (does === "finish") return this.#toDesk();
    if (does) this.#act(does === "answer" ? this.#waiting() : this.call, does);
    return undefined;
  }

  /** Enter, where nothing has the focus, goes to the desk. */
  enter() {
    if (!this.call && !this.#wraps()) return false;
    this.#toDesk();
    return true;
  }

  /** Whether the line is cut: the first moments of a page do not count. */
  get cut() {
    return !this.live.online && (this.live.seq !== null || this.live.attempt > 1);
  }

  draw() {
    const { call } = this;
    const others = this.desk.ringing.filter((each) => each !== call);
    const state = call ? [call.id, call.state, call.since, call.actions, titleOf(this.desk, call), this.desk.card(call), call.queue] : this.#wraps();
    const signature = [this.signedOut, this.cut, state, others.map((each) => [each.id, titleOf(this.desk, each)]), this.keys.label("answer"), this.keys.label("hangup")];
    once(this, signature, () => this.#parts(call, others[0]));
  }

  #parts(call, other) {
    if (this.signedOut) return [pill("bad", _("You are logged out")), h("span", { class: "who muted small" }, _("Calls are not shown here.")), h("a", { class: "button small", href: `/login?next=${encodeURIComponent(location.pathname)}` }, _("Log in"))];
    if (this.cut) return [pill("bad", _("No link to the server")), h("span", { class: "who muted small clip" }, _("Calls are not shown until it is back."))];
    if (call) return [...this.#call(call), ...this.#buttons(call, other)];
    return this.#wraps() ? [pill("warn", _("Wrap-up")), h("span", { class: "who muted small clip" }, _("The outcome and the note of the last call are open on the desk.")), this.#way(true)] : [];
  }

  #call(call) {
    const { word, look } = doing(call, call.direction === "outbound");
    const clock = call.state === "ended" ? "" : h("run-time", { class: "strong number", since: call.since ?? "" });
    return [pill(look, word, clock), this.#who(call)];
  }

  #who(call) {
    const { desk } = this;
    const card = desk.card(call);
    const match = matchOf(card);
    const number = desk.name(call) ? phone(desk.other(call)) : "";
    const more = [number, call.queue, match?.word, card?.foreign && keeperOf(card.foreign)].filter(Boolean).join(" · ");
    const title = [titleOf(desk, call), card?.client?.company].filter(Boolean).join(" · ");
    return h("span", { class: "who", title: `${title} · ${more}` },
      h("span", { class: "clip" }, h("span", { class: "strong" }, titleOf(desk, call)), card?.client?.company ? ` · ${card.client.company}` : ""),
      h("span", { class: "clip small muted number" }, more));
  }

  #buttons(call, other) {
    const rings = call.state === "ringing" && this.desk.ringing.includes(call);
    return [
      other && this.#button("answer", `☎ ${titleOf(this.desk, other)}`, "second small", _("Answer %(who)s", { who: titleOf(this.desk, other) })),
      rings && this.#does("answer") && this.#button("answer", _("Answer"), "primary small"),
      call.state !== "ended" && this.#does("hangup") && this.#button("hangup", rings ? _("Decline") : _("Hang up"), "danger small"),
      this.#way(call.state === "ended"),
    ];
  }

  #button(action, word, look, name = null) {
    return h("button", { type: "button", class: look, "aria-label": name, title: name, onclick: (event) => this.keys.press(action, event) }, h("span", { class: "clip" }, word), h("kbd", {}, this.keys.label(action)));
  }

  #way(first) {
    return h("a", { class: `button small${first ? " primary" : ""}`, href: DESK, "aria-keyshortcuts": "Enter" }, _("Desk"), h("kbd", {}, "Enter"));
  }

  #does(action) {
    const call = action === "answer" ? this.#waiting() : this.call;
    return call ? effect(action, call, this.desk) : null;
  }

  #waiting() {
    return this.desk.ringing.find((each) => (each.actions ?? []).includes("answer")) ?? null;
  }

  #wraps() {
    return this.desk.own?.user_state === "wrapup" ? this.desk.own.user_since : null;
  }

  async #act(call, action) {
    try {
      await rest.calls.act(call.id, action);
    } catch (problem) {
      say(problem.message);
    }
  }

  #toDesk() {
    location.assign(DESK);
  }
}

function pill(look, word, more = "") {
  return h("span", { class: `pill ${look}`, role: "status" }, word, more);
}

customElements.define("call-strip", CallStrip);
