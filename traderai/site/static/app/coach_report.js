/** The report of a week: discipline, what habits cost, signals against own ideas, and what to do. */
import { html, useState } from "./lib.js";
import { ask, useResource } from "./api.js";
import { Bars, Line } from "./coach_charts.js";
import { language, moment, number, roubles, t } from "./i18n.js";
import { Result } from "./portfolio_parts.js";
import { follow, href } from "./router.js";
import { insideTelegram, openOutside } from "./telegram.js";
import { Empty, Figure, Loaded, toast, tone, wordsOf } from "./ui.js";

const DAY_MS = 86400000;
const MOSCOW_MS = 3 * 3600000;
const SEVERITY = { low: "!", medium: "!!", high: "!!!" };

/** The ISO week of a day. */
export function weekOf(day) {
  const thursday = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()));
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return `${thursday.getUTCFullYear()}-W${String(Math.ceil(((thursday - first) / DAY_MS + 1) / 7)).padStart(2, "0")}`;
}

/** A week so many before or after. */
export function weekAfter(week, count) {
  const [year, number_] = week.split("-W").map(Number);
  const fourth = new Date(Date.UTC(year, 0, 4)); // always in the first week
  const monday = fourth.getTime() + ((number_ - 1) * 7 - ((fourth.getUTCDay() || 7) - 1) + 7 * count) * DAY_MS;
  return weekOf(new Date(monday));
}

const lastWeek = () => weekAfter(weekOf(new Date()), -1);
const short = (week) => t("report.week.short", { n: Number(week.split("-W")[1]) });

/** The week's days, in the reader's own clock as the report has them. */
function spanOf(report) {
  const [first, end] = [report.begins_at, report.ends_at].map((text) => new Date(`${text.slice(0, 10)}T12:00:00Z`));
  const day = (date) => moment(date.toISOString(), { withTime: false });
  return `${day(first)} – ${day(new Date(end - DAY_MS))}`;
}

function Chooser({ week, isLast, report, onChoose }) {
  return html`<div class="chooser"><button class="icon-button" onClick=${() => onChoose(weekAfter(week, -1))} aria-label=${t("report.before")}><span aria-hidden="true">‹</span></button>
    <p class="grow" aria-live="polite"><b>${t("report.week", { n: Number(week.split("-W")[1]), year: week.slice(0, 4) })}</b>${report && html`<small>${spanOf(report)}</small>`}</p>
    <button class="icon-button" disabled=${isLast} onClick=${() => onChoose(weekAfter(week, 1))} aria-label=${t("report.after")}><span aria-hidden="true">›</span></button></div>`;
}

function Score({ report, weeks }) {
  const { score, score_trend: trend } = report;
  const words = score === null ? t("report.nothing") : trend === null ? t("report.trend.none") : null;
  return html`<section class="card score" aria-labelledby="score-title">
    <div class="score-head"><p class="score-figure">${score === null ? "–" : html`${score}<small>/100</small>`}</p>
      <div class="grow"><h2 id="score-title">${t("report.score")}</h2>
        <p class="fine">${words || html`<b class="text-${tone(trend)}"><span aria-hidden="true">${trend > 0 ? "▲" : trend < 0 ? "▼" : "●"} </span>${t("report.trend", { points: `${trend > 0 ? "+" : trend < 0 ? "−" : ""}${number(Math.abs(trend), 1)}` })}</b>`}</p></div></div>
    ${weeks.length > 1 && html`<${Line} label=${t("report.score.weeks")} top=${100} points=${weeks.map((one) => ({ label: short(one.week), value: one.score, text: one.score === null ? "–" : String(one.score) }))} />`}
  </section>`;
}

const counted = (side) => t("report.decisions", { n: side.decisions, count: number(side.decisions), won: number(side.winners) });

/** Signals against own ideas, side by side on one scale. */
function Sides({ report }) {
  const widest = Math.max(Math.abs(report.followed.pnl_rub), Math.abs(report.own.pnl_rub), 1);
  const row = (name) => {
    const side = report[name];
    return html`<li key=${name}><p class="even-head"><span>${t(`report.${name}`)}</span><${Result} rub=${side.pnl_rub} /></p>
      <div class="even-bar" aria-hidden="true"><div class="even-fill ${side.pnl_rub < 0 ? "fill-down" : "fill-up"}" style=${{ width: `${(Math.abs(side.pnl_rub) / widest) * 100}%` }}></div></div>
      <p class="fine">${counted(side)}</p></li>`;
  };
  return html`<section class="card" aria-labelledby="sides-title"><h2 id="sides-title">${t("report.sides")}</h2>
    <ul class="sides">${["followed", "own"].map(row)}</ul>
    ${report.followed.decisions + report.own.decisions < 20 && html`<p class="fine">${t("report.few")}</p>`}</section>`;
}

function Finding({ one }) {
  const ids = one.trade_ids.slice(0, 8).map((id) => `№${id}`).join(", ");
  return html`<li>${one.text}<small>${moment(one.at)}${ids && ` · ${t("report.trades", { ids: ids + (one.trade_ids.length > 8 ? " …" : "") })}`}${one.cost_rub > 0 ? ` · ${roubles(-one.cost_rub)}` : ""}</small></li>`;
}

function Habit({ one, total, first }) {
  const isElsewhere = one.cost_rub === 0 && one.cost_alone_rub > 0;
  return html`<details class="habit" open=${first}><summary>
      <span class="severity severity-${one.severity}" role="img" aria-label=${t(`report.severity.${one.severity}`)}>${SEVERITY[one.severity]}</span>
      <span class="grow">${one.title} <small>×${one.count}</small></span>
      <b>${isElsewhere ? html`<small>${t("report.elsewhere", { sum: roubles(one.cost_alone_rub) })}</small>` : one.cost_rub > 0 ? roubles(-one.cost_rub) : roubles(0)}</b></summary>
    <div class="even-bar" aria-hidden="true"><div class="even-fill fill-down" style=${{ width: `${total ? (one.cost_rub / total) * 100 : 0}%` }}></div></div>
    <ul class="findings">${one.findings.map((finding, place) => html`<${Finding} key=${place} one=${finding} />`)}</ul></details>`;
}

function Habits({ report }) {
  return html`<section class="card" aria-labelledby="habits-title">
    <div class="card-head"><h2 id="habits-title">${t("report.habits")}</h2><b>${report.total_cost_rub > 0 ? roubles(-report.total_cost_rub) : roubles(0)}</b></div>
    <p class="fine">${t(report.mistakes.length ? "report.habits.once" : "report.habits.none")}</p>
    ${report.mistakes.map((one, place) => html`<${Habit} key=${one.kind} one=${one} total=${report.total_cost_rub} first=${place === 0} />`)}</section>`;
}

function Decision({ one, kind }) {
  if (!one) return null;
  return html`<${Figure} label=${t(`report.${kind}`)} value=${html`${one.secid} <${Result} rub=${one.pnl_rub} />`}
    note=${[t(`action.${one.side}`), moment(one.at), t(one.followed ? "report.by_signal" : "report.by_self"), ...one.mistakes].join(" · ")} kind="figure-wide ${kind === "best" ? "mark-up" : "mark-down"}" />`;
}

/** Inside Telegram the page opens in a browser in which nobody is signed in: by an address that is good for minutes. */
async function printOutside(event, week) {
  if (!insideTelegram) return;
  event.preventDefault();
  try {
    openOutside((await ask("/user_weekly_report", { week })).page_url);
  } catch (problem) {
    toast(wordsOf(problem), "error");
  }
}

function Week({ report }) {
  const weeks = [...report.earlier, report];
  return html`<div class="two"><div class="two-side"><${Score} report=${report} weeks=${weeks} />
    <section class="card"><h2>${t("report.result")}</h2>
      <dl class="figures"><${Figure} label=${t("report.result.week")} value=${html`<${Result} rub=${report.pnl_rub} />`} note=${t("report.decisions.count", { n: report.decisions, count: number(report.decisions) })} />
        <${Figure} label=${t("report.closed")} value=${html`<${Result} rub=${report.closed.pnl_rub} />`} note=${t("report.exits", { n: report.closed.exits, count: number(report.closed.exits), won: number(report.closed.winners) })} />
        <${Decision} one=${report.best} kind="best" /><${Decision} one=${report.worst} kind="worst" /></dl>
      ${weeks.length > 1 && html`<p class="fine">${t("report.result.weeks")}</p><${Bars} label=${t("report.result.weeks")} bars=${weeks.map((one) => ({ label: short(one.week), value: one.pnl_rub, text: roubles(one.pnl_rub, { signed: true }), short: one.decisions ? roubles(one.pnl_rub, { signed: true }).replace(/\s?₽/, "") : "–" }))} />`}
    </section>
    <${Sides} report=${report} /></div>
    <div class="two-side"><${Habits} report=${report} />
    <section class="card advice-card" aria-labelledby="advice-title"><h2 id="advice-title">${t("report.advice")}</h2><ol>${report.advice.slice(0, 3).map((one) => html`<li key=${one.code}>${one.text}</li>`)}</ol></section>
    ${!report.capital_known && html`<p class="note note-plain"><span aria-hidden="true">○</span><span>${t("report.capital")}</span></p>`}
    <p class="fine">${t("report.made", { when: moment(report.made_at) })} · <a href="/app/report/?week=${report.week}&lang=${language.value}" target="_blank" rel="noopener" onClick=${(event) => printOutside(event, report.week)}>${t("report.print")}</a></p></div></div>`;
}

/** A week without anything to tell: the way to the last one that has, and to the journal. */
function Quiet({ week, onChoose }) {
  const newest = useResource("journal.newest", (abort) => ask("/actions", { page_size: 1 }, abort));
  const trade = newest.data && newest.data.results[0];
  const traded = trade && weekOf(new Date(Date.parse(trade.traded_at) + MOSCOW_MS));
  const journal = { tab: "coach", view: "journal" };
  return html`<${Empty} title=${t("report.empty")} text=${t("report.empty.text")}><div class="ways-on">
    ${traded && traded < week && html`<button class="button" onClick=${() => onChoose(traded)}>${t("report.empty.newest")}</button>`}
    <a class="link" href=${href(journal)} onClick=${follow(journal)}>${t("report.empty.journal")}</a></div><//>`;
}

/** The part of the screen: without a week the server's last full one, by the reader's own calendar. */
export function Report() {
  const [week, setWeek] = useState("");
  const [latest, setLatest] = useState("");
  const said = useResource(`report|${week}|${language.value}`, (abort) => ask("/user_weekly_report", { week }, abort));
  const report = said.data;
  if (!week && report && report.week !== latest) setLatest(report.week);
  const shown = week || (report ? report.week : lastWeek());
  const choose = (name) => setWeek(name === latest ? "" : name);
  const isQuiet = report && !report.decisions && !report.closed.exits && !report.mistakes.length && !report.earlier.some((one) => one.decisions);
  return html`<${Chooser} week=${shown} isLast=${!week || shown >= (latest || lastWeek())} report=${report} onChoose=${choose} />
    ${said.problem && said.problem.code === "week_not_over" ? html`<${Empty} title=${t("report.not_over")} text=${t("report.not_over.text")} />`
      : isQuiet ? html`<${Quiet} week=${shown} onChoose=${choose} />`
      : html`<${Loaded} from=${said} heights=${[176, 120, 96, 176]}>${(data) => html`<${Week} report=${data} />`}<//>`}`;
}
