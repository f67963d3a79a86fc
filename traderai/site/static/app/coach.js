/** A check before a trade and the report of a week. */
import { html } from "./lib.js";
import { t } from "./i18n.js";
import { Empty, ScreenHead } from "./ui.js";

export function CoachScreen() {
  return html`<main class="screen" id="main">
    <${ScreenHead} title=${t("coach.title")} />
    <${Empty} title=${t("coach.empty")} text=${t("coach.empty.text")} />
  </main>`;
}
