/* Telling the server that a card stands on the screen: right after the frame it is in; at once in a tab nobody sees. */

/** A function that takes a call's id and tells of it once, over `live`. */
export function painted(live) {
  const shown = new Set();
  return (id) => {
    if (shown.has(id)) return;
    shown.add(id);
    if (document.hidden) live.send({ type: "shown", call: id, hidden: true });
    else afterPaint(() => live.send({ type: "shown", call: id }));
  };
}

/** A frame's callbacks run before its layout and paint, a message sent in them comes after these. */
function afterPaint(then) {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = then;
    port2.postMessage(null);
  });
}
