/* The page's facts and its words: what layout.html left in the document for the modules. */

const island = (id) => JSON.parse(document.getElementById(id)?.textContent || "{}");

/** {language, live, time_zone, user: {id, login, name, role, extension}} of this page. */
export const page = island("page");

const words = island("words");
const rules = new Intl.PluralRules(page.language || "en");
const FORMS = { ru: ["one", "few", "many"], en: ["one", "other"] }[page.language] ?? ["one", "other"];

const put = (text, values) => text.replace(/%\((\w+)\)s/g, (whole, name) => values?.[name] ?? whole);

/** `text` in the reader's language, %(name)s filled from `values`. */
export function _(text, values) {
  const found = words[text];
  return put(typeof found === "string" ? found : text, values);
}

/** The form that goes with `count`, which is also %(count)s. */
export function ngettext(one, many, count, values) {
  const forms = Array.isArray(words[one]) ? words[one] : [one, many];
  const at = Math.max(0, FORMS.indexOf(rules.select(count)));
  return put(forms[Math.min(at, forms.length - 1)], { count, ...values });
}
