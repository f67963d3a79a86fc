/** The call card and what stands behind it. */
import { html, useState } from "./lib.js";
import { ago, fraction, has, moment, number, percent, points, price, t } from "./i18n.js";
import { actionTone, Figure, MARKS, OriginBadges } from "./ui.js";

const RING = 2 * Math.PI * 26;

function ConfidenceRing({ value }) {
  const label = value === null ? t("call.confidence.none") : t("tile.confidence", { n: value });
  return html`<div class="ring" role="img" aria-label=${label}>
    <svg viewBox="0 0 64 64" width="64" height="64" aria-hidden="true">
      <circle class="ring-track" cx="32" cy="32" r="26" />
      ${value !== null && html`<circle class="ring-value" cx="32" cy="32" r="26" stroke-dasharray=${`${(RING * value) / 100} ${RING}`} />`}
    </svg>
    <span aria-hidden="true">${value === null ? "–" : value}</span>
  </div>`;
}

/** The probability beside the one that is needed to come out even. */
function BreakEven({ side }) {
  if (!side || side.breakEven === null || side.edge === null) return null;
  const { edge } = side;
  return html`<div class="even">
    <div class="even-head"><span>${t(`call.p.${side.name}`)} <b>${fraction(side.p, { digits: 1 })}</b></span>
      <span>${t("call.needed")} <b>${fraction(side.breakEven, { digits: 1 })}</b></span></div>
    <div class="even-bar" role="img" aria-label=${t("call.even", { p: fraction(side.p, { digits: 1 }), needed: fraction(side.breakEven, { digits: 1 }) })}>
      <div class="even-fill ${edge > 0 ? "fill-up" : "fill-flat"}" style=${{ width: `${side.p * 100}%` }}></div>
      <div class="even-mark" style=${{ left: `${side.breakEven * 100}%` }}></div>
    </div>
    <p class="even-note">${t(edge > 0 ? "call.edge.has" : "call.edge.none", { edge: points(edge) })}</p>
  </div>`;
}

function Levels({ call, decimals }) {
  if (call.action !== "BUY" && call.action !== "SELL") return null;
  const { entry } = call;
  const away = (level) => (call.price && level !== null ? percent((level / call.price - 1) * 100, { digits: 1 }) : "");
  const band = entry ? (entry.low === entry.high ? price(entry.low, decimals) : `${number(entry.low, decimals)}–${price(entry.high, decimals)}`) : "–";
  return html`<dl class="figures">
    <${Figure} label=${t("call.entry")} value=${band} kind="figure-wide" />
    <${Figure} label=${t("call.tp.long")} value=${price(call.take_profit, decimals)} note=${away(call.take_profit)} kind="mark-up" />
    <${Figure} label=${t("call.sl.long")} value=${price(call.stop_loss, decimals)} note=${away(call.stop_loss)} kind="mark-down" />
    <${Figure} label=${t("call.rr")} value=${call.risk_reward === null || call.risk_reward === undefined ? "–" : `1 : ${number(call.risk_reward, 1)}`} />
    <${Figure} label=${t("call.valid")} value=${moment(call.valid_until)} note=${call.expired ? t("call.expired") : ""} />
  </dl>`;
}

function Reasons({ call }) {
  if (!call.reasons.length) return null;
  return html`<ul class="reasons">${call.reasons.map((code) => html`<li>${has(`reason.${code}`) ? t(`reason.${code}`) : code}</li>`)}</ul>`;
}

/** What to do with this share, in one card. */
export function CallCard({ call, side, decimals }) {
  return html`<section class="card call call-${call.stale ? "old" : actionTone(call.action)}" aria-labelledby="call-title">
    <div class="call-head">
      <div>
        <h2 id="call-title" class="call-action text-${call.stale ? "old" : actionTone(call.action)}"><span aria-hidden="true">${MARKS[call.action]}</span> ${t(`action.${call.action}`)}</h2>
        <p class="sub">${call.stale ? t("call.was", { when: moment(call.asOf) }) : t(`action.${call.action}.means`)}</p>
      </div>
      <${ConfidenceRing} value=${call.confidence ?? null} />
    </div>
    <${OriginBadges} origin=${call.origin} />
    <${Reasons} call=${call} />
    <${Levels} call=${call} decimals=${decimals} />
    <${BreakEven} side=${side} />
  </section>`;
}

/** Price ranges with their probabilities, the highest prices first. */
export function Scenarios({ scenarios, decimals, horizon }) {
  if (!scenarios || !scenarios.length) return null;
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
        <b>${fraction(item.probability)}</b></li>`,
    )}</ul></section>`;
}

/** The regime and what it changes. */
export function RegimeCard({ regime }) {
  if (!regime || !regime.name) return null;
  const key = `regime.${regime.name}`;
  return html`<section class="card"><h2>${t("regime.title")}</h2>
    <p class="lead">${has(key) ? t(key) : regime.name} <small>${fraction(regime.probability)}</small></p>
    <p>${regime.effect || ""}</p>
    ${regime.since && html`<p class="fine">${t("regime.since", { since: moment(regime.since, { withTime: false }) })}</p>`}</section>`;
}

/** The explanation: its beginning, and all of it on a tap. */
export function Explanation({ text }) {
  const [open, setOpen] = useState(false);
  if (!text) return null;
  const parts = (Array.isArray(text) ? text : String(text).split(/\n+/)).filter(Boolean);
  const shown = open ? parts : parts.slice(0, 3);
  return html`<section class="card"><h2>${t("explanation.title")}</h2>
    ${shown.map((part) => html`<p>${part}</p>`)}
    ${parts.length > 3 && html`<button class="link" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>${t(open ? "explanation.less" : "explanation.more")}</button>`}
  </section>`;
}

/** Which model said it, how old its knowledge is, and that it may be wrong. */
export function ModelFooter({ call }) {
  const model = call.model || {};
  return html`<section class="card model"><h2>${t("model.title")}</h2>
    <dl class="figures">
      <${Figure} label=${t("model.version")} value=${model.version || "–"} kind="figure-wide" />
      <${Figure} label=${t("model.until")} value=${moment(model.trained_until, { withTime: false })} />
      <${Figure} label=${t("model.asof")} value=${moment(call.dataAt)} note=${ago(call.ageSeconds)} />
    </dl>
    ${call.proven === false && html`<p class="fine">${t("badge.paper.why")}</p>`}
  </section>`;
}
