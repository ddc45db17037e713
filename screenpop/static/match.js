/* Why we think it is that client, in a few words: the same on the card and on the strip of the other pages. */

import { _ } from "./words.js";

/** {word, look} of a card, or null where there is nothing to say of it. */
export function matchOf(card) {
  if (!card) return null;
  if (card.client) return card.match === "exact" ? { word: _("✓ found by the number"), look: "good" } : { word: _("≈ probably, by the number"), look: "warn" };
  if (card.foreign) return { word: _("a colleague's client"), look: "warn" };
  if (card.candidates?.length > 1) return { word: _("several clients have this number"), look: "warn" };
  if (card.pending) return { word: _("looking who it is…"), look: "still" };
  if (card.away) return { word: _("the client base does not answer"), look: "bad" };
  return null;
}

/** Whose client it is, where it is another's: his name, extension and team. */
export const keeperOf = (foreign) => [foreign.responsible, foreign.extension, foreign.team].filter(Boolean).join(" · ");
