/* <unknown-caller>: nobody has this number, or several have it. One field: a new name creates, a known one attaches;
 * who of several it is, is asked once and remembered. */

import { aloud, h, once, say, tell } from "./dom.js";
import { clients } from "./rest.js";
import { phone } from "./say.js";
import { _ } from "./words.js";

class UnknownCaller extends HTMLElement {
  attach({ desk, done }) {
    this.desk = desk;
    this.done = done;
    this.drafts = new Map();
  }

  draw(call, card) {
    const number = this.desk.other(call);
    const candidates = card?.candidates ?? [];
    const open = Boolean(card) && !card.client && !card.foreign && !card.pending && !card.away && call.direction !== "internal" && Boolean(number);
    const asks = candidates.length > 1 && (card.match === "maybe" || !card.client);
    this.hidden = !(open || asks);
    this.choices = asks ? candidates.slice(0, 9) : [];
    once(this, [call.id, this.hidden, asks && candidates], () => (this.hidden ? null : asks ? this.#ask(call, number) : this.#field(call, number)));
  }

  /** Put the focus where the agent goes on; false where there is nothing to fill. */
  enter() {
    const target = this.hidden ? null : this.querySelector("input, .choice-row");
    target?.focus();
    return Boolean(target);
  }

  /** The n-th of several clients (1…9); false where nothing is asked. */
  pick(n) {
    const chosen = this.hidden ? null : this.choices[n - 1];
    if (chosen) this.#choose(this.desk.current, chosen);
    return Boolean(chosen);
  }

  #ask(call, number) {
    return [
      h("p", { class: "strong", id: "who-is-it" }, _("This number has several clients. Who is calling?")),
      h("div", { class: "choices", role: "group", "aria-labelledby": "who-is-it" }, this.choices.map((client, i) =>
        h("button", { type: "button", class: "choice-row", onclick: () => this.#choose(call, client) },
          h("kbd", {}, String(i + 1)), h("span", { class: "clip" }, h("span", { class: "strong" }, client.name), client.company ? ` · ${client.company}` : "")))),
      h("p", { class: "small muted" }, _("The answer is remembered for %(number)s.", { number: phone(number) })),
    ];
  }

  #field(call, number) {
    const list = h("div", { class: "found", id: "unknown-found", role: "listbox", "aria-label": _("Clients found") });
    const input = h("input", { id: "unknown-name", type: "text", autocomplete: "off", maxlength: 300, role: "combobox", "aria-expanded": "false",
      "aria-controls": "unknown-found", "aria-autocomplete": "list", placeholder: _("Name of the caller"), value: this.drafts.get(call.id) ?? "" });
    const form = h("form", { class: "unknown-form", novalidate: true },
      h("label", { for: "unknown-name" }, _("New number. Write a name: Enter creates a client, or choose one we have.")),
      h("div", { class: "across keep" }, input, h("button", { class: "create" }, _("Create"), h("kbd", {}, "Enter"))), list, h("p", { class: "wrong small", role: "alert" }));
    Object.assign(this, { input, list, marked: -1, known: [] });
    input.addEventListener("input", () => { this.drafts.set(call.id, input.value); this.#search(input.value); });
    input.addEventListener("keydown", (event) => this.#walk(event, call, number));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#settle(call, number); });
    return form;
  }

  #search(text) {
    clearTimeout(this.timer);
    const wanted = text.trim();
    if (wanted.length < 2) return this.#found([]);
    this.timer = setTimeout(async () => {
      try {
        const { items } = await clients.find(wanted, 4);
        if (this.input.value.trim() === wanted) this.#found(items);
      } catch {
        this.#found([]);
      }
    }, 150);
    return undefined;
  }

  #found(items) {
    if (!this.list?.isConnected) return; // answered after the field was settled
    this.known = items;
    this.marked = -1;
    this.list.replaceChildren(...items.map((client, i) => h("div", { id: `unknown-${i}`, class: "found-row", role: "option", "aria-selected": "false",
      onclick: () => this.#attach(this.desk.current, this.desk.other(this.desk.current), client) },
    h("span", { class: "clip" }, h("span", { class: "strong" }, client.name), client.company ? ` · ${client.company}` : ""), h("span", { class: "muted small number" }, phone(client.numbers?.[0]?.number)))));
    this.input.setAttribute("aria-expanded", String(items.length > 0));
    this.#mark(-1);
  }

  #walk(event, call, number) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.known.length) {
      event.preventDefault();
      this.#mark(Math.max(-1, Math.min(this.known.length - 1, this.marked + step)));
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.input.blur();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.#settle(call, number);
    }
  }

  #mark(at) {
    this.marked = at;
    [...this.list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === at)));
    if (at < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `unknown-${at}`);
    tell(this.querySelector(".create").firstChild, at < 0 ? _("Create") : _("Attach"));
  }

  #settle(call, number) {
    if (this.marked >= 0) return this.#attach(call, number, this.known[this.marked]);
    const name = this.input.value.trim();
    if (!name) return this.#wrong(_("Write a name first."));
    return this.#do(call, _("Created: %(name)s", { name }), () => clients.create({ kind: "person", name, numbers: [{ number, kind: "" }] }));
  }

  #attach(call, number, client) {
    return this.#do(call, _("%(number)s now belongs to %(name)s", { number: phone(number), name: client.name }), () => clients.attach(client.id, number));
  }

  #choose(call, client) {
    return this.#do(call, _("Remembered: %(name)s", { name: client.name }), () => clients.choose(client.id, this.desk.other(call), call.id).then((kept) => kept ?? client));
  }

  async #do(call, words, run) {
    if (this.working) return;
    this.working = true;
    try {
      const client = await run();
      const number = this.desk.other(call);
      const card = await clients.lookup(number).catch(() => null);
      const settled = card?.client ? card : { ...this.desk.cards.get(call.id), client, match: "exact", candidates: [] };
      this.drafts.delete(call.id);
      if (this.contains(document.activeElement)) document.activeElement.blur();
      this.desk.know(call.id, settled);
      aloud(words);
      this.done?.(call, client);
    } catch (problem) {
      if (this.querySelector(".wrong")) this.#wrong(problem.message);
      else say(problem.message);
    } finally {
      this.working = false;
    }
  }

  #wrong(text) {
    tell(this.querySelector(".wrong"), text);
  }
}

customElements.define("unknown-caller", UnknownCaller);
