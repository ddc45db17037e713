/* Elements made by hand: text is always text, never markup. */

/** h("p", {class: "x", onclick: f}, "text", node, null) */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replace the contents of `element` only where `signature` changed: a focused control survives, nothing flickers. */
export function once(element, signature, make) {
  const key = JSON.stringify(signature);
  if (element.drawn === key) return false;
  element.drawn = key;
  element.replaceChildren(...[make()].flat().filter(Boolean));
  return true;
}

/** Keep one child for each item, made once for its key and updated in place; order follows `items`. */
export function fill(container, items, keyOf, make, update) {
  container.kept ??= new Map();
  const wanted = new Set(items.map(keyOf));
  for (const [key, row] of container.kept) {
    if (!wanted.has(key)) {
      row.remove();
      container.kept.delete(key);
    }
  }
  let before = null;
  for (const item of items) {
    const key = keyOf(item);
    let row = container.kept.get(key);
    if (!row) container.kept.set(key, (row = make(item)));
    update?.(row, item);
    const place = before ? before.nextSibling : container.firstChild;
    if (row !== place) container.insertBefore(row, place);
    before = row;
  }
}

/** Set the text only where it differs: a screen reader and the renderer are left in peace. */
export function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Whether somebody is writing: the focus is in a text field. */
export function writing(element = document.activeElement) {
  if (!element) return false;
  if (element.isContentEditable || element.tagName === "TEXTAREA" || element.tagName === "SELECT") return true;
  return element.tagName === "INPUT" && !["checkbox", "radio", "button", "submit", "range"].includes(element.type);
}

/** A number that dials. */
export function dial(number, text, { class: look = "number", ...attributes } = {}) {
  return h("button", { type: "button", class: `dial ${look}`, "data-number": number, ...attributes }, text ?? number);
}

/** Say something to screen readers; `alarm` interrupts. */
export function aloud(text, alarm = false) {
  const region = document.getElementById(alarm ? "alarm" : "aloud");
  if (region) region.textContent = text;
}

let shown = null;

/** Say something at the foot of the page for a few seconds; `undo` {text, run} adds a button. */
export function say(text, undo) {
  shown?.remove();
  const box = h("div", { class: "said" }, text);
  if (undo) box.append(h("button", { type: "button", class: "small", onclick: () => { box.remove(); undo.run(); } }, undo.text));
  document.body.append(box);
  shown = box;
  aloud(text);
  setTimeout(() => box.remove(), undo ? 10_000 : 6_000);
}
