/* The desk's keys: what each does, how it is written on its button, remapped by the user, kept on the server.
 *
 * A key is written "F2", "Alt+KeyX", "Ctrl+KeyK": modifiers and KeyboardEvent.code, so that it works whatever the
 * keyboard's language. Digits 1…9 work where no text field has the focus (they can be turned off), Alt+1…9 always.
 */

import { writing } from "./dom.js";
import { _ } from "./words.js";

export const DESK_KEYS = {
  answer: "F2", mute: "F3", hold: "F4", transfer: "F6", conference: "F7", state: "F8", hangup: "F9", find: "Ctrl+KeyK",
};
export const LAPTOP_KEYS = {
  answer: "Alt+KeyA", mute: "Alt+KeyM", hold: "Alt+KeyH", transfer: "Alt+KeyT", conference: "Alt+KeyC", state: "Alt+KeyR",
  hangup: "Alt+KeyX", find: "Ctrl+KeyK",
};
/** Keys a browser never gives to a page, or that its user needs. */
export const TAKEN = new Set(["F1", "F5", "F11", "F12", "Ctrl+KeyT", "Ctrl+KeyN", "Ctrl+KeyW", "Ctrl+Tab", "Ctrl+KeyR", "Ctrl+KeyC", "Ctrl+KeyV",
  "Ctrl+KeyX", "Ctrl+KeyA", "Ctrl+KeyZ", "Alt+F4", "Tab", "Shift+Tab", "Enter", "Escape", "Space", "Alt+KeyD", "Alt+KeyE", "Alt+KeyF"]);

const GUARDED = new Set(["hangup"]);
const GUARD = 1_000;

/** What each action is called, for buttons and the sheet of keys. */
export const names = () => ({
  answer: _("Answer; without a call: next to call"), mute: _("Mute or unmute"), hold: _("Hold or resume"), transfer: _("Transfer"),
  conference: _("Conference"), state: _("Ready or pause"), hangup: _("Hang up; after the call: finish"), find: _("Find anybody or dial"),
});

/** A keyboard event as a key is written here, or "" for a bare modifier. */
export function written(event) {
  if (["Control", "Alt", "Shift", "Meta"].includes(event.key)) return "";
  const parts = [event.ctrlKey && "Ctrl", event.altKey && "Alt", event.shiftKey && "Shift", event.metaKey && "Meta", event.code || event.key];
  return parts.filter(Boolean).join("+");
}

/** A key as it stands on a button: "F2", "Alt+X". */
export function readable(key) {
  return (key ?? "").replace(/Key([A-Z])$/, "$1").replace(/Digit(\d)$/, "$1").replace(/Numpad(\d)$/, "$1");
}

export class Keys {
  /** `run(action, event)` does it; `digit(n, event)`, `enter(event)`, `sheet()` give true where they took the key. */
  constructor({ run, digit, enter, sheet }) {
    Object.assign(this, { run, digit, enter, sheet });
    this.map = { ...DESK_KEYS };
    this.bareDigits = true;
    this.last = new Map();
    this.listeners = new Set();
    addEventListener("keydown", (event) => this.#down(event), { capture: true });
  }

  /** Take the user's own map: {set: "desk"|"laptop", own: {action: key}, digits: bool}. */
  use({ set = "desk", own = {}, digits = true } = {}) {
    this.set = set;
    this.own = own;
    this.bareDigits = digits;
    this.map = { ...(set === "laptop" ? LAPTOP_KEYS : DESK_KEYS), ...own };
    this.listeners.forEach((tell) => tell());
  }

  get settings() {
    return { set: this.set ?? "desk", own: this.own ?? {}, digits: this.bareDigits };
  }

  label(action) {
    return readable(this.map[action]);
  }

  /** Do it as if its key had been pressed, with the same guard: a button and a key never differ. */
  press(action, event) {
    const at = performance.now();
    if (GUARDED.has(action) && at - (this.last.get(action) ?? -GUARD) < GUARD) return;
    this.last.set(action, at);
    this.run(action, event);
  }

  #down(event) {
    if (event.defaultPrevented || event.isComposing || this.asleep) return;
    const key = written(event);
    const action = Object.keys(this.map).find((each) => this.map[each] === key);
    if (action) {
      event.preventDefault();
      event.stopPropagation();
      if (!event.repeat) this.press(action, event);
    } else if (!event.repeat && this.#other(event, key)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  #other(event, key) {
    const modal = document.querySelector("dialog[open]");
    const digit = /^(Alt\+)?(?:Digit|Numpad)([1-9])$/.exec(key);
    if (digit && (digit[1] || (this.bareDigits && !modal && !writing()))) return this.digit(Number(digit[2]), event) || Boolean(digit[1]);
    if (modal || writing()) return false;
    if (event.key === "?" && !event.ctrlKey && !event.altKey) return this.sheet();
    if (key === "Enter" || key === "NumpadEnter") return !event.target.closest?.("button, a, summary, [role=tab]") && this.enter(event);
    return false;
  }
}
