/* What the agent's desk knows: the snapshot and every event after it, reduced; the call in the middle; drafts.
 *
 * Pure but for the two callables it is given; tells by events: "calls", "presence", "queues", "tasks", "settings",
 * "links" (an exchange came or went),
 * "current" (another call in the middle), "rang" (a call of mine began to ring), "lost" (one was withdrawn).
 */

const OVER = new Set(["ended", "withdrawn", "merged"]);
const ACTIVE = new Set(["talking", "held", "dialing"]);

const ORDER = ["current", "calls", "rang", "lost", "links", "presence", "queues", "tasks"]; // the card first, the long lists last

export const phoneKey = (row) => `${row.pbx}/${row.extension}`;
export const queueKey = (row) => `${row.pbx}/${row.queue}`;

export class Desk extends EventTarget {
  constructor(user, { now = Date.now, busy = () => false } = {}) {
    super();
    this.user = user;
    this.now = now;
    this.busy = busy; // somebody is writing: the middle must not change by itself
    this.calls = new Map();
    this.cards = new Map();
    this.after = new Map(); // ended calls of mine whose outcome is not finished
    this.pop = "ring"; // when a card may come into the middle by itself: "ring" | "answer" | "never"
    this.presence = new Map();
    this.exchanges = new Set();
    this.queues = new Map();
    this.links = new Map(); // the exchanges, and whether each is connected
    this.tasks = [];
    this.currentId = null;
    this.snapshots = 0;
  }

  /** Take one frame; every listener is told once a frame. */
  take(events) {
    this.told = new Map();
    for (const event of events) this.#one(event);
    for (const type of ORDER) if (this.told.has(type)) this.dispatchEvent(new CustomEvent(type, { detail: this.told.get(type) }));
  }

  get current() {
    return this.calls.get(this.currentId) ?? this.after.get(this.currentId) ?? null;
  }

  get own() {
    const known = this.presence.get(this.ownKey);
    if (known?.extension === this.user.extension) return known;
    const row = this.user.extension ? this.phone(this.user.extension) : null;
    this.ownKey = row ? phoneKey(row) : null;
    return row;
  }

  /** Every extension I may see; two exchanges may have the same number. */
  get phones() {
    return [...this.presence.values()];
  }

  /** The extension of that exchange, else of any. */
  phone(extension, pbx) {
    const known = this.presence.get(`${pbx}/${extension}`);
    if (known || !extension) return known ?? null;
    const exchange = [...this.exchanges].find((each) => this.presence.has(`${each}/${extension}`));
    return exchange === undefined ? null : this.presence.get(`${exchange}/${extension}`);
  }

  /** The exchanges that do not answer now, by name. */
  get away() {
    return [...this.links.values()].filter((link) => !link.connected).map((link) => link.pbx);
  }

  /** Everybody's extensions but my own. */
  get mates() {
    return this.phones.filter((row) => row.extension !== this.user.extension && (!row.user || row.user.id !== this.user.id));
  }

  /** The exchange's name beside a number, where there are several. */
  place(row) {
    return this.exchanges.size > 1 ? row.pbx ?? "" : "";
  }

  /** My calls that live, the ringing last: the order in which they came. */
  get mine() {
    return [...this.calls.values()].filter((call) => this.#mine(call));
  }

  get ringing() {
    return this.mine.filter((call) => call.state === "ringing" && !this.#fromMe(call));
  }

  get active() {
    return this.mine.find((call) => ACTIVE.has(call.state) || (call.state === "ringing" && this.#fromMe(call))) ?? null;
  }

  card(call) {
    return (call && this.cards.get(call.id)) ?? null;
  }

  /** The outside number of a call, or the extension on the other side of an internal one. */
  other(call) {
    if (call.direction === "inbound") return call.caller?.number ?? null;
    if (call.direction === "outbound" || this.#fromMe(call)) return call.dialed;
    return call.caller?.extension ?? call.caller?.number ?? null;
  }

  /** Who it is, as far as known: the client, a colleague, the name the network gave. */
  name(call) {
    const card = this.card(call);
    if (card?.client) return card.client.name;
    const inside = this.phone(this.other(call), call.pbx);
    return inside?.user?.name || call.caller_name || (this.#fromMe(call) ? "" : call.caller?.name) || "";
  }

  /** Put a call in the middle. */
  open(id) {
    if (this.currentId === id) return;
    this.currentId = id;
    this.dispatchEvent(new CustomEvent("current"));
  }

  /** The agent is done with an ended call. */
  close(id) {
    this.after.delete(id);
    if (this.currentId === id) this.currentId = this.#next();
    this.dispatchEvent(new CustomEvent("current"));
    this.dispatchEvent(new CustomEvent("calls"));
  }

  /** A card learned by other ways than the feed (created, attached, chosen). */
  know(id, card) {
    this.cards.set(id, card);
    this.dispatchEvent(new CustomEvent("calls"));
  }

  /** An ended call whose outcome is still to be written (after a reload). */
  resume(call, card) {
    if (this.calls.has(call.id) || this.after.has(call.id)) return;
    if (card) this.cards.set(call.id, card);
    this.after.set(call.id, { ...call, state: "ended", actions: [] });
    if (!this.current) this.currentId = call.id;
    this.dispatchEvent(new CustomEvent("current"));
    this.dispatchEvent(new CustomEvent("calls"));
  }

  #tell(type, detail) {
    this.told.set(type, detail ?? this.told.get(type));
  }

  #one(event) {
    switch (event.type) {
      case "snapshot": return this.#snapshot(event);
      case "call": return this.#call(event);
      case "presence": return this.#presence(event);
      case "pbx": return this.#link(event);
      case "queue": return this.#queue(event);
      case "task": return this.#task(event);
      default: return undefined;
    }
  }

  #snapshot(event) {
    this.snapshots += 1;
    const before = this.calls;
    this.calls = new Map();
    for (const told of event.calls ?? []) {
      const call = told.call ?? told;
      const kept = before.get(call.id);
      this.calls.set(call.id, { ...call, since: kept?.state === call.state ? kept.since : this.#since(call, event.at) });
      const card = told.card ?? call.card;
      if (card) this.cards.set(call.id, card);
    }
    for (const [id, call] of before) if (!this.calls.has(id) && this.#mine(call)) this.#gone(call, { ...call, state: "ended" });
    this.presence = new Map((event.presence ?? []).map((row) => [phoneKey(row), row]));
    this.exchanges = new Set(this.phones.map((row) => row.pbx));
    this.queues = new Map((event.queues ?? []).map((row) => [queueKey(row), row]));
    this.tasks = event.tasks ?? [];
    for (const call of this.ringing) this.#tell("rang", call);
    this.#choose();
    this.links = new Map((event.pbx ?? []).map((link) => [link.pbx, link]));
    for (const type of ["calls", "links", "presence", "queues", "tasks"]) this.#tell(type);
  }

  #call(event) {
    const { call } = event;
    const before = this.calls.get(call.id);
    if (event.card !== undefined && event.card !== null) this.cards.set(call.id, event.card);
    if (OVER.has(call.state)) {
      this.calls.delete(call.id);
      const kept = before ?? this.after.get(call.id);
      if (kept && this.#mine({ ...kept, ...call })) this.#gone(kept, call);
    } else {
      const since = before?.state === call.state ? before.since : this.#since(call, event.at);
      this.calls.set(call.id, { ...before, ...call, since });
      this.after.delete(call.id);
      if (call.state === "ringing" && before?.state !== "ringing" && this.#mine(call) && !this.#fromMe(call)) this.#tell("rang", call);
    }
    this.#choose();
    this.#tell("calls");
  }

  /** A call of mine is over: keep it for its outcome where I talked, else let it go. */
  #gone(before, call) {
    if (call.state === "merged") {
      if (this.currentId === call.id) this.currentId = call.into ?? null;
      return;
    }
    const ended = { ...before, ...call, ended_at: call.ended_at ?? new Date(this.now()).toISOString(), state: "ended", actions: [] };
    const worked = this.#talked(ended) || this.after.has(call.id);
    if (worked) this.after.set(call.id, ended);
    else if (this.currentId === call.id) this.currentId = null;
    this.#tell("lost", { call: ended, worked, before });
  }

  #talked(call) {
    const own = this.user.extension;
    return (call.answered_by ?? []).includes(own) || (this.#fromMe(call) && call.direction !== "internal");
  }

  #fromMe(call) {
    return Boolean(call.caller?.extension) && call.caller.extension === this.user.extension;
  }

  #mine(call) {
    const own = this.user.extension;
    if (typeof call.mine === "boolean") return call.mine;
    if (!own) return false;
    if (this.cards.has(call.id)) return true;
    return this.#fromMe(call) || (call.answered_by ?? []).includes(own) || (call.legs ?? []).some((leg) => leg.extension === own && !leg.ended_at);
  }

  #since(call, at) {
    if (call.state === "talking" && call.answered_at) return call.answered_at;
    if (call.state === "ringing" || call.state === "dialing" || call.state === "waiting") return call.started_at ?? at;
    return at ?? new Date(this.now()).toISOString();
  }

  /** What stands in the middle: never taken away under somebody's hands. */
  #choose() {
    const { active } = this;
    const before = this.currentId;
    const working = this.current?.state === "talking" || this.current?.state === "held";
    if (active && !working && this.pop !== "never") this.currentId = active.id;
    else if (!this.current) this.currentId = this.#next();
    if (before !== this.currentId) this.#tell("current");
  }

  /** What comes into an empty middle by itself, as far as the user lets it. */
  #next() {
    if (this.pop === "never") return null;
    const ringing = this.pop === "ring" && !this.busy() ? this.ringing[0] : null;
    return (this.active ?? ringing ?? [...this.after.values()].at(-1))?.id ?? null;
  }

  /** Look again whether a card waits for the middle: somebody stopped writing. */
  look() {
    if (this.current) return;
    const next = this.#next();
    if (next) this.open(next);
  }

  #presence(event) {
    const { seq: _seq, at: _at, type: _type, ...row } = event;
    this.exchanges.add(row.pbx);
    this.presence.set(phoneKey(row), { ...this.presence.get(phoneKey(row)), ...row });
    this.#tell("presence");
  }

  #link({ pbx, connected, reason }) {
    this.links.set(pbx, { pbx, connected, reason });
    this.#tell("links");
  }

  #queue(event) {
    const { seq: _seq, at: _at, type: _type, ...row } = event;
    this.queues.set(queueKey(row), { ...this.queues.get(queueKey(row)), ...row });
    this.#tell("queues");
  }

  #task(event) {
    const task = event.task ?? event;
    this.tasks = [...this.tasks.filter((each) => each.id !== task.id), ...(task.state && task.state !== "open" ? [] : [task])];
    this.#tell("tasks");
  }
}
