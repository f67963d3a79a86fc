/** Telling of a position, setting it right, closing it; in a virtual account these are orders. */
import { html, signal, useState } from "./lib.js";
import { fieldProblem, FormSheet, otherProblem, typedNumber, useWrite } from "./forms.js";
import { InstrumentPicker } from "./picker.js";
import { number, price, roubles, t } from "./i18n.js";
import { inMoscow, lastWords, numberProblem, Quantity, stopProblem, tickerProblem, useShare } from "./trade_fields.js";
import { Field, Segments, toast } from "./ui.js";

const MADE = ["secid", "qty", "avg_price", "price", "stop", "opened_at", "traded_at", "commission"];
const unit = signal("lots"); // what the reader last counted in

function bodyOf({ secid, side, qty, at, stop, when }, account, isOrder) {
  const body = { secid, qty: typedNumber(qty), qty_unit: unit.value, stop: typedNumber(stop) ?? undefined, account_id: account ? account.id : undefined };
  if (isOrder) return { ...body, side: side === "long" ? "BUY" : "SELL" };
  return { ...body, side, avg_price: typedNumber(at), opened_at: inMoscow(when) };
}

function problemsOf(form, share, isOrder) {
  const paid = (!isOrder && typedNumber(form.at)) || (share.last && share.last.close);
  return {
    secid: form.secid ? "" : t("field.required"),
    qty: numberProblem(form.qty, { whole: true }),
    at: isOrder ? "" : numberProblem(form.at),
    stop: stopProblem(form.stop, paid, form.side === "long"),
  };
}

function Worth({ form, share }) {
  const at = typedNumber(form.at) || (share.last && share.last.close);
  const shares = typedNumber(form.qty) * (unit.value === "lots" ? (share.facts ? share.facts.lot_size : NaN) : 1);
  if (!at || !(shares > 0)) return null;
  return html`<p class="worth"><span>${t("form.worth")}</span><b>${roubles(at * shares)}</b></p>`;
}

/** A new position; in a virtual account an order at the market. */
export function PositionSheet({ account, secid = "", onClose, onDone }) {
  const isOrder = Boolean(account) && account.kind === "virtual";
  const [form, setForm] = useState({ secid, side: "long", qty: "", at: "", stop: "", when: "" });
  const [tried, setTried] = useState(false);
  const { busy, problem, write } = useWrite();
  const share = useShare(form.secid);
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  const own = problemsOf(form, share, isOrder);
  const wrong = (name, ...fields) => (tried && own[name]) || fieldProblem(problem, ...fields);
  const submit = async () => {
    setTried(true);
    if (Object.values(own).some(Boolean)) return;
    const done = await write("POST", isOrder ? "/actions" : "/positions", bodyOf(form, account, isOrder));
    if (!done) return;
    toast([t(isOrder ? "portfolio.ordered" : "portfolio.added", { secid: form.secid }), ...done.remarks.map((one) => one.text)].join(" "));
    onDone();
  };
  return html`<${FormSheet} title=${t(isOrder ? "portfolio.order" : "portfolio.add")} onClose=${onClose} onSubmit=${submit} busy=${busy}
    submit=${t(isOrder ? "portfolio.order.send" : "action.save")} problem=${otherProblem(problem, MADE)}>
    <${InstrumentPicker} name="add-secid" label=${t("form.share")} secid=${form.secid} onPick=${set("secid")}
      error=${tickerProblem(share) || wrong("secid", "secid")} />
    <${Segments} label=${t("form.side")} value=${form.side} onChange=${set("side")}
      options=${isOrder ? [["long", t("action.BUY")], ["short", t("action.SELL")]] : [["long", t("form.long")], ["short", t("form.short")]]} />
    <${Quantity} name="add-qty" value=${form.qty} onInput=${set("qty")} unit=${unit.value} onUnit=${(key) => (unit.value = key)} facts=${share.facts} error=${wrong("qty", "qty")} />
    ${!isOrder && html`<${Field} name="add-price" label=${t("form.avg")} value=${form.at} onInput=${set("at")} inputmode="decimal" suffix="₽" hint=${lastWords(share) || t("form.avg.hint")}
      error=${wrong("at", "avg_price", "price")} autocomplete="off" />`}
    <${Field} name="add-stop" label=${t("form.stop")} value=${form.stop} onInput=${set("stop")} inputmode="decimal" suffix="₽"
      hint=${t("form.stop.hint")} error=${wrong("stop", "stop") || (form.stop && own.stop)} autocomplete="off" />
    ${!isOrder && html`<${Field} name="add-when" label=${t("form.opened")} type="datetime-local" value=${form.when} onInput=${set("when")} hint=${t("form.when.hint")}
      error=${fieldProblem(problem, "opened_at", "traded_at")} />`}
    ${isOrder && html`<p class="note note-plain"><span aria-hidden="true">○</span><span>${t("portfolio.order.how")}</span></p>`}
    <${Worth} form=${form} share=${share} />
  <//>`;
}

const DECIMAL = () => number(0.1, 1).slice(1, 2);
const asText = (value) => (value === null || value === undefined ? "" : String(Number(value.toFixed(6))).replace(".", DECIMAL()));

/** What is sent of a change: what the reader has written anew. */
function changeOf(form, before) {
  const change = {};
  if (form.qty !== before.qty) Object.assign(change, { qty: typedNumber(form.qty), qty_unit: "shares" });
  if (form.at !== before.at) change.avg_price = typedNumber(form.at);
  if (form.stop !== before.stop) change.stop = typedNumber(form.stop);
  return change;
}

/** Quantity, price and stop of what is held; of a virtual account the stop alone. */
export function EditForm({ one, held, account, onClose, onDone }) {
  const isVirtual = account.kind === "virtual";
  const [before] = useState({ qty: asText(held.qty), at: asText(held.avg_price), stop: asText(held.stop) });
  const [form, setForm] = useState(before);
  const { busy, problem, write } = useWrite();
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  // A stop may lie beyond the purchase where it keeps a profit: it is held against the price of now.
  const own = { qty: numberProblem(form.qty, { whole: Number.isInteger(held.qty) }), at: numberProblem(form.at), stop: stopProblem(form.stop, one.price_rub, one.side === "long") };
  const change = changeOf(form, before);
  const submit = async () => {
    const done = await write("PATCH", `/positions/${held.id}`, change);
    if (!done) return;
    toast(t("portfolio.changed", { secid: one.secid }));
    onDone();
  };
  const isReady = !Object.values(own).some(Boolean) && Object.keys(change).length > 0;
  return html`<${FormSheet} title=${t("portfolio.edit.title", { secid: one.secid })} onClose=${onClose} onSubmit=${submit} busy=${busy} disabled=${!isReady}
    submit=${t("action.save")} problem=${otherProblem(problem, MADE)}>
    ${!isVirtual && html`<${Field} name="edit-qty" label=${t("form.qty.shares")} value=${form.qty} onInput=${set("qty")} inputmode="numeric" error=${own.qty || fieldProblem(problem, "qty")} autocomplete="off" />
    <${Field} name="edit-price" label=${t("form.avg")} value=${form.at} onInput=${set("at")} inputmode="decimal" suffix="₽" error=${own.at || fieldProblem(problem, "avg_price", "price")} autocomplete="off" />`}
    <${Field} name="edit-stop" label=${t("form.stop")} value=${form.stop} onInput=${set("stop")} inputmode="decimal" suffix="₽"
      hint=${t("form.stop.now", { price: price(one.price_rub) })} error=${own.stop || fieldProblem(problem, "stop")} autocomplete="off" />
    <p class="fine">${t(isVirtual ? "portfolio.edit.virtual" : "portfolio.edit.how")}</p>
  <//>`;
}

/** A sale at its price, or an entry that was wrong taken off the book. */
export function CloseForm({ one, held, account, onClose, onDone }) {
  const isVirtual = account.kind === "virtual";
  const [how, setHow] = useState(isVirtual ? "order" : "sold");
  const [form, setForm] = useState({ qty: asText(held.qty), at: asText(one.price_rub), when: "" });
  const { busy, problem, write } = useWrite();
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  const qty = typedNumber(form.qty);
  const own = how === "sold" ? { qty: numberProblem(form.qty, { whole: true }) || (qty > held.qty ? t("field.too_many", { count: number(held.qty) }) : ""), at: numberProblem(form.at) } : {};
  const submit = async () => {
    const side = one.side === "long" ? "SELL" : "BUY";
    const sale = { account_id: account.id, secid: one.secid, side, qty, qty_unit: "shares", price: typedNumber(form.at), traded_at: inMoscow(form.when) };
    const done = how === "sold" ? await write("POST", "/actions", sale) : await write("DELETE", `/positions/${held.id}`);
    if (!done) return;
    toast(t(isVirtual ? "portfolio.ordered" : "portfolio.closed", { secid: one.secid }));
    onDone();
  };
  const gain = how === "sold" && !own.qty && !own.at ? (typedNumber(form.at) - held.avg_price) * qty * (one.side === "long" ? 1 : -1) : null;
  return html`<${FormSheet} title=${t("portfolio.close.title", { secid: one.secid })} onClose=${onClose} onSubmit=${submit} busy=${busy} disabled=${Object.values(own).some(Boolean)}
    submit=${t(`portfolio.close.${how}`)} kind=${how === "wrong" ? "button-danger" : ""} problem=${otherProblem(problem, MADE)}>
    ${!isVirtual && html`<${Segments} label=${t("portfolio.close.how")} value=${how} onChange=${setHow}
      options=${[["sold", t(one.side === "long" ? "portfolio.close.was.sold" : "portfolio.close.was.bought")], ["wrong", t("portfolio.close.was.wrong")]]} />`}
    ${how === "sold" && html`<${Field} name="close-qty" label=${t("form.qty.shares")} value=${form.qty} onInput=${set("qty")} inputmode="numeric" error=${own.qty || fieldProblem(problem, "qty")} autocomplete="off" />
      <${Field} name="close-price" label=${t("form.price")} value=${form.at} onInput=${set("at")} inputmode="decimal" suffix="₽" error=${own.at || fieldProblem(problem, "price")} autocomplete="off" />
      <${Field} name="close-when" label=${t("form.when")} type="datetime-local" value=${form.when} onInput=${set("when")} hint=${t("form.when.hint")} error=${fieldProblem(problem, "traded_at")} />`}
    <p class="fine">${t(`portfolio.close.${how}.how`)}</p>
    ${gain !== null && html`<p class="worth"><span>${t("portfolio.close.gain")}</span><b>${roubles(gain, { signed: true })}</b></p>`}
  <//>`;
}
