/* <side-tabs>: what belongs to the client in the middle, one tab at a time: orders, tasks, the whole time line. */

import { h, once, tell } from "./dom.js";
import { entry, orderState } from "./client-card.js";
import { dispositions } from "./dispositions.js";
import { keeperOf } from "./match.js";
import { clients } from "./rest.js";
import { money, moment } from "./say.js";
import { _ } from "./words.js";

class SideTabs extends HTMLElement {
  attach({ desk, live }) {
    Object.assign(this, { desk, live, lines: new Map() });
    this.tabs = [...this.querySelectorAll("[role=tab]")];
    this.panel = this.querySelector("[role=tabpanel]");
    this.chosen = "orders";
    for (const tab of this.tabs) {
      tab.addEventListener("click", () => this.choose(tab.dataset.tab));
      tab.addEventListener("keydown", (event) => this.#walk(event));
    }
    for (const type of ["calls", "current"]) desk.addEventListener(type, () => this.draw());
    dispositions.addEventListener("read", () => this.draw());
    this.draw();
  }

  choose(name) {
    this.chosen = name;
    for (const tab of this.tabs) {
      tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
      tab.tabIndex = tab.dataset.tab === name ? 0 : -1;
    }
    this.panel.setAttribute("aria-labelledby", `tab-${name}`);
    this.draw();
  }

  draw() {
    const card = this.desk.card(this.desk.current);
    const client = card?.client;
    for (const tab of this.tabs) {
      const count = { orders: card?.orders?.length, tasks: card?.tasks?.length }[tab.dataset.tab];
      tell(tab.querySelector(".count"), client && count ? String(count) : "");
    }
    if (this.chosen === "history") this.#read(client);
    const line = client ? this.lines.get(client.id) : null;
    once(this.panel, [this.chosen, client?.id, card?.[this.chosen], this.chosen === "history" && [line, dispositions.items.length], this.#nobody(card)], () => {
      if (!client) return h("p", { class: "state" }, this.#nobody(card));
      return { orders: () => this.#orders(card), tasks: () => this.#tasks(card), history: () => this.#history(line) }[this.chosen]();
    });
  }

  /** Why there is nothing to show where no client of ours is in the middle. */
  #nobody(card) {
    if (card?.client) return "";
    const { current } = this.desk;
    if (!current) return _("Here is what belongs to the client of the call.");
    if (card?.foreign) return _("This client is looked after by %(who)s, who sees his orders and history.", { who: keeperOf(card.foreign) || _("a colleague") });
    if (current.direction === "internal" || !this.desk.other(current)) return _("There is no client to this call.");
    if (card?.away) return _("The client base does not answer: who calls is not known.");
    if (card?.candidates?.length > 1) return _("Say first which of the clients it is.");
    return _("Not known yet: create or attach the client first.");
  }

  #orders(card) {
    if (!card.orders?.length) return h("p", { class: "state" }, _("No open orders."));
    return h("ul", { class: "list" }, card.orders.map((order) => h("li", { class: "order" },
      h("p", { class: "apart" }, h("span", { class: "strong" }, `№ ${order.number}`), h("span", { class: "strong number" }, money(order.total))),
      h("p", { class: "apart" }, h("span", { class: "pill plain" }, orderState(order)), h("span", { class: "muted small" }, order.created_at ? moment(order.created_at, this.live.now()) : "")),
      (order.lines ?? []).length > 0 && h("ul", { class: "small" }, order.lines.map((line) => h("li", { class: "apart" }, h("span", { class: "clip" }, line.product), h("span", { class: "muted number" }, `${Number(line.quantity)} × ${money(line.price)}`)))),
      order.delivery?.address && h("p", { class: "small muted" }, order.delivery.address))));
  }

  #tasks(card) {
    if (!card.tasks?.length) return h("p", { class: "state" }, _("No open tasks."));
    const now = this.live.now();
    return h("ul", { class: "list" }, card.tasks.map((task) => h("li", { class: "order" }, h("p", {}, task.title),
      h("p", { class: `small ${task.due_at && Date.parse(task.due_at) < now ? "late" : "muted"}` }, task.due_at ? _("due %(when)s", { when: moment(task.due_at, now) }) : _("no date"), task.assignee_name ? ` · ${task.assignee_name}` : ""))));
  }

  #history(line) {
    if (!line) return h("div", { class: "stack tight" }, h("p", { class: "unseen" }, _("Loading…")), [1, 2, 3].map(() => h("div", { class: "skeleton tall" })));
    if (line.wrong) return h("div", { class: "state" }, line.wrong, h("button", { type: "button", class: "small", onclick: () => { this.lines.clear(); this.draw(); } }, _("Try again")));
    if (!line.items.length) return h("p", { class: "state" }, _("The first contact."));
    return h("ul", { class: "list" }, line.items.map((item) => {
      const { kind, text } = entry(item, (extension) => this.desk.phone(extension)?.user?.name ?? extension);
      return h("li", { class: "order" }, h("p", { class: "apart" }, h("span", { class: "strong" }, kind), h("span", { class: "muted small number" }, moment(item.at, this.live.now()))),
        text && h("p", { class: "small" }, text), item.note && item.note !== text && h("p", { class: "small muted" }, item.note));
    }));
  }

  async #read(client) {
    if (!client || this.lines.has(client.id)) return;
    this.lines.set(client.id, null);
    try {
      this.lines.set(client.id, await clients.history(client.id));
    } catch (problem) {
      this.lines.set(client.id, { wrong: problem.message });
    }
    setTimeout(() => this.lines.delete(client.id), 60_000);
    this.draw();
  }

  #walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = this.tabs[(this.tabs.indexOf(event.currentTarget) + step + this.tabs.length) % this.tabs.length];
    this.choose(next.dataset.tab);
    next.focus();
  }
}

customElements.define("side-tabs", SideTabs);
