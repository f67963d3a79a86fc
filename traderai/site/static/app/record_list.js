/** Every signal that was told, the losers included, the newest first. */
import { html, useEffect, useState } from "./lib.js";
import { ask } from "./api.js";
import { ago, fraction, moment, multiple, t } from "./i18n.js";
import { horizonOf } from "./record_parts.js";
import { follow, href } from "./router.js";
import { actionTone, Empty, Failure, MARKS, Skeleton, tone, wordsOf } from "./ui.js";

const ACTIONS = ["BUY", "SELL", "HOLD"];
const PAGE = 20;
const TYPING_MS = 300;
// The mark of how a signal ended, besides its colour and its words.
const ENDS = { take_profit: "✓", stop_loss: "✕", timeout: "◷", no_trade: "●", void: "○", open: "…" };

/** Pages of the list: what has been read so far, and how to read on. */
function usePages(filter) {
  const key = JSON.stringify(filter);
  const fresh = { key, rows: null, next: "", problem: null, busy: true };
  const [state, setState] = useState(fresh);
  const current = state.key === key ? state : fresh;
  const read = (cursor, before, abort) => {
    setState({ ...before, busy: true, problem: null });
    ask("/signals", { ...filter, told: "true", page_size: PAGE, cursor }, abort).then(
      (page) => {
        const next = page.next ? new URL(page.next, window.location.href).searchParams.get("cursor") : "";
        setState({ key, rows: [...(before.rows || []), ...page.results], next, problem: null, busy: false, now: page.servedAt });
      },
      (problem) => problem.name !== "AbortError" && setState({ ...before, problem, busy: false }),
    );
  };
  useEffect(() => {
    const controller = new AbortController();
    const timer = setTimeout(() => read("", fresh, controller.signal), filter.secid ? TYPING_MS : 0);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key]);
  return { ...current, more: () => read(current.next, current), again: () => read("", fresh) };
}

function endOf(row) {
  if (!row.outcome) return { code: "open", words: t("record.end.open"), r: null };
  const code = row.outcome.result;
  return { code, words: t(`record.end.${code}`), r: code === "no_trade" || code === "void" ? null : row.outcome.r };
}

function Row({ row, now }) {
  const end = endOf(row);
  const target = { ticker: row.secid, horizon: row.horizon };
  const facts = [horizonOf(row.horizon), row.confidence !== null && `${row.confidence}/100`, row.probability !== null && t("record.row.p", { p: fraction(row.probability), needed: fraction(row.break_even_probability) }), !row.proven && t("badge.paper")];
  return html`<li class="said"><a href=${href(target)} onClick=${follow(target)}>
    <span class="said-head"><b><span class="text-${actionTone(row.signal)}"><span aria-hidden="true">${MARKS[row.signal]}</span> ${t(`action.${row.signal}`)}</span> ${row.secid}</b>
      <span class="said-end"><small><span aria-hidden="true">${ENDS[end.code]}</span> ${end.words}</small>${end.r !== null && html` <b class="text-${tone(end.r)}">${multiple(end.r)}</b>`}</span></span>
    <small>${moment(row.as_of)} · ${ago((now - Date.parse(row.as_of)) / 1000)}</small>
    <small>${facts.filter(Boolean).join(" · ")}</small>
  </a></li>`;
}

/** The list with its filters. */
export function SaidList({ source }) {
  const [signal, setSignal] = useState("");
  const [words, setWords] = useState("");
  const secid = words.trim().toUpperCase();
  const pages = usePages({ source, signal, secid });
  // A ticker that is half typed is no error.
  const isUnknown = pages.problem && (pages.problem.status === 404 || pages.problem.status === 422);
  return html`<section class="record-list"><h2>${t("record.list")}</h2>
    <p class="fine">${t("record.list.key")}</p>
    <div class="tools"><input class="search" type="search" placeholder=${t("record.list.search")} aria-label=${t("record.list.search")} value=${words} autocapitalize="characters" onInput=${(event) => setWords(event.target.value)} /></div>
    <div class="chips" role="group" aria-label=${t("market.filter")}><button class="chip" aria-pressed=${String(!signal)} onClick=${() => setSignal("")}>${t("market.all")}</button>
      ${ACTIONS.map((action) => html`<button class="chip tone-${actionTone(action)}" aria-pressed=${String(signal === action)} onClick=${() => setSignal(signal === action ? "" : action)}>
        <span aria-hidden="true">${MARKS[action]}</span> ${t(`action.${action}`)}</button>`)}</div>
    ${isUnknown && html`<${Empty} title=${t("record.list.nothing")} text=${wordsOf(pages.problem)} />`}
    ${pages.problem && !isUnknown && !pages.rows && html`<${Failure} problem=${pages.problem} onRetry=${pages.again} />`}
    ${pages.busy && !pages.rows && html`<${Skeleton} heights=${[72, 72, 72]} />`}
    ${pages.rows && pages.rows.length === 0 && html`<${Empty} title=${t("record.list.nothing")} text=${t("record.list.nothing.text")} />`}
    ${pages.rows && pages.rows.length > 0 && html`<ul class="card list saids">${pages.rows.map((row) => html`<${Row} key=${row.id} row=${row} now=${pages.now} />`)}</ul>`}
    ${pages.problem && pages.rows && html`<p class="field-error" role="alert">${wordsOf(pages.problem)}</p>`}
    ${pages.rows && pages.next && html`<button class="button button-quiet" disabled=${pages.busy} onClick=${pages.more}>${t(pages.busy ? "state.loading" : "record.list.more")}</button>`}
    ${pages.rows && pages.rows.length > 0 && !pages.next && html`<p class="fine record-end">${t("record.list.end", { n: pages.rows.length })}</p>`}
  </section>`;
}
