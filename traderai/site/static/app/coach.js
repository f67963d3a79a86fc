/** The coach: a check before a trade, the report of a week, and the journal. */
import { html, signal } from "./lib.js";
import { Check } from "./coach_check.js";
import { Journal } from "./coach_journal.js";
import { Report } from "./coach_report.js";
import { t } from "./i18n.js";
import { go } from "./router.js";
import { ScreenHead, Segments } from "./ui.js";

const VIEWS = ["check", "week", "journal"];
const last = signal(VIEWS[0]); // what the tab opens with when the reader comes back

/** The screen of the tab; `?view=` names a part and `?ticker=` a share to check. */
export function CoachScreen({ view = "", ticker = "", side = "" }) {
  const shown = VIEWS.includes(view) ? view : ticker ? VIEWS[0] : last.value;
  const choose = (name) => {
    last.value = name;
    go({ tab: "coach", view: name }, { replace: true });
  };
  return html`<main class="screen coach" id="main">
    <${ScreenHead} title=${t("coach.title")} />
    <${Segments} label=${t("coach.view")} value=${shown} onChange=${choose} options=${VIEWS.map((name) => [name, t(`coach.view.${name}`)])} />
    ${shown === "check" && html`<${Check} ticker=${ticker} side=${side} />`}
    ${shown === "week" && html`<${Report} />`}
    ${shown === "journal" && html`<${Journal} />`}
  </main>`;
}
