/** What each member of the council says, against what the trade needs. */
import { html } from "./lib.js";
import { chance, has, points, t } from "./i18n.js";
import { actionTone, MARKS } from "./ui.js";

const AGAINST = { long: "SELL", short: "BUY" };
const nameOf = (strategy) => (has(`member.${strategy}`) ? t(`member.${strategy}`) : strategy);

/** One line of reasons: what its own probability would do. */
function reasonOf(vote, side, needed) {
  if (vote.reasons.includes("setup_absent")) return t("council.absent");
  const other = side === "long" ? "short" : "long";
  if (vote.action === AGAINST[side]) return t(`council.other.${other}`, { p: chance(vote[`p_${other}`]) });
  const gap = vote[`p_${side}`] - needed;
  return t("council.gap", { gap: points(gap) });
}

function Member({ vote, side, needed }) {
  const isAbsent = vote.reasons.includes("setup_absent");
  const p = vote[`p_${side}`];
  const words = t("council.bar", { name: nameOf(vote.strategy), p: chance(p), needed: chance(needed) });
  return html`<li class="member ${isAbsent ? "member-absent" : ""}">
    <div class="member-head"><b>${nameOf(vote.strategy)}</b><span class="text-${isAbsent ? "old" : actionTone(vote.action)}"><span aria-hidden="true">${MARKS[vote.action]}</span> ${t(isAbsent ? "council.silent" : `action.${vote.action}`)}</span></div>
    <div class="even-bar" role="img" aria-label=${words}>
      <div class="even-fill ${!isAbsent && p > needed ? "fill-up" : "fill-flat"}" style=${{ width: `${p * 100}%` }}></div>
      <div class="even-mark" style=${{ left: `${needed * 100}%` }}></div></div>
    <div class="member-foot fine"><span>${reasonOf(vote, side, needed)}</span><span>${chance(p)}</span></div>
  </li>`;
}

export function Council({ call }) {
  const { votes, side } = call;
  const even = call.break_even_probabilities;
  if (!votes.length || !side || !even) return null;
  const against = votes.filter((vote) => vote.action === AGAINST[side]).map((vote) => nameOf(vote.strategy));
  const present = votes.filter((vote) => !vote.reasons.includes("setup_absent"));
  const agree = present.filter((vote) => vote.action === (side === "long" ? "BUY" : "SELL")).length;
  return html`<section class="card"><h2>${t("council.title")}</h2>
    <p>${t(`council.count.${side}`, { n: present.length, agree })} ${against.length > 0 && html`<b>${t("council.against", { names: against.join(", ") })}</b>`}</p>
    <ul class="members">${votes.map((vote) => html`<${Member} key=${vote.strategy} vote=${vote} side=${side} needed=${even[side]} />`)}</ul>
    <p class="fine">${t("council.key", { needed: chance(even[side]) })}</p>
  </section>`;
}
