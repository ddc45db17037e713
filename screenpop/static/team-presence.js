/* <team-presence>: every extension this user may see, also phones nobody is logged in to; searchable; each one dials. */

import { phoneKey } from "./desk-model.js";
import { dial, fill, h, tell } from "./dom.js";
import { phone, stateOf } from "./say.js";
import { _, ngettext } from "./words.js";

/** Whether an extension answers to what was typed: every word in its number, its user's name or its state. */
export function fits(row, typed) {
  const hay = `${row.extension} ${row.pbx ?? ""} ${row.user?.name ?? ""} ${row.name ?? ""} ${stateOf(row).word}`.toLocaleLowerCase().replaceAll("ё", "е");
  return typed.toLocaleLowerCase().replaceAll("ё", "е").split(/\s+/).every((word) => hay.includes(word));
}

const numbers = new Intl.Collator(undefined, { numeric: true });

/** The order of extensions. */
export const byNumber = (a, b) => numbers.compare(a.extension, b.extension);

/** Whose phone it is. */
export const nameOf = (row) => row.user?.name || row.name || _("Phone %(number)s", { number: row.extension });

class TeamPresence extends HTMLElement {
  attach({ desk }) {
    this.desk = desk;
    this.rows = this.querySelector("ul");
    this.input = this.querySelector("input");
    this.note = this.querySelector(".state");
    this.count = this.querySelector(".count");
    this.input.addEventListener("input", () => this.draw());
    this.input.addEventListener("keydown", (event) => this.#keys(event));
    desk.addEventListener("presence", () => this.draw());
    this.draw();
  }

  draw() {
    const all = this.desk.mates;
    const typed = this.input.value.trim();
    const rows = (typed ? all.filter((row) => fits(row, typed)) : all).sort(byNumber);
    tell(this.count, all.length ? ngettext("%(count)s phone", "%(count)s phones", all.length) : "");
    tell(this.note, all.length ? _("Nobody like that.") : _("No phones to see."));
    this.note.hidden = rows.length > 0;
    fill(this.rows, rows, phoneKey, (row) => this.#make(row), (row, presence) => this.#update(row, presence));
  }

  #make(row) {
    const button = dial(row.extension, "", { class: "mate" });
    button.append(h("span", { class: "shape" }), h("span", { class: "muted small number ext" }, row.extension), h("span", { class: "who clip" }), h("span", { class: "doing small clip" }),
      h("run-time", { class: "muted small number" }));
    return h("li", {}, button);
  }

  #update(row, presence) {
    const place = this.desk.place(presence);
    if (row.told === presence && row.place === place) return;
    Object.assign(row, { told: presence, place });
    const { word, look, alone } = stateOf(presence);
    const state = alone ? _("free, not at the desk") : word;
    const button = row.firstChild;
    button.dataset.look = look;
    button.toggleAttribute("data-alone", Boolean(alone));
    tell(button.querySelector(".who"), [nameOf(presence), place].filter(Boolean).join(" · "));
    tell(button.querySelector(".doing"), presence.peer && presence.state === "talking" ? phone(presence.peer) : word);
    button.title = [nameOf(presence), state, phone(presence.peer)].filter(Boolean).join(" · ");
    const timer = button.querySelector("run-time");
    const since = presence.state === "idle" && presence.user_state !== "paused" ? "" : presence.since ?? "";
    if (timer.getAttribute("since") !== since) timer.setAttribute("since", since);
    button.setAttribute("aria-label", _("Call %(who)s, %(number)s: %(state)s", { who: nameOf(presence), number: presence.extension, state }));
  }

  #keys(event) {
    if (event.key === "Escape") {
      this.input.value = "";
      this.draw();
      this.input.blur();
    }
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      this.rows.querySelector("button")?.focus();
    }
  }
}

customElements.define("team-presence", TeamPresence);
