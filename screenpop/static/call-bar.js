/* <call-bar>: the six keys of a call, always in their places; what cannot be done now is dimmed, and says so. */

import { tell } from "./dom.js";
import { _ } from "./words.js";

export const ACTIONS = ["answer", "mute", "hold", "transfer", "conference", "hangup"];

/** Whether a colleague is asked while the client waits: then hold and hang-up lead back to the client. */
export const asks = (call) => ["complete", "cancel"].every((each) => call?.actions?.includes(each));

/** What an action does to `call` now: the name of the REST action, or null where it is not possible. */
export function effect(action, call, desk) {
  const can = new Set(call?.actions ?? []);
  const first = (...wanted) => wanted.find((each) => can.has(each)) ?? null;
  switch (action) {
    case "answer": return desk.ringing.some((each) => (each.actions ?? []).includes("answer")) ? "answer" : first("unpark");
    case "mute": return first("unmute", "mute");
    case "hold": return asks(call) ? "cancel" : first("resume", "hold");
    case "transfer": return first("complete", "transfer");
    case "conference": return first("conference");
    case "hangup": return call?.state === "ended" ? "finish" : asks(call) ? "cancel" : first("hangup", "cancel");
    default: return null;
  }
}

class CallBar extends HTMLElement {
  attach({ desk, keys }) {
    this.desk = desk;
    this.keys = keys;
    this.buttons = Object.fromEntries(ACTIONS.map((action) => [action, this.querySelector(`[data-action=${action}]`)]));
    for (const [action, button] of Object.entries(this.buttons)) button.addEventListener("click", (event) => keys.press(action, event));
    for (const type of ["calls", "current"]) desk.addEventListener(type, () => this.draw());
    keys.listeners.add(() => this.draw());
    this.draw();
  }

  draw() {
    const { desk } = this;
    const call = desk.active ?? desk.current;
    const words = this.#words(call);
    for (const action of ACTIONS) {
      const button = this.buttons[action];
      const does = effect(action, call, desk);
      button.setAttribute("aria-disabled", String(!does));
      tell(button.querySelector(".word"), words[action]);
      tell(button.querySelector("kbd"), this.keys.label(action));
      button.removeAttribute("aria-busy");
    }
    this.buttons.transfer.classList.toggle("primary", effect("transfer", call, desk) === "complete" && !desk.ringing.length);
    this.buttons.answer.classList.toggle("primary", effect("answer", call, desk) === "answer");
    this.buttons.hangup.classList.toggle("danger", Boolean(call) && call.state !== "ended" && !asks(call));
    this.buttons.hangup.classList.toggle("primary", call?.state === "ended" && !desk.ringing.length);
    this.buttons.hold.setAttribute("aria-pressed", String(["resume", "cancel"].includes(effect("hold", call, desk))));
    this.buttons.mute.setAttribute("aria-pressed", String(effect("mute", call, desk) === "unmute"));
  }

  busy(action) {
    this.buttons[action]?.setAttribute("aria-busy", "true");
  }

  #words(call) {
    const { desk } = this;
    return {
      answer: _("Answer"),
      mute: effect("mute", call, desk) === "unmute" ? _("Unmute") : _("Mute"),
      hold: { cancel: _("To the client"), resume: _("Resume") }[effect("hold", call, desk)] ?? _("Hold"),
      transfer: effect("transfer", call, desk) === "complete" ? _("Hand over") : _("Transfer"),
      conference: _("Conference"),
      hangup: asks(call) ? _("Ask no more") : call?.state === "ended" ? _("Finish") : call?.state === "ringing" && desk.ringing.includes(call) ? _("Decline") : _("Hang up"),
    };
  }
}

customElements.define("call-bar", CallBar);
