/* <wrap-up>: the outcome and the note, open from the first second, saved on the server while they are written.
 * What the server does not have yet stays in this browser and is sent when the line is back. */

import { dispositions } from "./dispositions.js";
import { aloud, h, once, say, tell } from "./dom.js";
import { calls, me } from "./rest.js";
import { clock } from "./say.js";
import { _ } from "./words.js";

const PAUSE = 600;
const KEPT = "switchroom-draft-";
const LONGEST = 4_000;

class WrapUp extends HTMLElement {
  attach({ desk, live, keys }) {
    Object.assign(this, { desk, live, keys, unsaved: new Map(), texts: new Map() });
    this.options = this.querySelector(".outcomes");
    this.note = this.querySelector("textarea");
    this.saved = this.querySelector(".saved");
    this.timer = this.querySelector(".until");
    this.longer = this.querySelector(".longer");
    this.longer.addEventListener("click", () => this.#extend());
    this.ends = { until: "", extendable: false };
    this.note.addEventListener("input", () => this.#change({ note: this.note.value }));
    this.note.addEventListener("keydown", (event) => this.#keys(event));
    for (const type of ["calls", "current", "presence"]) desk.addEventListener(type, () => this.draw());
    live.addEventListener("line", () => live.online && this.flush());
    addEventListener("pagehide", () => this.flush(true));
    this.#remember();
    dispositions.addEventListener("read", () => this.draw());
    dispositions.read();
  }

  draw() {
    const call = this.desk.current;
    this.hidden = !call;
    if (!call) return;
    if (this.callId !== call.id) this.#turn(call);
    const own = this.desk.own;
    const wraps = call.state === "ended";
    this.classList.toggle("due", wraps);
    const held = own?.user_state === "wrapup" ? own.user_since : null;
    if (held !== this.held) this.#ask(held);
    const until = wraps && held ? this.ends.until ?? "" : "";
    this.timer.hidden = !until;
    this.longer.hidden = !until || !this.ends.extendable;
    if (this.timer.lastChild.getAttribute("until") !== until) this.timer.lastChild.setAttribute("until", until);
    const chosen = this.#text(call.id).disposition;
    once(this.options, [dispositions.items, call.id], () => dispositions.items.map((each, i) => this.#option(each, i)));
    for (const option of this.options.children) option.setAttribute("aria-pressed", String(option.dataset.key === chosen));
  }

  /** Choose the n-th outcome (1…9) and go on to the note; false where there is none. */
  pick(n) {
    const chosen = dispositions.items[n - 1];
    if (!chosen || !this.desk.current) return false;
    this.#choose(chosen.key);
    this.note.focus();
    return true;
  }

  /** Where Enter goes on: the note. */
  enter() {
    if (this.hidden) return false;
    this.note.focus();
    return true;
  }

  /** Everything saved, the call closed, and ready again where the server holds us in wrap-up. */
  async finish() {
    const call = this.desk.current;
    if (call?.state !== "ended") return;
    this.flush();
    if (this.contains(document.activeElement)) document.activeElement.blur();
    this.desk.close(call.id);
    aloud(_("Finished."));
    if (this.desk.own?.user_state !== "wrapup" || this.desk.after.size) return;
    try {
      await me.become("ready");
    } catch (problem) {
      say(problem.message);
    }
  }

  /** Send what is not on the server yet; `leaving` while the page goes away. */
  flush(leaving = false) {
    clearTimeout(this.later);
    for (const id of this.unsaved.keys()) this.#save(id, leaving);
  }

  /** How long the server holds us in wrap-up; asked once a wrap-up. */
  async #ask(held) {
    this.held = held;
    this.ends = { until: "", extendable: false };
    if (!held) return;
    try {
      this.ends = await me.state();
      this.draw();
    } catch {
      // the wrap-up ends all the same
    }
  }

  async #extend() {
    try {
      this.ends = await me.become("wrapup");
      this.held = this.desk.own?.user_since;
    } catch (problem) {
      say(problem.message);
      this.ends = { ...this.ends, extendable: false };
    }
    this.draw();
  }

  #text(id) {
    if (!this.texts.has(id)) {
      const call = this.desk.calls.get(id) ?? this.desk.after.get(id) ?? {};
      this.texts.set(id, { note: call.note ?? "", disposition: call.disposition ?? null, ...this.unsaved.get(id) });
    }
    return this.texts.get(id);
  }

  #turn(call) {
    this.callId = call.id;
    this.note.value = this.#text(call.id).note;
    tell(this.saved, this.unsaved.has(call.id) ? _("not saved yet") : "");
  }

  #option(each, i) {
    return h("button", { type: "button", class: "outcome", "data-key": each.key, "aria-pressed": "false", title: _("Alt+%(digit)s at any time", { digit: i + 1 }),
      onclick: () => this.#choose(each.key) }, h("kbd", {}, String(i + 1)), h("span", { class: "clip" }, dispositions.name(each.key)));
  }

  #choose(key) {
    const chosen = this.#text(this.callId).disposition === key ? null : key;
    this.#change({ disposition: chosen });
    this.draw();
  }

  #change(change) {
    const id = this.callId;
    if (change.note?.length > LONGEST) change.note = change.note.slice(0, LONGEST);
    Object.assign(this.#text(id), change);
    this.unsaved.set(id, { ...this.unsaved.get(id), ...change });
    try {
      localStorage.setItem(KEPT + id, JSON.stringify(this.unsaved.get(id)));
    } catch {
      // a full or forbidden storage: the server has it in a moment
    }
    tell(this.saved, _("saving…"));
    clearTimeout(this.later);
    this.later = setTimeout(() => this.flush(), PAUSE);
  }

  async #save(id, leaving) {
    const change = this.unsaved.get(id);
    if (!change || (this.saving === id && !leaving)) return;
    this.saving = id;
    try {
      await calls.patch(id, change, leaving);
      if (this.unsaved.get(id) === change) this.#kept(id);
    } catch (problem) {
      this.#refused(id, problem);
    } finally {
      this.saving = null;
    }
    if (this.unsaved.has(id) && this.unsaved.get(id) !== change) this.later = setTimeout(() => this.flush(), PAUSE);
  }

  #kept(id) {
    this.unsaved.delete(id);
    localStorage.removeItem(KEPT + id);
    if (id === this.callId) tell(this.saved, _("saved %(time)s", { time: clock(this.live.now()) }));
  }

  #refused(id, problem) {
    if (problem.status === 403 || problem.status === 422) {
      this.unsaved.delete(id);
      localStorage.removeItem(KEPT + id);
      say(problem.message);
      return;
    }
    if (id === this.callId) tell(this.saved, _("kept in this browser; sent when the server answers"));
    this.later = setTimeout(() => this.flush(), 3_000);
  }

  /** Drafts of an earlier page that never reached the server. */
  #remember() {
    for (const key of Object.keys(localStorage).filter((each) => each.startsWith(KEPT))) {
      try {
        this.unsaved.set(key.slice(KEPT.length), JSON.parse(localStorage.getItem(key)));
      } catch {
        localStorage.removeItem(key);
      }
    }
  }

  #keys(event) {
    if (event.key === "Escape") this.note.blur();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (this.desk.current?.state === "ended") this.keys.press("hangup", event);
    else this.note.blur();
  }
}

customElements.define("wrap-up", WrapUp);
