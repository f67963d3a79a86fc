/** The market in one card: its regime and why, the index, how many shares rise. */
import { html, useState } from "./lib.js";
import { ask } from "./api.js";
import { chance, fraction, has, moment, number, percent, t } from "./i18n.js";
import { Sheet, tone } from "./ui.js";

// What a regime is judged by, in the order in which it is told; the others are details of these.
const FIGURES = ["return_20d_pct", "return_5d_pct", "drawdown_20d_pct", "volatility_percentile", "breadth_frac"];
const INDEX_DAYS = 60;

export const regimeOf = (abort) => ask("/regime", { days: 90 }, abort);
export const regimeName = (name) => (has(`regime.${name}`) ? t(`regime.${name}`) : name);

/** A line of closes without axes; the last one is marked. */
export function Spark({ values, label }) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (at) => 2 + (at / Math.max(1, values.length - 1)) * 116;
  const y = (value) => (high > low ? 36 - ((value - low) / (high - low)) * 32 : 20);
  const line = values.map((value, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const last = values.length - 1;
  return html`<svg class="spark" viewBox="0 0 124 40" role="img" aria-label=${label} preserveAspectRatio="none">
    <path class="spark-area" d=${`${line}L${x(last).toFixed(1)} 40L2 40Z`} /><path class="spark-line" d=${line} />
    <path class="spark-dot" d=${`M${x(last).toFixed(1)} ${y(values[last]).toFixed(1)}h0`} />
  </svg>`;
}

function Index({ market }) {
  const days = market.index.slice(-INDEX_DAYS);
  if (days.length < 2) return null;
  const closes = days.map((day) => day.close);
  const change = (closes[closes.length - 1] / closes[closes.length - 2] - 1) * 100;
  const label = t("market.index.label", { name: market.index_secid, n: days.length, change: percent(change) });
  return html`<div class="pulse-index"><div><small>${market.index_secid}</small><b>${number(closes[closes.length - 1], 2)}</b>
    <span class="text-${tone(change)}">${change > 0 ? "▲" : change < 0 ? "▼" : "●"} ${percent(change)}</span></div>
    <${Spark} values=${closes} label=${label} /></div>`;
}

const figureText = (name, value) => (name.endsWith("_frac") || name.endsWith("_percentile") ? fraction(value) : percent(value, { digits: 1 }));

function Why({ market, onClose }) {
  const { current } = market;
  const figures = new Map(current.figures.map((figure) => [figure.name, figure.value]));
  const others = Object.entries(current.probabilities).sort((a, b) => b[1] - a[1]);
  return html`<${Sheet} title=${t("regime.chip", { name: regimeName(current.name).toLowerCase() })} onClose=${onClose}>
    <p>${has(`regime.${current.name}.means`) ? t(`regime.${current.name}.means`) : ""} ${market.effect}</p>
    <dl class="terms">${FIGURES.filter((name) => typeof figures.get(name) === "number").map(
      (name) => html`<div><dt>${t(`regime.figure.${name}`)}</dt><dd>${figureText(name, figures.get(name))}</dd></div>`,
    )}</dl>
    <ul class="scenarios chances">${others.map(
      ([name, p]) => html`<li><span class="scenario-name">${regimeName(name)}</span>
        <span class="scenario-bar" aria-hidden="true"><span style=${{ width: `${p * 100}%` }}></span></span><b>${chance(p)}</b></li>`,
    )}</ul>
    <p class="fine">${t("regime.sheet", { p: chance(current.probability), since: moment(current.since, { withTime: false }) })} · ${t("regime.asof", { when: moment(current.as_of, { withTime: false }) })}</p>
  <//>`;
}

/** Why the regime is called so, in a few words. */
function reason(current) {
  const figures = new Map(current.figures.map((figure) => [figure.name, figure.value]));
  return FIGURES.slice(0, 3)
    .filter((name) => typeof figures.get(name) === "number")
    .slice(0, 2)
    .map((name) => html`<span class="pulse-reason">${t(`regime.figure.${name}`)} ${figureText(name, figures.get(name))}</span> `);
}

/** The card; without a regime only what there is of the index. */
export function MarketHead({ market }) {
  const [open, setOpen] = useState(false);
  const { current } = market;
  if (!current && market.index.length < 2) return null;
  const share = current && typeof current.breadth === "number" ? current.breadth : null;
  return html`<section class="card pulse" aria-label=${t("market.pulse")}>
    ${current &&
    html`<button class="pulse-regime ${market.index.length < 2 ? "pulse-wide" : ""}" onClick=${() => setOpen(true)} aria-haspopup="dialog">
      <small>${t("regime.title")} · ${chance(current.probability)}</small><b>${regimeName(current.name)} <span aria-hidden="true">›</span></b>
      <span class="fine">${reason(current)}</span></button>`}
    <${Index} market=${market} />
    ${share !== null &&
    html`<div class="pulse-breadth"><span class="fine">${t("market.breadth", { share: fraction(share) })}</span>
      <span class="meter" aria-hidden="true"><span style=${{ width: `${share * 100}%` }}></span></span></div>`}
  </section>
  ${open && html`<${Why} market=${market} onClose=${() => setOpen(false)} />`}`;
}
