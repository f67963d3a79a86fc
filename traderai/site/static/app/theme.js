/** Dark or light: Telegram's, else the reader's choice, else the system's. */
import { signal } from "./lib.js";
import { insideTelegram } from "./telegram.js";

const STORE = "traderai.theme";
const root = document.documentElement;
const system = window.matchMedia("(prefers-color-scheme: dark)");
export const theme = signal("dark");

function settle() {
  if (!insideTelegram || !root.dataset.theme) {
    root.dataset.theme = chosenTheme() || (system.matches ? "dark" : "light");
  }
  theme.value = root.dataset.theme;
}

/** Start following the system and Telegram; call once, after `telegram.start`. */
export function startTheme() {
  settle();
  system.addEventListener("change", settle);
  window.addEventListener("themechange", () => (theme.value = root.dataset.theme));
}

/** The reader's choice: "dark", "light" or "" for the system's. */
export function chosenTheme() {
  return localStorage.getItem(STORE) || "";
}

/** Choose and remember a theme; "" follows the system. */
export function chooseTheme(name) {
  if (name) localStorage.setItem(STORE, name);
  else localStorage.removeItem(STORE);
  delete root.dataset.theme;
  settle();
}

/** A colour of the style sheet, for what draws on a canvas. */
export function colour(name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}
