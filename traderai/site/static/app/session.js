/** Who the reader is: Telegram's word exchanged for a token, else the cookie of a sign-in. */
import { signal } from "./lib.js";
import { initData, insideTelegram } from "./telegram.js";

const STORE = "traderai.token";
const LOGIN = "/app/login/";

/** "open"; "expired" when the server no longer knows the reader; "out" and "deleted" by the reader's own wish. */
export const session = signal("open");
let wasKnown = false;
let exchanging = null;

/** Why Telegram's word was refused last: a code of the API, or "". */
export const refusal = signal("");

/** What a request says about who asks. */
export function credentials() {
  const token = sessionStorage.getItem(STORE);
  return token ? { Authorization: `Token ${token}` } : {};
}

export const hasToken = () => Boolean(sessionStorage.getItem(STORE));

/** A request was answered, so the server knows us. */
export function known() {
  wasKnown = true;
}

async function exchange() {
  forget();
  const response = await fetch("/api/v1/auth/telegram", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ init_data: initData() }),
    credentials: "omit",
  });
  const answer = await response.json();
  if (response.ok) sessionStorage.setItem(STORE, answer.token);
  else refusal.value = answer.code || "";
  return response.ok;
}

/** Exchange Telegram's word for a token; many callers share one exchange. False: it was refused. */
function exchangeOnce() {
  exchanging ||= exchange().finally(() => (exchanging = null));
  return exchanging;
}

/** Before the first request inside Telegram. A network that is down is told by the first request itself. */
export async function startSession() {
  if (initData() && !hasToken()) await exchangeOnce().catch(() => false);
}

/** The server does not know us: "renewed" (ask again), "ended", or "offline" where nobody could be asked. */
export async function renew() {
  if (session.value !== "open") return "ended";
  if (initData()) {
    try {
      if (await exchangeOnce()) return "renewed";
    } catch {
      return "offline";
    }
  }
  // Who was never signed in wants the form, not an explanation.
  if (!insideTelegram && !wasKnown) window.location.assign(loginAddress());
  else session.value = "expired";
  return "ended";
}

/** End the session: the cookie's by its own door; a token's end is the caller's. */
export async function signOut() {
  const wasToken = hasToken();
  forget();
  if (insideTelegram && wasToken) {
    session.value = "out";
    return;
  }
  const csrf = document.cookie.split("; ").find((item) => item.startsWith("csrftoken="));
  await fetch("/app/logout/", { method: "POST", headers: { "X-CSRFToken": csrf ? csrf.slice("csrftoken=".length) : "" }, redirect: "manual" });
  window.location.assign(LOGIN);
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
