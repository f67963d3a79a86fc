/** Settings, the reader's own data, and what there is to know about the product. */
import { html } from "./lib.js";
import { loadMe, me } from "./account.js";
import { useResource } from "./api.js";
import { t } from "./i18n.js";
import { About } from "./more_about.js";
import { MyData, SignOut } from "./more_data.js";
import { Look, Money, Notifications } from "./more_settings.js";
import { follow, href } from "./router.js";
import { Failure, ScreenHead, Skeleton } from "./ui.js";

function Who() {
  const { username, roles, telegram_linked: isLinked } = me.value;
  const about = [...(roles || []).map((role) => t(`role.${role}`)), isLinked && t("more.telegram")].filter(Boolean);
  return html`<section class="card who"><span class="avatar" aria-hidden="true">${username.slice(0, 1).toUpperCase()}</span>
    <div><b>${username}</b><p class="sub">${about.join(" · ")}</p></div></section>`;
}

function RecordLink() {
  return html`<a class="card link-card" href=${href({ tab: "record" })} onClick=${follow({ tab: "record" })}>
    <span class="grow"><b>${t("record.title")}</b><small class="fine">${t("more.record")}</small></span><span aria-hidden="true">›</span></a>`;
}

/** The last tab. */
export function MoreScreen() {
  const { problem, loading, reload } = useResource("me", loadMe);
  const isKnown = Boolean(me.value);
  return html`<main class="screen screen-narrow" id="main">
    <${ScreenHead} title=${t("more.title")} />
    ${isKnown && html`<${Who} />`}
    <${RecordLink} />
    <${Look} />
    ${!isKnown && loading && html`<${Skeleton} heights=${[88, 240, 120]} />`}
    ${!isKnown && problem && html`<${Failure} problem=${problem} onRetry=${reload} />`}
    ${isKnown && html`<${Money} /><${Notifications} />`}
    <${About} />
    ${isKnown && html`<${MyData} username=${me.value.username} />`}
    <${SignOut} />
  </main>`;
}
