/** A trade held against the market, the reader's money and the reader's own state, as one types. */
import { html, signal, useEffect, useRef, useState } from "./lib.js";
import { changeMe } from "./account.js";
import { call, forgetAnswers } from "./api.js";
import { fieldProblem, otherProblem, typedNumber } from "./forms.js";
import { has, language, number, percent, price, roubles, t } from "./i18n.js";
import { InstrumentPicker } from "./picker.js";
import { haptic } from "./telegram.js";
import { lastWords, numberProblem, Quantity, stopProblem, tickerProblem, useShare } from "./trade_fields.js";
import { Failure, Field, Figure, Segments, Skeleton, toast } from "./ui.js";

const PAUSE_MS = 450;
const MARKS = { ok: "✓", caution: "!", hard_warning: "✕" };
const LOOKS = { ok: "up", caution: "caution", hard_warning: "down" };
const ASKED = ["secid", "qty", "amount", "price", "stop"];
/** What was asked last, so that it is there when the reader comes back from another tab. */
const draft = signal({ secid: "", side: "BUY", qty: "", unit: "lots", price: "", stop: "" });

/** What is asked of the server; null while it is not whole. */
function questionOf(form) {
  const qty = typedNumber(form.qty);
  if (!form.secid || numberProblem(form.qty, { whole: true })) return null;
  if (numberProblem(form.price, { needed: false }) || numberProblem(form.stop, { needed: false })) return null;
  const question = { secid: form.secid, side: form.side, qty, qty_unit: form.unit };
  const [at, stop] = [typedNumber(form.price), typedNumber(form.stop)];
  return { ...question, ...(at === null ? {} : { price: at }), ...(stop === null ? {} : { stop }) };
}

/** The server's answer to the newest question: an older one that comes late is thrown away. */
function useAnswer(question, turn) {
  const text = question && JSON.stringify(question);
  const [state, setState] = useState({ text: null, answer: null, problem: null });
  const said = useRef("");
  useEffect(() => {
    if (!text) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      call("/pre_trade_check", { method: "POST", body: JSON.parse(text), signal: controller.signal }).then(
        (answer) => {
          if (controller.signal.aborted) return;
          setState({ text, answer, problem: null });
          if (answer.verdict !== said.current) haptic({ ok: "success", caution: "warning", hard_warning: "error" }[answer.verdict]);
          said.current = answer.verdict;
        },
        (problem) => problem.name !== "AbortError" && !controller.signal.aborted && setState({ text, answer: null, problem }),
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text, language.value, turn]);
  return { ...state, isCurrent: state.text === text, asked: Boolean(text) };
}

/** A loss with its part of the capital; the words say what it is a loss of. */
function Loss({ label, loss, note = "", none = "" }) {
  if (!loss) return html`<${Figure} label=${label} value="–" note=${none} />`;
  const part = loss.pct === null ? "" : t("check.of_capital", { pct: percent(loss.pct, { digits: 2, signed: false }) });
  return html`<${Figure} label=${label} value=${roubles(-loss.rub)} note=${[part, note].filter(Boolean).join(" · ")} kind=${loss.rub > 0 ? "mark-down" : ""} />`;
}

function badCaseNote(bad) {
  if (!bad) return "";
  const inDays = t("horizon.days", { n: bad.days });
  return bad.basis === "signal" ? t("check.bad.signal", { days: inDays }) : t("check.bad.history", { days: inDays, n: bad.n_moves, count: number(bad.n_moves) });
}

/** The part of the capital that would lie in the share, with what is held of it already. */
function positionNote({ position_pct: pct, capital, value }) {
  if (pct === null) return "";
  const isMore = Math.abs(pct - (100 * value) / capital) >= 0.05;
  return t(isMore ? "check.position" : "check.of_capital", { pct: percent(pct, { digits: 1, signed: false }) });
}

function Sane({ size, unit, onTake }) {
  if (!size) return null;
  if (!size.lots) return html`<${Figure} label=${t("check.sane")} value=${t("check.sane.none")} kind="figure-wide" />`;
  const value = html`${t("call.size.lots", { n: size.lots, count: number(size.lots) })}
    <button class="link inline" onClick=${() => onTake(unit === "lots" ? size.lots : size.shares)}>${t("check.sane.take")}</button>`;
  return html`<${Figure} label=${t("check.sane")} value=${value} note=${t("call.size.shares", { n: size.shares, count: number(size.shares) })} kind="figure-wide" />`;
}

/** The reader's own state: what is unusual about the last day. */
function Tilt({ tilt }) {
  const parts = [
    tilt.losses_rub > 0 && t("check.tilt.losses", { sum: roubles(tilt.losses_rub) }),
    tilt.losses_in_a_row > 1 && t("check.tilt.row", { n: tilt.losses_in_a_row }),
    t(tilt.usual_entries === null ? "check.tilt.entries.new" : "check.tilt.entries", { n: tilt.entries, usual: number(tilt.usual_entries, 1) }),
    tilt.size_ratio !== null && t("check.tilt.size", { ratio: number(tilt.size_ratio, 1) }),
  ].filter(Boolean);
  return html`<div class="tilt"><p class="even-head"><span>${t("check.tilt")}</span><b>${t("check.tilt.score", { score: tilt.score })}</b></p>
    <div class="even-bar" aria-hidden="true"><div class="even-fill ${tilt.score >= 60 ? "fill-down" : "fill-flat"}" style=${{ width: `${tilt.score}%` }}></div></div>
    <p class="fine">${parts.join(" · ")}</p></div>`;
}

/** Asks for the capital where percentages and a sane size need it. */
function Capital({ onTold }) {
  const [text, setText] = useState("");
  const [state, setState] = useState({ busy: false, problem: null });
  const wrong = text ? numberProblem(text) : "";
  const tell = async (event) => {
    event.preventDefault();
    if (numberProblem(text)) return;
    setState({ busy: true, problem: null });
    try {
      await changeMe({ capital_rub: typedNumber(text) });
      forgetAnswers("portfolio|");
      toast(t("check.capital.told"));
      onTold();
    } catch (problem) {
      setState({ busy: false, problem });
    }
  };
  return html`<form class="card capital" onSubmit=${tell} novalidate>
    <h2>${t("check.capital")}</h2><p class="fine">${t("check.capital.why")}</p>
    <div class="field-pair"><${Field} name="check-capital" label=${t("check.capital.label")} value=${text} onInput=${setText} inputmode="decimal" suffix="₽" autocomplete="off"
      error=${wrong || fieldProblem(state.problem, "capital_rub") || otherProblem(state.problem, ["capital_rub"])} />
      <button class="button" disabled=${state.busy || !text || Boolean(wrong)}>${t("action.save")}</button></div>
  </form>`;
}

function Verdict({ answer, isCurrent, unit, onTake }) {
  const look = LOOKS[answer.verdict];
  const reasons = answer.reasons.filter((reason) => reason.code !== "capital_unknown");
  return html`<section class="card check-verdict verdict-${look} ${isCurrent ? "" : "is-old"}" aria-busy=${String(!isCurrent)} aria-labelledby="verdict-title">
    <p class="verdict-head"><span class="verdict-mark" aria-hidden="true">${MARKS[answer.verdict]}</span>
      <span><b id="verdict-title">${answer.verdict_text}</b>
      <small>${t(`action.${answer.side}`)} ${answer.secid} · ${t("call.size.shares", { n: answer.shares, count: number(answer.shares) })} × ${price(answer.price)}${answer.price_is_given ? "" : ` (${t("check.last")})`}</small></span></p>
    ${reasons.length > 0 && html`<ul class="reasons">${reasons.map(
      (reason) => html`<li key=${reason.code} class="level-${reason.level}"><span aria-hidden="true">${MARKS[reason.level]} </span><span class="unseen">${t(`check.level.${reason.level}`)}: </span>${reason.text}</li>`,
    )}</ul>`}
    <dl class="figures">
      <${Loss} label=${t("check.stop_loss")} loss=${answer.loss_at_stop} none=${t("check.stop.none")} />
      <${Loss} label=${t("check.bad")} loss=${answer.loss_bad_case} note=${badCaseNote(answer.loss_bad_case)} none=${t("check.bad.none")} />
      <${Figure} label=${t("form.worth")} value=${roubles(answer.value)} note=${positionNote(answer)} />
      <${Figure} label=${t("check.cost")} value=${roubles(answer.cost, { digits: 2 })} note=${t("check.cost.both")} />
      <${Sane} size=${answer.sane_size} unit=${unit} onTake=${onTake} />
    </dl>
    <${Tilt} tilt=${answer.tilt} />
    ${answer.capital !== null && html`<p class="fine">${t("check.capital.used", { sum: roubles(answer.capital) })}</p>`}
    <p class="fine">${answer.signal ? t("check.signal", { action: t(`action.${answer.signal.action}`) }) : t("check.signal.none")}
      ${answer.regime && has(`regime.${answer.regime}`) && ` · ${t("regime.chip", { name: t(`regime.${answer.regime}`).toLowerCase() })}`}</p>
  </section>`;
}

function Form({ form, set, share, problem }) {
  const at = typedNumber(form.price) || (share.last && share.last.close);
  return html`<section class="card check-form" aria-label=${t("coach.view.check")}>
    <${InstrumentPicker} name="check-secid" label=${t("form.share")} secid=${form.secid} onPick=${set("secid")} error=${tickerProblem(share) || fieldProblem(problem, "secid")} />
    <${Segments} label=${t("form.side")} value=${form.side} onChange=${set("side")} options=${[["BUY", t("action.BUY")], ["SELL", t("action.SELL")]]} />
    <${Quantity} name="check-qty" value=${form.qty} onInput=${set("qty")} unit=${form.unit} onUnit=${set("unit")} facts=${share.facts}
      error=${(form.qty && numberProblem(form.qty, { whole: true })) || fieldProblem(problem, "qty", "amount")} />
    <div class="field-two"><${Field} name="check-price" label=${t("check.price")} value=${form.price} onInput=${set("price")} inputmode="decimal" suffix="₽" autocomplete="off"
        placeholder=${share.last ? number(share.last.close, share.facts.decimals) : ""} error=${numberProblem(form.price, { needed: false }) || fieldProblem(problem, "price")} />
      <${Field} name="check-stop" label=${t("form.stop")} value=${form.stop} onInput=${set("stop")} inputmode="decimal" suffix="₽" autocomplete="off"
        error=${stopProblem(form.stop, at, form.side === "BUY") || fieldProblem(problem, "stop")} /></div>
    ${share.last && !form.price && html`<p class="fine">${lastWords(share)}</p>`}
  </section>`;
}

/** The part of the screen. */
export function Check({ ticker, side }) {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (ticker && ticker !== draft.value.secid) draft.value = { ...draft.value, secid: ticker, price: "", stop: "", side: side === "SELL" ? "SELL" : "BUY" };
  }, [ticker]);
  const form = draft.value;
  const set = (name) => (value) => {
    const changed = name === "secid" && value !== form.secid ? { price: "", stop: "" } : {};
    draft.value = { ...draft.value, [name]: value, ...changed };
  };
  const share = useShare(form.secid);
  const { answer, problem, isCurrent, asked } = useAnswer(questionOf(form), turn);
  const fresh = isCurrent ? problem : null;
  const rest = fresh && otherProblem(fresh, ASKED);
  return html`<div class="two"><div class="two-side"><${Form} form=${form} set=${set} share=${share} problem=${fresh} /></div>
    <div class="two-side"><div class="two-side" aria-live="polite">
      ${!asked && html`<section class="card state"><div class="state-mark" aria-hidden="true">?</div><h2>${t("check.empty")}</h2><p>${t("check.empty.text")}</p></section>`}
      ${asked && !answer && !fresh && html`<${Skeleton} heights=${[96, 176]} />`}
      ${asked && rest && html`<${Failure} problem=${fresh} onRetry=${() => setTurn(turn + 1)} />`}
      ${asked && answer && html`<${Verdict} answer=${answer} isCurrent=${isCurrent} unit=${form.unit} onTake=${(size) => set("qty")(String(size))} />`}
      </div>
      ${answer && asked && answer.capital === null && html`<${Capital} onTold=${() => setTurn(turn + 1)} />`}
    </div></div>`;
}
