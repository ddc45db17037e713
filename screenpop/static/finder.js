/* <find-anybody>: one field for a client, a colleague, or a number to dial. Opens over the page, gives the focus back. */

import { h, tell } from "./dom.js";
import { clients } from "./rest.js";
import { phone, stateOf } from "./say.js";
import { fits, nameOf } from "./team-presence.js";
import { _ } from "./words.js";

const NUMBER = /^[+*#\d][\d\s()+*#-]*$/;

class FindAnybody extends HTMLElement {
  attach({ desk, dial }) {
    Object.assign(this, { desk, dial, rows: [], marked: 0 });
    this.dialog = this.querySelector("dialog");
    this.input = this.querySelector("input");
    this.list = this.querySelector("[role=listbox]");
    this.note = this.querySelector(".state");
    this.input.addEventListener("input", () => this.#search());
    this.input.addEventListener("keydown", (event) => this.#keys(event));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  toggle() {
    if (this.dialog.open) return this.dialog.close();
    this.input.value = "";
    this.found = [];
    this.dialog.showModal();
    this.#draw();
    return undefined;
  }

  #search() {
    this.#draw();
    clearTimeout(this.timer);
    const wanted = this.input.value.trim();
    this.found = [];
    if (wanted.length < 2) return;
    this.timer = setTimeout(async () => {
      try {
        const { items } = await clients.find(wanted, 6);
        if (this.input.value.trim() === wanted) this.found = items;
        this.wrong = "";
      } catch (problem) {
        this.wrong = problem.message;
      }
      this.#draw();
    }, 120);
  }

  #draw() {
    const typed = this.input.value.trim();
    const number = NUMBER.test(typed) && /\d/.test(typed) ? typed.replaceAll(/[\s()-]/g, "") : "";
    const mates = typed ? this.desk.mates.filter((row) => fits(row, typed)).slice(0, 5) : [];
    this.rows = [
      ...mates.map((row) => ({ kind: "phone", title: nameOf(row), more: [row.extension, this.desk.place(row)].filter(Boolean).join(" · "), look: stateOf(row), run: () => this.dial(row.extension) })),
      ...(this.found ?? []).flatMap((client) => this.#client(client)),
      ...(number && !mates.some((row) => row.extension === number) ? [{ kind: "dial", title: _("Dial %(number)s", { number: phone(number) }), more: "", run: () => this.dial(number) }] : []),
    ];
    this.marked = Math.min(this.marked, Math.max(0, this.rows.length - 1));
    if (number.length > 4) this.marked = this.rows.length - 1;
    this.list.replaceChildren(...this.rows.map((row, i) => this.#row(row, i)));
    tell(this.note, this.wrong || (typed.length > 1 ? _("Nobody found. A full number can be dialled.") : _("A name, a company, an extension or a number.")));
    this.note.hidden = this.rows.length > 0;
    this.#mark(this.marked);
  }

  #client(client) {
    const number = client.numbers?.[0]?.number ?? "";
    return [{ kind: "client", title: client.name, more: [client.company, phone(number)].filter(Boolean).join(" · "), run: (event) => (event?.ctrlKey && number ? this.dial(number) : this.#open(client)) }];
  }

  #open(client) {
    if (this.desk.active) window.open(`/clients/${client.id}`, "_blank", "noopener");
    else location.assign(`/clients/${client.id}`);
  }

  #row(row, i) {
    const kinds = { phone: _("call"), client: _("open"), dial: _("call") };
    return h("div", { id: `find-${i}`, class: "find-row", role: "option", "aria-selected": "false", onclick: (event) => this.#go(i, event) },
      h("span", { class: "both" }, h("span", { class: "strong clip" }, row.title), row.more && h("span", { class: "muted small clip number" }, row.more)),
      row.look && h("span", { class: `pill end ${row.look.look}` }, row.look.word), h("span", { class: `muted small does${row.look ? "" : " end"}` }, kinds[row.kind]));
  }

  #mark(at) {
    this.marked = at;
    [...this.list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === at)));
    this.list.children[at]?.scrollIntoView({ block: "nearest" });
    if (this.rows.length) this.input.setAttribute("aria-activedescendant", `find-${at}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-expanded", String(this.rows.length > 0));
  }

  #go(i, event) {
    const row = this.rows[i];
    if (!row) return;
    this.dialog.close();
    row.run(event);
  }

  #keys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.rows.length) this.#mark((this.marked + step + this.rows.length) % this.rows.length);
    else if (event.key === "Enter") this.#go(this.marked, event);
    else return;
    event.preventDefault();
  }
}

customElements.define("find-anybody", FindAnybody);
