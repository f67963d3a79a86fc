/** The game: a hidden moment of history, four answers, and what happened then. */
import { html, signal, useEffect, useRef, useState } from "./lib.js";
import { fraction, has, number, percent, t } from "./i18n.js";
import { PlayChart } from "./play_chart.js";
import { Standing } from "./play_rating.js";
import { Result } from "./play_result.js";
import { ACTIONS, answer, atOnce, canMove, choice, choose, deal, end, isUsual, leave, levelsOf, move, phase, problem, reset, revealed, round, told, wish } from "./play_round.js";
import { actionTone, Badge, Empty, Failure, MainButton, MARKS, ScreenHead, Segments, Select, Skeleton, Switch, wordsOf } from "./ui.js";

const DIFFICULTIES = ["easy", "normal", "hard"];
const TIMEFRAMES = ["5m", "1h", "1d"];
const REGIMES = ["uptrend", "downtrend", "flat", "panic", "euphoria", "news_storm"];
const SECTORS = ["oil_gas", "metals", "finance", "retail", "it", "construction", "telecom", "transport", "chemicals", "power", "consumer", "industry", "health", "holding"];
const SPOKEN = [60, 30, 10]; // seconds left that a screen reader says
const HURRY_S = 10;
const RANGE_BARS = 14;
const LIVELY = 1.3; // times the usual range of a bar
const CALM = 0.75;
const NOTHING = [];

const seen = signal(false); // whether the future is drawn to its end

function Wishes() {
  const [open, setOpen] = useState(false);
  const set = (name) => (value) => (wish.value = { ...wish.value, [name]: value });
  const named = (codes, family) => [["", t("play.any")], ...codes.map((code) => [code, t(`${family}.${code}`)])];
  const { difficulty, timeframe, regime, sector, disguise } = wish.value;
  return html`<section class="card">
    <h2>${t("play.lobby.title")}</h2>
    <p>${t("play.lobby.text")}</p>
    <${Segments} label=${t("play.difficulty")} value=${difficulty} onChange=${set("difficulty")} options=${DIFFICULTIES.map((key) => [key, t(`play.difficulty.${key}`)])} />
    <p class="fine">${t(`play.difficulty.${difficulty}.means`)}</p>
    <button class="link" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>${t(open ? "play.wishes.less" : "play.wishes.more")}</button>
    ${open && html`<div class="play-wishes">
      <div><p class="fine" aria-hidden="true">${t("play.timeframe")}</p><${Segments} label=${t("play.timeframe")} value=${timeframe} onChange=${set("timeframe")} options=${TIMEFRAMES.map((key) => [key, t(`play.timeframe.${key}`)])} /></div>
      <${Select} name="play-regime" label=${t("regime.title")} value=${regime} onChange=${set("regime")} options=${named(REGIMES, "regime")} />
      <${Select} name="play-sector" label=${t("play.sector")} value=${sector} onChange=${set("sector")} options=${named(SECTORS, "sector")} />
      <${Switch} label=${t("play.disguise")} note=${t(disguise ? "play.disguise.on" : "play.disguise.off")} checked=${disguise} onChange=${set("disguise")} />
    </div>`}
  </section>`;
}

/** The time left: a bar, a clock, and words at a few moments. */
function Countdown({ dealt }) {
  const [left, setLeft] = useState(() => Math.ceil((dealt.endsAt - Date.now()) / 1000));
  const [said, setSaid] = useState("");
  useEffect(() => {
    const tick = () => {
      const now = Math.ceil((dealt.endsAt - Date.now()) / 1000);
      setLeft(now);
      const word = SPOKEN.find((seconds) => seconds === now);
      if (word) setSaid(t("play.left.said", { n: word }));
      if (now <= 0 && phase.value === "open") end("late");
    };
    const timer = setInterval(tick, 250);
    return () => clearInterval(timer);
  }, [dealt]);
  const shown = Math.max(0, left);
  const hurry = shown <= HURRY_S;
  return html`<div class="countdown ${hurry ? "countdown-hurry" : ""}">
    <span class="countdown-clock" role="timer" aria-label=${t("play.left")}>${hurry ? "! " : ""}${Math.floor(shown / 60)}:${String(shown % 60).padStart(2, "0")}</span>
    <span class="countdown-rail" aria-hidden="true"><span style=${{ transform: `scaleX(${Math.min(1, (shown * 1000) / dealt.lasts)})` }}></span></span>
    <span class="unseen" role="status">${said}</span>
  </div>`;
}

/** How wide the last bars were beside the usual ones, from what is shown alone. */
function volatilityOf(bars) {
  const ranges = bars.map((bar) => (bar.high - bar.low) / bar.close);
  const mean = ranges.slice(-RANGE_BARS).reduce((sum, one) => sum + one, 0) / RANGE_BARS;
  const middle = [...ranges].sort((a, b) => a - b)[Math.floor(ranges.length / 2)] || mean;
  const kind = mean > LIVELY * middle ? "high" : mean < CALM * middle ? "low" : "usual";
  return t(`play.volatility.${kind}`, { range: percent(mean * 100, { digits: 1, signed: false }) });
}

/** The last bar's weekday and hour: they are the real ones. */
function hourOf(dealt) {
  const options = { timeZone: "UTC", weekday: "short", ...(dealt.timeframe !== "1d" && { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) };
  const words = new Date(dealt.bars[dealt.bars.length - 1].time * 1000).toLocaleString(document.documentElement.lang, options);
  return dealt.timeframe === "1d" ? words : `${words} ${t("unit.msk")}`;
}

function Context({ dealt }) {
  const facts = dealt.disguised ? [] : [`${dealt.secid} · ${dealt.name}`];
  facts.push(`${t("play.timeframe")}: ${t(`play.timeframe.${dealt.timeframe}`)}`, t("play.lasts", { horizon: horizonWords(dealt.horizon) }), volatilityOf(dealt.bars), hourOf(dealt));
  const { tags } = dealt;
  if (dealt.disguised) facts.push(t("play.disguised"));
  if (!tags) facts.push(t("play.tags.none"));
  if (tags && tags.regime) facts.unshift(has(`regime.${tags.regime}`) ? t(`regime.${tags.regime}`) : tags.regime);
  if (tags) for (const type of tags.news_types) facts.push(t("play.news", { type: has(`play.news.${type}`) ? t(`play.news.${type}`) : type }));
  return html`<ul class="round-facts" tabindex="0" aria-label=${t("play.context")}>${facts.map((fact) => html`<li class="round-fact">${fact}</li>`)}
    ${dealt.is_simulated && html`<li><${Badge} kind="simulated" /></li>`}</ul>
    ${dealt.isAgain && html`<p class="fine">${t("play.again")}</p>`}`;
}

function horizonWords(horizon) {
  const n = parseInt(horizon, 10);
  return t(`play.horizon.${horizon.endsWith("min") ? "min" : horizon.endsWith("bars") ? "bars" : "days"}`, { n });
}

function Choices({ dealt }) {
  const chosen = choice.value && choice.value.action;
  return html`<div class="choices" role="group" aria-label=${t("play.choices")}>
    ${ACTIONS.map((action, at) => {
      const isBarred = action === "SELL" && !dealt.may_sell;
      return html`<button class="choice choice-${actionTone(action)}" aria-pressed=${String(chosen === action)} aria-keyshortcuts=${at + 1}
        disabled=${isBarred || phase.value !== "open"} onClick=${() => choose(action)}>
        <span class="choice-mark" aria-hidden="true">${MARKS[action]}</span>
        <span class="choice-word">${t(`action.${action}`)}${isBarred && html`<small>${t("play.no_short")}</small>`}</span>
        <kbd aria-hidden="true">${at + 1}</kbd>
      </button>`;
    })}
  </div>`;
}

function Stepper({ name, label, value, kind }) {
  const button = (steps, mark) => html`<button class="step" disabled=${!canMove(name, steps) || phase.value !== "open"} onClick=${() => move(name, steps)}
    aria-label=${t(steps > 0 ? "play.step.more" : "play.step.less", { label })}>${mark}</button>`;
  return html`<div class="stepper mark-${kind}"><span class="grow">${label}</span>${button(-1, "−")}<output aria-live="polite">${value}</output>${button(1, "+")}</div>`;
}

/** Target and stop of a trade, and what the target is worth in stops. */
function Levels({ dealt }) {
  const levels = levelsOf(dealt, choice.value);
  const box = useRef(null);
  useEffect(() => levels && box.current.scrollIntoView({ block: "nearest" }), [levels === null]);
  if (!levels) return null;
  const sign = choice.value.action === "BUY" ? 1 : -1;
  const away = (frac) => fraction(frac, { digits: 2, signed: true });
  return html`<section class="card play-levels" ref=${box} aria-label=${t("play.levels")}>
    <div class="steppers">
      <${Stepper} name="target" label=${t("play.target")} value=${away(sign * levels.gain)} kind="up" />
      <${Stepper} name="stop" label=${t("play.stop")} value=${away(-sign * levels.loss)} kind="down" />
    </div>
    <p class="fine play-ratio"><span>${t("play.ratio", { r: number(levels.gain / levels.loss, 1) })}</span>
      ${isUsual(choice.value) ? html`<span>${t("play.usual")}</span>` : html`<button class="link" onClick=${reset}>${t("play.usual.again")}</button>`}</p>
    ${problem.value && problem.value.status === 422 && html`<p class="field-error" role="alert">${wordsOf(problem.value)}</p>`}
  </section>`;
}

function onKey(event) {
  const busy = event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog");
  const action = ACTIONS[Number(event.key) - 1];
  if (busy || !action || phase.value !== "open") return;
  choose(action);
  // Enter then sends the answer.
  setTimeout(() => document.querySelector(".main-button button")?.focus(), 0);
}

function Deciding({ dealt }) {
  useEffect(() => {
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  const chosen = choice.value;
  return html`<${Choices} dealt=${dealt} />
    <${Levels} dealt=${dealt} />
    <${MainButton} text=${phase.value === "sending" ? t("play.sending") : chosen ? t("play.answer", { action: t(`action.${chosen.action}`) }) : t("play.choose")}
      enabled=${Boolean(chosen)} busy=${phase.value === "sending"} onPress=${answer} />`;
}

function Over() {
  const kind = phase.value;
  return html`<${Empty} title=${t(`play.${kind}.title`)} text=${t(`play.${kind}.text`)}><button class="link" onClick=${leave}>${t("play.back")}</button><//>
    <${MainButton} text=${t("play.next")} onPress=${deal} />`;
}

/** The answer was taken and nobody judged it in time: it is kept and may be sent again. */
function Unjudged() {
  const found = problem.value;
  return html`<section class="card state" role="alert"><div class="state-mark" aria-hidden="true">!</div><h2>${t("play.unjudged.title")}</h2>
    <p>${t(found && found.status === 503 ? "play.unjudged.text" : "play.unjudged.unsure")}</p>
    ${found && found.requestId && html`<p class="fine">request_id ${found.requestId}</p>`}
    <button class="link" onClick=${leave}>${t("play.back")}</button></section>
    <${MainButton} text=${t("play.unjudged.again")} onPress=${answer} />`;
}

function NoMoment() {
  const found = problem.value;
  if (found.code !== "no_moment" && found.status !== 422 && found.code !== "not_ready") return html`<${Failure} problem=${found} onRetry=${deal} />`;
  const text = found.code === "no_moment" ? t("play.no_moment.text") : found.code === "not_ready" ? t("play.not_ready.text") : wordsOf(found);
  return html`<${Empty} title=${t("play.no_moment.title")} text=${text}><button class="button" onClick=${leave}>${t("play.no_moment.again")}</button><//>`;
}

function Round({ dealt }) {
  const found = told.value;
  const onDone = () => {
    seen.value = true;
    revealed();
  };
  useEffect(() => {
    if (!found) seen.value = false;
  }, [found]);
  const isOpen = phase.value === "open" || phase.value === "sending";
  return html`<div class="play-round">
    <section class="card card-chart" aria-label=${t("play.chart")}>
      <${PlayChart} deal=${dealt} bars=${dealt.bars} levels=${levelsOf(dealt, choice.value)} reveal=${found} after=${found ? found.after : NOTHING} atOnce=${atOnce.value} onDone=${onDone} />
    </section>
    <div class="play-side">
      ${!found && html`<${Context} dealt=${dealt} />`}
      ${isOpen && html`<${Deciding} dealt=${dealt} />`}
      ${phase.value === "unjudged" && html`<${Unjudged} />`}
      ${found && !seen.value && html`<button class="button button-quiet" onClick=${() => (atOnce.value = true)}>${t("play.skip")}</button>`}
      ${found && seen.value && html`<${Result} told=${found} />
        <button class="link" onClick=${leave}>${t("play.back")}</button>
        <${MainButton} text=${t("play.next")} onPress=${deal} />`}
    </div>
  </div>`;
}

/** The fourth screen. */
export function PlayScreen() {
  const dealt = round.value;
  const now = phase.value;
  const isRound = dealt && ["open", "sending", "unjudged", "told"].includes(now);
  const isTicking = now === "open" || now === "sending";
  return html`<main class="screen play" id="main">
    <${ScreenHead} title=${t("play.title")}>${isTicking && html`<${Countdown} key=${dealt.scenario_id} dealt=${dealt} />`}<//>
    ${now === "dealing" && html`<${Skeleton} heights=${[320, 32, 128]} />`}
    ${now === "failed" && html`<${NoMoment} />`}
    ${(now === "late" || now === "answered") && html`<${Over} />`}
    ${isRound && html`<${Round} key=${dealt.scenario_id} dealt=${dealt} />`}
    ${!isRound && now !== "dealing" && html`<div class="play-lobby">
      ${now === "lobby" && html`<div class="play-side play-begin"><${Wishes} /><${MainButton} text=${t("play.deal")} onPress=${deal} /></div>`}
      <${Standing} /></div>`}
  </main>`;
}
