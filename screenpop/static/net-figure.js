/* <net-figure>: how long a message travels, always; and, when the line is lost, what that means and what is done. */

import { aloud, tell } from "./dom.js";
import { duration } from "./say.js";
import { _ } from "./words.js";

const SLOW = 150;
const BAD = 500;

class NetFigure extends HTMLElement {
  attach({ live }) {
    this.live = live;
    this.text = this.querySelector(".word");
    this.strip = document.getElementById("offline");
    this.strip?.querySelector("button").addEventListener("click", () => live.retry());
    live.addEventListener("beat", () => this.draw());
    live.addEventListener("line", () => this.#line());
    setInterval(() => live.online || this.draw(), 500);
    this.draw();
  }

  draw() {
    const { latency, online } = this.live;
    const look = !online ? "bad" : latency === null ? "still" : latency > BAD ? "bad" : latency > SLOW ? "warn" : "good";
    this.className = `pill net ${look}`;
    tell(this.text, !online ? _("No link") : latency === null ? _("Linked") : _("%(ms)s ms", { ms: Math.max(1, Math.round(latency)) }));
    if (!online && this.strip) {
      tell(this.strip.querySelector(".for"), duration((Date.now() - (this.live.lostAt ?? Date.now())) / 1000));
      const wait = Math.max(0, Math.ceil(((this.live.retryAt ?? Date.now()) - Date.now()) / 1000));
      tell(this.strip.querySelector(".next"), wait ? _("next try in %(count)s s", { count: wait }) : _("trying now"));
    }
  }

  #line() {
    const { online } = this.live;
    const first = !this.live.epoch;
    clearTimeout(this.patience);
    if (online) {
      if (this.strip && !this.strip.hidden) aloud(_("The connection is back."));
      this.#show(false);
    } else {
      // the very first connection may take a moment: say nothing for one second
      this.patience = setTimeout(() => this.#show(true), first ? 1_000 : 0);
    }
    this.draw();
  }

  #show(lost) {
    if (!this.strip) return;
    if (lost && this.strip.hidden) aloud(_("Connection to the server lost."), true);
    this.strip.hidden = !lost;
    document.documentElement.toggleAttribute("data-offline", lost);
    if (lost) this.draw();
  }
}

customElements.define("net-figure", NetFigure);
