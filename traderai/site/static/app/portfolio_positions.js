/** The positions with their advice; a tap says why and opens what can be done. */
import { html, useState } from "./lib.js";
import { CloseForm, EditForm } from "./portfolio_edit.js";
import { Result } from "./portfolio_parts.js";
import { ago, fraction, has, moment, number, percent, price, roubles, t } from "./i18n.js";
import { FormSheet } from "./forms.js";
import { follow, go, href } from "./router.js";
import { Badge, Figure } from "./ui.js";

const MARKS = { ADD: "+", HOLD: "●", REDUCE: "−", CLOSE: "✕" };
const LOOKS = { ADD: "up", HOLD: "flat", REDUCE: "down", CLOSE: "down" };

/** What is advised, with its mark. */
export function AdviceChip({ action }) {
  return html`<span class="pill advice fill-${LOOKS[action]}"><span aria-hidden="true">${MARKS[action]}</span> ${t(`portfolio.advice.${action}`)}</span>`;
}

const shares = (count) => t("call.size.shares", { n: count, count: number(count, Number.isInteger(count) ? 0 : 2) });

function Row({ one, onOpen }) {
  return html`<button class="row row-position" onClick=${onOpen} aria-haspopup="dialog">
    <span class="row-name"><b>${one.secid}${one.side === "short" && html` <i class="side">${t("portfolio.short")}</i>`}</b>
      <small>${shares(one.qty_shares)} · ${fraction(Math.abs(one.weight_frac), { digits: 1 })}</small>
      ${one.price_is_stale && html`<small class="old"><span aria-hidden="true">◷ </span>${t("portfolio.price.old", { when: moment(one.price_as_of, { withTime: false }) })}</small>`}</span>
    <span class="row-figures"><b>${roubles(one.value_rub)}</b><small>${one.pnl_rub === null ? "–" : html`<${Result} rub=${one.pnl_rub} />`}</small></span>
    <${AdviceChip} action=${one.action} />
  </button>`;
}

function SignalLine({ signal }) {
  if (!signal) return null;
  const parts = [t(`action.${signal.action}`), signal.confidence === null ? "" : t("tile.confidence", { n: signal.confidence }), ago(signal.data_age_seconds)];
  return html`<p class="fine signal-line">${t("portfolio.signal")}: ${parts.filter(Boolean).join(" · ")}
    ${!signal.proven && ["BUY", "SELL", "HOLD"].includes(signal.action) && html` <${Badge} kind="paper" />`}</p>`;
}

function Facts({ one }) {
  return html`<dl class="figures">
    <${Figure} label=${t("portfolio.avg")} value=${price(one.avg_price_rub)} />
    <${Figure} label=${t("portfolio.price")} value=${price(one.price_rub)} note=${moment(one.price_as_of)} />
    <${Figure} label=${t("portfolio.pnl")} value=${one.pnl_rub === null ? "–" : html`<${Result} rub=${one.pnl_rub} frac=${one.pnl_frac} digits=${1} />`} kind="figure-wide" />
    <${Figure} label=${t("portfolio.stop")} value=${one.stop_rub === null ? t("portfolio.stop.none") : price(one.stop_rub)}
      note=${one.stop_distance_frac === null ? "" : one.stop_distance_frac < 0 ? t("portfolio.stop.passed") : t("portfolio.stop.away", { away: fraction(one.stop_distance_frac, { digits: 1 }) })} />
    <${Figure} label=${t("portfolio.risk.share")} value=${one.risk_share_frac === null ? "–" : percent(one.risk_share_frac * 100, { digits: 0, signed: false })} />
    <${Figure} label=${t("portfolio.exit")} value=${one.exit_days === null ? t("portfolio.exit.never") : one.exit_days < 1 ? t("portfolio.exit.day") : t("portfolio.exit.days", { n: Math.ceil(one.exit_days) })} />
    <${Figure} label=${t("portfolio.beta")} value=${one.beta === null ? "–" : number(one.beta, 2)} />
    ${one.dividend_ex_date && html`<${Figure} label=${t("portfolio.dividend")} value=${moment(one.dividend_ex_date, { withTime: false })} kind="figure-wide" />`}
  </dl>`;
}

/** Why, and what can be done about it. */
function View({ one, onMode }) {
  return html`<p class="advice-head"><${AdviceChip} action=${one.action} /><span class="fine">${has(`portfolio.basis.${one.basis}`) ? t(`portfolio.basis.${one.basis}`) : ""}</span></p>
    <ul class="reasons">${one.reasons.map((reason) => html`<li key=${reason.code}>${reason.text}</li>`)}</ul>
    <${SignalLine} signal=${one.signal} />
    <${Facts} one=${one} />
    <div class="doors">
      <button type="button" class="button button-quiet" onClick=${() => onMode("edit")}>${t("portfolio.edit")}</button>
      <button type="button" class="button button-quiet" onClick=${() => onMode("close")}>${t("portfolio.close")}</button>
      <a class="button button-quiet" href=${href({ ticker: one.secid })} onClick=${follow({ ticker: one.secid })}>${t("portfolio.chart")}</a>
      <button type="button" class="button button-quiet" onClick=${() => go({ tab: "coach", ticker: one.secid })}>${t("portfolio.check")}</button>
    </div>`;
}

function Sheet({ one, held, account, onClose, onChanged }) {
  const [mode, setMode] = useState("view");
  const done = () => {
    onClose();
    onChanged();
  };
  if (mode === "edit") return html`<${EditForm} one=${one} held=${held} account=${account} onClose=${onClose} onDone=${done} />`;
  if (mode === "close") return html`<${CloseForm} one=${one} held=${held} account=${account} onClose=${onClose} onDone=${done} />`;
  return html`<${FormSheet} title="${one.secid} · ${one.name}" onClose=${onClose} onSubmit=${() => {}}><${View} one=${one} onMode=${setMode} /><//>`;
}

/** A position without an analysis: what the book knows of it, and that it can be closed. */
function BareRow({ row, onOpen }) {
  return html`<button class="row row-position" onClick=${onOpen} aria-haspopup="dialog">
    <span class="row-name"><b>${row.secid}${row.side === "short" && html` <i class="side">${t("portfolio.short")}</i>`}</b><small>${shares(row.qty)}</small>
      ${row.priced_at && html`<small class="old"><span aria-hidden="true">◷ </span>${t("portfolio.price.old", { when: moment(row.priced_at, { withTime: false }) })}</small>`}</span>
    <span class="row-figures"><b>${roubles(row.value)}</b><small>${row.pnl === null ? "" : html`<${Result} rub=${row.pnl} />`}</small></span>
    <span class="pill advice fill-none"><span aria-hidden="true">⊘ </span>${t(row.price === null ? "portfolio.price.none" : "portfolio.advice.none")}</span>
  </button>`;
}

/** The list: what is advised of each, and what is held but could not be analysed. */
export function Positions({ answer, held, account, onChanged }) {
  const [open, setOpen] = useState("");
  const rows = [...answer.positions].sort((a, b) => Math.abs(b.value_rub) - Math.abs(a.value_rub));
  const bare = held.filter((row) => !rows.some((one) => one.secid === row.secid));
  const one = rows.find((row) => row.secid === open);
  const own = held.find((row) => row.secid === open);
  const shut = () => setOpen("");
  const closed = () => {
    shut();
    onChanged();
  };
  return html`<section aria-labelledby="positions-title">
    <h2 id="positions-title" class="section-title">${t("portfolio.positions", { n: rows.length + bare.length })}</h2>
    <div class="card list">${rows.map((row) => html`<${Row} key=${row.secid} one=${row} onOpen=${() => setOpen(row.secid)} />`)}
      ${bare.map((row) => html`<${BareRow} key=${row.secid} row=${row} onOpen=${() => setOpen(row.secid)} />`)}</div>
    ${one && own && html`<${Sheet} one=${one} held=${own} account=${account} onClose=${shut} onChanged=${onChanged} />`}
    ${!one && own && html`<${CloseForm} one=${{ secid: own.secid, side: own.side, price_rub: own.price ?? own.avg_price }} held=${own} account=${account} onClose=${shut} onDone=${closed} />`}
  </section>`;
}
