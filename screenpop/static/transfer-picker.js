/* <transfer-picker>: whom to hand the call to, with what he is doing now; a park and any number are targets, too.
 * The client is put on hold the moment it opens, and comes back when nobody was chosen. */

import { h, say, tell } from "./dom.js";
import { calls } from "./rest.js";
import { phone, stateOf } from "./say.js";
import { byNumber, fits, nameOf } from "./team-presence.js";
import { _ } from "./words.js";

const ORDER = { idle: 0, hold: 2, busy: 2, talking: 2, ringing: 2, dnd: 3, unavailable: 4 };
const NUMBER = /^[+*#\d][\d\s()+*#-]*$/;

class TransferPicker extends HTMLElement {
  attach({ desk }) {
    Object.assign(this, { desk, rows: [], marked: 0, hidden: true });
    this.input = this.querySelector("input");
    this.list = this.querySelector("[role=listbox]");
    this.heading = this.querySelector("h2");
    this.input.addEventListener("input", () => { this.marked = 0; this.#draw(); });
    this.input.addEventListener("keydown", (event) => this.#keys(event));
    this.querySelector(".now").addEventListener("click", () => this.#go("blind"));
    this.querySelector(".ask").addEventListener("click", () => this.#go("attended"));
    this.querySelector(".back").addEventListener("click", () => this.close(true));
    desk.addEventListener("presence", () => this.hidden || this.#draw());
    desk.addEventListener("calls", () => this.hidden || this.desk.calls.has(this.callId) || this.close(false));
  }

  /** Open for a call: "transfer" or "conference". */
  async open(call, purpose = "transfer") {
    if (!this.hidden) return this.close(true);
    Object.assign(this, { callId: call.id, purpose, before: document.activeElement, held: false, marked: 0 });
    this.input.value = "";
    this.hidden = false;
    tell(this.heading, purpose === "conference" ? _("Bring in whom?") : _("Transfer to whom?"));
    this.querySelector(".now").hidden = purpose === "conference";
    this.#draw();
    this.input.focus();
    if (purpose === "transfer" && (call.actions ?? []).includes("hold")) {
      this.held = true;
      await calls.act(call.id, "hold").catch((problem) => { this.held = false; say(problem.message); });
    }
    return undefined;
  }

  /** Close; `back` returns to the client we put on hold. */
  close(back) {
    if (this.hidden) return;
    this.hidden = true;
    if (document.activeElement && this.contains(document.activeElement)) document.activeElement.blur();
    if (this.before?.isConnected && this.before !== document.body) this.before.focus();
    if (back && this.held) calls.act(this.callId, "resume").catch((problem) => say(problem.message));
  }

  #draw() {
    const typed = this.input.value.trim();
    const mates = this.desk.mates.filter((row) => fits(row, typed))
      .sort((a, b) => (ORDER[a.state] ?? 5) - (ORDER[b.state] ?? 5) || byNumber(a, b));
    const number = NUMBER.test(typed) ? typed.replaceAll(/[\s()-]/g, "") : "";
    const call = this.desk.calls.get(this.callId);
    const park = this.purpose === "transfer" && _("Park").toLocaleLowerCase().startsWith(typed.toLocaleLowerCase());
    this.rows = [
      ...mates.slice(0, 60).map((row) => ({ to: row.extension, title: nameOf(row), look: stateOf(row) })),
      ...(park && (!call || (call.actions ?? []).includes("park")) ? [{ park: true, title: _("Park"), to: "", look: null }] : []),
      ...(number && !mates.some((row) => row.extension === number) ? [{ to: number, title: _("Number %(number)s", { number: phone(number) }), look: null }] : []),
    ];
    this.marked = Math.max(0, Math.min(this.marked, this.rows.length - 1));
    this.list.replaceChildren(...this.rows.map((row, i) => h("div", { id: `target-${i}`, class: "find-row", role: "option", "aria-selected": String(i === this.marked),
      onclick: () => this.#mark(i), ondblclick: () => this.#go("blind") },
    h("span", { class: "strong clip" }, row.title), h("span", { class: "muted number" }, row.park ? _("in the parking lot") : row.to), row.look && h("span", { class: `pill end ${row.look.look}` }, row.look.word))));
    this.querySelector(".state").hidden = this.rows.length > 0;
    this.#mark(this.marked);
  }

  #mark(at) {
    this.marked = at;
    [...this.list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === at)));
    this.list.children[at]?.scrollIntoView({ block: "nearest" });
    if (this.rows.length) this.input.setAttribute("aria-activedescendant", `target-${at}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.querySelector(".ask").disabled = !this.rows.length || Boolean(this.rows[at]?.park);
    this.querySelector(".now").disabled = !this.rows.length;
  }

  async #go(kind) {
    const target = this.rows[this.marked];
    if (!target) return;
    this.close(false);
    try {
      if (target.park) await calls.act(this.callId, "park");
      else if (this.purpose === "conference") await calls.act(this.callId, "conference", { to: target.to });
      else await calls.act(this.callId, "transfer", { to: target.to, kind });
    } catch (problem) {
      say(problem.message);
    }
  }

  #keys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.rows.length) this.#mark((this.marked + step + this.rows.length) % this.rows.length);
    else if (event.key === "Enter") this.#go(event.shiftKey || this.purpose === "conference" ? "attended" : "blind");
    else if (event.key === "Escape") this.close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

customElements.define("transfer-picker", TransferPicker);
