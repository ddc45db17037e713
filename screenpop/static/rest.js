/* The server's REST door: JSON in, JSON out, problems as people read them. */

import { _ } from "./words.js";

const ROOT = "/api/v1";

/** What the server refused, and why: `detail` is a sentence; `errors` lists wrong fields; status 0 is no connection. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || _("Something went wrong on the server"));
    this.status = status;
    this.document = document;
  }
}

async function send(method, path, body, headers, keepalive) {
  try {
    return await fetch(ROOT + path, {
      method, keepalive, credentials: "same-origin",
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem(0, { detail: _("No connection to the server") });
  }
}

/** Ask and get the JSON answer (null for 204). `once` sends an Idempotency-Key, `version` an If-Match;
 * `leaving` outlives the page. */
export async function ask(method, path, body, { once = false, version = null, leaving = false } = {}) {
  const headers = {};
  if (once) headers["Idempotency-Key"] = unique();
  if (version !== null) headers["If-Match"] = `"${version}"`;
  const answer = await send(method, path, body, headers, leaving);
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("signed-out"));
  throw new Problem(answer.status, problem);
}

const unique = () => crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** "?a=1&b=2" of what is not empty. */
export function query(values) {
  const filled = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return filled.length ? `?${new URLSearchParams(filled)}` : "";
}

const id = encodeURIComponent;

export const calls = {
  list: (filters) => ask("GET", `/calls${query(filters)}`),
  missed: () => ask("GET", "/calls/missed"),
  get: (call) => ask("GET", `/calls/${id(call)}`),
  patch: (call, change, leaving = false) => ask("PATCH", `/calls/${id(call)}`, change, { leaving }),
  dial: (to) => ask("POST", "/calls", { to }, { once: true }),
  act: (call, action, body = {}) => ask("POST", `/calls/${id(call)}/${action}`, body),
  dispositions: () => ask("GET", "/calls/dispositions"),
};

export const clients = {
  find: (text, limit = 8, cursor = null) => ask("GET", `/clients${query({ query: text, limit, cursor })}`),
  get: (client) => ask("GET", `/clients/${id(client)}`),
  history: (client, cursor = null, limit = 50) => ask("GET", `/clients/${id(client)}/history${query({ cursor, limit })}`),
  lookup: (number) => ask("GET", `/clients/lookup${query({ number })}`),
  create: (draft) => ask("POST", "/clients", draft),
  attach: (client, number) => ask("POST", `/clients/${id(client)}/numbers`, { number }),
  choose: (client, number, call) => ask("POST", `/clients/${id(client)}/choose`, { number, call_id: call }),
};

export const tasks = { list: (filters) => ask("GET", `/tasks${query(filters)}`) };
export const orders = { list: (filters) => ask("GET", `/orders${query(filters)}`) };
export const pops = { last: () => ask("GET", "/pops") };

export const me = {
  state: () => ask("GET", "/agents/me/state"),
  become: (state, reason = null) => ask("PUT", "/agents/me/state", reason ? { state, reason } : { state }),
  settings: () => ask("GET", "/users/me/settings"),
  keep: (settings) => ask("PUT", "/users/me/settings", settings),
};
