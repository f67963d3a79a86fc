/** The trades as they were told, the newest first, and telling of one more. */
import { html, useState } from "./lib.js";
import { ask, call, useResource } from "./api.js";
import { fieldProblem, FormSheet, otherProblem, typedNumber, useWrite } from "./forms.js";
import { has, moment, number, price, roubles, t } from "./i18n.js";
import { InstrumentPicker } from "./picker.js";
import { follow, go, href } from "./router.js";
import { inMoscow, numberProblem, Quantity, stopProblem, tickerProblem, useShare } from "./trade_fields.js";
import { Empty, Failure, Field, MARKS, Segments, Select, Skeleton, toast } from "./ui.js";

const PAGE = 30;
const TOLD = ["secid", "qty", "price", "commission", "traded_at", "stop"];

/** The time of a moment; the day stands above. */
const hourOf = (iso) => moment(iso).replace(/^.*, /, "");

/** A trade in two lines; how we learned of it is said where it was no trade of the reader's. */
function Trade({ trade }) {
  const target = { ticker: trade.secid };
  return html`<li class="trade"><span class="order-side text-${trade.side === "BUY" ? "up" : "down"}" aria-hidden="true">${MARKS[trade.side]}</span>
    <span class="grow"><a href=${href(target)} onClick=${follow(target)}>${trade.secid}</a> ${t(`action.${trade.side}.word`)}
      <small>${t("call.size.shares", { n: trade.qty, count: number(trade.qty) })} × ${price(trade.price)}</small>
      <small>${[hourOf(trade.traded_at), `№${trade.id}`, has(`journal.origin.${trade.origin}`) ? t(`journal.origin.${trade.origin}`) : trade.origin].join(" · ")}</small>
      ${(trade.stop !== null || trade.signal_id !== null) && html`<small>${[trade.stop !== null && t("journal.stop", { price: price(trade.stop) }), trade.signal_id !== null && t("journal.signal")].filter(Boolean).join(" · ")}</small>`}</span>
    <span class="row-figures"><b>${roubles(trade.qty * trade.price)}</b><small>${t("plan.cost", { sum: roubles(trade.commission, { digits: 2 }) })}</small></span></li>`;
}

/** The pages that were asked for so far. */
function usePages(account, secid, turn) {
  const key = `journal|${account}|${secid}|${turn}`;
  const first = useResource(key, (abort) => ask("/actions", { account_id: account, secid, page_size: PAGE }, abort));
  const [more, setMore] = useState({ key: "", rows: [], next: null, busy: false, problem: null });
  const own = more.key === key ? more : { key, rows: [], next: first.data && first.data.next, busy: false, problem: null };
  const load = async () => {
    setMore({ ...own, busy: true, problem: null });
    const address = new URL(own.next);
    try {
      const page = await call(`/actions${address.search}`);
      setMore({ key, rows: [...own.rows, ...page.results], next: page.next, busy: false, problem: null });
    } catch (problem) {
      setMore({ ...own, busy: false, problem });
    }
  };
  return { first, rows: first.data ? [...first.data.results, ...own.rows] : [], next: own.next, busy: own.busy, problem: own.problem, load };
}

/** Trades by day, in the order they come. */
function byDay(rows) {
  const days = [];
  for (const row of rows) {
    const day = moment(row.traded_at, { withTime: false });
    if (!days.length || days[days.length - 1].day !== day) days.push({ day, rows: [] });
    days[days.length - 1].rows.push(row);
  }
  return days;
}

/** Telling of a trade that was made elsewhere. */
function TradeSheet({ accounts, account, onClose, onDone }) {
  const [form, setForm] = useState({ secid: "", side: "BUY", qty: "", unit: "lots", at: "", stop: "", when: "", commission: "" });
  const [tried, setTried] = useState(false);
  const { busy, problem, write } = useWrite();
  const share = useShare(form.secid);
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  const own = {
    secid: form.secid ? "" : t("field.required"),
    qty: numberProblem(form.qty, { whole: true }),
    at: numberProblem(form.at),
    commission: form.commission && typedNumber(form.commission) !== 0 ? numberProblem(form.commission, { needed: false }) : "",
    stop: stopProblem(form.stop, typedNumber(form.at), form.side === "BUY"),
  };
  const wrong = (name, ...fields) => (tried && own[name]) || fieldProblem(problem, ...fields);
  const submit = async () => {
    setTried(true);
    if (Object.values(own).some(Boolean)) return;
    const done = await write("POST", "/actions", {
      account_id: account || (accounts[0] ? accounts[0].id : undefined), secid: form.secid, side: form.side, qty: typedNumber(form.qty), qty_unit: form.unit, price: typedNumber(form.at),
      commission: typedNumber(form.commission) ?? undefined, stop: typedNumber(form.stop) ?? undefined, traded_at: inMoscow(form.when),
    });
    if (!done) return;
    toast([t("journal.told", { secid: form.secid }), ...done.remarks.map((one) => one.text)].join(" "));
    onDone();
  };
  return html`<${FormSheet} title=${t("journal.tell")} onClose=${onClose} onSubmit=${submit} busy=${busy} submit=${t("action.save")} problem=${otherProblem(problem, TOLD)}>
    <${InstrumentPicker} name="trade-secid" label=${t("form.share")} secid=${form.secid} onPick=${set("secid")} error=${tickerProblem(share) || wrong("secid", "secid")} />
    <${Segments} label=${t("form.side")} value=${form.side} onChange=${set("side")} options=${[["BUY", t("action.BUY")], ["SELL", t("action.SELL")]]} />
    <${Quantity} name="trade-qty" value=${form.qty} onInput=${set("qty")} unit=${form.unit} onUnit=${set("unit")} facts=${share.facts} error=${wrong("qty", "qty")} />
    <div class="field-two"><${Field} name="trade-price" label=${t("form.price")} value=${form.at} onInput=${set("at")} inputmode="decimal" suffix="₽" error=${wrong("at", "price")} autocomplete="off" />
      <${Field} name="trade-commission" label=${t("form.commission")} value=${form.commission} onInput=${set("commission")} inputmode="decimal" suffix="₽" error=${wrong("commission", "commission")} autocomplete="off" /></div>
    <p class="fine">${t("form.commission.hint")}</p>
    <${Field} name="trade-when" label=${t("form.when")} type="datetime-local" value=${form.when} onInput=${set("when")} hint=${t("form.when.hint")} error=${fieldProblem(problem, "traded_at")} />
    <${Field} name="trade-stop" label=${t("form.stop")} value=${form.stop} onInput=${set("stop")} inputmode="decimal" suffix="₽" hint=${t("form.stop.hint")} error=${wrong("stop", "stop")} autocomplete="off" />
  <//>`;
}

function Filter({ accounts, account, secid, onAccount, onSecid }) {
  return html`<div class="field-two journal-filter">
    <${InstrumentPicker} name="journal-secid" label=${t("journal.share")} secid=${secid} onPick=${onSecid} />
    ${accounts.length > 1 && html`<${Select} name="journal-account" label=${t("portfolio.accounts")} value=${String(account || "")} onChange=${(key) => onAccount(Number(key))}
      options=${[["", t("journal.all")], ...accounts.map((one) => [String(one.id), one.name])]} />`}
  </div>`;
}

/** The part of the screen. */
export function Journal() {
  const [secid, setSecid] = useState("");
  const [account, setAccount] = useState(0);
  const [turn, setTurn] = useState(0);
  const [open, setOpen] = useState(false);
  const told = useResource("portfolio.accounts", (abort) => ask("/accounts", {}, abort));
  const accounts = told.data ? told.data.results : [];
  const real = accounts.filter((one) => one.kind === "real");
  const { first, rows, next, busy, problem, load } = usePages(account || "", secid, turn);
  const done = () => {
    setOpen(false);
    setTurn(turn + 1);
  };
  const isFiltered = Boolean(secid || account);
  return html`<div class="doors"><button class="button" onClick=${() => setOpen(true)}>${t("journal.tell")}</button>
      <button class="button button-quiet" onClick=${() => go({ tab: "portfolio" })}>${t("portfolio.import")}</button></div>
    ${(rows.length > 0 || isFiltered) && html`<${Filter} accounts=${accounts} account=${account} secid=${secid} onAccount=${setAccount} onSecid=${setSecid} />`}
    ${first.loading && html`<${Skeleton} heights=${[64, 64, 64, 64]} />`}
    ${first.problem && !first.data && html`<${Failure} problem=${first.problem} onRetry=${first.reload} />`}
    ${first.data && !rows.length && html`<${Empty} title=${t(isFiltered ? "journal.nothing" : "journal.empty")} text=${t(isFiltered ? "journal.nothing.text" : "journal.empty.text")} />`}
    ${byDay(rows).map((group) => html`<section key=${group.day} aria-label=${group.day}><h2 class="section-title">${group.day}</h2>
      <ul class="card list lines">${group.rows.map((trade) => html`<${Trade} key=${trade.id} trade=${trade} />`)}</ul></section>`)}
    ${problem && html`<${Failure} problem=${problem} onRetry=${load} />`}
    ${next && !problem && html`<button class="button button-quiet wide" disabled=${busy} onClick=${load}>${t("journal.more")}</button>`}
    ${open && html`<${TradeSheet} accounts=${real} account=${real.some((one) => one.id === account) ? account : 0} onClose=${() => setOpen(false)} onDone=${done} />`}`;
}
