/* <queue-list>: who waits, how long, how well we answer. */

import { queueKey } from "./desk-model.js";
import { fill, h, tell } from "./dom.js";
import { _ } from "./words.js";

class QueueList extends HTMLElement {
  attach({ desk, live }) {
    this.desk = desk;
    this.live = live;
    this.rows = this.querySelector("ul");
    this.empty = this.querySelector(".state");
    desk.addEventListener("queues", () => this.draw());
    this.draw();
  }

  draw() {
    const queues = [...this.desk.queues.values()].sort((a, b) => a.queue.localeCompare(b.queue));
    this.empty.hidden = queues.length > 0;
    fill(this.rows, queues, queueKey, (queue) => this.#make(queue), (row, queue) => this.#update(row, queue));
  }

  #make() {
    return h("li", { class: "queue-row" }, h("span", { class: "who clip" }), h("span", { class: "muted small level number" }),
      h("span", { class: "waiting number" }), h("run-time", { class: "muted number" }));
  }

  #update(row, queue) {
    tell(row.querySelector(".who"), queue.title ?? queue.queue);
    tell(row.querySelector(".waiting"), String(queue.waiting ?? 0));
    row.querySelector(".waiting").setAttribute("aria-label", _("%(count)s waiting", { count: queue.waiting ?? 0 }));
    row.querySelector(".waiting").setAttribute("role", "img");
    const level = queue.service_level;
    tell(row.querySelector(".level"), level === null || level === undefined ? "" : `${Math.round(level * (level <= 1 ? 100 : 1))} %`);
    row.classList.toggle("pressing", (queue.waiting ?? 0) > 0);
    row.querySelector("run-time").setAttribute("since", this.#since(queue) ?? "");
  }

  /** When the one who waits longest came; the feed says it as a moment or as seconds so far. */
  #since(queue) {
    if (!queue.waiting) return null;
    if (queue.longest_since) return queue.longest_since;
    if (typeof queue.longest_wait !== "number") return null;
    queue.longest_since = new Date(this.live.now() - queue.longest_wait * 1000).toISOString();
    return queue.longest_since;
  }
}

customElements.define("queue-list", QueueList);
