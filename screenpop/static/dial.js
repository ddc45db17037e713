/* Every number on every page dials: .dial[data-number]. Alone on its page, it needs nothing but the server. */

import { say } from "./dom.js";
import { calls } from "./rest.js";
import { phone } from "./say.js";
import { _, page } from "./words.js";

let dialling = false;

/** Ring our own phone, then the number; says what happens, or why not. */
export async function dial(number) {
  if (!number || dialling) return;
  if (!page.user?.extension) {
    say(_("You have no phone: an administrator gives you an extension."));
    return;
  }
  dialling = true;
  try {
    await calls.dial(number);
    say(_("Calling %(number)s. Pick up your phone.", { number: phone(number) }));
  } catch (problem) {
    say(problem.message);
  } finally {
    setTimeout(() => (dialling = false), 800);
  }
}

// Two copies of this module (with and without the hash in its address) must not ring twice.
if (!window.switchroomDials) {
  window.switchroomDials = true;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".dial[data-number]");
    if (!button || button.disabled || !button.dataset.number) return;
    event.preventDefault();
    dial(button.dataset.number);
  });
}
