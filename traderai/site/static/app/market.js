/** The market at a glance: its regime, a treemap by sector and a list. */
import { computed, html, signal, useMemo, useState } from "./lib.js";
import { heatmap, instrument, useResource } from "./api.js";
import { ago, language, moment, money, t } from "./i18n.js";
import { MarketHead, regimeOf } from "./market_head.js";
import { MarketList, order, ORDERS } from "./market_list.js";
import { marketOf, plain } from "./shapes.js";
import { sectorName, Treemap } from "./treemap.js";
import { actionTone, chosen, Empty, Failure, KeptNote, MARKS, OriginBadges, ScreenHead, Segments, Select, Sheet, Skeleton, StaleNote } from "./ui.js";
import { watched, WATCHED } from "./watch.js";

const horizon = signal("5d");
const view = signal("map");
const paint = signal(""); // empty: the calls, or the day's change while there are none
const area = signal("turnover");
const only = signal(""); // one of ACTIONS
const sector = signal("");
const isStrong = signal(false);
const isWatched = signal(false);
const words = signal("");

const ACTIONS = ["BUY", "SELL", "HOLD", "NO_TRADE", "NONE"];
const HORIZONS = ["3d", "5d", "10d"];
const isFiltered = computed(() => Boolean(only.value || sector.value || isStrong.value || isWatched.value || words.value.trim()));

function clear() {
  only.value = sector.value = words.value = "";
  isStrong.value = isWatched.value = false;
}

function Chip({ on, onChange, tone = "", count, children }) {
  return html`<button class="chip ${tone && `tone-${tone}`}" aria-pressed=${String(on)} onClick=${() => chosen(() => onChange(!on))}>${children}${count !== undefined && html` <b>${count}</b>`}</button>`;
}

function Filters({ rows }) {
  const count = (action) => rows.filter((row) => row.action === action).length;
  const strong = rows.filter((row) => row.strength === "strong").length;
  return html`<div class="chips" role="group" aria-label=${t("market.filter")}>
    <${Chip} on=${!isFiltered.value} onChange=${clear} count=${rows.length}>${t("market.all")}<//>
    ${ACTIONS.filter(count).map(
      (action) => html`<${Chip} key=${action} on=${only.value === action} onChange=${(on) => (only.value = on ? action : "")} tone=${actionTone(action)} count=${count(action)}>
        <span aria-hidden="true">${MARKS[action]}</span> ${t(`action.${action}`)}<//>`,
    )}
    <${Chip} on=${isStrong.value} onChange=${(on) => (isStrong.value = on)} count=${strong}>${t("market.strong")}<//>
    ${watched.value && watched.value.length > 0 && html`<${Chip} on=${isWatched.value} onChange=${(on) => (isWatched.value = on)} count=${watched.value.length}><span aria-hidden="true">★</span> ${t("market.watched")}<//>`}
  </div>`;
}

const paintOf = (market) => paint.value || (market && !market.rows.some((row) => ["BUY", "SELL", "HOLD"].includes(row.action)) ? "change" : "call");

function Legend({ isCall }) {
  return html`<div class="legend">
    <span class="legend-bar" aria-hidden="true"></span>
    <span>▼ ${t(isCall ? "action.SELL" : "market.fall")}</span><span class="grow"></span><span>${t("market.legend", { what: t(`market.area.${area.value}`).toLowerCase() })}</span><span class="grow"></span>
    <span>${t(isCall ? "action.BUY" : "market.rise")} ▲</span>
  </div>`;
}

function fits(row) {
  const wanted = plain(words.value);
  if (only.value && row.action !== only.value) return false;
  if (sector.value && row.sector !== sector.value) return false;
  if (isStrong.value && row.strength !== "strong") return false;
  if (isWatched.value && !(watched.value || []).includes(row.secid)) return false;
  return !wanted || row.words.includes(wanted);
}

function Body({ market }) {
  const rows = market.rows.filter(fits);
  if (!rows.length) {
    return html`<${Empty} title=${t("market.nothing")} text=${t("market.nothing.text")}><button class="button button-quiet" onClick=${clear}>${t("market.clear")}</button><//>`;
  }
  if (view.value === "list") return html`<${MarketList} rows=${rows} horizon=${horizon.value} />`;
  return html`<${Legend} isCall=${paintOf(market) === "call"} /><${Treemap} rows=${rows} paint=${paintOf(market)} area=${area.value} horizon=${horizon.value} />`;
}

/** How the map is drawn or the list sorted. */
function Looks({ market, onClose }) {
  return html`<${Sheet} title=${t("market.looks")} onClose=${onClose}>
    <div class="field"><span class="fine" aria-hidden="true">${t("market.area")}</span>
      <${Segments} label=${t("market.area")} value=${area.value} onChange=${(key) => (area.value = key)} options=${["turnover", "cap"].map((key) => [key, t(`market.area.${key}`)])} /></div>
    <div class="field"><span class="fine" aria-hidden="true">${t("market.paint")}</span>
      <${Segments} label=${t("market.paint")} value=${paintOf(market)} onChange=${(key) => (paint.value = key)} options=${["call", "change"].map((key) => [key, t(`market.paint.${key}`)])} /></div>
    <${Select} name="market-order" label=${t("market.order")} value=${order.value} onChange=${(key) => (order.value = key)} options=${ORDERS.map((key) => [key, t(`market.order.${key}`)])} />
  <//>`;
}

function Tools({ market }) {
  const [open, setOpen] = useState(false);
  const sectors = useMemo(() => [...new Set(market ? market.rows.map((row) => row.sector) : [])].sort((a, b) => sectorName(a).localeCompare(sectorName(b))), [market]);
  return html`<div class="tools">
    <input class="search" type="search" placeholder=${t("market.search")} aria-label=${t("market.search")} value=${words.value}
      onInput=${(event) => (words.value = event.target.value)} />
    <${Segments} label=${t("market.view")} value=${view.value} onChange=${(key) => (view.value = key)}
      options=${[["map", t("market.view.map")], ["list", t("market.view.list")]]} />
  </div>
  <div class="tools">
    <${Segments} label=${t("market.horizon")} value=${horizon.value} onChange=${(key) => (horizon.value = key)}
      options=${HORIZONS.map((key) => [key, t("horizon.days", { n: parseInt(key, 10) })])} />
    <select class="pick grow" aria-label=${t("market.sector")} value=${sector.value} onChange=${(event) => (sector.value = event.target.value)}>
      <option value="">${t("market.sector")}</option>${sectors.map((code) => html`<option value=${code}>${sectorName(code)}</option>`)}
    </select>
    <button class="icon-button" onClick=${() => setOpen(true)} aria-label=${t("market.looks")} aria-haspopup="dialog">
      <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M4 7h10M18 7h2M4 17h2M10 17h10M14 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M6 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0" /></svg>
    </button>
    ${open && html`<${Looks} market=${market} onClose=${() => setOpen(false)} />`}
  </div>`;
}

/** The first screen. */
export function MarketScreen() {
  const key = `heatmap|${horizon.value}|${language.value}`;
  const { data, problem, loading, reload } = useResource(key, (abort) => heatmap({ horizon: horizon.value }, abort), 60);
  const regime = useResource(`regime|${language.value}`, regimeOf, 300);
  useResource("watchlist", WATCHED);
  const market = useMemo(() => data && marketOf(data), [data, language.value]);
  const hasRows = Boolean(market) && market.rows.length > 0;
  // Old data may be all there is because nobody trades now: any real share knows the exchange's hours.
  const real = market && market.stale ? market.rows.find((row) => !row.origin.simulated) : null;
  const facts = useResource(real ? `instrument|${real.secid}` : null, (abort) => instrument(real.secid, abort), 300);
  return html`<main class="screen" id="main">
    <${ScreenHead} title=${t("market.title")}>
      ${hasRows && !market.stale && html`<p class="sub">${moment(market.dataAt)} · ${ago(market.ageSeconds)}</p>`}
    <//>
    ${market && html`<${OriginBadges} origin=${market.origin} />`}
    ${market && market.stale && html`<${StaleNote} ...${market} session=${facts.data && facts.data.session} />`}
    ${regime.data && html`<${MarketHead} market=${regime.data} />`}
    ${regime.loading && html`<${Skeleton} heights=${[96]} />`}
    <${Tools} market=${market} />
    ${hasRows && html`<${Filters} rows=${market.rows} />`}
    ${loading && html`<${Skeleton} heights=${[24, 420]} />`}
    ${problem && data && html`<${KeptNote} problem=${problem} data=${data} onRetry=${reload} />`}
    ${problem && !data && html`<${Failure} problem=${problem} onRetry=${reload} />`}
    ${market && !hasRows && html`<${Empty} title=${t("market.empty")} text=${t("market.empty.text")} />`}
    <div aria-live="polite" class="unseen">${hasRows && isFiltered.value ? t("market.found", { n: market.rows.filter(fits).length }) : ""}</div>
    ${hasRows && html`<${Body} market=${market} />`}
    ${hasRows && html`<p class="fine">${t("market.turnover", { sum: money(market.rows.reduce((sum, row) => sum + (row.turnover || 0), 0)) })}</p>`}
  </main>`;
}
