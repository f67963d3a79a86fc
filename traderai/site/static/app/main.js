/** Starts the Mini App: theme, language, who asks, router, then the screen that the address names. */
import { html, render, useEffect, useState } from "./lib.js";
import { online, startOnline } from "./api.js";
import { has, startLanguage, t } from "./i18n.js";
import { route, startRouter } from "./router.js";
import { loginAddress, refusal, session, startSession } from "./session.js";
import { Tabs } from "./tabs.js";
import { close, insideTelegram, start as startTelegram } from "./telegram.js";
import { startTheme } from "./theme.js";
import { Failure, Skeleton, Toasts } from "./ui.js";

// Each screen comes when it is first opened, so that the first one is there soon.
const SCREENS = {
  market: () => import("./market.js").then((module) => module.MarketScreen),
  ticker: () => import("./ticker.js").then((module) => module.TickerScreen),
  portfolio: () => import("./portfolio.js").then((module) => module.PortfolioScreen),
  coach: () => import("./coach.js").then((module) => module.CoachScreen),
  play: () => import("./play.js").then((module) => module.PlayScreen),
  record: () => import("./record.js").then((module) => module.RecordScreen),
  more: () => import("./more.js").then((module) => module.MoreScreen),
};

const loaded = {};

function Screen({ name }) {
  const [, redraw] = useState(0);
  const [failed, setFailed] = useState(false);
  const load = () => {
    setFailed(false);
    SCREENS[name]().then(
      (component) => {
        loaded[name] = component;
        redraw((n) => n + 1);
      },
      () => setFailed(true),
    );
  };
  useEffect(() => {
    if (!loaded[name]) load();
  }, [name]);
  if (loaded[name]) return html`<${loaded[name]} key=${`${name}|${route.value.ticker}`} ...${route.value} />`;
  // A module that did not come is remembered as such by some browsers: only a new page asks again.
  const retry = () => window.location.reload();
  return html`<main class="screen" id="main">${failed
    ? html`<${Failure} problem=${{ status: 0, code: "offline" }} onRetry=${retry} />`
    : html`<${Skeleton} heights=${[32, 96, 320]} />`}</main>`;
}

/** The server does not know the reader, or not any more: why, and the way back. */
function Outside() {
  const state = session.value;
  const why = state !== "expired" ? `session.${state}` : !insideTelegram ? "session.browser" : has(`problem.${refusal.value}`) ? `problem.${refusal.value}` : "session.telegram";
  return html`<main class="screen screen-narrow outside" id="main"><section class="card state" role="alert">
    <div class="state-mark" aria-hidden="true"><svg viewBox="0 0 24 24" width="24" height="24"><path d="M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3" /></svg></div>
    <h1>${t(state === "expired" ? "session.title" : `session.${state}.title`)}</h1>
    <p>${t(why)}</p>
    ${insideTelegram
      ? html`<button class="button" onClick=${close}>${t("session.close")}</button>`
      : html`<a class="button" href=${loginAddress()}>${t("session.again")}</a>`}
  </section></main>`;
}

function App() {
  const isOpen = session.value === "open";
  return html`<a class="skip" href="#main">${t("app.skip")}</a>
    ${isOpen && html`<${Tabs} />`}
    <div class="page">
      ${!online.value && html`<div class="offline" role="status"><span aria-hidden="true">!</span> ${t("offline.text")}</div>`}
      ${isOpen ? html`<${Screen} name=${route.value.screen} />` : html`<${Outside} />`}
      <footer class="legal"><p>${t("legal.notice")}</p></footer>
    </div>
    <${Toasts} />`;
}

async function start() {
  startTelegram();
  startTheme();
  startOnline();
  startRouter();
  await Promise.all([startLanguage(), startSession(), SCREENS[route.value.screen]().then((screen) => (loaded[route.value.screen] = screen), () => null)]);
  const place = document.getElementById("app");
  place.replaceChildren();
  render(html`<${App} />`, place);
}

start();
