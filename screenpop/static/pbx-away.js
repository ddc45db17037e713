/* <pbx-away>: said where calls are looked for while an exchange does not answer: no call can be seen, phones work on. */

import { tell } from "./dom.js";
import { _ } from "./words.js";

class PbxAway extends HTMLElement {
  attach({ desk }) {
    desk.addEventListener("links", () => {
      this.hidden = !desk.away.length;
      tell(this, desk.links.size > 1 ? _("No link to %(name)s", { name: desk.away.join(", ") }) : _("No link to the exchange"));
      this.title = _("Phones work on; calls are seen again when the exchange answers.");
    });
  }
}

customElements.define("pbx-away", PbxAway);
