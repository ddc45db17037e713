/* <missed-list>: calls nobody answered and nobody called back; each dials by its button, the first by the answer key. */

import { dial, fill, h, tell } from "./dom.js";
import { calls } from "./rest.js";
import { moment, outcome, phone } from "./say.js";
import { _, ngettext } from "./words.js";

class MissedList extends HTMLElement {
  attach({ desk, live, keys }) {
    this.live = live;
    const key = this.querySelector(".answer-key");
    keys.listeners.add(() => tell(key, keys.label("answer")));
    this.rows = this.querySelector("ul");
    this.note = this.querySelector(".state");
    this.count = this.querySelector(".count");
    this.items = [];
    desk.addEventListener("lost", () => this.soon());
    live.addEventListener("frame", ({ detail }) => detail.some((event) => event.type === "snapshot" || event.type === "missed") && this.soon(0));
    this.rows.addEventListener("keydown", (event) => this.#walk(event));
  }

  /** Read again, shortly: the record is stored after the call ended. */
  soon(wait = 700) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.read(), wait);
  }

  async read() {
    try {
      const { items } = await calls.missed();
      this.items = items;
      this.draw();
    } catch (problem) {
      if (!this.items.length) this.#say(problem.message);
    }
  }

  draw() {
    this.#say(this.items.length ? "" : _("Nobody waits for a call back."));
    tell(this.count, this.items.length ? String(this.items.length) : "");
    this.count.setAttribute("aria-label", ngettext("%(count)s missed call", "%(count)s missed calls", this.items.length));
    fill(this.rows, this.items, (call) => call.id, (call) => this.#make(call), (row, call) => this.#update(row, call));
  }

  /** Put the focus on the first to call back; false where there is none. */
  enter() {
    const first = this.rows.querySelector("button");
    first?.focus();
    return Boolean(first);
  }

  #make(call) {
    const number = call.caller?.number;
    const button = dial(number, "", { class: "missed-row", "aria-label": "" });
    button.append(h("span", { class: "who clip" }), h("span", { class: "why muted small clip" }), h("span", { class: "when muted small number" }));
    if (!number) button.disabled = true;
    return h("li", {}, button);
  }

  #update(row, call) {
    const name = call.client?.name ?? call.client_name;
    const who = name || phone(call.caller?.number) || _("Number withheld");
    const why = [outcome(call), call.queue].filter(Boolean).join(" · ");
    row.firstChild.title = [who, name ? phone(call.caller?.number) : "", why].filter(Boolean).join(" · ");
    tell(row.querySelector(".who"), who);
    tell(row.querySelector(".when"), moment(call.started_at, this.live.now()));
    tell(row.querySelector(".why"), why);
    row.firstChild.setAttribute("aria-label", _("Call back %(who)s, missed %(when)s", { who, when: moment(call.started_at, this.live.now()) }));
  }

  #walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...this.rows.querySelectorAll("button")];
    buttons[buttons.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  }

  #say(text) {
    tell(this.note, text);
    this.note.hidden = !text;
  }
}

customElements.define("missed-list", MissedList);
