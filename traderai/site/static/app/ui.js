/** Small parts that every screen is made of. */
import { html, useEffect, useRef, useState } from "./lib.js";
import { ago, has, moment, t } from "./i18n.js";

/** The mark of an action or a movement besides its colour. */
export const MARKS = { BUY: "▲", SELL: "▼", HOLD: "●", NO_TRADE: "⊘", NONE: "–" };

/** "up", "down" or "flat" for a class name. */
export const tone = (value) => (value > 0 ? "up" : value < 0 ? "down" : "flat");
export const actionTone = (action) => ({ BUY: "up", SELL: "down", HOLD: "flat" })[action] || "none";

/** A sheet that slides in from below and explains something. */
export function Sheet({ title, onClose, children }) {
  const box = useRef(null);
  useEffect(() => {
    box.current.showModal();
  }, []);
  const outside = (event) => event.target === box.current && box.current.close();
  return html`<dialog class="sheet" ref=${box} onClose=${onClose} onClick=${outside} aria-label=${title}>
    <div class="sheet-body">
      <h2>${title}</h2>
      ${children}
      <button class="button wide" onClick=${() => box.current.close()}>${t("sheet.close")}</button>
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

/** What is said when the data are old. */
export function StaleNote({ dataAt, ageSeconds, expired }) {
  return html`<div class="note note-stale" role="status">
    <span aria-hidden="true">◷</span>
    <span><b>${t(expired ? "stale.expired" : "stale.title")}</b> ${t("stale.text", { when: moment(dataAt), ago: ago(ageSeconds) })}</span>
  </div>`;
}

/** What happened and what one can do. */
export function Failure({ problem, onRetry }) {
  const key = `problem.${problem.code}`;
  const text = has(key) ? t(key) : problem.message || t("problem.unknown");
  return html`<section class="card state" role="alert">
    <div class="state-mark" aria-hidden="true">!</div>
    <h2>${t(problem.status === 0 ? "problem.offline.title" : problem.code === "not_ready" ? "problem.not_ready.title" : "problem.title")}</h2>
    <p>${text}</p>
    <button class="button" onClick=${onRetry}>${t("action.retry")}</button>
    ${problem.requestId && html`<p class="fine">request_id ${problem.requestId}</p>`}
  </section>`;
}

/** Nothing to show, and why. */
export function Empty({ title, text, children }) {
  return html`<section class="card state"><div class="state-mark" aria-hidden="true">○</div><h2>${title}</h2><p>${text}</p>${children}</section>`;
}

/** The shape of what is being loaded. */
export function Skeleton({ heights }) {
  return html`<div class="skeletons" role="status" aria-label=${t("state.loading")}>
    ${heights.map((height) => html`<div class="skeleton" style=${{ height: `${height}px` }}></div>`)}
  </div>`;
}

/** A choice of one among few. */
export function Segments({ label, options, value, onChange }) {
  return html`<div class="segments" role="group" aria-label=${label}>
    ${options.map(
      ([key, name]) =>
        html`<button class="segment" aria-pressed=${String(value === key)} onClick=${() => onChange(key)}>${name}</button>`,
    )}
  </div>`;
}

/** A term with its figure. */
export function Figure({ label, value, note, kind = "" }) {
  return html`<div class="figure ${kind}"><dt>${label}</dt><dd>${value}${note && html`<small>${note}</small>`}</dd></div>`;
}
