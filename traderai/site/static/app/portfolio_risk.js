/** What days that have been would cost, how alike the shares are, the limits, and the trades that would keep them. */
import { html, useState } from "./lib.js";
import { pairsOf } from "./portfolio_shapes.js";
import { fraction, has, language, moment, number, price, roubles, t } from "./i18n.js";
import { MARKS } from "./ui.js";

const MOST_IN_MATRIX = 8;

/** A stress day's name in words: its date, or its month. */
function spellOf(name) {
  if (has(`stress.${name}`)) return t(`stress.${name}`);
  const [year, month, day] = name.split("-");
  return day ? `${day}.${month}.${year}` : `${month}.${year}`;
}

function Spell({ spell, widest }) {
  const [open, setOpen] = useState(false);
  const stand = spell.shares.filter((one) => one.stand_in);
  const unknown = spell.shares.filter((one) => one.move_frac === null);
  const width = spell.profit_rub === null ? 0 : Math.min(Math.abs(spell.profit_rub) / widest, 1) * 100;
  const named = t(spell.name.split("-").length === 3 ? "stress.day" : "stress.month", { when: spellOf(spell.name) });
  return html`<li class="spell"><button class="spell-head" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>
      <span class="grow">${named}<small>${t("stress.index", { move: spell.index_move_frac === null ? "–" : fraction(spell.index_move_frac, { digits: 1, signed: true }) })}</small></span>
      <span class="row-figures"><b class="text-${spell.profit_rub < 0 ? "down" : "up"}">${spell.profit_rub === null ? "–" : `≈ ${roubles(spell.profit_rub, { signed: true })}`}</b><small>${fraction(spell.profit_frac, { digits: 1, signed: true })}</small></span>
    </button>
    <div class="spell-bar" aria-hidden="true"><span class=${spell.profit_rub < 0 ? "fill-down" : "fill-up"} style=${{ width: `${width}%` }}></span></div>
    ${stand.length > 0 && html`<p class="fine"><span aria-hidden="true">◇ </span>${t("stress.stand", { n: stand.length, count: number(stand.length), of: number(spell.shares.length) })}</p>`}
    ${unknown.length > 0 && html`<p class="fine"><span aria-hidden="true">○ </span>${t("stress.unknown", { secids: unknown.map((one) => one.secid).join(", ") })}</p>`}
    ${open && html`<ul class="spell-shares">${spell.shares.map(
      (one) => html`<li key=${one.secid}><b>${one.secid}</b><span class="grow fine">${one.stand_in ? t(`stress.by.${one.stand_in}`) : t("stress.by.own")}</span>
        <span>${one.move_frac === null ? "–" : fraction(one.move_frac, { digits: 1, signed: true })}</span><b>${roubles(one.profit_rub, { signed: true })}</b></li>`,
    )}</ul>`}
  </li>`;
}

/** Days that have been, at today's positions. */
export function Stress({ stress }) {
  if (!stress.length) return null;
  const widest = Math.max(...stress.map((one) => Math.abs(one.profit_rub || 0)), 1);
  return html`<section class="card" aria-labelledby="stress-title"><h2 id="stress-title">${t("stress.title")}</h2>
    <p class="fine">${t("stress.how")}</p>
    <ul class="spells">${stress.map((one) => html`<${Spell} key=${one.name} spell=${one} widest=${widest} />`)}</ul>
  </section>`;
}

/** A correlation with a true minus, and no minus before a zero. */
const correlationText = (r) => number(Number(r.toFixed(2)) + 0, 2).replace("-", "−");

/** How a correlation is coloured; its number stands in the cell. */
const warmth = (r) => (r >= 0.8 ? "hot" : r >= 0.5 ? "warm" : r <= -0.3 ? "cold" : "plain");

function Matrix({ correlation }) {
  const { secids, matrix } = correlation;
  return html`<div class="scroll-x" tabindex="0" role="region" aria-label=${t("risk.matrix")}><table class="matrix">
    <thead><tr><td></td>${secids.map((secid) => html`<th key=${secid} scope="col">${secid}</th>`)}</tr></thead>
    <tbody>${secids.map(
      (secid, row) => html`<tr key=${secid}><th scope="row">${secid}</th>${matrix[row].map(
        (r, column) => html`<td key=${secids[column]} class="cell-${row === column ? "self" : warmth(r)}">${row === column ? "" : correlationText(r)}</td>`,
      )}</tr>`,
    )}</tbody></table></div>`;
}

/** How few bets the positions really are, and which move together. */
export function Diversification({ risk, count, liquidity }) {
  if (!risk) return null;
  const { concentration, correlation } = risk;
  const pairs = pairsOf(correlation);
  return html`<section class="card" aria-labelledby="alike-title"><h2 id="alike-title">${t("risk.title")}</h2>
    <p>${t("risk.effective", { n: count, count: number(count), like: number(concentration.effective_positions, 1) })}
      ${concentration.effective_bets !== null && ` ${t("risk.bets", { bets: number(concentration.effective_bets, 1) })}`}</p>
    <p>${t("risk.drawdown", { fall: fraction(risk.max_drawdown_frac, { digits: 1 }), since: moment(risk.first_day, { withTime: false }) })}
      ${risk.beta !== null && ` ${t("risk.beta", { move: fraction(risk.beta / 100, { digits: 2, signed: true }) })}`}</p>
    ${liquidity.days_to_leave_all !== null && html`<p>${liquidity.days_to_leave_all < 1 ? t("risk.leave.day") : t("risk.leave", { n: Math.ceil(liquidity.days_to_leave_all) })}</p>`}
    ${pairs.length > 0 && html`<p class="fine">${t("risk.pairs")} ${pairs.map((one) => `${one.a} – ${one.b} ${correlationText(one.r)}`).join(", ")}</p>`}
    ${correlation.secids.length > 1 && correlation.secids.length <= MOST_IN_MATRIX && html`<${Matrix} correlation=${correlation} />`}
  </section>`;
}

const ofWhat = (one) => (one.of === null ? "" : has(`sector.${one.of}`) ? t(`sector.${one.of}`) : one.of);

function Limit({ one, unkept }) {
  const isLeast = one.limit === "cash";
  const top = Math.max(one.now_frac, one.limit_frac, 1e-9) * 1.15;
  const place = (value) => `${Math.max(0, Math.min(value / top, 1)) * 100}%`;
  const figures = t(isLeast ? "limits.least" : "limits.most", { now: fraction(one.now_frac, { digits: 1 }), limit: fraction(one.limit_frac) });
  return html`<li><p class="limit-head"><span aria-hidden="true" class="text-${one.is_kept ? "up" : "down"}">${one.is_kept ? "✓" : "✕"}</span>
      <span class="grow">${has(`limits.${one.limit}`) ? t(`limits.${one.limit}`) : one.limit} <b>${ofWhat(one)}</b><span class="unseen"> ${t(one.is_kept ? "limits.kept" : "limits.broken")}</span></span><span>${figures}</span></p>
    <div class="even-bar" aria-hidden="true"><div class="even-fill ${one.is_kept ? "fill-flat" : "fill-down"}" style=${{ width: place(one.now_frac) }}></div><div class="even-mark" style=${{ left: place(one.limit_frac) }}></div></div>
    ${unkept && html`<p class="fine">${t(`limits.why.${unkept.why}`)}</p>`}</li>`;
}

/** Where the portfolio stands towards the reader's limits. */
export function Limits({ limits, unkept }) {
  if (!limits.length) return null;
  const why = (one) => unkept.find((row) => row.limit === one.limit && row.of === one.of);
  return html`<section class="card" aria-labelledby="limits-title"><h2 id="limits-title">${t("limits.title")}</h2>
    <ul class="limits">${limits.map((one) => html`<${Limit} key=${`${one.limit}|${one.of}`} one=${one} unkept=${why(one)} />`)}</ul>
  </section>`;
}

function Trade({ trade }) {
  return html`<li><span class="order-side text-${trade.side === "BUY" ? "up" : "down"}" aria-hidden="true">${MARKS[trade.side]}</span>
    <span class="grow"><b>${trade.secid}</b>: ${t(`action.${trade.side}.todo`)} ${t("call.size.lots", { n: trade.lots, count: number(trade.lots) })}
      <small>${t("call.size.shares", { n: trade.shares, count: number(trade.shares) })} × ${price(trade.price_rub)}</small></span>
    <span class="row-figures"><b>${roubles(trade.value_rub)}</b><small>${t("plan.cost", { sum: roubles(trade.cost_rub, { digits: 2 }) })}</small></span></li>`;
}

/** The fewest lots that bring the portfolio inside its limits, or that nothing need be done. */
export function Proposals({ proposals, profile }) {
  const { verdict, trades, swaps } = proposals;
  if (verdict === null) return null;
  const isCalm = verdict === "no_change";
  return html`<section class="card plan ${isCalm ? "plan-calm" : ""}" aria-labelledby="plan-title" lang=${language.value}>
    <h2 id="plan-title"><span aria-hidden="true">${isCalm ? "✓ " : "⇄ "}</span>${t(`plan.${verdict}`)}</h2>
    <p class="fine">${t(`plan.${verdict}.how`, { profile: t(`profile.${profile}`) })}</p>
    ${trades.length > 0 && html`<ul class="lines">${trades.map((trade) => html`<${Trade} key=${trade.secid} trade=${trade} />`)}</ul>
      <p class="worth"><span>${t("plan.total", { n: proposals.lots, count: number(proposals.lots) })}</span><b>${roubles(proposals.cost_rub, { digits: 2 })}</b></p>
      <p class="fine">${t(proposals.is_fewest ? "plan.fewest" : "plan.best_found")}</p>`}
    ${swaps.length > 0 && html`<ul class="lines">${swaps.map(
      (swap) => html`<li key=${swap.leave}><span class="grow"><b>${swap.leave} → ${swap.enter}</b><small>${t("plan.swap", { gain: roubles(swap.expected_gain_rub), cost: roubles(swap.cost_rub, { digits: 2 }) })}</small></span><b>${roubles(swap.value_rub)}</b></li>`,
    )}</ul>`}
  </section>`;
}
