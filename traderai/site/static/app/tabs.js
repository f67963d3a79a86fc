/** The tabs: at the bottom of a phone, at the side of a wide window. */
import { html } from "./lib.js";
import { t } from "./i18n.js";
import { follow, href, route, TABS } from "./router.js";

// Strokes of 24 x 24 icons.
const ICONS = {
  market: "M3 3h8v10H3zM13 3h8v6h-8zM3 15h8v6H3zM13 11h8v10h-8z",
  portfolio: "M12 3a9 9 0 1 0 9 9h-9zM15 3.5A9 9 0 0 1 20.5 9H15z",
  coach: "M12 3l8 3v6c0 5-3.4 8-8 9-4.6-1-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5",
  play: "M5 20V12M5 9V6M12 20v-5M12 12V4M19 20v-9M19 8V5M3 9h4v3H3zM10 12h4v3h-4zM17 8h4v3h-4z",
  more: "M4 7h10M18 7h2M4 17h2M10 17h10M14 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M6 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0",
};

export function Tabs() {
  return html`<nav class="tabs" aria-label=${t("tabs.label")}>
    <span class="tabs-brand" aria-hidden="true"><img src=${document.body.dataset.icon} width="32" height="32" alt="" /></span>
    ${TABS.map(
      (tab) => html`<a class="tab" href=${href({ tab })} onClick=${follow({ tab })} aria-current=${route.value.tab === tab ? "page" : undefined}>
        <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d=${ICONS[tab]} /></svg>
        <span>${t(`tab.${tab}`)}</span></a>`,
    )}
  </nav>`;
}
