/* The names of clients whose calls go on, for a page that is told only their ids: each asked for once, one at a time. */

import { clients } from "./rest.js";

const KEPT = 1_000;

export class ClientNames {
  /** `learned()` is called when a name came. */
  constructor(learned) {
    this.learned = learned;
    this.names = new Map();
    this.wanted = new Set();
  }

  /** The client's name; "" while it is not known, or is not ours to know. */
  of(id) {
    if (!id) return "";
    if (!this.names.has(id)) {
      this.wanted.add(id);
      this.#ask();
    }
    return this.names.get(id) ?? "";
  }

  async #ask() {
    if (this.asking) return;
    this.asking = true;
    while (this.wanted.size) {
      const [id] = this.wanted;
      await this.#learn(id);
      this.wanted.delete(id);
    }
    this.asking = false;
  }

  async #learn(id) {
    try {
      this.names.set(id, (await clients.get(id)).name);
    } catch (problem) {
      if (problem.status !== 404) await new Promise((over) => setTimeout(over, 1_000)); // the next drawing asks again
      else this.names.set(id, "");
    }
    if (this.names.size > KEPT) this.names.delete(this.names.keys().next().value);
    this.learned();
  }
}
