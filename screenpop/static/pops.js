/* "Why no pop?": the last calls, what was matched, when it was sent, when it was on the screen. */

import { dial, h } from "./dom.js";
import { records } from "./records.js";
import { pops } from "./rest.js";
import { moment, phone } from "./say.js";
import { _ } from "./words.js";

const list = records({
  body: document.querySelector("tbody"), note: document.getElementById("note"), more: document.getElementById("more"), row,
  read: async () => {
    const answer = await pops.last();
    return { items: answer.items ?? answer, next: null };
  },
  empty: () => _("No calls since the start."),
});
document.getElementById("again").addEventListener("click", () => list.reload());
list.reload();

const after = (from, to) => (from && to ? _("%(ms)s ms", { ms: `+${Math.max(0, Date.parse(to) - Date.parse(from))}` }) : "—");

const reasons = {
  not_connected: { word: _("not sent: nobody was connected"), look: "bad" }, not_painted: { word: _("sent, not seen by the page"), look: "warn" },
  hidden_tab: { word: _("shown in a background tab"), look: "still" }, number_withheld: { word: _("the number was withheld"), look: "still" },
  database_away: { word: _("the database was away"), look: "bad" },
};

function why(pop) {
  if (pop.reason) return reasons[pop.reason] ?? { word: pop.reason, look: "warn" };
  return { word: _("shown"), look: "good" };
}

function row(pop) {
  const matches = { exact: _("one client"), maybe: _("several clients"), none: _("nobody has the number") };
  const { word, look } = why(pop);
  const latency = typeof pop.latency_ms === "number" ? _("%(ms)s ms", { ms: pop.latency_ms.toFixed(1) }) : after(pop.at, pop.shown_at);
  return h("tr", {}, h("td", { class: "number" }, moment(pop.at)), h("td", { class: "number" }, pop.extension ?? ""), h("td", {}, pop.number ? dial(pop.number, phone(pop.number)) : _("Number withheld")),
    h("td", {}, matches[pop.match] ?? "—"), h("td", {}, pop.client_id ? h("a", { href: `/clients/${pop.client_id}` }, pop.client_name ?? _("client")) : ""), h("td", { class: "right number" }, after(pop.at, pop.sent_at)),
    h("td", { class: "right number" }, latency), h("td", {}, h("span", { class: `pill ${look}` }, word)));
}
