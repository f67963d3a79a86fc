/** The game: you against the AI. */
import { html } from "./lib.js";
import { t } from "./i18n.js";
import { Empty, ScreenHead } from "./ui.js";

export function PlayScreen() {
  return html`<main class="screen" id="main">
    <${ScreenHead} title=${t("play.title")} />
    <${Empty} title=${t("play.empty")} text=${t("play.empty.text")} />
  </main>`;
}
