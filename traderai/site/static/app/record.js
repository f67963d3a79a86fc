/** What became of every signal. */
import { html } from "./lib.js";
import { t } from "./i18n.js";
import { Empty, ScreenHead } from "./ui.js";

export function RecordScreen() {
  return html`<main class="screen" id="main">
    <${ScreenHead} title=${t("record.title")} withBack />
    <${Empty} title=${t("record.empty")} text=${t("record.empty.text")} />
  </main>`;
}
