/* The account page: a key pressed in its field is written there; an empty field shows the key of the chosen set. */

import { free, readable, written } from "./keys.js";

const MOVES = new Set(["Tab", "Shift+Tab", "Enter", "NumpadEnter", "Escape"]);
const fields = [...document.querySelectorAll("[data-key]")];
const sets = [...document.querySelectorAll("[name=set]")];

for (const field of fields) {
  field.addEventListener("keydown", (event) => {
    const key = written(event);
    if (MOVES.has(key) || !free(key)) return; // typed, moved, or the browser's own
    event.preventDefault();
    field.value = readable(key);
  });
}

for (const choice of sets) choice.addEventListener("change", () => fields.forEach((field) => (field.placeholder = field.dataset[choice.value])));
