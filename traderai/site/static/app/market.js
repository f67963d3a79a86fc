/** The market at a glance: a treemap by sector and a list. */
import { html, signal, useMemo } from "./lib.js";
import { heatmap, useResource } from "./api.js";
import { ago, fraction, has, language, moment, money, percent, points, t } from "./i18n.js";
import { follow, href } from "./router.js";
import { marketOf } from "./shapes.js";
import { Treemap } from "./treemap.js";
import { actionTone, Badge, Empty, Failure, KeptNote, MARKS, OriginBadges, Segments, ScreenHead, Skeleton, StaleNote, tone } from "./ui.js";

const horizon = signal("");
const view = signal("map");
const paint = signal(""); // empty: the calls, or the day's change while there are none
const only = signal("");
const words = signal("");
const order = signal("turnover");

const ACTIONS = ["BUY", "SELL", "HOLD", "NO_TRADE", "NONE"];
const HORIZONS = ["3d", "5d", "10d"];
const ORDERS = ["turnover", "edge", "confidence", "change"];

function Breadth({ rows }) {
  const counts = ACTIONS.map((action) => [action, rows.filter((row) => row.action === action).length]);
  if (counts.filter(([, n]) => n).length < 2) return null;
  return html`<div class="breadth" role="img" aria-label=${counts.map(([action, n]) => `${t(`action.${action}`)}: ${n}`).join(", ")}>
    ${counts.map(([action, n]) => n > 0 && html`<div class="breadth-part fill-${actionTone(action)}" style=${{ flexGrow: n }}></div>`)}
  </div>`;
}

function Filters({ rows }) {
  const count = (action) => rows.filter((row) => row.action === action).length;
  return html`<div class="chips" role="group" aria-label=${t("market.filter")}>
    <button class="chip" aria-pressed=${String(!only.value)} onClick=${() => (only.value = "")}>${t("market.all")} <b>${rows.length}</b></button>
    ${ACTIONS.filter((action) => count(action)).map(
      (action) => html`<button class="chip tone-${actionTone(action)}" aria-pressed=${String(only.value === action)}
        onClick=${() => (only.value = only.value === action ? "" : action)}>
        <span aria-hidden="true">${MARKS[action]}</span> ${t(`action.${action}`)} <b>${count(action)}</b></button>`,
    )}
  </div>`;
}

function Regime({ regime }) {
  if (!regime) return null;
  const key = `regime.${regime.name}`;
  const name = has(key) ? t(key) : regime.name;
  const parts = [regime.effect, t("regime.sheet", { p: fraction(regime.probability), since: moment(regime.since, { withTime: false }) })];
  return html`<${Badge} kind="regime" label=${t("regime.chip", { name: name.toLowerCase() })} note=${parts.filter(Boolean).join(" ")} />`;
}

function Row({ row }) {
  return html`<a class="row" href=${href({ ticker: row.secid, horizon: horizon.value })} onClick=${follow({ ticker: row.secid, horizon: horizon.value })}>
    <span class="pill fill-${row.isOld ? "none" : actionTone(row.action)}"><span aria-hidden="true">${row.isOld ? "◷" : MARKS[row.action]}</span> <span class="pill-word">${t(`action.${row.action}`)}</span></span>
    <span class="row-name"><b>${row.secid}</b><small>${row.name}</small></span>
    <span class="row-figures"><b class="text-${tone(row.change)}">${row.change === null ? "–" : `${row.change > 0 ? "▲" : row.change < 0 ? "▼" : "●"} ${percent(row.change)}`}</b><small>${money(row.turnover)}</small></span>
    <span class="row-figures"><b>${row.confidence === null ? "–" : row.confidence}</b><small>${row.edge === null ? "" : points(row.edge)}</small></span>
  </a>`;
}

const rank = {
  turnover: (row) => row.turnover || 0,
  edge: (row) => row.edge ?? -9,
  confidence: (row) => row.confidence ?? -1,
  change: (row) => row.change ?? -999,
};

function List({ rows }) {
  const sorted = [...rows].sort((a, b) => rank[order.value](b) - rank[order.value](a));
  return html`<div class="list-head">
      <label>${t("market.order")} <select value=${order.value} onChange=${(event) => (order.value = event.target.value)}>
        ${ORDERS.map((key) => html`<option value=${key}>${t(`market.order.${key}`)}</option>`)}
      </select></label>
    </div>
    <div class="row-heads fine" aria-hidden="true"><span></span><span></span><span>${t("market.column.change")}</span><span>${t("market.column.edge")}</span></div>
    <div class="card list">${sorted.map((row) => html`<${Row} key=${row.secid} row=${row} />`)}</div>`;
}

const paintOf = (market) => paint.value || (market && !market.rows.some((row) => ["BUY", "SELL", "HOLD"].includes(row.action)) ? "change" : "call");

function Legend({ isCall }) {
  return html`<div class="legend">
    <span class="legend-bar" aria-hidden="true"></span>
    <span>▼ ${t(isCall ? "action.SELL" : "market.fall")}</span><span class="grow"></span><span>${t("market.legend")}</span><span class="grow"></span>
    <span>${t(isCall ? "action.BUY" : "market.rise")} ▲</span>
  </div>`;
}

function Body({ market }) {
  const wanted = words.value.trim().toLowerCase();
  const rows = market.rows.filter(
    (row) => (!only.value || row.action === only.value) && (!wanted || `${row.secid} ${row.name}`.toLowerCase().includes(wanted)),
  );
  if (!rows.length) return html`<${Empty} title=${t("market.nothing")} text=${t("market.nothing.text")} />`;
  if (view.value === "list") return html`<${List} rows=${rows} />`;
  return html`<${Legend} isCall=${paintOf(market) === "call"} /><${Treemap} rows=${rows} paint=${paintOf(market)} horizon=${horizon.value} />`;
}

function Tools({ market }) {
  return html`<div class="tools">
    <input class="search" type="search" placeholder=${t("market.search")} aria-label=${t("market.search")} value=${words.value}
      onInput=${(event) => (words.value = event.target.value)} />
    <${Segments} label=${t("market.view")} value=${view.value} onChange=${(key) => (view.value = key)}
      options=${[["map", t("market.view.map")], ["list", t("market.view.list")]]} />
  </div>
  <div class="tools">
    <${Segments} label=${t("market.horizon")} value=${horizon.value || HORIZONS[1]} onChange=${(key) => (horizon.value = key)}
      options=${HORIZONS.map((key) => [key, t("horizon.days", { n: parseInt(key, 10) })])} />
    ${view.value === "map" &&
    html`<${Segments} label=${t("market.paint")} value=${paintOf(market)} onChange=${(key) => (paint.value = key)}
      options=${[["call", t("market.paint.call")], ["change", t("market.paint.change")]]} />`}
  </div>`;
}

/** The first screen. */
export function MarketScreen() {
  const key = `heatmap|${horizon.value || HORIZONS[1]}|${language.value}`;
  const load = (abort) => heatmap({ horizon: horizon.value || HORIZONS[1] }, abort);
  const { data, problem, loading, reload } = useResource(key, load, 60);
  const market = useMemo(() => data && marketOf(data), [data, language.value]);
  return html`<main class="screen" id="main">
    <${ScreenHead} title=${t("market.title")}>
      ${market && market.rows.length > 0 && html`<p class="sub">${moment(market.dataAt)} · ${ago(market.ageSeconds)}</p>`}
    <//>
    ${market && html`<div class="badges"><${Regime} regime=${market.regime} /><${OriginBadges} origin=${market.origin} /></div>`}
    ${market && market.stale && html`<${StaleNote} ...${market} />`}
    ${market && market.rows.length > 0 && html`<${Breadth} rows=${market.rows} /><${Filters} rows=${market.rows} />`}
    <${Tools} market=${market} />
    ${loading && html`<${Skeleton} heights=${[24, 420]} />`}
    ${problem && data && html`<${KeptNote} problem=${problem} data=${data} onRetry=${reload} />`}
    ${problem && !data && html`<${Failure} problem=${problem} onRetry=${reload} />`}
    ${market && market.rows.length === 0 && html`<${Empty} title=${t("market.empty")} text=${t("market.empty.text")} />`}
    ${market && market.rows.length > 0 && html`<${Body} market=${market} />`}
    ${market && market.rows.length > 0 && html`<p class="fine">${t("market.turnover", { sum: money(market.rows.reduce((sum, row) => sum + (row.turnover || 0), 0)) })}</p>`}
  </main>`;
}
