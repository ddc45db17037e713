/* <my-calls>: the calls I am rung by, talk in, or have still to finish. Room for three is kept: nothing below moves. */

import { fill, h, tell } from "./dom.js";
import { phone } from "./say.js";
import { _ } from "./words.js";

/** What a call is doing, for its person: {word, look}. */
export function doing(call, outward) {
  const words = {
    waiting: { word: _("Waits in the queue"), look: "warn" },
    dialing: { word: _("Calling"), look: "busy" },
    ringing: { word: outward ? _("Ringing there") : _("Incoming"), look: "busy" },
    talking: { word: _("Talking"), look: "good" },
    held: { word: _("Client on hold"), look: "warn" },
    parked: { word: _("Parked"), look: "warn" },
    ended: { word: _("To finish"), look: "still" },
  };
  return words[call.state] ?? words.ended;
}

/** Who is on the other side, in one line. */
export function titleOf(desk, call) {
  return desk.name(call) || phone(desk.other(call)) || _("Number withheld");
}

class MyCalls extends HTMLElement {
  attach({ desk, keys }) {
    this.desk = desk;
    this.keys = keys;
    this.rows = this.querySelector("ul");
    this.empty = this.querySelector(".state");
    for (const type of ["calls", "current", "presence"]) desk.addEventListener(type, () => this.draw());
    keys.listeners.add(() => this.draw());
    this.draw();
  }

  draw() {
    const { desk } = this;
    const calls = [...desk.mine, ...desk.after.values()];
    this.empty.hidden = calls.length > 0;
    fill(this.rows, calls, (call) => call.id, (call) => this.#make(call), (row, call) => this.#update(row, call));
  }

  #make(call) {
    const open = h("button", { type: "button", class: "call-row", onclick: () => this.desk.open(call.id) },
      h("span", { class: "who clip" }), h("kbd", { hidden: true }), h("span", { class: "pill" }, h("span", { class: "word" })), h("run-time", { class: "strong small number" }));
    return h("li", {}, open);
  }

  #update(row, call) {
    const { desk } = this;
    const { word, look } = doing(call, call.direction === "outbound");
    const button = row.firstChild;
    const key = call.state === "ringing" && desk.ringing[0]?.id === call.id ? this.keys.label("answer") : "";
    tell(button.querySelector(".who"), titleOf(desk, call));
    button.setAttribute("aria-current", String(desk.currentId === call.id));
    button.querySelector(".pill").className = `pill ${look}`;
    tell(button.querySelector(".word"), word);
    tell(button.querySelector("kbd"), key);
    button.querySelector("kbd").hidden = !key;
    const timer = button.querySelector("run-time");
    const since = call.state === "ended" ? "" : call.since ?? "";
    if (timer.getAttribute("since") !== since) timer.setAttribute("since", since);
  }
}

customElements.define("my-calls", MyCalls);
