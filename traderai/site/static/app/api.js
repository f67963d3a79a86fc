/** The public API, and nothing else, is where this page gets its data from. */
import { signal, useEffect, useState } from "./lib.js";
import { language } from "./i18n.js";
import { credentials, known, renew } from "./session.js";

const BASE = "/api/v1";
const KEPT = 40; // answers that stay at hand while the reader walks between screens

/** False from a request that no server answered until the next one that is. */
export const online = signal(navigator.onLine !== false);

/** An RFC 9457 answer, or a network that did not answer (`status` 0). */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || "");
    this.status = status;
    this.code = body.code || "error";
    this.requestId = body.request_id || "";
    this.errors = body.errors || [];
    this.body = body;
  }

  /** What is wrong with this field of the request, or "". */
  of(field) {
    const found = this.errors.find((error) => error.field === field || error.field.endsWith(`.${field}`));
    return found ? found.detail : "";
  }
}

function csrfToken() {
  const found = document.cookie.split("; ").find((item) => item.startsWith("csrftoken="));
  return found ? decodeURIComponent(found.slice("csrftoken=".length)) : "";
}

async function answerOf(path, { method, body, key, signal: abort }) {
  const headers = { Accept: "application/json", "Accept-Language": language.value, ...credentials() };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  if (body) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  try {
    // A kept answer would tell the age that the data had when it was kept.
    const response = await fetch(BASE + path, { method, headers, signal: abort, cache: "no-store", body: body && JSON.stringify(body), credentials: "same-origin" });
    online.value = true;
    return response;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    online.value = false;
    throw new Problem(0, { code: "offline" });
  }
}

/** Ask the API.
 *
 * The answer also says when the server gave it (`servedAt`, milliseconds by the server's clock) and when it came
 * (`receivedAt`, by ours). An answer without a body is {}.
 */
export async function call(path, options = {}) {
  const asked = { method: "GET", ...options };
  let response = await answerOf(path, asked);
  if (response.status === 401) {
    const outcome = await renew();
    if (outcome === "offline") throw new Problem(0, { code: "offline" });
    if (outcome === "renewed") response = await answerOf(path, asked);
  }
  if (response.ok) {
    known();
    const content = response.status === 204 ? {} : await response.json();
    return { ...content, servedAt: Date.parse(response.headers.get("Date")), receivedAt: Date.now() };
  }
  throw new Problem(response.status, await response.json().catch(() => ({})));
}

/** The path with its query; empty parameters are left out. */
export function withQuery(path, parameters = {}) {
  const words = Object.entries(parameters).filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false);
  return words.length ? `${path}?${new URLSearchParams(words)}` : path;
}

/** GET. */
export const ask = (path, parameters, abort) => call(withQuery(path, parameters), { signal: abort });

/** A name for one wish of the reader, so that a wish sent twice is done once. */
export function wishKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Write: POST, PUT, PATCH or DELETE with an `Idempotency-Key`; a request that was not answered is sent once more. */
export async function send(method, path, body, { key = wishKey() } = {}) {
  try {
    return await call(path, { method, body, key });
  } catch (problem) {
    if (problem.status !== 0) throw problem;
    return call(path, { method, body, key });
  }
}

export const heatmap = (parameters, abort) => ask("/market_heatmap", parameters, abort);
export const analysis = (body, abort) => call("/analyze_ticker", { method: "POST", body, signal: abort });
export const instrument = (secid, abort) => ask(`/instruments/${encodeURIComponent(secid)}`, {}, abort);
export const candles = (secid, parameters, abort) => ask(`/instruments/${encodeURIComponent(secid)}/candles`, parameters, abort);

const kept = new Map();

function keep(key, data) {
  kept.delete(key);
  kept.set(key, data);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
}

/** Forget answers whose key begins so; "" forgets all of them (another reader, another language). */
export function forgetAnswers(beginning = "") {
  for (const key of [...kept.keys()]) if (key.startsWith(beginning)) kept.delete(key);
}

/** Load something whenever `key` changes and again every `everySeconds` while the page is visible.
 *
 * Keys name what is loaded and are unique in the whole app, such as "heatmap|5d|ru": the last answer of a key is shown
 * at once when its screen opens again, and stays where a new one cannot be had. A null key loads nothing.
 * Returns { data, problem, loading, reload }.
 */
export function useResource(key, load, everySeconds = 0) {
  const [state, setState] = useState({ key: null, data: null, problem: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (key === null) return undefined;
    const controller = new AbortController();
    load(controller.signal).then(
      (data) => {
        keep(key, data);
        setState({ key, data, problem: null });
      },
      (problem) => {
        if (problem.name !== "AbortError") setState({ key, data: kept.get(key) || null, problem });
      },
    );
    return () => controller.abort();
  }, [key, turn]);
  useEffect(() => {
    if (!everySeconds || key === null) return undefined;
    const timer = setInterval(() => document.hidden || setTurn((n) => n + 1), everySeconds * 1000);
    return () => clearInterval(timer);
  }, [key, everySeconds]);
  useEffect(() => {
    const again = () => setTurn((n) => n + 1);
    window.addEventListener("online", again);
    return () => window.removeEventListener("online", again);
  }, []);
  const current = state.key === key ? state : { data: kept.get(key) || null, problem: null };
  const reload = () => {
    setState({ key: null, data: null, problem: null });
    setTurn((n) => n + 1);
  };
  return { data: current.data, problem: current.problem, loading: key !== null && !current.data && !current.problem, reload };
}

/** Follow the browser's own knowledge of the network; call once. */
export function startOnline() {
  window.addEventListener("offline", () => (online.value = false));
  window.addEventListener("online", () => (online.value = true));
}
