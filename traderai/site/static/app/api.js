/** The public API, and nothing else, is where this page gets its data from. */
import { useEffect, useState } from "./lib.js";
import { language } from "./i18n.js";

const BASE = "/api/v1";

/** An RFC 9457 answer, or a network that did not answer (`status` 0). */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || "");
    this.status = status;
    this.code = body.code || "error";
    this.requestId = body.request_id || "";
  }
}

function csrfToken() {
  const found = document.cookie.split("; ").find((item) => item.startsWith("csrftoken="));
  return found ? decodeURIComponent(found.slice("csrftoken=".length)) : "";
}

/** Ask the API; the answer also says when the server gave it (`servedAt`, milliseconds by the server's clock). */
async function call(path, { method = "GET", body, signal } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": language.value };
  if (body) Object.assign(headers, { "Content-Type": "application/json", "X-CSRFToken": csrfToken() });
  let response;
  try {
    // A kept answer would tell the age that the data had when it was kept.
    response = await fetch(BASE + path, { method, headers, signal, cache: "no-store", body: body && JSON.stringify(body), credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { code: "offline" });
  }
  if (response.ok) return { ...(await response.json()), servedAt: Date.parse(response.headers.get("Date")) };
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401) window.location.assign("/app/login/");
  throw new Problem(response.status, problem);
}

const query = (parameters) => new URLSearchParams(Object.entries(parameters).filter(([, value]) => value)).toString();

export const heatmap = (parameters, signal) => call(`/market_heatmap?${query(parameters)}`, { signal });
export const analysis = (body, signal) => call("/analyze_ticker", { method: "POST", body, signal });
export const instrument = (secid, signal) => call(`/instruments/${encodeURIComponent(secid)}`, { signal });
export const candles = (secid, parameters, signal) =>
  call(`/instruments/${encodeURIComponent(secid)}/candles?${query(parameters)}`, { signal });

/** Load something whenever `key` changes and again every `everySeconds` while the page is visible.
 *
 * Returns { data, problem, loading, reload }; data of the same key stay while they are loaded anew.
 */
export function useResource(key, load, everySeconds = 0) {
  const [state, setState] = useState({ key: null, data: null, problem: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    load(controller.signal).then(
      (data) => setState({ key, data, problem: null }),
      (problem) => {
        if (problem.name !== "AbortError") setState((old) => ({ key, data: old.key === key ? old.data : null, problem }));
      },
    );
    return () => controller.abort();
  }, [key, turn]);
  useEffect(() => {
    if (!everySeconds) return undefined;
    const timer = setInterval(() => document.hidden || setTurn((n) => n + 1), everySeconds * 1000);
    return () => clearInterval(timer);
  }, [key, everySeconds]);
  const current = state.key === key ? state : { data: null, problem: null };
  const reload = () => {
    setState({ key: null, data: null, problem: null });
    setTurn((n) => n + 1);
  };
  return { data: current.data, problem: current.problem, loading: !current.data && !current.problem, reload };
}
