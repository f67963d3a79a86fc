/** Settings, the reader's own data, and what there is to know about the product. */
import { html } from "./lib.js";
import { language, t, useLanguage } from "./i18n.js";
import { follow, href } from "./router.js";
import { insideTelegram } from "./telegram.js";
import { chooseTheme, chosenTheme, theme } from "./theme.js";
import { ScreenHead, Segments } from "./ui.js";

const THEMES = ["", "light", "dark"];

export function MoreScreen() {
  return html`<main class="screen" id="main">
    <${ScreenHead} title=${t("more.title")} />
    <section class="card"><h2>${t("more.look")}</h2>
      <${Segments} label=${t("more.language")} value=${language.value} onChange=${(code) => useLanguage(code)} options=${[["ru", "Русский"], ["en", "English"]]} />
      ${!insideTelegram && html`<${Segments} key=${theme.value} label=${t("more.theme")} value=${chosenTheme()} onChange=${chooseTheme}
        options=${THEMES.map((name) => [name, t(`more.theme.${name || "system"}`)])} />`}
    </section>
    <section class="card"><a href=${href({ tab: "record" })} onClick=${follow({ tab: "record" })}>${t("record.title")}</a></section>
  </main>`;
}
