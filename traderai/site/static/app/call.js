/** The call card: what to do, at which prices, and with which chance. */
import { html } from "./lib.js";
import { chance, fraction, has, moment, number, percent, points, price, t } from "./i18n.js";
import { actionTone, Figure, MARKS, OriginBadges } from "./ui.js";

const RING = 2 * Math.PI * 26;

const isTrade = (call) => call.action === "BUY" || call.action === "SELL";

function ConfidenceRing({ value }) {
  return html`<figure class="ring-box"><div class="ring" role="img" aria-label=${t("tile.confidence", { n: value })}>
    <svg viewBox="0 0 64 64" width="64" height="64" aria-hidden="true">
      <circle class="ring-track" cx="32" cy="32" r="26" />
      <circle class="ring-value" cx="32" cy="32" r="26" stroke-dasharray=${`${(RING * value) / 100} ${RING}`} />
    </svg>
    <span aria-hidden="true">${value}</span>
  </div><figcaption class="fine" aria-hidden="true">${t("call.confidence")}</figcaption></figure>`;
}

/** The probability beside the one that is needed to come out even, and of which levels it speaks where the order has others. */
function BreakEven({ side, traded, decimals }) {
  if (!side || side.breakEven === null || side.edge === null) return null;
  // Of the two as they are shown: a reader takes one from the other.
  const edge = (Number((side.p * 100).toFixed(1)) - Number((side.breakEven * 100).toFixed(1))) / 100;
  const verdict = side.edge <= 0 ? "none" : traded ? "has" : "untraded";
  return html`<div class="even">
    <div class="even-head"><span>${t(`call.p.${side.name}`)} <b>${chance(side.p, 1)}</b></span>
      <span>${t("call.needed")} <b>${fraction(side.breakEven, { digits: 1 })}</b></span></div>
    <div class="even-bar" role="img" aria-label=${t("call.even", { p: chance(side.p, 1), needed: fraction(side.breakEven, { digits: 1 }) })}>
      <div class="even-fill ${verdict === "has" ? "fill-up" : "fill-flat"}" style=${{ width: `${side.p * 100}%` }}></div>
      <div class="even-mark" style=${{ left: `${side.breakEven * 100}%` }}></div>
    </div>
    <p class="even-note">${t(`call.edge.${verdict}`, { edge: points(edge) })}</p>
    ${side.levels && html`<p class="even-note">${t("call.p.levels", { target: number(side.levels.target, decimals), stop: price(side.levels.stop, decimals) })}</p>`}
  </div>`;
}

/** How much, where the reader's capital is known and the entry is still there. */
function Size({ position }) {
  if (!position) return null;
  if (!position.lots) return html`<${Figure} label=${t("call.size")} value=${t("call.size.none")} kind="figure-wide" />`;
  const shares = t("call.size.shares", { n: position.shares, count: number(position.shares) });
  return html`<${Figure} label=${t("call.size")} value=${t("call.size.lots", { n: position.lots, count: number(position.lots) })}
    note=${t("call.size.risk", { shares, risk: percent(position.risk_pct, { digits: 2, signed: false }) })} kind="figure-wide" />`;
}

function Levels({ call, decimals }) {
  if (!isTrade(call)) return null;
  const { entry } = call;
  const away = (level) => (call.price && level !== null ? percent((level / call.price - 1) * 100, { digits: 1 }) : "");
  const band = entry.low === entry.high ? price(entry.low, decimals) : `${number(entry.low, decimals)}–${price(entry.high, decimals)}`;
  return html`<dl class="figures">
    <${Figure} label=${t("call.entry")} value=${band} />
    <${Figure} label=${t("call.rr")} value=${typeof call.risk_reward === "number" ? `1 : ${number(call.risk_reward, 1)}` : "–"} />
    <${Figure} label=${t("call.tp.long")} value=${price(call.take_profit, decimals)} note=${away(call.take_profit)} kind="mark-up" />
    <${Figure} label=${t("call.sl.long")} value=${price(call.stop_loss, decimals)} note=${away(call.stop_loss)} kind="mark-down" />
    <${Figure} label=${t("call.valid")} value=${moment(call.valid_until)} note=${call.expired ? t("call.expired") : ""} kind="figure-wide" />
    <${Size} position=${call.position} />
  </dl>`;
}

/** Why there is no trade, and what would change it. */
function Reasons({ call }) {
  if (!call.reasons.length) return null;
  return html`<ul class="reasons">${call.reasons.map(
    (code) => html`<li><p>${has(`reason.${code}`) ? t(`reason.${code}`) : code}</p>
      ${!isTrade(call) && has(`change.${code}`) && html`<p class="fine">${t("change.when", { what: t(`change.${code}`) })}</p>`}</li>`,
  )}</ul>`;
}

/** What to do with this share, in one card. */
export function CallCard({ call, side, decimals }) {
  // That a share was not to be traded then is no advice that could mislead now.
  const isOld = call.stale && call.action !== "NO_TRADE";
  const look = isOld ? "old" : actionTone(call.action);
  return html`<section class="card call call-${look}" aria-labelledby="call-title">
    <div class="call-head">
      <div>
        <h2 id="call-title" class="call-action text-${look}"><span aria-hidden="true">${MARKS[call.action]}</span> ${t(`action.${call.action}`)}</h2>
        <p class="sub">${isOld ? t("call.was", { when: moment(call.asOf) }) : t(`action.${call.action}.means`)}</p>
      </div>
      ${typeof call.confidence === "number" && html`<${ConfidenceRing} value=${call.confidence} />`}
    </div>
    <${OriginBadges} origin=${call.origin} />
    <${Reasons} call=${call} />
    <${Levels} call=${call} decimals=${decimals} />
    <${BreakEven} side=${side} traded=${isTrade(call)} decimals=${decimals} />
  </section>`;
}
