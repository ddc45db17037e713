/* <client-card>: who calls, why we think so, what was before, what is open. Painted from one event, without a question
 * to the server; the number, the name and the running time can be read from a metre. */

import { asks } from "./call-bar.js";
import { dispositions } from "./dispositions.js";
import { dial, h, once, tell } from "./dom.js";
import { keeperOf, matchOf } from "./match.js";
import { doing, titleOf } from "./my-calls.js";
import { clock, day, duration, endedBy, localTime, money, outcome, phone } from "./say.js";
import { _, ngettext } from "./words.js";

const LAST = 8; // a low window shows four of them
const OPEN = 4;

/** One entry of a time line, in one line of words; `whose(extension)` says a colleague's name. */
export function entry(item, whose = (extension) => extension) {
  const kinds = { call: _("Call"), sms: _("SMS"), fax: _("Fax"), mail: _("Mail"), order: _("Order"), interview: _("Questionnaire"), task: _("Task"),
    note: _("Note"), visit: _("Visit"), letter: _("Letter"), request: _("Request"), web: _("Web site"), merge: _("Merge") };
  if (item.call) return callEntry(item.call, whose);
  return { kind: kinds[item.kind] ?? item.kind, text: item.summary || item.note || item.text || item.title || "" };
}

function callEntry(call, whose) {
  const ways = { inbound: _("Incoming"), outbound: _("Outgoing"), internal: _("Inside") };
  const answered = call.outcome === "answered";
  const length = answered ? duration(call.talk_seconds) : outcome(call) || _("going on");
  return { kind: `${ways[call.direction] ?? ""} ${length}`.trim(), text: [dispositions.name(call.disposition), call.note, call.note ? "" : call.queue, call.owner && whose(call.owner)].filter(Boolean).join(" · ") };
}

/** What state an order is in, in words. */
export function orderState(order) {
  const states = { draft: _("draft"), unconfirmed: _("to confirm"), confirmed: _("confirmed"), cancelled: _("cancelled"), expired: _("expired"),
    paid: _("paid"), shipped: _("on its way"), delivered: _("delivered") };
  return states[order.state] ?? order.state;
}

/** Who it is, where nobody's name is known: the number stands below already. */
function nameless(call, card) {
  if (!card || card.pending) return "…";
  if (card.foreign) return _("A colleague's client");
  if (card.candidates?.length > 1) return _("One of several clients");
  return _("Unknown number");
}

class ClientCard extends HTMLElement {
  attach({ desk, live, unknown }) {
    this.desk = desk;
    this.live = live;
    this.unknown = unknown;
    this.parts = Object.fromEntries(["who", "state", "line", "match", "before", "open"].map((part) => [part, this.querySelector(`[data-part=${part}]`)]));
    for (const type of ["calls", "current", "presence"]) desk.addEventListener(type, () => this.draw());
    dispositions.addEventListener("read", () => this.draw());
    setInterval(() => this.#clientTime(), 10_000);
  }

  draw() {
    const { current: call } = this.desk;
    this.hidden = !call;
    document.getElementById("main").toggleAttribute("data-card", Boolean(call));
    if (!call) return;
    const card = this.desk.card(call);
    once(this.parts.who, [call.id, this.#title(call, card), this.desk.other(call), card?.client], () => this.#who(call, card));
    once(this.parts.state, [call.id, call.state, call.since, call.talk_seconds, call.outcome, call.ended_by, call.ended_at, this.#asked(call), this.#handed(call)], () => this.#state(call));
    once(this.parts.line, [call.id, card?.client, call.caller?.name, call.direction, titleOf(this.desk, call)], () => this.#line(call, card?.client));
    this.unknown.draw(call, card);
    once(this.parts.match, [call.id, card?.client, matchOf(card), card?.foreign], () => this.#match(call, card));
    once(this.parts.before, [call.id, card?.last, Boolean(card?.client), card?.foreign, dispositions.items.length], () => this.#before(card));
    once(this.parts.open, [call.id, card?.orders, card?.tasks, card?.foreign], () => this.#open(card));
    this.#clientTime();
  }

  /** A name, or what is known instead: never the number, which has its own line. */
  #title(call, card) {
    const number = this.desk.other(call);
    const inside = call.direction === "internal" && number && _("Phone %(number)s", { number });
    return this.desk.name(call) || (number ? inside || nameless(call, card) : _("Number withheld"));
  }

  #who(call, card) {
    const number = this.desk.other(call);
    const client = card?.client;
    const title = this.#title(call, card);
    return [
      h("h2", { class: "client-name", title }, client ? h("a", { href: `/clients/${client.id}`, target: "_blank", rel: "noopener" }, client.name) : title),
      h("p", { class: "client-number" }, number ? dial(number, phone(number)) : "\u00a0"),
    ];
  }

  #line(call, client) {
    const said = call.direction === "inbound" && call.caller?.name && ![client?.name, titleOf(this.desk, call)].includes(call.caller.name) ? _("the network says: %(name)s", { name: call.caller.name }) : "";
    const known = [client?.company, client?.fields?.position, client?.fields?.city ?? client?.fields?.["Город"], said].filter(Boolean).join(" · ");
    return [h("span", { class: "clip" }, known || (call.direction === "internal" ? _("Internal call") : "")), h("span", { class: "client-time muted", "data-zone": client?.time_zone ?? "" })];
  }

  #state(call) {
    const { word, look } = doing(call, call.direction === "outbound");
    const ended = call.state === "ended";
    const way = [call.queue && `${call.queue}`, call.direction === "inbound" && call.dialed ? phone(call.dialed) : ""].filter(Boolean).join(" · ");
    const how = ended ? this.#handed(call) || [outcome(call), endedBy(call)].filter(Boolean).join(", ") : this.#asked(call);
    const time = ended ? h("span", { class: "clock" }, this.#length(call)) : h("run-time", { class: "clock", since: call.since ?? "" });
    return [h("p", { class: "state-line" }, h("span", { class: `pill ${look}` }, word), time), h("p", { class: `small clip${!ended && how ? " strong" : " muted"}`, title: how || way }, how || way || "\u00a0")];
  }

  /** Whom we ask while the client waits, and whether he is there yet. */
  #asked(call) {
    const leg = asks(call) && (call.legs ?? []).findLast((each) => each.extension !== this.desk.user.extension && !each.ended_at);
    if (!leg) return "";
    const who = this.#whose(leg.extension ?? leg.number, call);
    return leg.answered_at ? _("You talk to %(who)s", { who }) : _("You call %(who)s", { who });
  }

  /** To whom we handed the call. */
  #handed(call) {
    const last = (call.transfers ?? []).at(-1);
    return call.state === "ended" && last?.by === this.desk.user.extension && last.to ? _("handed over to %(who)s", { who: this.#whose(last.to, call) }) : "";
  }

  #whose(number, call) {
    const name = this.desk.phone(number, call.pbx)?.user?.name;
    return name ? `${name}, ${number}` : phone(number);
  }

  #length(call) {
    return duration(call.talk_seconds || (call.answered_at ? (Date.parse(call.ended_at) - Date.parse(call.answered_at)) / 1000 : 0));
  }

  #match(call, card) {
    const match = matchOf(card);
    const { client, foreign, candidates } = card ?? {};
    if (!match || (!client && candidates?.length > 1)) return null; // asked below
    const keeper = client?.responsible_name ?? client?.responsible?.name;
    if (foreign && !client) return [this.desk.name(call) && h("span", { class: "pill plain warn" }, match.word), h("span", { class: "small" }, _("looked after by %(name)s", { name: keeperOf(foreign) || _("a colleague") }))];
    return [h("span", { class: `pill plain ${match.look}` }, match.word),
      keeper && h("span", { class: "muted small" }, _("looked after by %(name)s", { name: keeper })),
      client?.fields?.contract && h("span", { class: "muted small" }, _("contract %(number)s", { number: client.fields.contract }))];
  }

  #before(card) {
    const last = (card?.last ?? []).filter((item) => item.id !== this.desk.currentId).slice(0, LAST);
    const title = h("h2", { class: "part" }, _("Last contacts"));
    if (card?.foreign) return [title, h("p", { class: "state low" }, _("Seen by those who look after the client."))];
    if (!card?.client) return [title, h("p", { class: "state low" }, _("No contacts so far."))];
    if (!last.length) return [title, h("p", { class: "state low" }, _("The first contact."))];
    return [title, h("ul", { class: "entries" }, last.map((item) => {
      const { kind, text } = entry(item, (extension) => this.desk.phone(extension)?.user?.name ?? extension);
      return h("li", { title: text }, h("span", { class: "muted small number when" }, day(item.at, this.live.now())), h("span", { class: "brief" }, h("span", { class: "strong" }, kind), text ? ` ${text}` : ""));
    }))];
  }

  #open(card) {
    const title = h("h2", { class: "part" }, _("Open now"));
    const now = this.live.now();
    const rows = [
      ...(card?.tasks ?? []).map((task) => h("li", { title: task.title }, h("span", { class: `muted small number when${task.due_at && Date.parse(task.due_at) < now ? " late" : ""}` }, task.due_at ? day(task.due_at, now) : "—"), h("span", { class: "brief" }, h("span", { class: "strong" }, _("Task")), ` ${task.title}`))),
      ...(card?.orders ?? []).map((order) => h("li", {}, h("span", { class: "muted small number when" }, `№ ${order.number}`), h("span", { class: "brief" }, h("span", { class: "strong" }, money(order.total)), ` ${orderState(order)}`))),
    ];
    if (!rows.length) return [title, h("p", { class: "state low" }, card?.foreign ? _("Seen by those who look after the client.") : _("Nothing open."))];
    const more = rows.length - OPEN;
    return [title, h("ul", { class: "entries" }, rows.slice(0, more > 0 ? OPEN - 1 : OPEN), more > 0 && h("li", { class: "muted small" }, ngettext("and %(count)s more", "and %(count)s more", more + 1)))];
  }

  /** The client's own time of day, where it is not ours. */
  #clientTime() {
    const place = this.querySelector(".client-time");
    if (!place) return;
    const time = localTime(place.dataset.zone, this.live.now());
    tell(place, time ? _("%(time)s there", { time }) : "");
    place.classList.toggle("late", Boolean(time) && (time < "08:00" || time >= "22:00") && time !== clock(this.live.now()));
  }
}

customElements.define("client-card", ClientCard);
