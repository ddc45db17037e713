/* A list that is read page by page from REST: loading, empty, wrong and more states, kept in one place. */

import { h, tell } from "./dom.js";
import { _ } from "./words.js";

/** `read(cursor)` gives {items, next}; `row(item)` an element. Returns {reload}. */
export function records({ body, note, more, read, row, empty }) {
  let turn = 0;
  let next = null;

  async function load(cursor) {
    const mine = ++turn;
    more.hidden = true;
    const slow = setTimeout(() => tell(note, _("Loading…")), 200);
    try {
      const answer = await read(cursor);
      if (mine !== turn) return;
      if (!cursor) body.replaceChildren();
      body.append(...answer.items.map(row));
      next = answer.next ?? null;
      tell(note, body.children.length ? "" : empty());
      more.hidden = !next;
    } catch (problem) {
      if (mine === turn) note.replaceChildren(h("span", {}, problem.message), h("button", { type: "button", class: "small", onclick: () => load(cursor) }, _("Try again")));
    } finally {
      clearTimeout(slow);
      note.hidden = !note.textContent;
    }
  }

  more.addEventListener("click", () => load(next));
  return { reload: () => load(null) };
}
