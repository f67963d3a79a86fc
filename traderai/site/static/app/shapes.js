/** The API's answers in the words of the screens; the only place that knows the field names of the API. */
import { language } from "./i18n.js";

function nameOf(row) {
  return row[`name_${language.value}`] || row.name || row.secid;
}

/** Words as they are compared in a search. */
export const plain = (text) => text.trim().toLowerCase().replaceAll("ё", "е");

function originOf(row) {
  return {
    simulated: Boolean(row.is_simulated) || row.source === "simulated",
    replay: row.source === "replay",
    paper: row.proven === false && ["BUY", "SELL", "HOLD"].includes(row.signal),
  };
}

function freshness(row) {
  const expired = Boolean(row.valid_until) && Date.parse(row.valid_until) < Date.now();
  const stale = expired || (row.warnings || []).includes("stale_data");
  return { asOf: row.as_of, ageSeconds: row.data_age_seconds, expired, stale };
}

/** Rows of the market screen. */
export function marketOf(answer) {
  const rows = answer.results.map((row) => ({
    secid: row.secid,
    name: nameOf(row),
    // What it is searched by: a reader may know the name of the other language.
    words: plain([row.secid, row.name, row.name_ru, row.name_en].filter(Boolean).join(" ")),
    sector: row.sector || "other",
    action: row.signal || "NONE",
    side: row.side,
    strength: row.strength,
    confidence: row.confidence,
    edge: row.edge ?? null,
    change: row.change_pct ?? null,
    turnover: row.turnover,
    cap: row.market_cap ?? null,
    origin: originOf(row),
    ...freshness(row),
  }));
  const moments = rows.map((row) => row.asOf).filter(Boolean).sort();
  const newest = rows.find((row) => row.asOf === moments[moments.length - 1]);
  const marketStale = Boolean(newest) && newest.stale;
  return {
    // Beside fresh calls an old one must not look like them; where all are old the banner says so.
    rows: rows.map((row) => ({ ...row, isOld: row.stale && !marketStale && row.action !== "NO_TRADE" })),
    regime: answer.regime && answer.regime.name ? answer.regime : null,
    dataAt: newest ? newest.asOf : null,
    ageSeconds: newest ? newest.ageSeconds : null,
    stale: marketStale,
    origin: {
      simulated: rows.some((row) => row.origin.simulated),
      replay: rows.some((row) => row.origin.replay),
      paper: rows.some((row) => row.origin.paper),
    },
  };
}

// The banner says how old the data are and the badges say where the call comes from.
const SAID_ELSEWHERE = ["expired", "paper_signal", "replay", "simulated"];

function reasonsOf(answer) {
  const isAnswer = answer.signal === "NO_TRADE";
  return answer.warnings.filter((code) => !SAID_ELSEWHERE.includes(code) && (isAnswer || code !== "stale_data"));
}

/** One call of the ticker screen. */
export function callOf(answer) {
  return {
    ...answer,
    action: answer.signal,
    origin: originOf(answer),
    // The decision may be younger than the share's own newest bar; what is called its data's time is the bar's end.
    dataAt: new Date(Math.round((answer.servedAt - answer.data_age_seconds * 1000) / 60000) * 60000).toISOString(),
    reasons: reasonsOf(answer),
    ...freshness(answer),
  };
}

/** A moment as the chart's time: seconds shifted to Moscow's wall clock, because the chart knows no time zones. */
export function chartTime(iso) {
  return Date.parse(iso) / 1000 + 3 * 3600;
}

/** Candles as the chart wants them. */
export function chartBars(candles) {
  return candles.map((candle) => ({
    time: chartTime(candle.begin),
    open: candle.open,
    high: candle.high,
    low: candle.low,
    close: candle.close,
    volume: candle.volume_shares,
  }));
}

/** The side that the call is about, with the probability that it needs; null where no model has spoken. */
export function sideOf(call) {
  const name = call.side;
  if (!name || !call.probabilities) return null;
  const levels = call.probability_take_profit ? { target: call.probability_take_profit, stop: call.probability_stop_loss } : null;
  return { name, p: call.probabilities[name], breakEven: call.break_even_probability, edge: call.edge, levels };
}
