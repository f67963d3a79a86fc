/** Words and numbers in the reader's language: ru for ru, else en. */
import { signal } from "./lib.js";
import { languageCode } from "./telegram.js";

const STORE = "traderai.language";
const catalogues = {};
export const language = signal("en");

function preferred() {
  const kept = localStorage.getItem(STORE);
  const given = kept || languageCode() || navigator.language || "";
  return given.toLowerCase().startsWith("ru") ? "ru" : "en";
}

/** Load a language's catalogue and switch to it. */
export async function useLanguage(code, { keep = true } = {}) {
  if (!catalogues[code]) {
    const response = await fetch(document.body.dataset[code === "ru" ? "i18nRu" : "i18nEn"]);
    if (!response.ok) throw new Error(`catalogue ${code}: ${response.status}`);
    catalogues[code] = await response.json();
  }
  if (keep) localStorage.setItem(STORE, code);
  document.documentElement.lang = code;
  language.value = code;
}

/** Load the language that the reader prefers; call once before the first render. */
export async function startLanguage() {
  await useLanguage(preferred(), { keep: false });
}

/** Whether the catalogue has a text for this key. */
export function has(key) {
  return key in (catalogues[language.value] || {});
}

/** The text of a key with its parameters; a plural is an object by CLDR category, chosen by `n`. */
export function t(key, parameters = {}) {
  const entry = (catalogues[language.value] || {})[key];
  if (entry === undefined) return key;
  const text = typeof entry === "string" ? entry : entry[new Intl.PluralRules(language.value).select(parameters.n)] || entry.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in parameters ? String(parameters[name]) : whole));
}

const locale = () => (language.value === "ru" ? "ru-RU" : "en-US");
const DASH = "–";
const NBSP = "\u00a0";
const missing = (value) => value === null || value === undefined || Number.isNaN(value);

/** A number with a fixed count of digits. */
export function number(value, digits = 0) {
  if (missing(value)) return DASH;
  // A minus that is not a hyphen, and none before what rounds to nothing.
  return value.toLocaleString(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" }).replace("-", "−");
}

/** A number with as many digits as it needs, at most two: what a field is filled with. */
export const grouped = (value) => value.toLocaleString(locale(), { maximumFractionDigits: 2 });

/** The number that a reader has typed, with spaces, a decimal comma or commas between thousands; NaN: none. */
export function parseNumber(text) {
  const bare = text.replace(/[\s\u00a0\u202f]/g, "");
  const isGrouped = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(bare) && language.value === "en";
  const plain = isGrouped ? bare.replaceAll(",", "") : bare.replace(",", ".");
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : NaN;
}

/** Digits of a price where the share's own are not at hand: two, and more where they carry the price. */
const digitsOf = (value) => {
  const most = Math.abs(value) >= 10 ? 2 : Math.abs(value) >= 1 ? 4 : 6;
  return Math.max(2, (String(Number(value.toFixed(most))).split(".")[1] || "").length);
};

/** A price in roubles. */
export function price(value, digits = missing(value) ? 0 : digitsOf(value)) {
  return missing(value) ? DASH : `${number(value, digits)}${NBSP}₽`;
}

/** Per cent from per cent, such as 1.25 -> "+1.25 %"; a minus sign that is not a hyphen. */
export function percent(value, { digits = 2, signed = true } = {}) {
  if (missing(value)) return DASH;
  const rounded = Number(value.toFixed(digits));
  const sign = signed && rounded > 0 ? "+" : rounded < 0 ? "−" : "";
  return `${sign}${number(Math.abs(rounded), digits)}${NBSP}%`;
}

/** Per cent from a fraction, such as 0.52 -> "52 %". */
export function fraction(value, { digits = 0, signed = false } = {}) {
  return missing(value) ? DASH : percent(value * 100, { digits, signed });
}

/** A probability: never certain, never impossible where it is only near to it. */
export function chance(value, digits = 0) {
  if (missing(value)) return DASH;
  if (value > 0.999 && value < 1) return `>${percent(99.9, { digits: 1, signed: false })}`;
  if (value < 0.001 && value > 0) return `<${percent(0.1, { digits: 1, signed: false })}`;
  const isNear = (value > 0.99 && value < 1) || (value < 0.01 && value > 0);
  return fraction(value, { digits: isNear ? 1 : digits });
}

/** A difference of probabilities in points. */
export function points(value, digits = 1) {
  if (missing(value)) return DASH;
  const rounded = Number((value * 100).toFixed(digits));
  const sign = rounded > 0 ? "+" : rounded < 0 ? "−" : "";
  return `${sign}${number(Math.abs(rounded), digits)}${NBSP}${t("unit.points")}`;
}

/** A sum in roubles, whole ones unless digits are asked for; "signed" shows a gain's plus. */
export function roubles(value, { digits = 0, signed = false } = {}) {
  if (missing(value)) return DASH;
  const rounded = Number(value.toFixed(digits));
  const sign = rounded < 0 ? "−" : signed && rounded > 0 ? "+" : "";
  return `${sign}${number(Math.abs(rounded), digits)}${NBSP}₽`;
}

/** A result in multiples of the risk taken, such as "+1.9 R". */
export function multiple(value, digits = 1) {
  if (missing(value)) return DASH;
  const rounded = Number(value.toFixed(digits));
  const sign = rounded > 0 ? "+" : rounded < 0 ? "−" : "";
  return `${sign}${number(Math.abs(rounded), digits)}${NBSP}R`;
}

/** A large sum in short, such as "12.3 bn ₽". */
export function money(value) {
  if (missing(value)) return DASH;
  return `${value.toLocaleString(locale(), { notation: "compact", maximumFractionDigits: 1 })}${NBSP}₽`;
}

/** A moment in Moscow time; `withZone` false leaves the zone's name to what stands around it. */
export function moment(iso, { withTime = true, withZone = true } = {}) {
  if (!iso) return DASH;
  const date = new Date(iso);
  const sameYear = date.getFullYear() === new Date().getFullYear();
  const options = { timeZone: "Europe/Moscow", day: "numeric", month: "short" };
  if (!sameYear) options.year = "numeric";
  if (withTime) Object.assign(options, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const text = date.toLocaleString(locale(), options).replace(/ г\./, "");
  return withTime && withZone ? `${text} ${t("unit.msk")}` : text;
}

// From which age on a unit is used, and its length: "18 months ago" says more than "1 year ago".
const STEPS = [["year", 31557600, 2], ["month", 2629800, 2], ["day", 86400, 1], ["hour", 3600, 1], ["minute", 60, 1]];

/** How long ago, from an age in seconds. */
export function ago(ageSeconds) {
  if (missing(ageSeconds)) return "";
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: "always" });
  for (const [unit, length, least] of STEPS) {
    if (ageSeconds >= least * length) return format.format(-Math.floor(ageSeconds / length), unit);
  }
  return t("time.now");
}
