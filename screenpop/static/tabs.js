/* One tab rings of many: the desk its user looked at last, else any page.
 *
 * The lock of the Web Locks API where the page is a secure context, else turns taken over a BroadcastChannel.
 * Tells "lead" whenever that changes; `leads` is true in one tab of this browser and user.
 */

export class Tabs extends EventTarget {
  /** `claims`: this tab leads as soon as it is looked at (a desk); the others lead only where no desk does. */
  constructor(user, { claims = true } = {}) {
    super();
    this.leads = false;
    this.name = `switchroom-desk-${user}`;
    this.channel = new BroadcastChannel(this.name);
    this.born = Date.now() + Math.random();
    const claim = () => document.hidden || this.claim();
    if (claims) {
      addEventListener("focus", claim);
      document.addEventListener("visibilitychange", claim);
    }
    if (navigator.locks) this.#queue();
    else this.#talk();
    if (claims && document.hasFocus()) this.claim();
  }

  /** This tab leads from now on. */
  claim() {
    if (this.leads) return;
    if (navigator.locks) this.#lock({ steal: true });
    else this.#lead();
  }

  /** Wait in line for the lock: when the tab that leads is closed, the next one leads. */
  #queue() {
    if (this.waiting) return;
    this.waiting = true;
    this.#lock({}, () => (this.waiting = false));
  }

  #lock(options, got = () => {}) {
    const hold = Symbol("hold");
    navigator.locks
      .request(this.name, options, () => {
        got();
        this.hold = hold;
        this.#set(true);
        return new Promise(() => {});
      })
      .catch(() => {
        if (this.hold !== hold) return; // this very tab took it again
        // taken by the tab its user looks at now
        this.#set(false);
        this.#queue();
      });
  }

  #talk() {
    this.channel.addEventListener("message", ({ data }) => {
      if (data.kind === "lead") this.#set(false);
      if (data.kind === "who" && this.leads) this.channel.postMessage({ kind: "lead" });
      if (data.kind === "left" && !document.hidden) this.#lead();
    });
    addEventListener("pagehide", () => this.leads && this.channel.postMessage({ kind: "left" }));
    let somebody = false;
    this.channel.addEventListener("message", () => (somebody = true), { once: true });
    this.channel.postMessage({ kind: "who" });
    setTimeout(() => somebody || this.leads || this.#lead(), 150);
  }

  #lead() {
    this.channel.postMessage({ kind: "lead" });
    this.#set(true);
  }

  #set(leads) {
    if (this.leads === leads) return;
    this.leads = leads;
    this.dispatchEvent(new Event("lead"));
  }
}
