/** The market as rows that can be sorted. */
import { html, signal } from "./lib.js";
import { money, percent, points, t } from "./i18n.js";
import { follow, href } from "./router.js";
import { describe } from "./treemap.js";
import { actionTone, chosen, MARKS, tone } from "./ui.js";

export const ORDERS = ["turnover", "edge", "confidence", "change", "cap", "name"];
export const order = signal("turnover");

const RANK = {
  turnover: (row) => row.turnover ?? -1,
  cap: (row) => row.cap ?? -1,
  edge: (row) => row.edge ?? -9,
  confidence: (row) => row.confidence ?? -1,
  change: (row) => row.change ?? -999,
};
const arrow = (value) => (value > 0 ? "▲" : value < 0 ? "▼" : "●");

function Row({ row, horizon }) {
  const place = { ticker: row.secid, horizon };
  return html`<a class="row" href=${href(place)} onClick=${follow(place)} aria-label=${describe(row)}>
    <span class="pill fill-${row.isOld ? "none" : actionTone(row.action)}"><span aria-hidden="true">${row.isOld ? "◷" : MARKS[row.action]}</span> <span class="pill-word">${t(`action.${row.action}`)}</span></span>
    <span class="row-name"><b>${row.secid}</b><small>${row.name}</small></span>
    <span class="row-figures"><b class="text-${tone(row.change)}">${row.change === null ? "–" : `${arrow(row.change)} ${percent(row.change)}`}</b><small>${money(row.turnover)}</small></span>
    <span class="row-figures"><b>${row.confidence === null ? "–" : row.confidence}</b><small>${row.edge === null ? "" : points(row.edge)}</small></span>
  </a>`;
}

// What stands in each column, in its two lines; each is an order of the list.
const COLUMNS = [["name"], ["change", "turnover"], ["confidence", "edge"]];

function Heads() {
  return html`<div class="row-heads" role="group" aria-label=${t("market.order")}><span></span>${COLUMNS.map(
    (names) => html`<span>${names.map(
      (name) => html`<button class="row-order" aria-pressed=${String(order.value === name)} onClick=${() => chosen(() => (order.value = name))}>${t(`market.column.${name}`)}<span aria-hidden="true">${order.value === name ? (name === "name" ? " ▴" : " ▾") : ""}</span></button>`,
    )}</span>`,
  )}</div>`;
}

export function MarketList({ rows, horizon }) {
  const by = RANK[order.value];
  const sorted = [...rows].sort(by ? (a, b) => by(b) - by(a) : (a, b) => a.secid.localeCompare(b.secid));
  return html`<${Heads} />
    <div class="card list">${sorted.map((row) => html`<${Row} key=${row.secid} row=${row} horizon=${horizon} />`)}</div>`;
}
