/** Which screen: the address' query says it, so that every screen has a link of its own. */
import { signal } from "./lib.js";
import { backButton, haptic } from "./telegram.js";

/** The tabs at the bottom, in their order; the first one opens without a query. */
export const TABS = ["market", "portfolio", "coach", "play", "more"];
// Screens without a tab of their own, and the tab that they belong to.
const DEEPER = { ticker: "market", record: "more" };

function read() {
  const query = Object.fromEntries(new URLSearchParams(window.location.search));
  const ticker = (query.ticker || "").toUpperCase();
  const asked = query.tab || "";
  const isScreen = TABS.includes(asked) || asked in DEEPER;
  // A share's page needs its name only; with another tab it is what that tab is asked about.
  const screen = isScreen && asked !== "ticker" ? asked : ticker ? "ticker" : TABS[0];
  return { ...query, screen, tab: DEEPER[screen] || screen, ticker, horizon: query.horizon || "" };
}

/** Where we are: { screen, tab, ticker, horizon, ...every other word of the query }. */
export const route = signal(read());

/** True from a change of the screen until the reader does something there: its heading has the focus (see `Title`). */
export const arrival = { pending: false };

function settle() {
  const before = route.value;
  route.value = read();
  arrival.pending = before.screen !== route.value.screen || before.ticker !== route.value.ticker;
  settleBack();
}

const holders = [];

function settleBack() {
  backButton(holders[holders.length - 1] || (route.value.screen in DEEPER ? back : null));
}

/** While something lies over the screen, Telegram's way back (a phone's own one, too) closes it; returns what ends that. */
export function holdBack(action) {
  holders.push(action);
  settleBack();
  return () => {
    holders.splice(holders.indexOf(action), 1);
    settleBack();
  };
}

/** The address of a screen: { tab, ticker, horizon, ... }; empty words are left out. */
export function href(target) {
  const words = Object.entries(target).filter(([name, value]) => value && !(name === "tab" && value === TABS[0]));
  const text = new URLSearchParams(words).toString();
  return text ? `/app/?${text}` : "/app/";
}

/** Open a screen; `replace` changes the address of this one. */
export function go(target, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"]({ inside: true }, "", href(target));
  settle();
  if (!replace) {
    haptic();
    window.scrollTo(0, 0);
  }
}

/** Back to where the reader came from, or to the tab that this screen belongs to. */
export function back() {
  if (history.state && history.state.inside) history.back();
  else go({ tab: route.value.tab });
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
  for (const doing of ["keydown", "pointerdown"]) window.addEventListener(doing, () => (arrival.pending = false), true);
  settle();
  arrival.pending = false;
}
