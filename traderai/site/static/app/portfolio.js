/** What the reader holds. */
import { html } from "./lib.js";
import { t } from "./i18n.js";
import { Empty, ScreenHead } from "./ui.js";

export function PortfolioScreen() {
  return html`<main class="screen" id="main">
    <${ScreenHead} title=${t("portfolio.title")} />
    <${Empty} title=${t("portfolio.empty")} text=${t("portfolio.empty.text")} />
  </main>`;
}
