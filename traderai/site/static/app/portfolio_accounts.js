/** Opening an account: one's real one, or a virtual one to practise in. */
import { html, useState } from "./lib.js";
import { fieldProblem, FormSheet, otherProblem, typedNumber, useWrite } from "./forms.js";
import { grouped, t } from "./i18n.js";
import { numberProblem } from "./trade_fields.js";
import { Field, Segments, toast } from "./ui.js";

const FIRST_RUB = "1000000"; // what a virtual account begins with unless the reader says otherwise

/** The name of the account that came with the first position is ours, so it is in the reader's language. */
export const accountName = (account) => (account.name === "main" ? t("portfolio.account.main") : account.name);

/** The sheet; `first` offers the virtual one, because a real one comes with the first position. */
export function AccountSheet({ first, onClose, onDone }) {
  const [form, setForm] = useState({ kind: first ? "virtual" : "real", name: "", capital: first ? FIRST_RUB : "" });
  const [tried, setTried] = useState(false);
  const { busy, problem, write } = useWrite();
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  const isVirtual = form.kind === "virtual";
  const own = { name: form.name.trim() ? "" : t("field.required"), capital: numberProblem(form.capital, { needed: isVirtual }) };
  const wrong = (name) => (tried && own[name]) || fieldProblem(problem, name);
  const submit = async () => {
    setTried(true);
    if (own.name || own.capital) return;
    const done = await write("POST", "/accounts", { kind: form.kind, name: form.name.trim(), capital: typedNumber(form.capital) });
    if (!done) return;
    toast(t("portfolio.account.made", { name: done.name }));
    onDone({ account: done.id });
  };
  return html`<${FormSheet} title=${t("portfolio.account.title")} onClose=${onClose} onSubmit=${submit} busy=${busy} submit=${t("portfolio.account.open")}
    problem=${otherProblem(problem, ["name", "capital"])}>
    <${Segments} label=${t("portfolio.kind")} value=${form.kind} onChange=${set("kind")} options=${[["real", t("portfolio.kind.real")], ["virtual", t("portfolio.kind.virtual")]]} />
    <p class="fine">${t(`portfolio.kind.${form.kind}.how`)}</p>
    <${Field} name="account-name" label=${t("portfolio.account.name")} value=${form.name} onInput=${set("name")} maxlength="60" error=${wrong("name")} autocomplete="off" />
    <${Field} name="account-capital" label=${t("portfolio.account.capital")} value=${form.capital} onInput=${set("capital")} inputmode="decimal" suffix="₽"
      hint=${t(isVirtual ? "portfolio.account.capital.virtual" : "portfolio.account.capital.real")} error=${wrong("capital")} autocomplete="off" />
  <//>`;
}

/** Another name or another capital; a virtual account began with what it began. */
export function AccountEdit({ account, onClose, onDone }) {
  const isVirtual = account.kind === "virtual";
  const [form, setForm] = useState({ name: account.name, capital: account.capital === null ? "" : grouped(account.capital) });
  const { busy, problem, write } = useWrite();
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  const own = { name: form.name.trim() ? "" : t("field.required"), capital: numberProblem(form.capital, { needed: false }) };
  const submit = async () => {
    const change = { name: form.name.trim(), ...(isVirtual ? {} : { capital: typedNumber(form.capital) }) };
    const done = await write("PATCH", `/accounts/${account.id}`, change);
    if (!done) return;
    toast(t("portfolio.account.changed", { name: done.name }));
    onDone();
  };
  return html`<${FormSheet} title=${t("portfolio.account.edit")} onClose=${onClose} onSubmit=${submit} busy=${busy} disabled=${Boolean(own.name || own.capital)} submit=${t("action.save")}
    problem=${otherProblem(problem, ["name", "capital"])}>
    <${Field} name="account-name" label=${t("portfolio.account.name")} value=${form.name} onInput=${set("name")} maxlength="60" error=${own.name || fieldProblem(problem, "name")} autocomplete="off" />
    ${!isVirtual && html`<${Field} name="account-capital" label=${t("portfolio.account.capital")} value=${form.capital} onInput=${set("capital")} inputmode="decimal" suffix="₽"
      hint=${t("portfolio.account.capital.real")} error=${own.capital || fieldProblem(problem, "capital")} autocomplete="off" />`}
  <//>`;
}
