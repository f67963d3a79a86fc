/** What stands behind a call: ranges, reasons in words, drivers, old turning points, regime, model. */
import { html, useState } from "./lib.js";
import { ago, chance, fraction, has, moment, number, percent, points, price, t } from "./i18n.js";
import { ModelRecord } from "./past.js";
import { Figure, tone } from "./ui.js";

const LEAST_EFFECT = 0.0005; // shown as 0.1 points

/** Price ranges with their probabilities, the highest prices first. */
export function Scenarios({ scenarios, decimals, horizon }) {
  if (!scenarios.length) return null;
  const most = Math.max(...scenarios.map((item) => item.probability));
  const rows = [...scenarios].sort((a, b) => (b.low ?? -1) - (a.low ?? -1));
  const name = ({ low, high }) => {
    if (low === null) return t("scenario.below", { high: price(high, decimals) });
    if (high === null) return t("scenario.above", { low: price(low, decimals) });
    return `${number(low, decimals)}–${price(high, decimals)}`;
  };
  return html`<section class="card"><h2>${t("scenario.title", { horizon })}</h2>
    <ul class="scenarios">${rows.map(
      (item) => html`<li><span class="scenario-name">${name(item)}</span>
        <span class="scenario-bar" aria-hidden="true"><span style=${{ width: `${(item.probability / most) * 100}%` }}></span></span>
        <b>${chance(item.probability)}</b></li>`,
    )}</ul></section>`;
}

/** The middle and the width of what the model expects. */
export function Expectations({ call }) {
  if (typeof call.expected_return !== "number") return null;
  return html`<section class="card"><h2>${t("expect.title")}</h2><dl class="figures">
    <${Figure} label=${t("expect.return")} value=${fraction(call.expected_return, { digits: 1, signed: true })} />
    <${Figure} label=${t("expect.volatility")} value=${fraction(call.expected_volatility, { digits: 1 })} />
  </dl></section>`;
}

/** The regime and what it changes. */
export function RegimeCard({ regime }) {
  if (!regime) return null;
  const key = `regime.${regime.name}`;
  return html`<section class="card"><h2>${t("regime.title")}</h2>
    <p class="lead">${has(key) ? t(key) : regime.name} <small>${t("regime.sheet", { p: chance(regime.probability), since: moment(regime.since, { withTime: false }) })}</small></p>
    ${regime.effect && html`<p>${regime.effect}</p>`}</section>`;
}

/** The explanation: on a phone its beginning, and all of it on a tap. */
export function Explanation({ text }) {
  const [open, setOpen] = useState(() => window.matchMedia("(min-width: 960px)").matches);
  const parts = text.split(/\n+/).filter(Boolean);
  if (!parts.length) return null;
  const shown = open ? parts : parts.slice(0, 3);
  return html`<section class="card card-wide"><h2>${t("explanation.title")}</h2>
    ${shown.map((part) => html`<p>${part}</p>`)}
    ${parts.length > 3 && html`<button class="link" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>${t(open ? "explanation.less" : "explanation.more")}</button>`}
  </section>`;
}

/** Which families of features raise or lower the probability of the side that the call is about. */
export function Drivers({ drivers, side }) {
  // Effects that all round to nothing are no drivers: the estimate then does not depend on the share's state.
  if (!side || !drivers.some((item) => Math.abs(item.effect) >= LEAST_EFFECT)) return null;
  const most = Math.max(...drivers.map((item) => Math.abs(item.effect)), 0.001);
  return html`<section class="card"><h2>${t("drivers.title")}</h2>
    <p class="fine">${t(`drivers.${side}`)}</p>
    <ul class="drivers">${drivers.map(
      (item) => html`<li><span class="driver-name">${has(`family.${item.family}`) ? t(`family.${item.family}`) : item.family}<small>${item.feature}</small></span>
        <span class="driver-bar" aria-hidden="true"><span class="driver-${tone(item.effect)}" style=${{ width: `${(Math.abs(item.effect) / most) * 50}%` }}></span></span>
        <b class="text-${tone(item.effect)}">${points(item.effect)}</b></li>`,
    )}</ul></section>`;
}

/** Prices at which the market turned before, the highest first, with the way to them. */
export function TurnsCard({ turns, price: now, decimals }) {
  if (!turns.length || !now) return null;
  const rows = [...turns].sort((a, b) => b.price - a.price);
  return html`<section class="card"><h2>${t("level.title")}</h2>
    <ul class="turns">${rows.map(
      (turn) => html`<li><span><b>${price(turn.price, decimals)}</b> <small>${percent((turn.price / now - 1) * 100, { digits: 1 })}</small></span>
        <span class="fine">${t(`level.${turn.kind}`)} · ${t("level.touches", { n: turn.touches })}</span></li>`,
    )}</ul></section>`;
}

/** Which model said it, how old its knowledge is, and that it may be wrong. */
export function ModelFooter({ call }) {
  const { model } = call;
  return html`<section class="card card-wide model"><h2>${t("model.title")}</h2>
    <dl class="figures">
      ${model
        ? html`<${Figure} label=${t("model.version")} value=${model.version} kind="figure-wide figure-small" />
            <${Figure} label=${t("model.until")} value=${moment(model.trained_until, { withTime: false })} kind="figure-small" />`
        : html`<${Figure} label=${t("model.version")} value=${t("model.none")} kind="figure-wide" />`}
      <${Figure} label=${t("model.asof")} value=${moment(call.dataAt)} note=${ago(call.ageSeconds)} kind=${model ? "figure-small" : "figure-wide"} />
    </dl>
    ${model && !call.proven && html`<p class="fine">${t("badge.paper.why")}</p>`}
    <${ModelRecord} call=${call} />
  </section>`;
}
