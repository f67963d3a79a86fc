/** One round of the game: what was wished for, dealt, chosen, answered and told. */
import { signal } from "./lib.js";
import { ask, send } from "./api.js";
import { roundBars } from "./play_chart.js";
import { haptic } from "./telegram.js";

export const ACTIONS = ["BUY", "SELL", "HOLD", "NO_TRADE"];
// Own levels in steps of an eighth of the usual ones; the API takes a quarter to four times of them.
const STEPS = { usual: 8, least: 3, most: 31 };
const AGAIN_MS = 3000; // the server's Date has whole seconds
const MOTIONLESS = window.matchMedia("(prefers-reduced-motion: reduce)");

/** lobby, dealing, open, sending, unjudged, told, late, answered or failed. */
export const phase = signal("lobby");
export const wish = signal({ difficulty: "normal", timeframe: "1h", regime: "", sector: "", disguise: true });
/** The round as dealt, with its bars and when it ends by our own clock. */
export const round = signal(null);
export const choice = signal(null); // { action, target, stop } in steps
export const told = signal(null);
export const problem = signal(null);
/** How many rounds have ended on this page: the standing is asked for anew after each. */
export const ended = signal(0);
/** Whether the future is there at once. */
export const atOnce = signal(false);

/** Ask for a round, or for the open one: until it has ended there is no other. */
export async function deal() {
  phase.value = "dealing";
  problem.value = null;
  try {
    const { difficulty, timeframe, regime, sector, disguise } = wish.value;
    const dealt = await ask("/training_scenario", { difficulty, timeframe, regime, sector, disguise: String(disguise) });
    round.value = {
      ...dealt,
      bars: roundBars(dealt.candles),
      // Dealt before: the open round comes back, whatever is wished for.
      isAgain: dealt.servedAt - Date.parse(dealt.served_at) > AGAIN_MS,
      // By the server's clock, because ours may go wrong.
      endsAt: dealt.receivedAt + Date.parse(dealt.expires_at) - dealt.servedAt,
      lasts: Date.parse(dealt.expires_at) - Date.parse(dealt.served_at),
    };
    choice.value = null;
    told.value = null;
    atOnce.value = MOTIONLESS.matches;
    phase.value = "open";
  } catch (found) {
    problem.value = found;
    phase.value = "failed";
  }
}

/** Choose an action; levels begin as the usual ones. */
export function choose(action) {
  if (phase.value !== "open" || (action === "SELL" && !round.value.may_sell)) return;
  problem.value = null;
  choice.value = { target: STEPS.usual, stop: STEPS.usual, ...choice.value, action };
  haptic();
}

/** Move a level by some steps. */
export function move(name, steps) {
  const value = choice.value[name] + steps;
  if (value < STEPS.least || value > STEPS.most) return;
  choice.value = { ...choice.value, [name]: value };
  haptic();
}

export const canMove = (name, steps) => choice.value[name] + steps >= STEPS.least && choice.value[name] + steps <= STEPS.most;
export const isUsual = ({ target, stop }) => target === STEPS.usual && stop === STEPS.usual;

/** Back to the usual levels. */
export function reset() {
  choice.value = { ...choice.value, target: STEPS.usual, stop: STEPS.usual };
}

/** The chosen levels as fractions of the price and as prices of the chart; null without a trade. */
export function levelsOf(dealt, chosen) {
  if (!dealt || !chosen || (chosen.action !== "BUY" && chosen.action !== "SELL")) return null;
  const sign = chosen.action === "BUY" ? 1 : -1;
  const gain = (dealt.take_profit_frac * chosen.target) / STEPS.usual;
  const loss = (dealt.stop_loss_frac * chosen.stop) / STEPS.usual;
  const { close } = dealt.bars[dealt.bars.length - 1];
  return { gain, loss, takeProfit: close * (1 + sign * gain), stopLoss: close * (1 - sign * loss) };
}

const MISSED = { late: "late", answered: "answered" };

/** Send the chosen answer; sent again after nobody could judge it, it is the same one. */
export async function answer() {
  const [dealt, chosen] = [round.value, choice.value];
  const levels = isUsual(chosen) ? null : levelsOf(dealt, chosen);
  const isAgain = phase.value === "unjudged";
  const taken_s = Math.min(86400, Math.max(0, (dealt.lasts - (dealt.endsAt - Date.now())) / 1000));
  phase.value = "sending";
  problem.value = null;
  try {
    const found = await send("POST", "/training_answer", {
      scenario_id: dealt.scenario_id,
      action: chosen.action,
      ...(levels && { take_profit: levels.takeProfit, stop_loss: levels.stopLoss }),
      taken_s: chosen.taken_s ?? taken_s,
    });
    told.value = { ...found, after: roundBars(found.candles_after) };
    phase.value = "told";
  } catch (found) {
    problem.value = found;
    choice.value = { ...chosen, taken_s: chosen.taken_s ?? taken_s };
    if (found.code in MISSED) end(MISSED[found.code]);
    else if (found.status === 422 && !isAgain) phase.value = "open";
    else phase.value = "unjudged";
  }
}

/** The round is over without a reveal. */
export function end(how) {
  phase.value = how;
  ended.value += 1;
  haptic("warning");
}

/** The future is there: say by touch how it went. */
export function revealed() {
  if (told.value.isSeen) return;
  told.value.isSeen = true;
  atOnce.value = true;
  ended.value += 1;
  haptic({ 1: "success", 0: "error" }[told.value.score] || "warning");
}

/** Back to the beginning. */
export function leave() {
  phase.value = "lobby";
  round.value = null;
  choice.value = null;
  told.value = null;
  problem.value = null;
}
