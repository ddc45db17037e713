/* <run-time since="ISO" until="ISO">: time that runs by itself, from the server's clock; one ticker for all.
 * With `until` it counts down. Nothing is sent for it. */

import { duration } from "./say.js";

const running = new Set(); // those that can be seen
let now = Date.now;
const seen = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
  if (isIntersecting) running.add(target);
  else running.delete(target);
  target.tick();
}));

/** Take the server's clock: a function that gives milliseconds. */
export function followClock(clock) {
  now = clock;
}

class RunTime extends HTMLElement {
  static observedAttributes = ["since", "until"];

  connectedCallback() {
    seen.observe(this);
    this.tick();
  }

  disconnectedCallback() {
    seen.unobserve(this);
    running.delete(this);
  }

  attributeChangedCallback() {
    this.down = Boolean(this.getAttribute("until"));
    this.at = Date.parse(this.getAttribute("until") || this.getAttribute("since") || "");
    if (this.isConnected) this.tick();
  }

  tick() {
    const { at, down } = this;
    const text = Number.isFinite(at) ? duration((down ? at - now() : now() - at) / 1000) : "";
    if (this.textContent !== text) this.textContent = text;
  }
}

customElements.define("run-time", RunTime);
setInterval(() => running.forEach((each) => each.tick()), 250);
