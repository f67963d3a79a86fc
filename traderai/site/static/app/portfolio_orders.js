/** Orders of a virtual account and what became of them. */
import { html, useEffect } from "./lib.js";
import { ask, useResource } from "./api.js";
import { language, moment, number, t } from "./i18n.js";
import { Loaded, MARKS } from "./ui.js";

const STATES = { pending: "◷", filled: "✓", refused: "✕" };

function Order({ order }) {
  return html`<li><span class="order-side text-${order.side === "BUY" ? "up" : "down"}" aria-hidden="true">${MARKS[order.side]}</span>
    <span class="grow"><b>${order.secid}</b>: ${t(`action.${order.side}.todo`)} ${t("call.size.shares", { n: order.qty, count: number(order.qty) })}
      <small>${moment(order.ordered_at)}</small>${order.refusal_text && html`<small>${order.refusal_text}</small>`}</span>
    <span class="state-word"><span aria-hidden="true">${STATES[order.state] || ""} </span>${t(`orders.${order.state}`)}</span></li>`;
}

/** The newest orders. */
export function Orders({ account, turn }) {
  const orders = useResource(`portfolio|${account.id}|orders|${language.value}`, (abort) => ask("/orders", { account_id: account.id }, abort), 60);
  useEffect(() => {
    if (turn) orders.reload();
  }, [turn]);
  return html`<section class="card" aria-labelledby="orders-title"><h2 id="orders-title">${t("orders.title")}</h2>
    <${Loaded} from=${orders} heights=${[48]}>${(data) =>
      data.results.length ? html`<ul class="lines">${data.results.map((order) => html`<${Order} key=${order.id} order=${order} />`)}</ul>` : html`<p class="fine">${t("orders.none")}</p>`}<//>
  </section>`;
}
