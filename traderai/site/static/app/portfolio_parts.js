/** The top of the portfolio: what it is worth, what a bad day costs, what is to be known, and the weights. */
import { html, useState } from "./lib.js";
import { badDayOf, resultOf } from "./portfolio_shapes.js";
import { wrongWords } from "./forms.js";
import { fraction, has, moment, number, roubles, t } from "./i18n.js";
import { Badge, Figure, Segments, tone } from "./ui.js";

const ARC = Math.PI * 52; // length of the gauge's half circle
const DIAL_TOP = 1.5; // the dial goes this far beyond the limit
const DIAL_TOP_FREE = 0.6; // and to this volatility a year where the profile has no limit
const AROUND = 2 * Math.PI * 40;

/** A result with arrow and sign besides its colour. */
export function Result({ rub, frac = null, digits = 2 }) {
  const mark = rub > 0 ? "▲" : rub < 0 ? "▼" : "●";
  return html`<span class="text-${tone(rub)} result"><span aria-hidden="true">${mark} </span>${roubles(rub, { signed: true })}${frac !== null && html` <small>(${fraction(frac, { digits, signed: true })})</small>`}</span>`;
}

/** The half circle: how much the portfolio moves in a year, against what the profile allows. */
function Gauge({ risk, limit, bad }) {
  const top = limit === null ? DIAL_TOP_FREE : limit * DIAL_TOP;
  const at = Math.min(risk.volatility_annual_frac / top, 1);
  const angle = limit === null ? null : Math.PI * (1 - limit / top);
  const tick = (radius) => [60 + radius * Math.cos(angle), 60 - radius * Math.sin(angle)].map((x) => x.toFixed(1));
  const isOver = limit !== null && risk.volatility_annual_frac > limit;
  const move = fraction(risk.volatility_annual_frac, { digits: 1 });
  const told = limit === null ? t("portfolio.gauge.free", { move }) : t(isOver ? "portfolio.gauge.over" : "portfolio.gauge.within", { move, limit: fraction(limit) });
  return html`<figure class="dial">
    <svg viewBox="0 0 120 68" role="img" aria-label=${told}>
      <path class="dial-track" d="M8 60 A52 52 0 0 1 112 60" />
      <path class="dial-value ${isOver ? "is-over" : ""}" d="M8 60 A52 52 0 0 1 112 60" stroke-dasharray="${(ARC * at).toFixed(1)} ${ARC.toFixed(1)}" />
      ${angle !== null && html`<line class="dial-limit" x1=${tick(44)[0]} y1=${tick(44)[1]} x2=${tick(60)[0]} y2=${tick(60)[1]} />`}
      <text x="60" y="48" text-anchor="middle" class="dial-figure">${fraction(bad.var_frac, { digits: 1 })}</text>
      <text x="60" y="64" text-anchor="middle" class="dial-word">${t("portfolio.gauge.day")}</text>
    </svg>
    <figcaption class="fine">${told}</figcaption>
  </figure>`;
}

function Risk({ answer }) {
  const { risk } = answer;
  const bad = badDayOf(risk);
  if (!bad) return html`<p class="note note-plain"><span aria-hidden="true">○</span><span>${t("portfolio.risk.unknown")}</span></p>`;
  const allowed = answer.proposals.limits.find((one) => one.limit === "volatility");
  return html`<div class="risk" role="group" aria-label=${t("portfolio.risk")}>
    <${Gauge} risk=${risk} limit=${allowed ? allowed.limit_frac : null} bad=${bad.main} />
    <div class="risk-words">
      <p class="fine">${t("portfolio.var")}</p>
      <p class="risk-figure">${roubles(-bad.main.var_rub)}</p>
      <p>${t("portfolio.var.means")}</p>
      <p class="fine">${t("portfolio.cvar", { sum: roubles(bad.main.cvar_rub) })}</p>
      ${bad.worst && html`<p class="fine">${t("portfolio.var.worst", { sum: roubles(bad.worst.var_rub) })}</p>`}
      <p class="fine">${t("portfolio.var.basis", { n: risk.days, count: number(risk.days), since: moment(risk.first_day, { withTime: false }) })}</p>
    </div>
  </div>`;
}

/** Value, day and result, cash, and the risk. */
export function Hero({ answer, day, account, onAccount }) {
  const { exposure } = answer;
  const isKnown = answer.capital_rub !== null;
  const result = resultOf(answer.positions);
  return html`<section class="card hero" aria-label=${t("portfolio.value")}>
    <div class="hero-head"><p class="sub">${t(isKnown ? "portfolio.value.capital" : "portfolio.value.positions")}</p>
      <button class="link small-link" onClick=${onAccount}>${t("portfolio.account.change")}</button></div>
    <span class="badges">${answer.warnings.some((one) => one.code === "simulated") && html`<${Badge} kind="simulated" />`}${account.kind === "virtual" && html`<${Badge} kind="virtual" />`}</span>
    <p class="hero-figure">${roubles(isKnown ? answer.capital_rub : exposure.net_rub)}</p>
    ${day && html`<p><${Result} rub=${day.rub} frac=${day.frac} /> <span class="fine">${t(day.known < day.of ? "portfolio.day.part" : "portfolio.day", day)}</span></p>`}
    <dl class="figures">
      <${Figure} label=${t("portfolio.result")} value=${result ? html`<${Result} rub=${result.rub} frac=${result.frac} digits=${1} />` : "–"} />
      <${Figure} label=${t("portfolio.cash")} value=${roubles(exposure.cash_rub)} note=${exposure.cash_frac === null ? t("portfolio.cash.unknown") : fraction(exposure.cash_frac)} />
    </dl>
    <${Risk} answer=${answer} />
    <p class="fine">${t("portfolio.asof", { when: moment(answer.as_of) })}</p>
  </section>`;
}

// What is wrong stands before what is only to be known.
const GRAVE = ["positions_refused", "prices_stale", "risk_in_one", "moves_together", "few_bets", "risk_unknown", "risk_leaves_out"];

/** The answer's warnings in words; what matters is open, the rest folded. */
export function Notes({ answer }) {
  const rank = ({ code }) => (GRAVE.includes(code) ? 0 : 1);
  const notes = [...answer.warnings].filter(({ code }) => code !== "positions_refused").sort((a, b) => rank(a) - rank(b));
  const [grave, plain] = [notes.filter((one) => !rank(one)), notes.filter(rank)];
  return html`${grave.map((one) => html`<p key=${one.code} class="note note-stale"><span aria-hidden="true">${one.code === "prices_stale" ? "◷" : "!"}</span><span>${one.text}</span></p>`)}
    ${answer.refused.map((one) => html`<p key=${one.field} class="note note-bad"><span aria-hidden="true">✕</span><span>${wrongWords(one, "")}</span></p>`)}
    ${plain.length > 0 && html`<div class="card plain-notes">${plain.map((one) => html`<p key=${one.code}><span aria-hidden="true">○ </span>${one.text}</p>`)}</div>`}`;
}

function nameOfSlice({ id, kind }) {
  if (kind === "share") return id;
  if (kind === "sector") return has(`sector.${id}`) ? t(`sector.${id}`) : id;
  return t(`portfolio.weights.${kind}`);
}

const hueOf = (slice, place) => (slice.kind === "cash" ? "cash" : slice.kind === "rest" ? "rest" : place);

function Donut({ slices, label }) {
  const whole = Math.max(slices.reduce((sum, one) => sum + one.frac, 0), 1e-9);
  let from = 0;
  return html`<svg class="donut" viewBox="0 0 120 120" role="img" aria-label=${label}>
    ${slices.map((slice, place) => {
      const length = (slice.frac / whole) * AROUND;
      const offset = -from;
      from += length;
      const gap = slices.length > 1 ? 1.5 : 0;
      return html`<circle key=${slice.id} class="slice hue-${hueOf(slice, place)}" cx="60" cy="60" r="40" stroke-dasharray="${Math.max(length - gap, 0.5).toFixed(2)} ${AROUND.toFixed(2)}" stroke-dashoffset=${offset.toFixed(2)} />`;
    })}
  </svg>`;
}

/** Donut and list by share or by sector. */
export function Weights({ weights, of, hasShort }) {
  const [by, setBy] = useState("share");
  const slices = weights[by];
  const label = slices.map((slice) => `${nameOfSlice(slice)} ${fraction(slice.frac, { digits: 1 })}`).join(", ");
  return html`<section class="card" aria-labelledby="weights-title">
    <div class="card-head"><h2 id="weights-title">${t("portfolio.weights")}</h2>
      <${Segments} label=${t("portfolio.weights")} value=${by} onChange=${setBy} options=${[["share", t("portfolio.weights.share")], ["sector", t("portfolio.weights.sector")]]} /></div>
    <div class="weights"><${Donut} slices=${slices} label=${label} />
      <ul class="weights-list">${slices.map(
        (slice, place) => html`<li key=${slice.id}><span class="swatch hue-${hueOf(slice, place)}" aria-hidden="true"></span><span class="grow">${nameOfSlice(slice)}</span><b>${fraction(slice.frac, { digits: 1 })}</b></li>`,
      )}</ul></div>
    <p class="fine">${t(`portfolio.weights.of.${of}`)} ${hasShort && t("portfolio.weights.short")}</p>
  </section>`;
}
