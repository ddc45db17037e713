/* Numbers, times and states as people read them. */

import { _, page } from "./words.js";

const locale = page.language === "en" ? "en-GB" : page.language || "en";
const zone = page.time_zone || undefined;
const TWO_DIGIT_COUNTRY = /^(20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/;

/** "+79211234567" → "+7 921 123-45-67"; extensions and what is not E.164 stay as they are. */
export function phone(number) {
  if (!number) return "";
  if (!/^\+\d{8,15}$/.test(number)) return number;
  const digits = number.slice(1);
  const code = /^[17]/.test(digits) ? 1 : TWO_DIGIT_COUNTRY.test(digits) ? 2 : 3;
  const rest = digits.slice(code);
  if (rest.length < 7) return `+${digits.slice(0, code)} ${rest}`;
  const area = rest.slice(0, -7);
  const local = `${rest.slice(-7, -4)}-${rest.slice(-4, -2)}-${rest.slice(-2)}`;
  return `+${digits.slice(0, code)} ${area ? `${area} ` : ""}${local}`;
}

/** Seconds → "0:42", "12:07", "1:02:03". */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const pair = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${pair(minutes)}:${pair(whole % 60)}` : `${minutes}:${pair(whole % 60)}`;
}

const clockFormat = new Map();

/** The time of day of `at` (ISO text or Date) in the reader's zone, or in `where`. */
export function clock(at, where = zone) {
  if (!clockFormat.has(where)) {
    clockFormat.set(where, new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: where }));
  }
  return clockFormat.get(where).format(new Date(at));
}

const dayKey = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
const dayOf = (at) => dayKey.format(new Date(at));
const shortDay = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: zone });
const longDay = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric", timeZone: zone });

/** The day of `at`: today, yesterday, tomorrow, "12 Nov", with the year when it is another one. */
export function day(at, now = Date.now()) {
  const key = dayOf(at);
  if (key === dayOf(now)) return _("today");
  if (key === dayOf(now - 86_400_000)) return _("yesterday");
  if (key === dayOf(now + 86_400_000)) return _("tomorrow");
  return (key.slice(0, 4) === dayOf(now).slice(0, 4) ? shortDay : longDay).format(new Date(at)).replace(/\s?г\.$/, "");
}

/** "14:05" today, "yesterday 14:05", "12 Nov 14:05". */
export function moment(at, now = Date.now()) {
  if (!at) return "";
  return dayOf(at) === dayOf(now) ? clock(at) : `${day(at, now)} ${clock(at)}`;
}

/** A sum in roubles, no pennies where there are none. */
export function money(value) {
  const sum = Number(value) || 0;
  return new Intl.NumberFormat(locale, {
    style: "currency", currency: "RUB", currencyDisplay: "narrowSymbol", minimumFractionDigits: sum % 1 ? 2 : 0, maximumFractionDigits: 2,
  }).format(sum);
}

/** The client's own time, "14:05", or "" where his zone is not known or not a zone. */
export function localTime(timeZone, now = Date.now()) {
  if (!timeZone) return "";
  try {
    return clock(now, timeZone);
  } catch {
    return "";
  }
}

/** An extension's state for a person: {word, look}; the user's own pause or wrap-up says more than an idle phone;
 * `alone`: a phone whose user is not at his desk. */
export function stateOf({ state, user_state: own, reason }) {
  const phones = {
    unavailable: { word: _("No phone"), look: "still" },
    dnd: { word: _("Do not disturb"), look: "warn" },
    ringing: { word: _("Ringing"), look: "busy" },
    hold: { word: _("Holds a call"), look: "warn" },
    talking: { word: _("Talking"), look: "busy" },
    busy: { word: _("Busy"), look: "busy" },
    idle: { word: _("Free"), look: "good" },
  };
  if (state === "idle" && own === "paused") return { word: reason || _("Pause"), look: "warn" };
  if (state === "idle" && own === "wrapup") return { word: _("Wrap-up"), look: "warn" };
  if (state === "idle" && own === "offline") return { word: _("Free"), look: "good", alone: true };
  return phones[state] ?? phones.unavailable;
}

/** How a call ended, in a few words. */
export function outcome(call) {
  const words = {
    answered: _("answered"), no_answer: _("no answer"), busy: _("busy"), cancelled: _("caller hung up"),
    abandoned: _("did not wait"), failed: _("failed"),
  };
  return words[call.outcome] ?? "";
}

/** Who hung up, or "" where it is not known. */
export function endedBy(call) {
  const caller = call.direction === "outbound" ? _("we hung up") : _("the client hung up");
  const callee = call.direction === "outbound" ? _("the client hung up") : _("we hung up");
  const inside = { caller: _("the caller hung up"), callee: _("the callee hung up") };
  return { ...(call.direction === "internal" ? inside : { caller, callee }),
    pbx: _("ended by the exchange"), restart: _("the exchange restarted"), lost: _("connection to the exchange lost") }[call.ended_by] ?? "";
}
