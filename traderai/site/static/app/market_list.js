/** The market as rows that can be sorted. */
import { html, signal } from "./lib.js";
import { money, percent, points, t } from "./i18n.js";
import { follow, href } from "./router.js";
import { actionTone, MARKS, tone } from "./ui.js";

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
  return html`<a class="row" href=${href(place)} onClick=${follow(place)}>
    <span class="pill fill-${row.isOld ? "none" : actionTone(row.action)}"><span aria-hidden="true">${row.isOld ? "◷" : MARKS[row.action]}</span> <span class="pill-word">${t(`action.${row.action}`)}</span></span>
    <span class="row-name"><b>${row.secid}</b><small>${row.name}</small></span>
    <span class="row-figures"><b class="text-${tone(row.change)}">${row.change === null ? "–" : `${arrow(row.change)} ${percent(row.change)}`}</b><small>${money(row.turnover)}</small></span>
    <span class="row-figures"><b>${row.confidence === null ? "–" : row.confidence}</b><small>${row.edge === null ? "" : points(row.edge)}</small></span>
  </a>`;
}

export function MarketList({ rows, horizon }) {
  const by = RANK[order.value];
  const sorted = [...rows].sort(by ? (a, b) => by(b) - by(a) : (a, b) => a.secid.localeCompare(b.secid));
  return html`<div class="row-heads fine" aria-hidden="true"><span></span><span></span><span>${t("market.column.change")}</span><span>${t("market.column.edge")}</span></div>
    <div class="card list">${sorted.map((row) => html`<${Row} key=${row.secid} row=${row} horizon=${horizon} />`)}</div>`;
}
