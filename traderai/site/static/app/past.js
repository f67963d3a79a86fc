/** What was said of a share before, and what came of it. */
import { html, useEffect, useRef, useState } from "./lib.js";
import { ask, useResource } from "./api.js";
import { fraction, moment, multiple, number, percent, t } from "./i18n.js";
import { follow, href } from "./router.js";
import { chartTime } from "./shapes.js";
import { actionTone, Figure, Loaded, MARKS, Skeleton, tone } from "./ui.js";

const SHOWN = 5;
const KEPT = 50;
const RECORD = { tab: "record" };
const RESULTS = { take_profit: "✓", stop_loss: "✕", timeout: "◷" };

async function tradesOf(secid, horizon, abort) {
  // By side, because most of what is said is that there is nothing to do.
  const sides = await Promise.all(["BUY", "SELL"].map((signal) => ask("/signals", { secid, horizon, signal, told: "true", page_size: KEPT }, abort)));
  // Where one side goes on, what the other has from before its end would not be "the newest".
  const since = Math.max(...sides.filter((answer) => answer.next).map((answer) => Date.parse(answer.results.at(-1).as_of)), -Infinity);
  const newest = (row) => Date.parse(row.as_of) >= since;
  const results = sides.flatMap((answer) => answer.results).filter(newest).sort((a, b) => Date.parse(b.as_of) - Date.parse(a.as_of));
  return { ...sides[0], results, isCut: sides.some((answer) => answer.next) };
}

/** The told trades of this share and horizon with what came of them, the newest first. */
export function usePast(secid, horizon) {
  return useResource(`signals|${secid}|${horizon}`, (abort) => tradesOf(secid, horizon, abort), 300);
}

/** The told trades as marks of the chart, the oldest first. */
export function marksOf(rows) {
  return rows
    .map((row) => ({ time: chartTime(row.as_of), action: row.signal, text: (row.outcome && RESULTS[row.outcome.result]) || "" }))
    .reverse();
}

function Outcome({ row }) {
  const { outcome } = row;
  if (!outcome) return html`<span class="row-figures"><b>–</b><small>${t("past.open")}</small></span>`;
  if (outcome.r === null) return html`<span class="row-figures"><b>–</b><small>${t(`past.${outcome.result}`)}</small></span>`;
  return html`<span class="row-figures"><b class="text-${tone(outcome.r)}">${multiple(outcome.r)}</b>
    <small><span aria-hidden="true">${RESULTS[outcome.result] || ""}</span> ${t(`past.${outcome.result}`)}, ${percent(outcome.return_net * 100, { digits: 1 })}</small></span>`;
}

function Row({ row }) {
  return html`<li class="past-row"><span class="pill fill-${actionTone(row.signal)}"><span aria-hidden="true">${MARKS[row.signal]}</span> <span class="pill-word">${t(`action.${row.signal}`)}</span></span>
    <span class="row-name"><b>${moment(row.as_of, { withZone: false })}</b><small>${[row.confidence !== null && t("past.confidence", { n: row.confidence }), row.source !== "live" && t(`past.source.${row.source}`), !row.proven && t("past.paper")].filter(Boolean).join(", ")}</small></span>
    <${Outcome} row=${row} /></li>`;
}

/** The newest trades with their results and the sum of them all, losers included. */
export function Past({ past }) {
  const [all, setAll] = useState(false);
  return html`<section class="card card-two"><h2>${t("past.title")}</h2>
    <${Loaded} from=${past} heights=${[56, 56, 56]}>${(data) => {
      const trades = data.results;
      const ended = trades.filter((row) => row.outcome && row.outcome.r !== null);
      if (!trades.length) return html`<p class="fine">${t("past.none")}</p>`;
      const mean = ended.reduce((sum, row) => sum + row.outcome.r, 0) / ended.length;
      const won = ended.filter((row) => row.outcome.r > 0).length;
      return html`<p>${ended.length ? t("past.sum", { n: ended.length, won, mean: multiple(mean) }) : t("past.unended")}</p>
        <ul class="past">${(all ? trades : trades.slice(0, SHOWN)).map((row) => html`<${Row} key=${row.id} row=${row} />`)}</ul>
        ${trades.length > SHOWN && html`<button class="link" aria-expanded=${String(all)} onClick=${() => setAll(!all)}>${t(all ? "explanation.less" : "past.all", { n: trades.length })}</button>`}
        <p class="fine">${data.isCut ? t("past.cut", { n: trades.length }) : ""} ${t("past.few")}</p>`;
    }}<//>
  </section>`;
}

const between = (bounded, text) => (bounded.value === null ? "–" : text(bounded.value));
const interval = (bounded, text) => (bounded.low === null || bounded.high === null ? t("model.few") : t("model.interval", { low: text(bounded.low), high: text(bounded.high) }));

/** True from when the element is near to what is seen. */
function useNear(place) {
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    const watch = new IntersectionObserver(([entry]) => entry.isIntersecting && setNear(true), { rootMargin: "200px" });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  return isNear;
}

/** What this model's signals of this kind made since it serves: all shares together, out of sample.
 *
 * A whole record is reckoned for it, so it is asked for only when a reader comes down here.
 */
export function ModelRecord({ call }) {
  const place = useRef(null);
  return html`<div ref=${place}>${useNear(place) && html`<${RecordFigures} call=${call} />`}</div>`;
}

function RecordFigures({ call }) {
  const version = call.model ? call.model.version : null;
  const asked = { model_version: version, source: call.source, proven: call.proven ? "true" : "false", horizon: call.horizon };
  const record = useResource(version && `record|${Object.values(asked).join("|")}`, (abort) => ask("/track_record", asked, abort));
  if (record.loading) return html`<${Skeleton} heights=${[88]} />`;
  if (!record.data) return null;
  const { figures } = record.data;
  const more = html`<a class="link" href=${href(RECORD)} onClick=${follow(RECORD)}>${t("record.title")} <span aria-hidden="true">›</span></a>`;
  if (!figures) return html`<p class="fine">${t(record.data.told.total ? "model.untold" : "model.silent")}</p>${more}`;
  const signal = call.side === "short" ? "SELL" : "BUY";
  const base = record.data.base_rates.find((row) => row.signal === signal && row.timeframe === call.timeframe && row.horizon === call.horizon);
  const horizon = t("horizon.days", { n: parseInt(call.horizon, 10) });
  return html`<h3>${t("model.record", { n: figures.trades, count: number(figures.trades) })}</h3><dl class="figures">
    <${Figure} label=${t("model.hits")} value=${between(figures.hit_rate, (v) => fraction(v, { digits: 1 }))} note=${interval(figures.hit_rate, (v) => fraction(v))} />
    <${Figure} label=${t("model.needed")} value=${figures.break_even === null ? "–" : fraction(figures.break_even, { digits: 1 })} />
    <${Figure} label=${t("model.expectancy")} value=${between(figures.expectancy_r, multiple)} note=${interval(figures.expectancy_r, multiple)} kind="figure-wide" />
  </dl>
  ${base && html`<p class="fine">${t("past.base", { signal: t(`action.${signal}`), horizon, hit: fraction(base.hit_rate, { digits: 1 }), r: multiple(base.mean_r), n: number(base.rows) })}</p>`}${more}`;
}
