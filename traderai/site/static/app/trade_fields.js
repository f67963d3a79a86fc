/** What the fields of a trade share: the share's lot and price, quantities, and what is wrong before anybody is asked. */
import { html } from "./lib.js";
import { candles, instrument, useResource } from "./api.js";
import { typedNumber } from "./forms.js";
import { moment, number, price, t } from "./i18n.js";
import { Field, Segments } from "./ui.js";

const BAR_MS = 3600000; // of the hourly candles whose last close is shown

/** A share's lot and last price; nulls while it is not known. */
export function useShare(secid) {
  const facts = useResource(secid ? `share|${secid}` : null, (abort) => instrument(secid, abort));
  const bars = useResource(facts.data ? `share|${secid}|last` : null, (abort) => candles(secid, { timeframe: "1h", limit: 1 }, abort));
  const last = bars.data && bars.data.candles.length ? bars.data.candles[bars.data.candles.length - 1] : null;
  return { facts: facts.data, last, problem: facts.problem };
}

/** What is missing or impossible in a number, before anybody is asked. */
export function numberProblem(text, { needed = true, whole = false } = {}) {
  const value = typedNumber(text);
  if (value === null) return needed ? t("field.required") : "";
  if (Number.isNaN(value)) return t("field.not_a_number");
  if (value <= 0) return t("field.positive");
  return whole && !Number.isInteger(value) ? t("field.whole") : "";
}

/** A stop that lies where there is profit. */
export function stopProblem(stop, at, isLong) {
  const problem = numberProblem(stop, { needed: false });
  const value = typedNumber(stop);
  if (problem || value === null || !at) return problem;
  return value >= at === isLong ? t(isLong ? "field.stop_on_the_wrong_side.long" : "field.stop_on_the_wrong_side.short") : "";
}

/** What is to be said of a ticker that nobody knows. */
export const tickerProblem = (share) => (share.problem && share.problem.status === 404 ? t("field.unknown_ticker") : "");

/** The last price with the moment from which on it was known; "" while there is none. */
export function lastWords({ last, facts }) {
  if (!last) return "";
  const until = new Date(Date.parse(last.begin) + BAR_MS).toISOString();
  return t("form.last", { price: price(last.close, facts.decimals), when: moment(until) });
}

/** The local time of an input as the API wants it: the reader types Moscow time, as all times of the app are. */
export const inMoscow = (text) => (text ? `${text}:00+03:00` : undefined);

/** How much in lots or shares, with what the lots come to. */
export function Quantity({ name, value, onInput, unit, onUnit, facts, error }) {
  const qty = typedNumber(value);
  const lot = facts ? facts.lot_size : 0;
  const hint = lot && qty > 0 && unit === "lots" ? t("form.qty.lots", { count: number(qty * lot), n: qty * lot }) : lot ? t("form.lot", { n: lot, count: number(lot) }) : "";
  return html`<div class="field-pair">
    <${Field} name=${name} label=${t("form.qty")} value=${value} onInput=${onInput} inputmode="numeric" hint=${hint} error=${error} autocomplete="off" />
    <${Segments} label=${t("form.unit")} value=${unit} onChange=${onUnit} options=${[["lots", t("unit.lots")], ["shares", t("unit.shares")]]} />
  </div>`;
}
