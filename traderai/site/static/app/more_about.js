/** What answers here, how well it did on days that it had not seen, and what it is not. */
import { html, useState } from "./lib.js";
import { ask, useResource } from "./api.js";
import { fraction, language, moment, number, t } from "./i18n.js";
import { Badge, Figure, Loaded, Sheet } from "./ui.js";

const around = (one, text) => t("model.interval", { low: text(one.low), high: text(one.high) });

function Policy({ policy, horizon }) {
  return html`<h3>${t("about.policy", { n: policy.trades, horizon })}</h3><dl class="figures">
    <${Figure} label=${t("model.hits")} value=${fraction(policy.hit_rate.value, { digits: 1 })} note=${around(policy.hit_rate, (v) => fraction(v))} />
    <${Figure} label=${t("about.net")} value=${fraction(policy.net_expectancy.value, { digits: 2, signed: true })} note=${around(policy.net_expectancy, (v) => fraction(v, { digits: 2, signed: true }))} />
  </dl>`;
}

const sideName = (head) => t(`about.${head.side}`, { horizon: t("horizon.days", { n: parseInt(head.horizon, 10) }) });

function Heads({ heads }) {
  if (!heads.length) return null;
  return html`<h3>${t("about.heads")}</h3><div class="table-box" role="region" tabindex="0" aria-label=${t("about.heads")}><table class="about-table"><caption class="fine">${t("about.heads.text")}</caption>
    <thead><tr><th scope="col">${t("about.what")}</th><th scope="col">${t("about.base")}</th><th scope="col">AUC</th><th scope="col">${t("about.rows")}</th></tr></thead>
    <tbody>${heads.map((head) => html`<tr><th scope="row">${sideName(head)}</th><td>${fraction(head.base_rate, { digits: 1 })}</td>
      <td>${number(head.roc_auc.value, 3)}<small>${around(head.roc_auc, (v) => number(v, 3))}</small></td><td>${number(head.rows)}</td></tr>`)}</tbody></table></div>`;
}

function Served({ model }) {
  const policy = model.policy.find((one) => one.horizon === null) || model.policy[0];
  return html`<section class="about-model">
    <h3 class="about-version">${model.version}</h3>
    <p class="badges"><${Badge} kind=${model.grade === "trade" ? "proven" : "paper"} />${model.is_simulated && html`<${Badge} kind="simulated" />`}${model.silent && html`<${Badge} kind="silent" />`}</p>
    <dl class="terms">
      <div><dt>${t("model.until")}</dt><dd>${moment(model.trained_until, { withTime: false })}</dd></div>
      <div><dt>${t("about.since")}</dt><dd>${moment(model.serves_since, { withTime: false })}</dd></div>
      <div><dt>${t("about.for")}</dt><dd>${model.timeframe}, ${model.horizons.join(", ")}</dd></div>
      ${model.checks.length > 0 && html`<div><dt>${t("about.gate")}</dt><dd>${t("about.gate.passed", { n: model.checks.filter((one) => one.passed).length, of: model.checks.length })}</dd></div>`}
    </dl>
    ${policy && html`<${Policy} policy=${policy} horizon=${policy.horizon ? t("horizon.days", { n: parseInt(policy.horizon, 10) }) : t("about.all")} />`}
    <${Heads} heads=${model.heads} />
  </section>`;
}

function Models() {
  const models = useResource(`models|${language.value}`, (abort) => ask("/models", {}, abort));
  return html`<${Loaded} from=${models} heights=${[96, 96]}>${(data) =>
    data.results.length ? data.results.map((model) => html`<${Served} key=${model.slot} model=${model} />`) : html`<p>${t("about.none")}</p>`}<//>`;
}

export function About() {
  const [open, setOpen] = useState("");
  const close = () => setOpen("");
  return html`<section class="card" aria-labelledby="more-about"><h2 id="more-about">${t("more.about")}</h2>
    <ul class="menu">
      <li><button class="menu-item" aria-haspopup="dialog" onClick=${() => setOpen("model")}>${t("about.model")}<span aria-hidden="true">›</span></button></li>
      <li><button class="menu-item" aria-haspopup="dialog" onClick=${() => setOpen("how")}>${t("about.how")}<span aria-hidden="true">›</span></button></li>
      <li><button class="menu-item" aria-haspopup="dialog" onClick=${() => setOpen("legal")}>${t("about.legal")}<span aria-hidden="true">›</span></button></li>
      <li><a class="menu-item" href="/api/docs/" target="_blank" rel="noopener">${t("about.api")}<span aria-hidden="true">›</span></a></li>
    </ul>
    ${open === "model" && html`<${Sheet} title=${t("about.model")} onClose=${close}><p class="fine">${t("about.model.text")}</p><${Models} /><//>`}
    ${open === "how" && html`<${Sheet} title=${t("about.how")} onClose=${close}>${["how.1", "how.2", "how.3", "how.4"].map((key) => html`<p>${t(`about.${key}`)}</p>`)}<//>`}
    ${open === "legal" && html`<${Sheet} title=${t("about.legal")} onClose=${close}><p>${t("legal.notice")}</p><p>${t("about.legal.text")}</p><//>`}
  </section>`;
}
