/** What the reader holds: its value, its risk, what to do with each position, and what would mend the whole. */
import { html, signal, useEffect, useMemo, useState } from "./lib.js";
import { ask, call, heatmap, useResource } from "./api.js";
import { AccountEdit, accountName, AccountSheet } from "./portfolio_accounts.js";
import { PositionSheet } from "./portfolio_edit.js";
import { Hero, Notes, Weights } from "./portfolio_parts.js";
import { ImportSheet } from "./portfolio_import.js";
import { Orders } from "./portfolio_orders.js";
import { Positions } from "./portfolio_positions.js";
import { Diversification, Limits, Proposals, Stress } from "./portfolio_risk.js";
import { dayOf, weightsOf } from "./portfolio_shapes.js";
import { language, roubles, t } from "./i18n.js";
import { go } from "./router.js";
import { Empty, Failure, KeptNote, ScreenHead, Skeleton } from "./ui.js";

const STORE = "traderai.account";
const REFRESH_S = 60;
/** The account that is looked at; 0 before it is known. */
const chosen = signal(Number(localStorage.getItem(STORE)) || 0);

function choose(id) {
  chosen.value = id;
  localStorage.setItem(STORE, String(id));
}

function Accounts({ accounts, account, onNew }) {
  return html`<div class="chips" role="group" aria-label=${t("portfolio.accounts")}>
    ${accounts.map(
      (one) => html`<button key=${one.id} class="chip" aria-pressed=${String(one.id === account.id)} onClick=${() => choose(one.id)}>
        ${accountName(one)}${one.kind === "virtual" && html` <b>${t("portfolio.kind.virtual.short")}</b>`}</button>`,
    )}
    <button class="chip" onClick=${onNew} aria-label=${t("portfolio.account.title")}><span aria-hidden="true">+</span> ${t("portfolio.account.new")}</button>
  </div>`;
}

function Doors({ account, onOpen }) {
  const isVirtual = account && account.kind === "virtual";
  return html`<div class="doors">
    <button class="button" onClick=${() => onOpen("add")}>${t(isVirtual ? "portfolio.order" : "portfolio.add")}</button>
    ${!isVirtual && html`<button class="button button-quiet" onClick=${() => onOpen("import")}>${t("portfolio.import")}</button>`}
    ${!account && html`<button class="button button-quiet" onClick=${() => onOpen("account")}>${t("portfolio.try")}</button>`}
  </div>`;
}

function Analysis({ answer, market, held, account, onOpen }) {
  const onChanged = () => onOpen("changed");
  const day = useMemo(() => dayOf(answer.positions, market), [answer, market]);
  const weights = { share: weightsOf(answer, "share"), sector: weightsOf(answer, "sector") };
  return html`<div class="two two-even"><div class="two-side">
      <${Hero} answer=${answer} day=${day} account=${account} onAccount=${() => onOpen("edit")} />
      <${Notes} answer=${answer} />
      <${Positions} answer=${answer} held=${held} account=${account} onChanged=${onChanged} />
      <${Doors} account=${account} onOpen=${onOpen} />
      <${Weights} weights=${weights} of=${answer.weights_of} hasShort=${answer.exposure.short_rub > 0} />
    </div><div class="two-side">
      <${Proposals} proposals=${answer.proposals} profile=${answer.profile} />
      <${Limits} limits=${answer.proposals.limits} unkept=${answer.proposals.unkept} />
      <${Stress} stress=${answer.stress} />
      <${Diversification} risk=${answer.risk} count=${answer.positions.length} liquidity=${answer.liquidity} />
    </div></div>`;
}

/** One account: nothing is analysed where nothing is held. */
function Held({ account, onOpen, turn }) {
  const key = account ? `portfolio|${account.id}|${language.value}` : null;
  const held = useResource(key && `${key}|held`, (abort) => ask("/positions", { account_id: account.id }, abort), REFRESH_S);
  const isEmpty = !account || (held.data && !held.data.results.length);
  const body = { account_id: account ? account.id : 0, partial: true };
  const said = useResource(held.data && !isEmpty ? `${key}|said` : null, (abort) => call("/analyze_portfolio", { method: "POST", body, signal: abort }), REFRESH_S);
  // What was written changes all of it; the old figures stay until the new ones are there.
  useEffect(() => {
    if (!turn) return;
    held.reload();
    said.reload();
  }, [turn]);
  const market = useResource(isEmpty ? null : `portfolio.market|${language.value}`, (abort) => heatmap({}, abort), REFRESH_S);
  if (isEmpty) {
    const isVirtual = Boolean(account) && account.kind === "virtual";
    return html`<${Empty} title=${t("portfolio.empty")} text=${t(isVirtual ? "portfolio.empty.virtual" : "portfolio.empty.text")}>
        ${isVirtual && account.cash !== null && html`<p class="hero-figure">${roubles(account.cash)}</p>`}
        <${Doors} account=${account} onOpen=${onOpen} /><//>
      ${isVirtual && html`<${Orders} account=${account} turn=${turn} />`}`;
  }
  if (held.problem && !held.data) return html`<${Failure} problem=${held.problem} onRetry=${held.reload} />`;
  if (said.problem && !said.data) return html`${said.problem.code === "no_price"
      ? html`<p class="note note-stale" role="status"><span aria-hidden="true">◷</span><span>${t("portfolio.unpriced")}</span></p>`
      : html`<${Failure} problem=${said.problem} onRetry=${said.reload} />`}
    <${Positions} answer=${{ positions: [] }} held=${held.data.results} account=${account} onChanged=${() => onOpen("changed")} /><${Doors} account=${account} onOpen=${onOpen} />`;
  if (!said.data) return html`<${Skeleton} heights=${[208, 64, 64, 64, 176]} />`;
  return html`${said.problem && html`<${KeptNote} problem=${said.problem} data=${said.data} onRetry=${said.reload} />`}
    <${Analysis} answer=${said.data} market=${market.data} held=${held.data.results} account=${account} onOpen=${onOpen} />
    ${account.kind === "virtual" && html`<${Orders} account=${account} turn=${turn} />`}`;
}

function Sheets({ open, secid, account, accounts, onClose, onChanged }) {
  const shut = (answer) => {
    if (answer && answer.account) choose(answer.account);
    onClose();
    onChanged();
  };
  if (open === "account") return html`<${AccountSheet} first=${!accounts.length} onClose=${onClose} onDone=${shut} />`;
  if (open === "edit") return html`<${AccountEdit} account=${account} onClose=${onClose} onDone=${shut} />`;
  if (open === "add") return html`<${PositionSheet} account=${account} secid=${secid} onClose=${onClose} onDone=${shut} />`;
  if (open === "import") return html`<${ImportSheet} account=${account} onClose=${onClose} onDone=${shut} />`;
  return null;
}

/** The screen of the tab; `?add=` names a share whose position is to be put in. */
export function PortfolioScreen({ add = "" }) {
  const [open, setOpen] = useState(add ? "add" : "");
  const [turn, setTurn] = useState(0);
  const { data, problem, loading, reload } = useResource("portfolio.accounts", (abort) => ask("/accounts", {}, abort));
  const accounts = data ? data.results : [];
  const account = accounts.find((one) => one.id === chosen.value) || accounts[0] || null;
  const changed = () => {
    setTurn(turn + 1);
    reload();
  };
  const opened = (what) => (what === "changed" ? changed() : setOpen(what));
  const shut = () => {
    setOpen("");
    // Whoever comes back to this address does not want to add it again.
    if (add) go({ tab: "portfolio" }, { replace: true });
  };
  return html`<main class="screen" id="main">
    <${ScreenHead} title=${t("portfolio.title")} />
    ${account && html`<${Accounts} accounts=${accounts} account=${account} onNew=${() => setOpen("account")} />`}
    ${loading && html`<${Skeleton} heights=${[32, 208, 64, 64, 64]} />`}
    ${problem && !data && html`<${Failure} problem=${problem} onRetry=${reload} />`}
    ${data && html`<${Held} key=${account ? account.id : 0} account=${account} onOpen=${opened} turn=${turn} />`}
    ${data && html`<${Sheets} open=${open} secid=${add} account=${account} accounts=${accounts} onClose=${shut} onChanged=${changed} />`}
  </main>`;
}
