/* <run-time since="ISO" until="ISO">: time that runs by itself, from the server's clock; one ticker for all.
 * With `until` it counts down. Nothing is sent for it. */

import { duration } from "./say.js";

const running = new Set();
let now = Date.now;

/** Take the server's clock: a function that gives milliseconds. */
export function followClock(clock) {
  now = clock;
}

class RunTime extends HTMLElement {
  static observedAttributes = ["since", "until"];

  connectedCallback() {
    running.add(this);
    this.tick();
  }

  disconnectedCallback() {
    running.delete(this);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.tick();
  }

  tick() {
    const until = this.getAttribute("until");
    const since = this.getAttribute("since");
    const at = Date.parse(until || since || "");
    const text = Number.isFinite(at) ? duration((until ? at - now() : now() - at) / 1000) : "";
    if (this.textContent !== text) this.textContent = text;
  }
}

customElements.define("run-time", RunTime);
setInterval(() => running.forEach((each) => each.tick()), 250);
