/** Which screen: the address' query says it, so that every screen has a link of its own. */
import { signal } from "./lib.js";
import { backButton, haptic } from "./telegram.js";

function read() {
  const query = new URLSearchParams(window.location.search);
  return { ticker: (query.get("ticker") || "").toUpperCase(), horizon: query.get("horizon") || "" };
}

export const route = signal(read());

function settle() {
  route.value = read();
  backButton(route.value.ticker ? () => go({}) : null);
}

/** The address of a screen. */
export function href({ ticker = "", horizon = "" }) {
  const query = new URLSearchParams();
  if (ticker) query.set("ticker", ticker);
  if (horizon) query.set("horizon", horizon);
  const text = query.toString();
  return text ? `/app/?${text}` : "/app/";
}

/** Open a screen. */
export function go(target, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"]({ inside: true }, "", href(target));
  settle();
  if (!replace) {
    haptic();
    window.scrollTo(0, 0);
  }
}

/** A click handler that opens a screen without loading the page, unless a new tab is wanted. */
export function follow(target) {
  return (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(target);
  };
}

/** Start listening; call once. */
export function startRouter() {
  window.addEventListener("popstate", settle);
  settle();
}
