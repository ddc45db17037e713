/* The live feed: one WebSocket that mends itself, and the server's clock.
 *
 * Tells by events: "frame" (detail: list of events, in order), "line" (the connection came or went).
 * Reconnects after 0.3 s, doubling to 15 s, with jitter, and asks for what it missed (epoch, since).
 */

const FIRST_WAIT = 300;
const LONGEST_WAIT = 15_000;
const SILENCE = 1_750; // told as lost within 2 s, where the server speaks every second
const GONE = new Set([4001]);

export class Live extends EventTarget {
  constructor(url, { makeSocket = (address) => new WebSocket(address) } = {}) {
    super();
    this.url = url;
    this.makeSocket = makeSocket;
    this.online = false;
    this.lostAt = Date.now();
    this.latency = null;
    this.offset = 0;
    this.epoch = null;
    this.seq = null;
    this.attempt = 0;
    this.retryAt = null;
    this.rhythm = null; // milliseconds between the server's heartbeats
    this.topics = null;
    this.over = false;
  }

  start() {
    this.#connect();
    setInterval(() => this.#listen(), 200);
    addEventListener("offline", () => this.#lost("offline"));
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.online || this.retry());
  }

  /** The server's time in milliseconds since 1970. */
  now() {
    return Date.now() + this.offset;
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** What to be told about; kept over reconnects. */
  subscribe(topics) {
    if (JSON.stringify(topics) === JSON.stringify(this.topics)) return;
    this.topics = topics;
    this.send({ type: "subscribe", topics });
  }

  /** Try again now. */
  retry() {
    if (this.over || this.online) return;
    clearTimeout(this.timer);
    this.#connect();
  }

  #connect() {
    this.#drop();
    const address = new URL(this.url);
    if (this.epoch !== null && this.seq !== null) {
      address.searchParams.set("epoch", this.epoch);
      address.searchParams.set("since", this.seq);
    }
    const socket = (this.socket = this.makeSocket(address.href));
    this.heard = Date.now();
    socket.onmessage = ({ data }) => this.#frame(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.socket && this.#lost("closed", code);
  }

  #drop() {
    const old = this.socket;
    this.socket = null;
    if (!old) return;
    old.onmessage = old.onclose = null;
    old.close();
  }

  #frame(events) {
    this.heard = Date.now();
    for (const event of events) {
      if (event.seq !== undefined && event.seq !== null) this.seq = event.seq;
      if (event.type === "hello") this.#hello(event);
      if (event.type === "ping") this.#ping(event);
    }
    this.dispatchEvent(new CustomEvent("frame", { detail: events }));
  }

  #hello(event) {
    this.epoch = event.epoch;
    this.#clock(event.server_time);
    this.attempt = 0;
    this.retryAt = null;
    this.rhythm = event.heartbeat ? event.heartbeat * 1_000 : null;
    if (this.topics) this.send({ type: "subscribe", topics: this.topics });
    this.#line(true);
  }

  #ping(event) {
    this.latency = event.latency_ms ?? null;
    if (event.at) this.#clock(event.at, (this.latency ?? 0) / 2);
    this.dispatchEvent(new Event("beat"));
  }

  #clock(serverTime, travelled = 0) {
    const at = Date.parse(serverTime);
    if (Number.isFinite(at)) this.offset = at + travelled - Date.now();
  }

  /** Silence longer than the server's own rhythm is a lost line, whatever the socket still believes. */
  #listen() {
    if (!this.socket || this.over) return;
    const quiet = Date.now() - this.heard;
    if (!this.online) {
      if (this.socket.readyState === WebSocket.CONNECTING && quiet > 5_000) this.#lost("slow");
      return;
    }
    if (this.rhythm && quiet > Math.max(SILENCE, this.rhythm + 750)) this.#lost("silent");
  }

  #lost(_why, code) {
    this.#drop();
    clearTimeout(this.timer);
    if (GONE.has(code)) {
      this.over = true;
      document.dispatchEvent(new CustomEvent("signed-out"));
    } else {
      const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.attempt) * (0.75 + Math.random() * 0.5);
      this.attempt += 1;
      this.retryAt = Date.now() + wait;
      this.timer = setTimeout(() => this.#connect(), wait);
    }
    this.#line(false);
  }

  #line(online) {
    if (this.online !== online) this.lostAt = online ? null : Date.now();
    this.online = online;
    this.dispatchEvent(new Event("line"));
  }
}
