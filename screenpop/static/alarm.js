/* What tells of a ringing call outside the page: the tab's title, a sound, a notification. */

import { _ } from "./words.js";

const NORMAL = document.title;
const MUTED = "switchroom-muted";

let audio = null;
let sounding = null;
let notice = null;

// Browsers let a page sound only after its user did something in it.
for (const gesture of ["pointerdown", "keydown"]) {
  addEventListener(gesture, () => { audio ??= new AudioContext(); audio.resume(); }, { capture: true, passive: true });
}

export const muted = () => localStorage.getItem(MUTED) === "1";

/** Turn the sound of this browser off or on. */
export function mute(off) {
  localStorage.setItem(MUTED, off ? "1" : "0");
  if (off) hush();
}

/** Ring until `hush`: two soft tones, every two seconds. */
export function ring() {
  document.documentElement.dataset.rings = "yes";
  if (sounding || muted() || !audio || audio.state !== "running") return;
  const once = () => [0, 0.22].forEach((after, i) => tone(audio.currentTime + after, i ? 659 : 523));
  once();
  sounding = setInterval(once, 2_000);
}

function tone(at, frequency) {
  const oscillator = audio.createOscillator();
  const volume = audio.createGain();
  oscillator.frequency.value = frequency;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.4);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(at);
  oscillator.stop(at + 0.42);
}

export function hush() {
  clearInterval(sounding);
  sounding = null;
  delete document.documentElement.dataset.rings;
}

/** A notification of the system, where the user allowed it and does not look at the page. */
export function notify(title, body, open) {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  notice?.close();
  notice = new Notification(title, { body, tag: "switchroom-call", icon: "/favicon.ico", requireInteraction: true });
  notice.onclick = () => { focus(); notice?.close(); open(); };
}

export function unnotify() {
  notice?.close();
  notice = null;
}

/** The tab's title: who rings or talks, else the page's own. */
export function title(text) {
  const wanted = text ? `${text} · Switchroom` : NORMAL;
  if (document.title !== wanted) document.title = wanted;
}

/** Whether the system's notifications can still be asked for. */
export const askable = () => "Notification" in window && Notification.permission === "default" && isSecureContext;

export const words = { ringing: () => _("Incoming call") };
