/* <my-day>: how many calls I had today and how long they were. */

import { h, once } from "./dom.js";
import { calls } from "./rest.js";
import { duration } from "./say.js";
import { _, ngettext, page } from "./words.js";

class MyDay extends HTMLElement {
  attach({ desk, live }) {
    this.live = live;
    const soon = (wait) => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.read(), wait);
    };
    desk.addEventListener("lost", () => soon(1_200));
    live.addEventListener("frame", ({ detail }) => detail.some((event) => event.type === "snapshot") && soon(100));
  }

  async read() {
    const { extension } = page.user;
    if (!extension) return;
    const since = this.#midnight();
    try {
      const { items } = await calls.list({ extension, since, limit: 200 });
      this.#draw(items);
    } catch {
      // an old figure says more than none
    }
  }

  #draw(items) {
    const talked = items.filter((call) => call.talk_seconds > 0 && (call.owner === page.user.extension || !call.owner));
    const total = talked.reduce((sum, call) => sum + call.talk_seconds, 0);
    const mean = talked.length ? total / talked.length : 0;
    once(this.querySelector(".figures"), [items.length, total], () => [
      h("p", {}, h("span", { class: "figure" }, String(talked.length)), h("span", { class: "muted small" }, ngettext("conversation", "conversations", talked.length))),
      h("p", {}, h("span", { class: "figure" }, duration(mean)), h("span", { class: "muted small" }, _("on average"))),
      h("p", {}, h("span", { class: "figure" }, total < 3_600 ? duration(total) : _("%(time)s h", { time: duration(total / 60) })), h("span", { class: "muted small" }, _("talked"))),
    ]);
  }

  /** The start of today in the reader's zone, as ISO. */
  #midnight() {
    const now = new Date(this.live.now());
    const parts = new Intl.DateTimeFormat("en-GB", { hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23", timeZone: page.time_zone || undefined }).formatToParts(now);
    const of = (type) => Number(parts.find((part) => part.type === type).value);
    return new Date(now.getTime() - ((of("hour") * 60 + of("minute")) * 60 + of("second")) * 1000).toISOString();
  }
}

customElements.define("my-day", MyDay);
