/** The settings: how it looks, how much one has and dares, what one is told. */
import { html, useState } from "./lib.js";
import { changeMe, me } from "./account.js";
import { grouped, has, language, parseNumber, t, useLanguage } from "./i18n.js";
import { insideTelegram } from "./telegram.js";
import { chooseTheme, chosenTheme } from "./theme.js";
import { Field, Segments, Select, Switch, toast, wordsOf } from "./ui.js";

const THEMES = ["", "light", "dark"];
const RISKS = ["cautious", "balanced", "bold"];
const ZONES = [
  "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Novosibirsk", "Asia/Krasnoyarsk",
  "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka", "Asia/Almaty", "Asia/Dubai", "Europe/London", "UTC",
];

/** Save at once and say so; a refusal leaves what was. */
async function save(changes) {
  try {
    await changeMe(changes);
    toast(t("more.saved"));
  } catch (problem) {
    toast(wordsOf(problem), "error");
  }
}

async function chooseLanguage(code) {
  await useLanguage(code);
  if (me.value) await save({ language: code });
}

export function Look() {
  const [chosen, setChosen] = useState(chosenTheme());
  const choose = (name) => {
    chooseTheme(name);
    setChosen(name);
  };
  return html`<section class="card" aria-labelledby="more-look"><h2 id="more-look">${t("more.look")}</h2>
    <div class="setting"><span>${t("more.language")}</span>
      <${Segments} label=${t("more.language")} value=${language.value} onChange=${chooseLanguage} options=${[["ru", "Русский"], ["en", "English"]]} /></div>
    ${insideTelegram
      ? html`<p class="fine">${t("more.theme.telegram")}</p>`
      : html`<div class="setting"><span>${t("more.theme")}</span>
          <${Segments} label=${t("more.theme")} value=${chosen} onChange=${choose} options=${THEMES.map((name) => [name, t(`more.theme.${name || "system"}`)])} /></div>`}
  </section>`;
}

function Capital() {
  const kept = me.value.capital_rub;
  const [text, setText] = useState(kept === null ? "" : grouped(kept));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const value = text.trim() ? parseNumber(text) : null;
  const submit = async (event) => {
    event.preventDefault();
    if (value !== null && !(value > 0)) return setError(t("more.capital.wrong"));
    setBusy(true);
    setError("");
    try {
      await changeMe({ capital_rub: value });
      setText(value === null ? "" : grouped(value));
      toast(t("more.saved"));
    } catch (problem) {
      setError(problem.of("capital_rub") || wordsOf(problem));
    }
    return setBusy(false);
  };
  return html`<form onSubmit=${submit} novalidate>
    <div class="field-row"><${Field} name="capital" label=${t("more.capital")} hint=${t("more.capital.hint")} value=${text} onInput=${setText} error=${error} suffix="₽" inputmode="decimal" autocomplete="off" placeholder=${t("more.capital.unknown")} />
      <button class="button" disabled=${busy || value === kept}>${t("action.save")}</button></div>
  </form>`;
}

export function Money() {
  const { risk_profile: risk, time_zone: zone } = me.value;
  const zones = ZONES.includes(zone) ? ZONES : [zone, ...ZONES];
  return html`<section class="card" aria-labelledby="more-money"><h2 id="more-money">${t("more.money")}</h2>
    <${Capital} key=${`${me.value.capital_rub}|${language.value}`} />
    <div class="setting setting-tall"><span>${t("more.risk")}</span>
      <${Segments} label=${t("more.risk")} value=${risk} onChange=${(name) => save({ risk_profile: name })} options=${RISKS.map((name) => [name, t(`more.risk.${name}`)])} /></div>
    <p class="fine">${t(`more.risk.${risk}.means`)}</p>
    <${Select} name="zone" label=${t("more.zone")} value=${zone} onChange=${(name) => save({ time_zone: name })} options=${zones.map((name) => [name, zoneName(name)])} />
  </section>`;
}

/** A zone with what its clocks say now. */
function zoneName(zone) {
  const city = zone.split("/").pop();
  const name = has(`zone.${city}`) ? t(`zone.${city}`) : zone;
  try {
    return `${name} · ${new Date().toLocaleTimeString("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" })}`;
  } catch {
    return name; // a zone that this browser does not know
  }
}

export function Notifications() {
  const { notifications, telegram_linked: isLinked } = me.value;
  const change = (name) => (on) => save({ notifications: { ...notifications, [name]: on } });
  return html`<section class="card" aria-labelledby="more-notify"><h2 id="more-notify">${t("more.notify")}</h2>
    ${!isLinked && html`<p class="fine">${t("more.notify.unlinked")}</p>`}
    <${Switch} label=${t("more.notify.signals")} note=${t("more.notify.signals.note")} checked=${notifications.signals} onChange=${change("signals")} />
    <${Switch} label=${t("more.notify.report")} note=${t("more.notify.report.note")} checked=${notifications.weekly_report} onChange=${change("weekly_report")} />
  </section>`;
}
