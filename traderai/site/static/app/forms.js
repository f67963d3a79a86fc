/** What a reader fills in: numbers as people write them, problems beside their fields, writes that are done once. */
import { html, useEffect, useRef, useState } from "./lib.js";
import { send, wishKey } from "./api.js";
import { has, parseNumber, t } from "./i18n.js";
import { holdBack } from "./router.js";
import { haptic, insideTelegram } from "./telegram.js";
import { MainButton, wordsOf } from "./ui.js";

/** The number that a reader typed: null for nothing, NaN for what is none. */
export const typedNumber = (text) => (text.trim() ? parseNumber(text) : null);

/** What is wrong with a field in the reader's words, where its code has some; else as the server says it. */
export function wrongWords({ code, detail }, field) {
  const found = [`field.${code}.${field}`, `field.${code}`].find(has);
  // The server knows what was probably meant.
  const like = /did you mean '([^']+)'/.exec(detail);
  return [found ? t(found) : detail, found && like && t("field.like", { name: like[1] })].filter(Boolean).join(" ");
}

/** What a problem says of one field, known to the server by any of these names; "" for nothing. */
export function fieldProblem(problem, ...fields) {
  const found = problem && problem.errors.find((error) => fields.includes(error.field));
  return found ? wrongWords(found, found.field) : "";
}

/** What a problem says that belongs to none of these fields; "" where all of it stands beside its field. */
export function otherProblem(problem, fields) {
  if (!problem) return "";
  const other = problem.errors.find((error) => !fields.includes(error.field));
  if (problem.errors.length && !other) return "";
  if (other) return wrongWords(other, other.field);
  return has(`field.${problem.code}`) ? t(`field.${problem.code}`) : wordsOf(problem);
}

/** A write that is done once however often it is pressed: a body keeps its key until the server has answered it. */
export function useWrite() {
  const [state, setState] = useState({ busy: false, problem: null });
  const wish = useRef({ text: "", key: "" });
  const write = async (method, path, body) => {
    const text = `${method} ${path} ${JSON.stringify(body)}`;
    if (wish.current.text !== text) wish.current = { text, key: wishKey() };
    setState({ busy: true, problem: null });
    try {
      const answer = await send(method, path, body, { key: wish.current.key });
      wish.current = { text: "", key: "" };
      setState({ busy: false, problem: null });
      return answer;
    } catch (problem) {
      if (problem.status && problem.status < 500) wish.current = { text: "", key: "" };
      setState({ busy: false, problem });
      haptic("error");
      return null;
    }
  };
  return { ...state, write };
}

/** The form's own button; inside Telegram its main button stands for it, and Enter still sends. */
function Submit({ text, busy, disabled, kind, onSubmit }) {
  const words = busy ? t("form.sending") : text;
  const own = html`<button class=${insideTelegram ? "unseen" : `button wide ${kind}`} tabindex=${insideTelegram ? -1 : undefined} disabled=${disabled} aria-busy=${String(busy)}>${words}</button>`;
  return insideTelegram ? html`${own}<${MainButton} text=${words} onPress=${onSubmit} enabled=${!disabled} busy=${busy} />` : own;
}

/** A sheet with a form; `onSubmit` comes after the button or Enter. */
export function FormSheet({ title, onClose, onSubmit, submit, busy = false, disabled = false, problem = "", kind = "", children }) {
  const box = useRef(null);
  const isHere = useRef(true);
  useEffect(() => {
    const dialog = box.current;
    dialog.showModal();
    const release = holdBack(() => dialog.close());
    return () => {
      release();
      // Closing gives the focus back to what opened it; that it closes now is no wish of the reader.
      isHere.current = false;
      if (dialog.open) dialog.close();
    };
  }, []);
  const outside = (event) => event.target === box.current && box.current.close();
  const submitted = (event) => {
    event.preventDefault();
    if (!busy && !disabled) onSubmit();
  };
  return html`<dialog class="sheet sheet-form" ref=${box} onClose=${() => isHere.current && onClose()} onClick=${outside} aria-label=${title}>
    <form class="sheet-body" onSubmit=${submitted} novalidate>
      <div class="sheet-head"><h2>${title}</h2>
        <button type="button" class="icon-button" onClick=${() => box.current.close()} aria-label=${t("sheet.close")}><span aria-hidden="true">✕</span></button></div>
      ${children}
      ${problem && html`<p class="note note-bad" role="alert"><span aria-hidden="true">✕</span><span>${problem}</span></p>`}
      ${submit && html`<${Submit} text=${submit} busy=${busy} disabled=${disabled} kind=${kind} onSubmit=${onSubmit} />`}
    </form>
  </dialog>`;
}
