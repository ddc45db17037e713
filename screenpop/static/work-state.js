/* <work-state>: am I ready, paused, finishing a call; since when; the key that turns it. */

import { say, tell } from "./dom.js";
import { me } from "./rest.js";
import { stateOf } from "./say.js";
import { _ } from "./words.js";

const IN_CALL = new Set(["ringing", "talking", "hold", "busy"]);

class WorkState extends HTMLElement {
  attach({ desk, keys, live }) {
    this.desk = desk;
    this.keys = keys;
    this.live = live;
    this.pill = this.querySelector(".pill");
    this.button = this.querySelector("button.turn");
    this.menu = this.querySelector("details");
    this.button.addEventListener("click", () => keys.press("state"));
    this.menu.addEventListener("click", ({ target }) => target.dataset?.reason !== undefined && this.pause(target.textContent));
    for (const type of ["presence", "calls"]) desk.addEventListener(type, () => this.draw());
    keys.listeners.add(() => this.draw());
    this.draw();
  }

  get state() {
    return this.desk.own?.user_state ?? "offline";
  }

  draw() {
    const own = this.desk.own ?? {};
    const looks = {
      ready: [_("Ready"), "good"], paused: [own.reason || _("Pause"), "warn"], wrapup: [_("Wrap-up"), "warn"], offline: [_("Offline"), "still"],
    };
    const calls = IN_CALL.has(own.state) && this.state !== "wrapup";
    const [word, look] = calls ? [stateOf(own).word, stateOf(own).look] : looks[this.state] ?? looks.offline;
    this.pill.className = `pill ${look}`;
    tell(this.pill.querySelector(".word"), word);
    const timer = this.pill.querySelector("run-time");
    const since = (calls ? own.since : own.user_since ?? own.since) ?? "";
    if (timer.getAttribute("since") !== since) timer.setAttribute("since", since);
    tell(this.button.querySelector(".word"), this.state === "ready" ? _("Pause") : _("Ready"));
    tell(this.button.querySelector("kbd"), this.keys.label("state"));
  }

  turn() {
    return this.state === "ready" ? this.pause(_("Break")) : this.become("ready");
  }

  pause(reason) {
    this.menu.open = false;
    return this.become("paused", reason);
  }

  async become(state, reason = null) {
    try {
      await me.become(state, reason);
    } catch (problem) {
      say(problem.message);
    }
  }
}

customElements.define("work-state", WorkState);
