/** A field that finds a share by its ticker or name, with a list of what fits. */
import { html, useEffect, useRef, useState } from "./lib.js";
import { ask } from "./api.js";
import { language, t } from "./i18n.js";

const PAUSE_MS = 200;
const SHOWN = 8;

const nameOf = (row) => row[`name_${language.value}`] || row.name_ru;

/** Shares whose ticker or name has these words; the newest question alone is answered. */
function useFound(words) {
  const [found, setFound] = useState({ words: "", rows: [] });
  useEffect(() => {
    const wanted = words.trim();
    if (!wanted) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      ask("/instruments", { q: wanted, page_size: SHOWN }, controller.signal).then(
        (answer) => setFound({ words: wanted, rows: answer.results }),
        (problem) => problem.name !== "AbortError" && setFound({ words: wanted, rows: [] }),
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [words]);
  return found.words === words.trim() ? found.rows : null;
}

/** Where an arrow key leads in a list of so many. */
function stepped(key, at, count) {
  if (key === "ArrowDown") return at + 1 >= count ? 0 : at + 1;
  return at <= 0 ? count - 1 : at - 1;
}

function Options({ id, rows, at, onTake }) {
  return html`<ul class="picker-list" role="listbox" id="${id}-list" aria-label=${t("picker.found")}>
    ${rows.map(
      (row, place) => html`<li key=${row.secid} id="${id}-${place}" role="option" aria-selected=${String(place === at)} class=${place === at ? "is-at" : ""}
        onMouseDown=${(event) => event.preventDefault()} onClick=${() => onTake(row)}>
        <b>${row.secid}</b><span>${nameOf(row)}</span>${row.is_simulated && html`<small>${t("badge.simulated")}</small>`}</li>`,
    )}
  </ul>`;
}

/** The field: `onPick` gets the chosen share's ticker, "" while it is not decided. */
export function InstrumentPicker({ name: id, label, secid, onPick, error = "" }) {
  const [words, setWords] = useState(secid);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const taken = useRef(secid);
  const rows = useFound(open ? words : "");
  useEffect(() => {
    if (secid && secid !== taken.current) setWords((taken.current = secid));
  }, [secid]);
  const take = (ticker) => {
    taken.current = ticker;
    setWords(ticker);
    setOpen(false);
    setAt(-1);
    onPick(ticker);
  };
  const type = (text) => {
    setWords(text);
    setOpen(true);
    setAt(-1);
  };
  // Who leaves the field or presses Enter means the ticker that stands there, else the first that fits the words.
  const meant = () => {
    if (!open) return;
    const typed = words.trim().toUpperCase();
    const fits = (rows && typed && (rows.find((row) => row.secid === typed) || rows[0])) || null;
    take(fits ? fits.secid : typed);
  };
  const keys = (event) => {
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && rows && rows.length) {
      event.preventDefault();
      setAt(stepped(event.key, at, rows.length));
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      if (rows && rows[at]) take(rows[at].secid);
      else meant();
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };
  const isShown = open && rows !== null && rows.length > 0;
  return html`<div class="field picker">
    <label for=${id}>${label}</label>
    <span class="field-box"><input class="input" id=${id} type="text" role="combobox" autocomplete="off" autocapitalize="characters" spellcheck=${false} placeholder=${t("market.search")}
        value=${words} aria-expanded=${String(isShown)} aria-controls="${id}-list" aria-autocomplete="list" aria-invalid=${error ? "true" : undefined}
        aria-activedescendant=${isShown && at >= 0 ? `${id}-${at}` : undefined} aria-describedby=${error ? `${id}-error` : undefined}
        onInput=${(event) => type(event.target.value)} onKeyDown=${keys} onBlur=${meant} /></span>
    ${isShown && html`<${Options} id=${id} rows=${rows} at=${at} onTake=${(row) => take(row.secid)} />`}
    ${open && rows !== null && !rows.length && words.trim() && html`<p class="fine">${t("picker.nothing")}</p>`}
    ${error && html`<p class="field-error" id="${id}-error" role="alert">${error}</p>`}
  </div>`;
}
