/** What Telegram gives a Mini App, with nothing happening in an ordinary browser.
 *
 * Telegram starts the page with its parameters in the address' hash and listens to posted events; the theme's
 * colours become the variables `--tg-theme-*` of its convention.
 */

const STORE = "traderai.telegram";

function launchParameters() {
  const hash = window.location.hash.slice(1);
  if (hash.includes("tgWebApp")) {
    sessionStorage.setItem(STORE, hash);
    history.replaceState(history.state, "", window.location.pathname + window.location.search);
    return new URLSearchParams(hash);
  }
  return new URLSearchParams(sessionStorage.getItem(STORE) || "");
}

const parameters = launchParameters();
export const insideTelegram = parameters.has("tgWebAppVersion");
const listeners = new Map();

/** Send an event to the Telegram application around the page. */
function post(type, data = {}) {
  if (!insideTelegram) return;
  if (window.TelegramWebviewProxy) window.TelegramWebviewProxy.postEvent(type, JSON.stringify(data));
  else if (window.parent !== window) window.parent.postMessage(JSON.stringify({ eventType: type, eventData: data }), "https://web.telegram.org");
}

function receive(type, data) {
  if (type === "theme_changed") applyTheme(data && data.theme_params);
  if (type === "back_button_pressed" && listeners.has("back")) listeners.get("back")();
  if (type === "main_button_pressed" && listeners.has("main")) listeners.get("main")();
}

function isDark(colour) {
  const value = parseInt(colour.slice(1), 16);
  return 0.299 * (value >> 16) + 0.587 * ((value >> 8) & 255) + 0.114 * (value & 255) < 140;
}

function applyTheme(theme) {
  if (!theme) return;
  const root = document.documentElement;
  for (const [name, colour] of Object.entries(theme)) {
    if (/^#[0-9a-f]{6}$/i.test(colour)) root.style.setProperty(`--tg-theme-${name.replaceAll("_", "-")}`, colour);
  }
  if (/^#[0-9a-f]{6}$/i.test(theme.bg_color || "")) root.dataset.theme = isDark(theme.bg_color) ? "dark" : "light";
  window.dispatchEvent(new Event("themechange"));
}

/** Say that the page is ready and take over the theme; call once. */
export function start() {
  if (!insideTelegram) return;
  document.documentElement.dataset.telegram = "yes";
  try {
    applyTheme(JSON.parse(parameters.get("tgWebAppThemeParams") || "null"));
  } catch {
    // A theme that cannot be read leaves our own colours.
  }
  window.Telegram = { WebView: { receiveEvent: receive } };
  window.addEventListener("message", (event) => {
    if (event.origin !== "https://web.telegram.org" || typeof event.data !== "string") return;
    try {
      const { eventType, eventData } = JSON.parse(event.data);
      receive(eventType, eventData);
    } catch {
      // Not one of Telegram's messages.
    }
  });
  post("web_app_ready");
  post("web_app_expand");
}

/** Show Telegram's own back button and call `action` when it is pressed; null hides it. */
export function backButton(action) {
  if (action) listeners.set("back", action);
  else listeners.delete("back");
  post("web_app_setup_back_button", { is_visible: Boolean(action) });
}

/** Show Telegram's own main button; `action` null hides it. */
export function mainButton(text, action, { enabled = true, busy = false } = {}) {
  if (action) listeners.set("main", action);
  else listeners.delete("main");
  post("web_app_setup_main_button", { is_visible: Boolean(action), is_active: enabled && !busy, is_progress_visible: busy, text });
}

/** A short vibration: on a choice, or on a result ("success", "warning", "error"). */
export function haptic(result = "") {
  const data = result ? { type: "notification", notification_type: result } : { type: "selection_change" };
  post("web_app_trigger_haptic_feedback", data);
  // Outside, a phone's browser may have a motor, too; without a touch before it refuses with a complaint.
  if (!insideTelegram && navigator.vibrate && navigator.userActivation?.hasBeenActive) navigator.vibrate(result ? 20 : 8);
}

/** What Telegram says of the reader, signed by it; "" outside. */
export function initData() {
  return parameters.get("tgWebAppData") || "";
}

/** Open an address in the reader's own browser, outside of Telegram. */
export function openOutside(url) {
  post("web_app_open_link", { url });
}

/** Close the Mini App. */
export function close() {
  post("web_app_close");
}

/** Language that Telegram says its user has, or "". */
export function languageCode() {
  try {
    const user = new URLSearchParams(initData()).get("user");
    return String(JSON.parse(user || "{}").language_code || "");
  } catch {
    return "";
  }
}
