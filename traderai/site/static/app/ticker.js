/** One share: its candles, the call, and what stands behind it. */
import { html, useMemo } from "./lib.js";
import { analysis, candles, heatmap, instrument, useResource } from "./api.js";
import { CallCard } from "./call.js";
import { Drivers, Expectations, Explanation, ModelFooter, RegimeCard, Scenarios, TurnsCard } from "./behind.js";
import { CandleChart } from "./chart.js";
import { language, percent, price, t } from "./i18n.js";
import { go } from "./router.js";
import { callOf, chartBars, chartTime, sideOf } from "./shapes.js";
import { BackLink, Badge, Empty, Failure, Segments, Skeleton, StaleNote, Title, tone } from "./ui.js";

const HORIZONS = ["3d", "5d", "10d"];
const TIMEFRAME = "1h";

function Head({ secid, facts, bars, change }) {
  const last = bars && bars[bars.length - 1];
  const name = facts && (facts[`name_${language.value}`] || facts.name_ru);
  return html`<div class="ticker-head">
    <${BackLink} />
    <div class="grow"><${Title}>${secid}<//><p class="sub">${name || ""}</p></div>
    ${last && html`<div class="quote"><b>${price(last.close, facts.decimals)}</b>
      <span class="text-${tone(change)}">${change === null ? "" : `${change > 0 ? "▲" : change < 0 ? "▼" : "●"} ${percent(change)}`}</span></div>`}
  </div>`;
}

/** The day's change as the market screen shows it: the API alone knows trading days and takes splits out. */
async function dayChange(secid, sector, abort) {
  const market = await heatmap({ timeframe: TIMEFRAME, sector }, abort);
  const row = market.results.find((item) => item.secid === secid);
  return { percent: row ? row.change_pct : null };
}

/** What the call adds to the chart. */
function pictureOf(call) {
  if (!call) return { levels: null, cone: [], turns: [], from: 0 };
  const traded = call.action === "BUY" || call.action === "SELL";
  return {
    levels: traded ? { entry: call.entry, takeProfit: call.take_profit, stopLoss: call.stop_loss, days: parseInt(call.horizon, 10) } : null,
    cone: call.cone,
    turns: call.levels,
    from: chartTime(call.asOf),
  };
}

function Chart({ secid, facts, call }) {
  const { data, problem, loading, reload } = useResource(`candles|${secid}|${TIMEFRAME}`, (abort) => candles(secid, { timeframe: TIMEFRAME, limit: 300 }, abort), 60);
  const bars = useMemo(() => data && chartBars(data.candles), [data]);
  const change = useResource(`change|${secid}`, (abort) => dayChange(secid, facts.sector, abort), 60);
  const picture = useMemo(() => pictureOf(call), [call]);
  return html`<${Head} secid=${secid} facts=${facts} bars=${bars} change=${change.data ? change.data.percent : null} />
    ${facts.is_simulated && html`<${Badge} kind="simulated" />`}
    <section class="card card-chart" aria-label=${t("chart.title")}>
      ${loading && html`<${Skeleton} heights=${[320]} />`}
      ${problem && !data && html`<${Failure} problem=${problem} onRetry=${reload} />`}
      ${bars && !bars.length && html`<${Empty} title=${t("chart.empty")} text=${t("chart.empty.text")} />`}
      ${bars && bars.length > 0 && html`<${CandleChart} bars=${bars} picture=${picture} decimals=${facts.decimals}
        label=${t("chart.label", { secid, n: bars.length, price: price(bars[bars.length - 1].close, facts.decimals) })} />`}
    </section>`;
}

function Behind({ call, facts }) {
  const { decimals } = facts;
  return html`<div class="column-more">
    <${Explanation} text=${call.explanation} />
    <${Drivers} drivers=${call.drivers} side=${call.side} />
    <${TurnsCard} turns=${call.levels} price=${call.price} decimals=${decimals} />
    <${RegimeCard} regime=${call.regime} />
    <${ModelFooter} call=${call} />
  </div>`;
}

/** The second screen. */
export function TickerScreen({ ticker: secid, horizon }) {
  const chosen = HORIZONS.includes(horizon) ? horizon : HORIZONS[1];
  const facts = useResource(`instrument|${secid}`, (abort) => instrument(secid, abort));
  const said = useResource(`analysis|${secid}|${chosen}|${language.value}`, (abort) => analysis({ secid, timeframe: TIMEFRAME, horizon: chosen }, abort), 60);
  const call = useMemo(() => said.data && callOf(said.data), [said.data]);
  if (facts.problem && !facts.data) {
    return html`<main class="screen" id="main"><${Head} secid=${secid} facts=${null} /><${Failure} problem=${facts.problem} onRetry=${facts.reload} /></main>`;
  }
  if (!facts.data) return html`<main class="screen" id="main"><${Skeleton} heights=${[56, 360, 240]} /></main>`;
  const inDays = t("horizon.days", { n: parseInt(chosen, 10) });
  return html`<main class="screen ticker" id="main">
    <div class="column-main">
      <${Chart} secid=${secid} facts=${facts.data} call=${call} />
    </div>
    <div class="column-side">
      <${Segments} label=${t("market.horizon")} value=${chosen} onChange=${(key) => go({ ticker: secid, horizon: key }, { replace: true })}
        options=${HORIZONS.map((key) => [key, t("horizon.days", { n: parseInt(key, 10) })])} />
      ${call && call.stale && html`<${StaleNote} ...${call} expired=${call.expired && call.action !== "NO_TRADE"} />`}
      ${said.loading && html`<${Skeleton} heights=${[240, 120]} />`}
      ${said.problem && !said.data && html`<${Failure} problem=${said.problem} onRetry=${said.reload} />`}
      ${call && html`<${CallCard} call=${call} side=${sideOf(call)} decimals=${facts.data.decimals} />
        <${Scenarios} scenarios=${call.scenarios} decimals=${facts.data.decimals} horizon=${inDays} />
        <${Expectations} call=${call} />`}
    </div>
    ${call && html`<${Behind} call=${call} facts=${facts.data} />`}
  </main>`;
}
