/* Whose numbers they are, for a page that is told no cards: each asked for once a minute, one at a time. */

import { clients } from "./rest.js";

const KEPT = 1_000;
const FRESH = 60_000;

export class ClientNames {
  /** `learned()` is called when a name came. */
  constructor(learned) {
    this.learned = learned;
    this.known = new Map();
    this.wanted = new Set();
  }

  /** The client's name; "" while it is not known, or is not ours to know. */
  of(number) {
    if (!number) return "";
    const known = this.known.get(number);
    if (!known || known.at + FRESH < Date.now()) {
      this.wanted.add(number);
      this.#ask();
    }
    return known?.name ?? "";
  }

  async #ask() {
    if (this.asking) return;
    this.asking = true;
    while (this.wanted.size) {
      const [number] = this.wanted;
      await this.#learn(number);
      this.wanted.delete(number);
    }
    this.asking = false;
  }

  async #learn(number) {
    const before = this.known.get(number)?.name ?? "";
    const card = await clients.lookup(number).catch(() => null);
    this.known.delete(number);
    this.known.set(number, { name: card ? card.client?.name ?? "" : before, at: Date.now() });
    if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value);
    if (this.known.get(number)?.name !== before) this.learned();
  }
}
