/* <first-steps>: in a new house the desk says what is still to be done before the first call can come; where an exchange
 * does not answer, what to do about it. With data-only="exchange" it says nothing else. */

import { h, once } from "./dom.js";
import { clients } from "./rest.js";
import { _ } from "./words.js";

class FirstSteps extends HTMLElement {
  attach({ desk, live }) {
    Object.assign(this, { desk, empty: this.dataset.only ? null : false });
    desk.addEventListener("links", () => this.draw());
    live.addEventListener("frame", ({ detail }) => detail.some((event) => event.type === "snapshot") && this.#ask());
  }

  draw() {
    const steps = this.#steps();
    this.hidden = !steps.length;
    once(this, steps.map(([title, text]) => [title, text]), () => [
      !this.dataset.only && h("p", { class: "part" }, _("Before the first call")),
      h("ol", { class: "steps" }, steps.map(([title, text, link]) => h("li", {}, h("span", { class: "strong" }, title), " ", h("span", { class: "muted" }, text), link && [" ", link]))),
    ]);
  }

  #steps() {
    const { links, snapshots, user } = this.desk;
    const admin = user.role === "admin";
    const away = this.desk.away.join(", ");
    if (!snapshots) return [];
    return [
      !links.size && !this.desk.phones.length && [_("Connect a telephone exchange."), _("It is described in switchroom.toml under [[pbx]]; “switchroom doctor” then says in words what is missing.")],
      away && [_("The exchange %(name)s does not answer.", { name: away }), admin ? _("Switchroom tries again by itself; “switchroom doctor” says how to mend it.") : _("Phones work on, their calls are not seen here. Switchroom tries again by itself; if it lasts, tell your administrator.")],
      !this.dataset.only && !user.extension && [_("You have no phone here."), admin ? _("Give yourself an extension, and add your people:") : _("An administrator gives you an extension."), admin && h("a", { href: "/users" }, _("Users"))],
      this.empty && [_("There are no clients yet."), _("An unknown caller becomes one with his name; or begin with"), h("a", { href: "/clients#new" }, _("a new client"))],
    ].filter(Boolean);
  }

  /** Whether there is any client; asked once, and again only while there is none. */
  async #ask() {
    this.draw();
    if (this.empty === null) return;
    try {
      const { items } = await clients.find("", 1);
      this.empty = items.length ? null : true;
    } catch {
      return; // said elsewhere
    }
    this.draw();
  }
}

customElements.define("first-steps", FirstSteps);
