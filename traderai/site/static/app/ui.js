/** Small parts that every screen is made of. */
import { html, signal, useEffect, useRef, useState } from "./lib.js";
import { online } from "./api.js";
import { ago, has, moment, t } from "./i18n.js";
import { arrival, back, holdBack } from "./router.js";
import { haptic, insideTelegram, mainButton } from "./telegram.js";

/** The mark of an action or a movement besides its colour. */
export const MARKS = { BUY: "▲", SELL: "▼", HOLD: "●", NO_TRADE: "⊘", NONE: "–" };

/** "up", "down" or "flat" for a class name. */
export const tone = (value) => (value > 0 ? "up" : value < 0 ? "down" : "flat");
export const actionTone = (action) => ({ BUY: "up", SELL: "down", HOLD: "flat" })[action] || "none";

/** A screen's heading: it takes the focus when the reader comes from another screen, so that a screen reader says it. */
export function Title({ children }) {
  const heading = useRef(null);
  useEffect(() => {
    document.title = `${heading.current.textContent} · TraderAI`;
    if (arrival.pending) heading.current.focus({ preventScroll: true });
  }, [children]);
  return html`<h1 tabindex="-1" ref=${heading}>${children}</h1>`;
}

/** The head of a screen: its title, what belongs beside it, and the way back where it has no tab of its own. */
export function ScreenHead({ title, withBack = false, children }) {
  return html`<div class="screen-head">
    ${withBack && html`<${BackLink} />`}
    <div class="grow"><${Title}>${title}<//></div>
    ${children}
  </div>`;
}

/** Our own way back; inside Telegram its own button stands for it. */
export function BackLink() {
  return html`<button class="back" onClick=${back} aria-label=${t("action.back")}><span aria-hidden="true">‹</span></button>`;
}

/** A sheet that slides in from below; `onClose` is called once, however it was closed. */
export function Sheet({ title, onClose, children }) {
  const box = useRef(null);
  useEffect(() => {
    const dialog = box.current;
    dialog.showModal();
    return holdBack(() => dialog.close());
  }, []);
  const outside = (event) => event.target === box.current && box.current.close();
  return html`<dialog class="sheet" ref=${box} onClose=${onClose} onClick=${outside} aria-label=${title}>
    <div class="sheet-body">
      <h2 tabindex="-1" autofocus>${title}</h2>
      ${children}
      <button class="button button-quiet wide" type="button" onClick=${() => box.current.close()}>${t("sheet.close")}</button>
    </div>
  </dialog>`;
}

/** A word in a box that says on a tap what it means. */
export function Badge({ kind, label, note }) {
  const [open, setOpen] = useState(false);
  const name = label || t(`badge.${kind}`);
  return html`<button class="badge badge-${kind}" onClick=${() => setOpen(true)} aria-haspopup="dialog">${name}</button>
    ${open && html`<${Sheet} title=${name} onClose=${() => setOpen(false)}><p>${note || t(`badge.${kind}.why`)}</p><//>`}`;
}

/** The badges of where a call comes from: SIMULATED, REPLAY, PAPER. */
export function OriginBadges({ origin }) {
  return html`<span class="badges">
    ${origin.simulated && html`<${Badge} kind="simulated" />`}
    ${origin.replay && html`<${Badge} kind="replay" />`}
    ${origin.paper && html`<${Badge} kind="paper" />`}
  </span>`;
}

const CLOSED_S = 5 * 86400; // no closure of the exchange explains older data

/** What is said when the data are old; `session` is the exchange's where it is known. */
export function StaleNote({ dataAt, ageSeconds, expired, session }) {
  const isClosed = session && !session.code && ageSeconds < CLOSED_S;
  return html`<div class="note note-stale" role="status">
    <span aria-hidden="true">◷</span>
    <span><b>${t(expired ? "stale.expired" : "stale.title")}</b> ${t(isClosed ? "stale.closed" : "stale.text", { when: moment(dataAt), ago: ago(ageSeconds) })}</span>
  </div>`;
}

/** What to tell the reader of a problem of the API. */
export function wordsOf(problem) {
  const key = `problem.${problem.code}`;
  return has(key) ? t(key) : problem.message || t("problem.unknown");
}

/** What happened and what one can do: ask again, unless `action` names something better. */
export function Failure({ problem, onRetry, action = t("action.retry") }) {
  const text = wordsOf(problem);
  return html`<section class="card state" role="alert">
    <div class="state-mark" aria-hidden="true">!</div>
    <h2>${t(problem.status === 0 ? "problem.offline.title" : problem.code === "not_ready" ? "problem.not_ready.title" : "problem.title")}</h2>
    <p>${text}</p>
    <button class="button" onClick=${onRetry}>${action}</button>
    ${problem.requestId && html`<p class="fine">request_id ${problem.requestId}</p>`}
  </section>`;
}

/** Nothing to show, and why. */
export function Empty({ title, text, children }) {
  return html`<section class="card state"><div class="state-mark" aria-hidden="true">○</div><h2>${title}</h2><p>${text}</p>${children}</section>`;
}

/** The three states of a resource: its shape while it loads, what went wrong, or `children(data)`.
 *
 * Data that could not be loaded anew stay and are marked as old.
 */
export function Loaded({ from, heights, children }) {
  const { data, problem, loading, reload } = from;
  if (loading) return html`<${Skeleton} heights=${heights} />`;
  if (!data) return html`<${Failure} problem=${problem} onRetry=${reload} />`;
  return html`${problem && html`<${KeptNote} problem=${problem} data=${data} onRetry=${reload} />`}${children(data)}`;
}

/** What is said above data that could not be loaded anew. */
export function KeptNote({ problem, data, onRetry }) {
  // Without a network the banner of the whole page says it.
  if (problem.status === 0 && !online.value) return null;
  return html`<div class="note note-stale" role="status"><span aria-hidden="true">◷</span>
    <span class="grow">${t("kept.text", { when: moment(new Date(data.receivedAt).toISOString()) })} ${wordsOf(problem)}
      ${problem.requestId && html`<span class="fine-inline">request_id ${problem.requestId}</span>`}</span>
    <button class="link" onClick=${onRetry}>${t("action.retry")}</button></div>`;
}

/** The shape of what is being loaded. */
export function Skeleton({ heights }) {
  return html`<div class="skeletons" role="status" aria-label=${t("state.loading")}>
    ${heights.map((height) => html`<div class="skeleton" style=${{ height: `${height}px` }}></div>`)}
  </div>`;
}

/** Do what was chosen, and let it be felt. */
export function chosen(run) {
  haptic();
  run();
}

/** A choice of one among few. */
export function Segments({ label, options, value, onChange }) {
  return html`<div class="segments" role="group" aria-label=${label}>
    ${options.map(
      ([key, name]) =>
        html`<button class="segment" aria-pressed=${String(value === key)} onClick=${() => chosen(() => onChange(key))}>${name}</button>`,
    )}
  </div>`;
}

/** A term with its figure. */
export function Figure({ label, value, note, kind = "" }) {
  return html`<div class="figure ${kind}"><dt>${label}</dt><dd>${value}${note && html`<small>${note}</small>`}</dd></div>`;
}

/** One field of a form with its words, a hint and what is wrong with it. Further properties go to the input. */
export function Field({ name, label, value, onInput, error = "", hint = "", suffix = "", ...rest }) {
  const about = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(" ");
  return html`<div class="field">
    <label for=${name}>${label}</label>
    <span class="field-box"><input class="input" id=${name} name=${name} value=${value} onInput=${(event) => onInput(event.target.value)}
      aria-invalid=${error ? "true" : undefined} aria-describedby=${about || undefined} ...${rest} />
      ${suffix && html`<span class="field-suffix" aria-hidden="true">${suffix}</span>`}</span>
    ${hint && html`<p class="fine" id=${`${name}-hint`}>${hint}</p>`}
    ${error && html`<p class="field-error" id=${`${name}-error`} role="alert">${error}</p>`}
  </div>`;
}

/** A choice of one among many; options are [value, words]. */
export function Select({ name, label, value, options, onChange, error = "" }) {
  return html`<div class="field"><label for=${name}>${label}</label>
    <select class="input" id=${name} value=${value} onChange=${(event) => onChange(event.target.value)} aria-invalid=${error ? "true" : undefined}>
      ${options.map(([key, words]) => html`<option value=${key}>${words}</option>`)}
    </select>
    ${error && html`<p class="field-error" role="alert">${error}</p>`}</div>`;
}

/** A setting that is on or off. */
export function Switch({ label, note = "", checked, onChange }) {
  return html`<label class="switch"><span class="grow">${label}${note && html`<small>${note}</small>`}</span>
    <input type="checkbox" role="switch" checked=${checked} onChange=${(event) => chosen(() => onChange(event.target.checked))} /></label>`;
}

/** The one thing to do on a screen: Telegram's main button, or our own above the tabs. */
export function MainButton({ text, onPress, enabled = true, busy = false }) {
  useEffect(() => {
    mainButton(text, onPress, { enabled, busy });
  });
  useEffect(() => () => mainButton("", null), []);
  if (insideTelegram) return null;
  return html`<div class="main-button"><button class="button wide" disabled=${!enabled || busy} aria-busy=${busy ? "true" : undefined} onClick=${onPress}>${text}</button></div>`;
}

const toasts = signal([]);

/** Say a result for some seconds; `kind` is "success", "warning" or "error". `doing` is an optional { label, run }. */
export function toast(text, kind = "success", doing = null) {
  const item = { text, kind, doing, key: performance.now() };
  toasts.value = [...toasts.value.slice(-1), item];
  haptic(kind);
  setTimeout(() => (toasts.value = toasts.value.filter((other) => other !== item)), doing ? 7000 : 4000);
}

/** Where results are said; once in the page. */
export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">${toasts.value.map(
    (item) => html`<div class="toast toast-${item.kind}" key=${item.key}><span class="grow">${item.text}</span>
      ${item.doing && html`<button class="link" onClick=${item.doing.run}>${item.doing.label}</button>`}</div>`,
  )}</div>`;
}
