/** The watched shares; the whole app knows one list. */
import { html, signal } from "./lib.js";
import { ask, send } from "./api.js";
import { t } from "./i18n.js";
import { toast, wordsOf } from "./ui.js";

/** Their tickers in the reader's order; null until they are known. */
export const watched = signal(null);

/** Load them: what `useResource("watchlist", ...)` is given. */
export async function WATCHED(abort) {
  const answer = await ask("/watchlist", {}, abort);
  watched.value = answer.results.map((row) => row.secid);
  return answer;
}

async function toggle(secid) {
  const before = watched.value;
  const isOn = before.includes(secid);
  watched.value = isOn ? before.filter((other) => other !== secid) : [...before, secid];
  try {
    await send("PUT", "/watchlist", { secids: watched.value });
    toast(t(isOn ? "watch.removed" : "watch.added", { secid }));
  } catch (problem) {
    watched.value = before;
    toast(wordsOf(problem), "error");
  }
}

/** The star of one share. */
export function Star({ secid }) {
  if (!watched.value) return null;
  const isOn = watched.value.includes(secid);
  return html`<button class="icon-button star" aria-pressed=${String(isOn)} aria-label=${t("watch.label")} onClick=${() => toggle(secid)}><span aria-hidden="true">${isOn ? "★" : "☆"}</span></button>`;
}
