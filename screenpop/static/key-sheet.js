/* <key-sheet>: every key on one sheet; two sets, each key can be given another; kept on the server for this user. */

import { h, say, tell } from "./dom.js";
import { free, names, readable, written } from "./keys.js";
import { me } from "./rest.js";
import { _ } from "./words.js";

class KeySheet extends HTMLElement {
  attach({ keys }) {
    this.keys = keys;
    this.dialog = this.querySelector("dialog");
    this.table = this.querySelector("tbody");
    this.wrong = this.querySelector(".wrong");
    this.querySelector(".close").addEventListener("click", () => this.dialog.close());
    for (const button of this.querySelectorAll("[data-set]")) button.addEventListener("click", () => this.#keep({ set: button.dataset.set, own: {} }));
    this.digits = this.querySelector("[name=digits]");
    this.digits.addEventListener("change", () => this.#keep({ digits: this.digits.checked }));
    this.dialog.addEventListener("close", () => this.#stop());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    keys.listeners.add(() => this.draw());
    this.draw();
  }

  open() {
    if (this.dialog.open) return this.dialog.close();
    this.dialog.showModal();
    return undefined;
  }

  draw() {
    const { settings } = this.keys;
    for (const button of this.querySelectorAll("[data-set]")) button.setAttribute("aria-pressed", String(button.dataset.set === settings.set));
    this.digits.checked = settings.digits;
    this.table.replaceChildren(...Object.entries(names()).map(([action, name]) => h("tr", {}, h("th", { scope: "row" }, name),
      h("td", {}, h("button", { type: "button", class: "small key", "data-action": action, "aria-label": _("%(what)s: %(key)s. Change the key", { what: name, key: this.keys.label(action) }),
        onclick: (event) => this.#listen(action, event.currentTarget) }, h("kbd", {}, this.keys.label(action)))))));
  }

  /** Wait for the new key of an action. */
  #listen(action, button) {
    this.#stop();
    tell(this.wrong, "");
    button.replaceChildren(_("press a key…"));
    this.keys.asleep = true;
    this.taking = (event) => {
      const key = written(event);
      if (!key) return;
      event.preventDefault();
      event.stopPropagation();
      const chosen = key === "Escape" ? null : key;
      this.#stop();
      if (chosen) this.#take(action, chosen);
      this.draw();
      this.querySelector(`[data-action=${action}]`)?.focus();
    };
    addEventListener("keydown", this.taking, { capture: true });
  }

  #take(action, key) {
    const used = Object.entries(this.keys.map).find(([other, each]) => each === key && other !== action);
    if (!free(key)) {
      tell(this.wrong, _("%(key)s belongs to the browser or to typing. Choose another.", { key: readable(key) }));
    } else if (used) {
      tell(this.wrong, _("%(key)s is taken: %(what)s.", { key: readable(key), what: names()[used[0]] }));
    } else {
      this.#keep({ own: { ...this.keys.settings.own, [action]: key } });
    }
  }

  #stop() {
    if (this.taking) removeEventListener("keydown", this.taking, { capture: true });
    this.taking = null;
    this.keys.asleep = false;
  }

  async #keep(change) {
    const settings = { ...this.keys.settings, ...change };
    this.keys.use(settings);
    try {
      await me.keep({ keys: settings });
    } catch (problem) {
      say(problem.message);
    }
  }
}

customElements.define("key-sheet", KeySheet);
