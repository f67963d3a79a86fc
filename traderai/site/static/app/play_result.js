/** What became of a round: both decisions in R, what the share was, and why the AI said what it said. */
import { html, useEffect, useRef } from "./lib.js";
import { fraction, has, moment, multiple, number, t } from "./i18n.js";
import { follow, href } from "./router.js";
import { actionTone, Badge, Figure, MARKS, tone } from "./ui.js";

const HEADLINES = { 1: ["won", "up", "▲"], 0.5: ["drawn", "flat", "●"], 0: ["lost", "down", "▼"] };
const AI_SILENT = ["no_version", "withdrawn", "other_terms", "not_ready"];

/** Words of a code, or the code itself where a new one has none yet. */
const named = (family, code) => (has(`${family}.${code}`) ? t(`${family}.${code}`) : code);

function unratedWords(told) {
  const reason = told.unrated_reason;
  if (told.state === "void") return t("play.unrated.void", { reason: named("play.void", told.void_reason) });
  return t(reason === "not_disguised" ? "play.unrated.shown" : "play.unrated.silent");
}

const headlineOf = (told) => HEADLINES[told.score] || ["unrated", "flat", "○"];

function Headline({ told }) {
  const [key, look, mark] = headlineOf(told);
  const heading = useRef(null);
  // Who answered with the keyboard or hears the page is told at once.
  useEffect(() => heading.current.focus({ preventScroll: true }), []);
  return html`<div class="round-end"><h2 tabindex="-1" ref=${heading} class="text-${look}"><span aria-hidden="true">${mark}</span> ${t(`play.${key}`)}</h2>
    ${told.score === null && html`<p>${unratedWords(told)}</p>`}</div>`;
}

/** How a decision ended: at its target, at its stop, in time, or not begun. */
function endOf({ action, trade, r_multiple: r }) {
  if (trade) return t(`play.exit.${trade.exit_reason}`, { bars: t("play.bars", { n: trade.bars_held }) });
  return r === null || r === undefined ? t("play.exit.void") : t(action === "HOLD" ? "play.exit.hold" : "play.exit.out");
}

function Side({ name, side, children }) {
  const isSilent = side.action === null;
  const r = side.r_multiple;
  return html`<section class="duel-side" aria-label=${name}>
    <p class="duel-name">${name}</p>
    ${isSilent
      ? html`<p class="duel-action">${t("play.ai.silent")}</p><p class="fine">${named("play.silent", AI_SILENT.includes(side.reason) ? side.reason : "void")}</p>`
      : html`<p class="duel-action text-${actionTone(side.action)}"><span aria-hidden="true">${MARKS[side.action]}</span> ${t(`action.${side.action}`)}</p>
          <p class="duel-r text-${tone(r)}">${multiple(r)}</p>
          <p class="fine">${endOf(side)}</p>`}
    ${children}
  </section>`;
}

function Duel({ told }) {
  const { you, ai } = told;
  return html`<div class="duel">
    <${Side} name=${t("play.you")} side=${you} />
    <${Side} name=${t("play.ai")} side=${ai}>
      ${ai.action !== null && html`<p class="fine">${ai.confidence === null ? "" : t("play.ai.confidence", { n: ai.confidence })}</p>
        ${!ai.proven && ai.action !== "NO_TRADE" && html`<${Badge} kind="paper" />`}`}
    <//>
  </div>
  <p class="fine">${t("play.after_costs")} ${told.sides.long !== null && t("play.sides", { long: multiple(told.sides.long), short: multiple(told.sides.short) })}</p>`;
}

function Rating({ told }) {
  if (told.score === null) return null;
  const [before, after] = [told.rating_before, told.rating];
  const change = Math.round(after.rating) - Math.round(before.rating);
  return html`<p class="play-rating-change"><span>${t("play.rating")}</span>
    <b>${number(before.rating)} → ${number(after.rating)}</b>
    <span class="text-${tone(change)}"><span aria-hidden="true">${change > 0 ? "▲" : change < 0 ? "▼" : "●"}</span> ${change > 0 ? "+" : change < 0 ? "−" : ""}${number(Math.abs(change))}</span>
    <span class="fine">${t("play.rating.error", { error: number(2 * after.deviation) })}</span></p>`;
}

/** What was hidden. */
function Truth({ told }) {
  const regime = told.regime ? named("regime", told.regime) : t("play.unknown");
  return html`<section class="card"><h2>${t("play.truth")}</h2>
    <p class="lead"><a href=${href({ ticker: told.secid })} onClick=${follow({ ticker: told.secid })}>${told.secid}</a> <small>${told.name}</small></p>
    ${told.is_simulated && html`<${Badge} kind="simulated" />`}
    <dl class="figures">
      <${Figure} label=${t("play.when")} value=${moment(told.as_of)} kind="figure-wide" />
      <${Figure} label=${t("regime.title")} value=${regime} />
      <${Figure} label=${t("play.setup")} value=${named("play.setup", told.setup)} />
    </dl></section>`;
}

function Why({ ai, explanation }) {
  const parts = (explanation || "").split(/\n+/).filter(Boolean);
  if (ai.action === null || !parts.length) return null;
  return html`<section class="card"><h2>${t("play.why")}</h2>
    ${parts.map((part) => html`<p>${part}</p>`)}
    ${ai.model_version && html`<p class="fine">${t("play.model", { version: ai.model_version, until: moment(ai.trained_until, { withTime: false }) })}</p>`}
  </section>`;
}

/** How far the price went for and against an own trade before it ended. */
function Path({ trade }) {
  if (!trade) return null;
  return html`<dl class="figures">
    <${Figure} label=${t("play.best")} value=${fraction(trade.mfe_frac, { digits: 1, signed: true })} kind="mark-up" />
    <${Figure} label=${t("play.worst")} value=${fraction(trade.mae_frac, { digits: 1, signed: true })} kind="mark-down" />
  </dl>`;
}

/** The result of a round, all of it. */
export function Result({ told }) {
  return html`<section class="card call call-${headlineOf(told)[1]}">
      <${Headline} told=${told} />
      <${Duel} told=${told} />
      <${Path} trade=${told.you.trade} />
      <${Rating} told=${told} />
    </section>
    <${Truth} told=${told} />
    <${Why} ai=${told.ai} explanation=${told.explanation} />`;
}
