/** Shares as boxes: area is turnover or capitalisation, colour is the call or the day's change, grouped by sector. */
import { html, useEffect, useMemo, useRef, useState } from "./lib.js";
import { has, percent, points, t } from "./i18n.js";
import { follow, href } from "./router.js";
import { MARKS, actionTone, tone } from "./ui.js";
import { hierarchy, treemap, treemapSquarify } from "./vendor/d3-hierarchy.js";

const SMALLEST = 0.022; // of the whole: below it a box could not be hit with a finger
const FULL_EDGE = 0.25; // edge with the strongest colour; the root keeps small ones apart
const LEAST_CALL = 0.4; // of the colour: the faintest call
const MOST_LEAN = 0.25; // and the strongest "hold"
const FULL_CHANGE = 3; // per cent with the strongest colour

export const sectorName = (code) => (has(`sector.${code}`) ? t(`sector.${code}`) : code);

/** -1 .. 1: which colour and how strong. */
function heat(row, paint) {
  if (paint === "change") return Math.max(-1, Math.min(1, (row.change || 0) / FULL_CHANGE));
  if (row.action === "HOLD") {
    // Which side it leans to: fainter than any call, and only where there is an edge at all.
    const lean = Math.min(MOST_LEAN, Math.sqrt(Math.max(0, row.edge || 0) / FULL_EDGE));
    return row.side === "short" ? -lean : lean;
  }
  if (row.action !== "BUY" && row.action !== "SELL") return 0;
  const strength = row.edge === null ? (row.confidence || 0) / 100 : Math.sqrt(Math.min(1, Math.max(0, row.edge) / FULL_EDGE));
  return (row.action === "BUY" ? 1 : -1) * Math.max(LEAST_CALL, strength);
}

function layout(rows, area, width, height) {
  const total = rows.reduce((sum, row) => sum + (row[area] || 0), 0) || rows.length;
  const sectors = new Map();
  for (const row of rows) {
    if (!sectors.has(row.sector)) sectors.set(row.sector, []);
    sectors.get(row.sector).push({ row, size: Math.max(row[area] || 0, SMALLEST * total) });
  }
  const children = [...sectors].map(([sector, members]) => ({ sector, children: members }));
  const root = hierarchy({ children }).sum((node) => node.size || 0).sort((a, b) => b.value - a.value);
  const place = treemap().size([width, height]).paddingInner(2).paddingTop((node) => (node.depth === 1 ? 18 : 0)).tile(treemapSquarify.ratio(1.2)).round(true);
  return place(root);
}

/** A share and its call in one sentence, for who cannot see colours and columns. */
export function describe(row) {
  const parts = [row.secid, row.name, t(`action.${row.action}`), t("tile.change", { change: percent(row.change) })];
  if (row.confidence !== null) parts.push(t("tile.confidence", { n: row.confidence }));
  if (row.edge !== null) parts.push(t("tile.edge", { edge: points(row.edge) }));
  if (row.stale) parts.push(t("stale.title"));
  return parts.join(", ");
}

function Tile({ leaf, paint, horizon }) {
  const { row } = leaf.data;
  const [width, height] = [leaf.x1 - leaf.x0, leaf.y1 - leaf.y0];
  const value = heat(row, paint);
  const size = width > 110 && height > 90 ? "large" : width > 86 && height > 48 ? "medium" : width < 9 * row.secid.length ? "narrow" : height < 34 ? "low" : "small";
  const box = { left: `${leaf.x0}px`, top: `${leaf.y0}px`, width: `${width}px`, height: `${height}px`, "--heat": Math.abs(value).toFixed(3) };
  const sign = paint === "change" ? (row.change > 0 ? "▲" : row.change < 0 ? "▼" : "●") : MARKS[row.action];
  const mark = row.isOld && paint !== "change" ? `◷ ${sign}` : sign;
  const kind = paint === "change" ? tone(value) : row.isOld ? "none" : row.action === "HOLD" ? tone(value) : actionTone(row.action);
  const second = paint === "change" ? percent(row.change) : t(`action.${row.action}`);
  const third = paint === "change" ? t(`action.${row.action}`) : percent(row.change);
  return html`<a class="tile tile-${size} tile-${kind}" style=${box} aria-label=${describe(row)} title=${describe(row)}
    href=${href({ ticker: row.secid, horizon })} onClick=${follow({ ticker: row.secid, horizon })}>
    <b>${row.secid}</b>
    <span><span aria-hidden="true">${mark}</span>${size === "large" || size === "medium" ? ` ${second}` : ""}</span>
    ${size === "large" && html`<span>${third}</span>`}
  </a>`;
}

/** The treemap; it fills the width and two thirds of the window's height. */
export function Treemap({ rows, paint, area, horizon }) {
  const box = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  const height = Math.max(440, Math.min(640, Math.round(window.innerHeight * 0.62)));
  const root = useMemo(() => (width ? layout(rows, area, width, height) : null), [rows, area, width, height]);
  return html`<nav class="treemap" ref=${box} style=${{ height: `${height}px` }} aria-label=${t("market.map")}>
    ${root &&
    root.children.map(
      (sector) => html`<span class="sector" style=${{ left: `${sector.x0}px`, top: `${sector.y0}px`, width: `${sector.x1 - sector.x0}px` }}>${sectorName(sector.data.sector)}</span>`,
    )}
    ${root && root.leaves().map((leaf) => html`<${Tile} key=${leaf.data.row.secid} leaf=${leaf} paint=${paint} horizon=${horizon} />`)}
  </nav>`;
}
