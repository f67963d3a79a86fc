/** One share: its candles, the call, and what stands behind it. */
import { html, signal, useMemo } from "./lib.js";
import { analysis, candles, heatmap, instrument, useResource } from "./api.js";
import { CallCard } from "./call.js";
import { Drivers, Expectations, Explanation, ModelFooter, RegimeCard, Scenarios, TurnsCard } from "./behind.js";
import { CandleChart } from "./chart.js";
import { Company, News } from "./company.js";
import { Council } from "./council.js";
import { ago, language, moment, percent, price, t } from "./i18n.js";
import { marksOf, Past, usePast } from "./past.js";
import { follow, go, href } from "./router.js";
import { callOf, chartBars, chartTime, sideOf } from "./shapes.js";
import { insideTelegram } from "./telegram.js";
import { BackLink, Badge, Empty, Failure, KeptNote, MainButton, Segments, Skeleton, StaleNote, Title, tone } from "./ui.js";
import { Star, watched, WATCHED } from "./watch.js";

const HORIZONS = ["3d", "5d", "10d"];
const CALLS_OF = "1h"; // the timeframe whose closed bars are scored
const BAR_MS = 3600000; // of that timeframe
const OLD_S = 7200; // from which age on a price is no price of an open market
const OLDEST_S = 5 * 86400; // and from which on it is old even while the exchange is closed
const TIMEFRAMES = ["10m", "1h", "4h", "1d", "1w"];
const shownBars = signal(CALLS_OF);

/** Whether the exchange trades, and until when that stays so. */
function SessionState({ session }) {
  if (!session) return null;
  const words = session.code ? "ticker.open" : "ticker.closed";
  const until = session.until ? moment(session.until) : "";
  return html`<p class="sub session ${session.code ? "session-open" : ""}">${t(session.code ? `session.${session.code}` : "session.none")}${until && `, ${t(words, { until })}`}</p>`;
}

/** From when the price in the head is: a green session beside it must not make an old one look like one of now. */
function PriceTime({ last, servedAt, session }) {
  const at = Math.min(Date.parse(last.begin) + BAR_MS, servedAt);
  const age = (servedAt - at) / 1000;
  const isOld = age > (session && session.code ? OLD_S : OLDEST_S);
  return html`<p class="sub ${isOld ? "price-old" : ""}">${isOld && html`<span aria-hidden="true">◷ </span>`}${t("ticker.priced", { when: moment(new Date(at).toISOString()), ago: ago(age) })}</p>`;
}

function Head({ secid, facts, last, change }) {
  const name = facts && (facts[`name_${language.value}`] || facts.name_ru);
  return html`<div class="ticker-head">
    <${BackLink} />
    <div class="grow"><${Title}>${secid}<//><p class="sub">${name || ""}</p></div>
    ${last && html`<div class="quote"><b>${price(last.close, facts.decimals)}</b>
      <span class="text-${tone(change)}">${change === null ? "" : `${change > 0 ? "▲" : change < 0 ? "▼" : "●"} ${percent(change)}`}</span></div>`}
    <${Star} secid=${secid} />
  </div>`;
}

/** The day's change as the market screen shows it: the API alone knows trading days and takes splits out. */
async function dayChange(secid, sector, abort) {
  const market = await heatmap({ timeframe: CALLS_OF, sector }, abort);
  const row = market.results.find((item) => item.secid === secid);
  return { percent: row ? row.change_pct : null };
}

/** What the call and those before it add to the chart. */
function pictureOf(call, past) {
  const marks = past ? marksOf(past.results) : [];
  if (!call) return { levels: null, cone: [], turns: [], from: 0, marks };
  const traded = call.action === "BUY" || call.action === "SELL";
  return {
    levels: traded ? { entry: call.entry, takeProfit: call.take_profit, stopLoss: call.stop_loss, days: parseInt(call.horizon, 10) } : null,
    cone: call.cone,
    turns: call.levels,
    from: chartTime(call.asOf),
    marks,
  };
}

const useCandles = (secid, timeframe) => useResource(timeframe && `candles|${secid}|${timeframe}`, (abort) => candles(secid, { timeframe, limit: 300 }, abort), 60);

function Chart({ secid, facts, call, past, from }) {
  const timeframe = shownBars.value;
  const { data, problem, loading, reload } = from;
  const bars = useMemo(() => data && chartBars(data.candles), [data]);
  const picture = useMemo(() => pictureOf(call, past), [call, past]);
  return html`<section class="card card-chart" aria-label=${t("chart.title")}>
      <${Segments} label=${t("chart.timeframe")} value=${timeframe} onChange=${(key) => (shownBars.value = key)} options=${TIMEFRAMES.map((key) => [key, t(`timeframe.${key}`)])} />
      ${loading && html`<${Skeleton} heights=${[320]} />`}
      ${problem && !data && html`<${Failure} problem=${problem} onRetry=${reload} />`}
      ${bars && !bars.length && html`<${Empty} title=${t("chart.empty")} text=${t("chart.empty.text")} />`}
      ${bars && bars.length > 0 && html`<${CandleChart} bars=${bars} picture=${picture} decimals=${facts.decimals}
        label=${t("chart.label", { secid, n: bars.length, bars: t(`timeframe.${timeframe}.bars`), price: price(bars[bars.length - 1].close, facts.decimals) })} />`}
    </section>`;
}

/** What one can do with the share. */
function Actions({ secid, call }) {
  const side = call && call.action === "SELL" ? "SELL" : "BUY";
  const [adding, checking] = [{ tab: "portfolio", add: secid }, { tab: "coach", ticker: secid, side }];
  return html`<div class="actions"><a class="button button-quiet" href=${href(adding)} onClick=${follow(adding)}>${t("ticker.add")}</a>
    ${insideTelegram
      ? html`<${MainButton} text=${t("ticker.check")} onPress=${() => go(checking)} />`
      : html`<a class="button" href=${href(checking)} onClick=${follow(checking)}>${t("ticker.check")}</a>`}</div>`;
}

function Behind({ call, facts, past }) {
  const { decimals } = facts;
  return html`<div class="column-why"><${Explanation} text=${call.explanation} /></div>
  <div class="column-more">
    <${Drivers} drivers=${call.drivers} side=${call.side} />
    <${TurnsCard} turns=${call.levels} price=${call.price} decimals=${decimals} />
    <${RegimeCard} regime=${call.regime} />
    <${Company} secid=${facts.secid} sector=${facts.sector} at=${call.stale ? call.asOf : ""} />
    <${News} secid=${facts.secid} />
    <${Past} past=${past} />
    <${ModelFooter} call=${call} />
  </div>`;
}

function Said({ said, call, facts, horizon }) {
  return html`${call && call.stale && html`<${StaleNote} ...${call} expired=${call.expired && call.action !== "NO_TRADE"} session=${facts.session} />`}
    ${said.loading && html`<${Skeleton} heights=${[240, 120]} />`}
    ${said.problem && (said.data ? html`<${KeptNote} problem=${said.problem} data=${said.data} onRetry=${said.reload} />` : html`<${Failure} problem=${said.problem} onRetry=${said.reload} />`)}
    ${call && html`<${CallCard} call=${call} side=${sideOf(call)} decimals=${facts.decimals} />
      <${Actions} secid=${facts.secid} call=${call} />
      <${Council} call=${call} />
      <${Scenarios} scenarios=${call.scenarios} decimals=${facts.decimals} horizon=${horizon} />
      <${Expectations} call=${call} />`}`;
}

function Share({ facts, horizon }) {
  const { secid } = facts;
  const said = useResource(`analysis|${secid}|${horizon}|${language.value}`, (abort) => analysis({ secid, timeframe: CALLS_OF, horizon }, abort), 60);
  const call = useMemo(() => said.data && callOf(said.data), [said.data]);
  const past = usePast(secid, horizon);
  const shown = useCandles(secid, shownBars.value);
  // The last price is that of the scored bars, whatever the chart shows; bars that it shows are not asked for twice.
  const other = useCandles(secid, shownBars.value === CALLS_OF ? null : CALLS_OF);
  const hours = shownBars.value === CALLS_OF ? shown : other;
  const change = useResource(`change|${secid}`, (abort) => dayChange(secid, facts.sector, abort), 60);
  useResource(watched.value ? null : "watchlist", WATCHED);
  const last = hours.data && hours.data.candles[hours.data.candles.length - 1];
  const inDays = (key) => t("horizon.days", { n: parseInt(key, 10) });
  return html`<main class="screen ticker" id="main">
    <div class="column-main">
      <${Head} secid=${secid} facts=${facts} last=${last} change=${change.data ? change.data.percent : null} />
      <div class="ticker-state">${facts.is_simulated ? html`<${Badge} kind="simulated" />` : html`<${SessionState} session=${facts.session} />`}
        ${last && html`<${PriceTime} last=${last} servedAt=${hours.data.servedAt} session=${facts.session} />`}</div>
      <${Chart} secid=${secid} facts=${facts} call=${call} past=${past.data} from=${shown} />
    </div>
    <div class="column-side">
      <${Segments} label=${t("market.horizon")} value=${horizon} onChange=${(key) => go({ ticker: secid, horizon: key }, { replace: true })}
        options=${HORIZONS.map((key) => [key, inDays(key)])} />
      <${Said} said=${said} call=${call} facts=${facts} horizon=${inDays(horizon)} />
    </div>
    ${call && html`<${Behind} call=${call} facts=${facts} past=${past} />`}
  </main>`;
}

/** The screen of one share. */
export function TickerScreen({ ticker: secid, horizon }) {
  const facts = useResource(`instrument|${secid}`, (abort) => instrument(secid, abort), 300);
  if (facts.data) return html`<${Share} facts=${facts.data} horizon=${HORIZONS.includes(horizon) ? horizon : "5d"} />`;
  // A share that is not there will not be there when asked for again.
  const failure = facts.problem && (facts.problem.status === 404
    ? html`<${Failure} problem=${facts.problem} onRetry=${() => go({ tab: "market" })} action=${t("ticker.to_market")} />`
    : html`<${Failure} problem=${facts.problem} onRetry=${facts.reload} />`);
  return html`<main class="screen" id="main"><${Head} secid=${secid} facts=${null} />
    ${facts.problem ? failure : html`<${Skeleton} heights=${[24, 360, 240]} />`}</main>`;
}
