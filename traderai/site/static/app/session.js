/** Who the reader is: Telegram's word exchanged for a token, else the cookie of a sign-in. */
import { signal } from "./lib.js";
import { initData, insideTelegram } from "./telegram.js";

const STORE = "traderai.token";
const LOGIN = "/app/login/";

/** "open", or "expired" when the server no longer knows the reader. */
export const session = signal("open");
let wasKnown = false;
let exchanging = null;

/** What a request says about who asks. */
export function credentials() {
  const token = sessionStorage.getItem(STORE);
  return token ? { Authorization: `Token ${token}` } : {};
}

/** A request was answered, so the server knows us. */
export function known() {
  wasKnown = true;
}

async function exchange() {
  sessionStorage.removeItem(STORE);
  const response = await fetch("/api/v1/auth/telegram", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ init_data: initData() }),
    credentials: "omit",
  });
  if (!response.ok) return false;
  sessionStorage.setItem(STORE, (await response.json()).token);
  return true;
}

/** Get a token from Telegram's word if there is one; many callers share one exchange. False: it was refused. */
export function signInByTelegram() {
  if (!insideTelegram || !initData()) return Promise.resolve(false);
  exchanging ||= exchange().finally(() => (exchanging = null));
  return exchanging;
}

/** Before the first request inside Telegram. A network that is down is told by the first request itself. */
export async function startSession() {
  if (insideTelegram && !sessionStorage.getItem(STORE)) await signInByTelegram().catch(() => false);
}

/** The server does not know us; true: by now it does, ask again. */
export async function renew() {
  if (insideTelegram && (await signInByTelegram().catch(() => false))) return true;
  // Who was never signed in wants the form, not an explanation.
  if (!insideTelegram && !wasKnown) window.location.assign(loginAddress());
  else session.value = "expired";
  return false;
}

/** The form's address, which leads back to this screen. */
export function loginAddress() {
  const here = window.location.pathname + window.location.search;
  return `${LOGIN}?${new URLSearchParams({ next: here })}`;
}

/** Forget the token; the server's side is the caller's. */
export function forget() {
  sessionStorage.removeItem(STORE);
}
