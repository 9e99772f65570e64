// Words. One JSON file per language; English stands in for what another one lacks.

/** @typedef {{code: string, name: string}} Language */

/** @type {Record<string, string>} */
let words = {};
/** @type {Record<string, string>} */
let english = {};
let current = "en";
/** @type {Language[]} */
let known = [{ code: "en", name: "English" }];

/**
 * @param {string} name
 * @returns {Promise<any>}
 */
async function fetchJSON(name) {
  const response = await fetch(new URL(`../i18n/${name}.json`, import.meta.url));
  if (!response.ok) throw new Error(`language file ${name}: ${response.status}`);
  return response.json();
}

/** @returns {string[]} what the person asked for, most wanted first */
function wanted() {
  const asked = localStorage.getItem("sluice.language");
  return [...(asked ? [asked] : []), ...navigator.languages.map((tag) => tag.split("-")[0] ?? tag)];
}

/** Loads the words; call once before anything is drawn, and again after `chooseLanguage`. */
export async function loadLanguage() {
  [english, known] = await Promise.all([fetchJSON("en"), fetchJSON("index")]);
  current = wanted().find((code) => known.some((each) => each.code === code)) ?? "en";
  words = current === "en" ? english : await fetchJSON(current);
  document.documentElement.lang = current;
}

/** @param {string} code */
export function chooseLanguage(code) {
  localStorage.setItem("sluice.language", code);
}

export const languages = () => known;
export const language = () => current;

/**
 * The words for `key`, `{name}` replaced by values. With a `count`, the plural form `key.one`,
 * `key.few`, … of the language is taken where it has one.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  let found = words[key] ?? english[key];
  if (typeof values.count === "number") {
    const form = `${key}.${new Intl.PluralRules(current).select(values.count)}`;
    found = words[form] ?? words[`${key}.other`] ?? english[form] ?? english[`${key}.other`] ?? found;
  }
  return (found ?? key).replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? value.toLocaleString(current) : value;
  });
}
/** @param {string} key */
export const has = (key) => key in words || key in english;
