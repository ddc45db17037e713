/* <next-up>: what to do while no call is here: the tasks that are due, each one dials. */

import { dial, fill, h, tell } from "./dom.js";
import { tasks } from "./rest.js";
import { moment, phone } from "./say.js";
import { _ } from "./words.js";

class NextUp extends HTMLElement {
  attach({ desk, live, keys }) {
    Object.assign(this, { desk, live, keys, items: null });
    this.rows = this.querySelector("ul");
    this.note = this.querySelector(".state");
    live.addEventListener("frame", ({ detail }) => detail.some((event) => event.type === "snapshot" || event.type === "task") && this.read());
    for (const type of ["current", "calls"]) desk.addEventListener(type, () => this.draw());
    this.rows.addEventListener("keydown", (event) => this.#walk(event));
    this.draw();
  }

  async read() {
    try {
      const { items } = await tasks.list({ mine: true, state: "open", limit: 50 });
      this.items = items.toSorted((a, b) => (a.due_at ?? "9").localeCompare(b.due_at ?? "9"));
    } catch (problem) {
      if (!this.items) this.#say(problem.message);
      return;
    }
    this.draw();
  }

  draw() {
    this.hidden = Boolean(this.desk.current);
    if (!this.items) return;
    this.#say(this.items.length ? "" : _("No tasks for today. The next call comes by itself."));
    fill(this.rows, this.items, (task) => task.id, () => h("li", {}, dial("", "", { class: "task-row" })), (row, task) => this.#update(row.firstChild, task));
  }

  /** Put the focus on the first task; false where there is none. */
  enter() {
    const first = this.hidden ? null : this.rows.querySelector("button:not(:disabled)");
    first?.focus();
    return Boolean(first);
  }

  #update(button, task) {
    const number = task.dials ?? task.number ?? "";
    const who = task.client_name ?? "";
    const late = task.due_at && Date.parse(task.due_at) < this.live.now();
    button.dataset.number = number;
    button.disabled = !number;
    const due = task.due_at ? moment(task.due_at, this.live.now()) : _("no date");
    if (button.drawn === `${due}${who}${task.title}${number}${late}`) return;
    button.drawn = `${due}${who}${task.title}${number}${late}`;
    button.replaceChildren(h("span", { class: `when number${late ? " late" : ""}` }, due), h("span", { class: "clip strong" }, who || phone(number)),
      h("span", { class: "muted number to" }, phone(number)), h("span", { class: "clip what muted" }, task.title));
    button.setAttribute("aria-label", _("Call %(who)s: %(what)s", { who: who || phone(number), what: task.title }));
  }

  #walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...this.rows.querySelectorAll("button:not(:disabled)")];
    buttons[buttons.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  }

  #say(text) {
    tell(this.note, text);
    this.note.hidden = !text;
  }
}

customElements.define("next-up", NextUp);
