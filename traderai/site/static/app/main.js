/** Starts the Mini App: theme, language, router, then the screen that the address names. */
import { html, render } from "./lib.js";
import { language, startLanguage, t, useLanguage } from "./i18n.js";
import { MarketScreen } from "./market.js";
import { follow, href, route, startRouter } from "./router.js";
import { start as startTelegram } from "./telegram.js";
import { startTheme, theme, toggleTheme } from "./theme.js";
import { TickerScreen } from "./ticker.js";

function Bar() {
  const isRussian = language.value === "ru";
  return html`<header class="bar">
    <a class="skip" href="#main">${t("app.skip")}</a>
    <a class="brand" href=${href({})} onClick=${follow({})}>
      <img src=${document.body.dataset.icon} width="28" height="28" alt="" /><span>TraderAI</span>
    </a>
    <span class="grow"></span>
    <button class="icon-button" onClick=${() => useLanguage(isRussian ? "en" : "ru")} aria-label=${t("app.language")} lang=${isRussian ? "en" : "ru"}>
      ${isRussian ? "EN" : "RU"}
    </button>
    <button class="icon-button theme-button" onClick=${toggleTheme} aria-label=${t(theme.value === "dark" ? "app.light" : "app.dark")}>
      <span aria-hidden="true">${theme.value === "dark" ? "☀" : "☾"}</span>
    </button>
  </header>`;
}

function App() {
  const { ticker, horizon } = route.value;
  return html`<${Bar} />
    ${ticker ? html`<${TickerScreen} key=${ticker} secid=${ticker} horizon=${horizon} />` : html`<${MarketScreen} />`}
    <footer class="legal"><p>${t("legal.notice")}</p></footer>`;
}

async function start() {
  startTelegram();
  startTheme();
  await startLanguage();
  startRouter();
  render(html`<${App} />`, document.getElementById("app"));
}

start();
