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
export const SETS = { desk: DESK_KEYS, laptop: LAPTOP_KEYS };
/** Keys a browser never gives to a page, or that its user needs. */
export const TAKEN = new Set(["F1", "F5", "F11", "F12", "Ctrl+Tab", "Ctrl+Shift+Tab", "Ctrl+PageUp", "Ctrl+PageDown", "Alt+Tab", "Alt+F4",
  ...[..."TNWRCVXAZ"].map((letter) => `Ctrl+Key${letter}`), ...[..."TNW"].map((letter) => `Ctrl+Shift+Key${letter}`), ...[..."DEF"].map((letter) => `Alt+Key${letter}`)]);

/** Whether the desk may take a key: a function key, or one with Ctrl, Alt or Meta, that nobody else needs. */
export function free(key) {
  if (TAKEN.has(key) || /^Alt\+(Digit|Numpad)\d$/.test(key)) return false;
  return /^(Shift\+)?F\d+$/.test(key) || /(Ctrl|Alt|Meta)\+/.test(key);
}

/** The keys of `set` with the user's own; own ones that cannot be are left out, whoever wrote them. */
export function chosen(set, own) {
  const known = Object.entries(own ?? {}).filter(([action, key]) => action in DESK_KEYS && typeof key === "string" && free(key));
  const map = { ...(SETS[set] ?? DESK_KEYS), ...Object.fromEntries(known) };
  const twice = known.filter(([, key]) => Object.values(map).filter((each) => each === key).length > 1).map(([action]) => action);
  return twice.length ? chosen(set, Object.fromEntries(known.filter(([action]) => !twice.includes(action)))) : map;
}

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
  /** `run(action, event)` does it; `digit(n, event)`, `enter(event)`, `sheet()` give true where they took the key;
   * what `takes(action)` refuses stays the browser's. */
  constructor({ run, enter, digit = () => false, sheet = () => false, takes = () => true }) {
    Object.assign(this, { run, digit, enter, sheet, takes });
    this.map = { ...DESK_KEYS };
    this.bareDigits = true;
    this.last = new Map();
    this.listeners = new Set();
    addEventListener("keydown", (event) => this.#down(event), { capture: true });
  }

  /** Take the user's own map: {set: "desk"|"laptop", own: {action: key}, digits: bool}. */
  use(settings) {
    const { set, own, digits } = settings ?? {};
    this.set = set in SETS ? set : "desk";
    this.bareDigits = digits !== false;
    this.map = chosen(this.set, own);
    this.own = Object.fromEntries(Object.entries(this.map).filter(([action, key]) => key !== SETS[this.set][action]));
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
    if (action && !this.takes(action)) return;
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
    if (digit && (digit[1] || (this.bareDigits && !modal && !writing()))) return this.digit(Number(digit[2]), event) || Boolean(digit[1] && this.takes("digits"));
    if (modal || writing()) return false;
    if (event.key === "?" && !event.ctrlKey && !event.altKey) return this.sheet();
    if (key === "Enter" || key === "NumpadEnter") return !event.target.closest?.("button, a, summary, [role=tab]") && this.enter(event);
    return false;
  }
}
