/** The API's answers in the words of the screens; the only place that knows the field names of the API. */
import { language } from "./i18n.js";

const FRESH_SECONDS = 3 * 3600;

function nameOf(row) {
  return row[`name_${language.value}`] || row.name || row.secid;
}

function originOf(row) {
  return {
    simulated: Boolean(row.is_simulated) || row.source === "simulated",
    replay: row.source === "replay",
    paper: row.proven === false && row.signal !== "NO_TRADE",
  };
}

const warningCodes = (row) => (row.warnings || []).map((warning) => (typeof warning === "string" ? warning : warning.code));

function ageOf(row) {
  return row.data_age_seconds ?? (row.as_of ? (Date.now() - Date.parse(row.as_of)) / 1000 : null);
}

function freshness(row) {
  const ageSeconds = ageOf(row);
  const expired = Boolean(row.valid_until) && Date.parse(row.valid_until) < Date.now();
  const stale = expired || warningCodes(row).includes("stale_data") || ageSeconds > FRESH_SECONDS;
  return { asOf: row.as_of, ageSeconds, expired, stale };
}

/** Rows of the market screen. */
export function marketOf(answer) {
  const rows = (answer.rows || answer.results || answer.shares || []).map((row) => ({
    secid: row.secid,
    name: nameOf(row),
    sector: row.sector || "other",
    action: row.signal,
    strength: row.strength,
    confidence: row.confidence,
    edge: row.edge ?? null,
    change: row.change_pct ?? null,
    turnover: row.turnover ?? 0,
    price: row.close ?? row.price ?? null,
    decimals: row.decimals ?? 2,
    origin: originOf(row),
    ...freshness(row),
  }));
  const moments = rows.map((row) => row.asOf).filter(Boolean).sort();
  const newest = moments[moments.length - 1];
  return {
    rows,
    regime: answer.regime && answer.regime.name ? answer.regime : null,
    asOf: answer.as_of || newest,
    ageSeconds: answer.data_age_seconds ?? (newest ? (Date.now() - Date.parse(newest)) / 1000 : null),
    stale: rows.length > 0 && rows.every((row) => row.stale),
    origin: {
      simulated: rows.some((row) => row.origin.simulated),
      replay: rows.some((row) => row.origin.replay),
      paper: rows.some((row) => row.origin.paper),
    },
  };
}

/** One call of the ticker screen. */
export function callOf(answer) {
  return {
    ...answer,
    action: answer.signal,
    origin: originOf(answer),
    reasons: warningCodes(answer),
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

/** The side that the call is about, with the probability that it needs; null where the API gives none. */
export function sideOf(call) {
  const name = call.side || (call.action === "SELL" ? "short" : "long");
  const p = call.p ?? (call.probabilities || {})[name] ?? null;
  const breakEven = call.p_break_even ?? null;
  return { name, p, breakEven };
}
