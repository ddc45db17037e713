/* What a call may have come to, read once a page: the keys of its outcomes and how they are called. */

import { calls } from "./rest.js";
import { page } from "./words.js";

const MOST = 9; // one for each digit

class Dispositions extends EventTarget {
  items = [];

  /** How an outcome is called; its key where it is not offered any more. */
  name(key) {
    const found = this.items.find((each) => each.key === key);
    return found?.[page.language] ?? found?.name ?? key ?? "";
  }

  /** Tells "read" when they are here; asks again until they are. */
  async read() {
    try {
      const answer = await calls.dispositions();
      this.items = (answer.items ?? answer).slice(0, MOST);
    } catch {
      setTimeout(() => this.read(), 3_000);
    }
    this.dispatchEvent(new Event("read"));
  }
}

export const dispositions = new Dispositions();
