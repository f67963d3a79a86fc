/** The parts of the track record: each figure beside its interval, its count and what it must be compared with. */
import { html, useState } from "./lib.js";
import { fraction, has, language, moment, multiple, number, t } from "./i18n.js";
import { CalibrationPlot, CurvePlot, RateBar } from "./plots.js";
import { Badge, Figure, MARKS, tone } from "./ui.js";

const NBSP = "\u00a0";
const WAYS = ["signal", "horizon", "regime", "month", "strength", "model_version"];
const SHOWN = 12; // rows of a table before the rest is asked for

const percents = (value) => fraction(value, { digits: 1 });
const rates = (value) => fraction(value);

/** The interval of a figure, or that there are too few trades for one. */
function between({ low, high }, format) {
  if (low === null || high === null) return t("record.few");
  return `${format(low)}${NBSP}… ${format(high)}`;
}

/** What the mean result says: more than luck, less than nothing, or nothing yet. */
function verdictOf({ value, low, high }) {
  if (value === null || low === null || high === null) return "few";
  if (low > 0) return "gain";
  return high < 0 ? "loss" : "unsure";
}

const MARKED = { gain: ["▲", "up"], loss: ["▼", "down"], unsure: ["≈", "flat"], few: ["○", "flat"] };

function Badges({ record }) {
  const kind = { replay: "replay", simulated: "simulated" }[record.source];
  return html`<span class="badges">
    ${kind && html`<${Badge} kind=${kind} note=${kind === "replay" ? t("record.replay.why") : undefined} />`}
    <${Badge} kind=${record.proven ? "proven" : "paper"} label=${record.proven ? t("record.proven") : undefined} note=${t(record.proven ? "record.proven.why" : "record.paper.why")} />
  </span>`;
}

/** What the record says in one sentence, and the figures that it stands on. */
export function Summary({ record }) {
  const { figures, told, level } = record;
  const verdict = verdictOf(figures.expectancy_r);
  const [mark, look] = MARKED[verdict];
  const sure = t("record.interval", { p: fraction(2 * level - 1) });
  return html`<section class="card call call-${look}">
    <${Badges} record=${record} />
    <h2 class="record-verdict"><span aria-hidden="true">${mark}</span> ${t(`record.verdict.${verdict}`)}</h2>
    <p class="fine">${t("record.of", { n: figures.trades, count: number(figures.trades), days: t("record.days", { n: figures.days }) })} ${sure}</p>
    <dl class="figures">
      <${Figure} label=${t("record.mean")} value=${multiple(figures.expectancy_r.value, 2)} note=${between(figures.expectancy_r, (value) => multiple(value, 2))} kind="figure-wide" />
      <${Figure} label=${t("record.hit")} value=${percents(figures.hit_rate.value)} note=${between(figures.hit_rate, percents)} />
      <${Figure} label=${t("record.needed")} value=${percents(figures.break_even)} />
      <${Figure} label=${t("record.total")} value=${multiple(figures.total_r)} />
      <${Figure} label=${t("record.drawdown")} value=${multiple(-figures.drawdown_r)} />
      <${Figure} label=${t("record.factor")} value=${number(figures.profit_factor.value, 2)} note=${between(figures.profit_factor, (value) => number(value, 2))} kind="figure-wide" />
    </dl>
    <${BaseRates} rows=${record.base_rates} />
    <${Told} told=${told} reasons=${record.void_reasons} />
  </section>`;
}

/** What everybody would have made on the same shares and days without a choice. */
export function BaseRates({ rows }) {
  if (!rows.length) return null;
  return html`<table class="grouped record-groups"><caption class="fine">${t("record.base")}</caption><thead><tr>
      <th scope="col"><span class="unseen">${t("record.by.signal")}</span></th><th scope="col" class="n">${t("record.hit.short")}</th><th scope="col" class="n">${t("record.mean.short")}</th></tr></thead>
    <tbody>${rows.map(
      (row) => html`<tr><th scope="row">${nameOf("signal", row.signal)}<small>${horizonOf(row.horizon)} · n = ${number(row.rows)}</small></th>
        <td class="n">${percents(row.hit_rate)}</td><td class="n text-${tone(row.mean_r)}">${multiple(row.mean_r, 2)}</td></tr>`,
    )}</tbody></table>`;
}

/** What became of everything that was told: the sum is told beside its parts. */
export function Told({ told, reasons }) {
  const parts = ["traded", "open", "no_trade", "void"].filter((state) => told[state]).map((state) => t(`record.told.${state}`, { n: number(told[state]) }));
  const voids = reasons.map((one) => `${has(`play.void.${one.name}`) ? t(`play.void.${one.name}`) : one.name}: ${number(one.number)}`);
  return html`<p class="fine">${t("record.told", { n: number(told.total), parts: parts.join(", ") })}
    ${told.withdrawn > 0 && ` ${t("record.withdrawn", { n: number(told.withdrawn) })}`}
    ${told.seen_by_gate > 0 && ` ${t("record.seen", { n: number(told.seen_by_gate) })}`}
    ${voids.length > 0 && ` ${t("record.voids", { reasons: voids.join(", ") })}`}</p>`;
}

const day = (iso) => moment(`${iso}T12:00:00+03:00`, { withTime: false });

/** The sum of all results as they ended, and how far it fell. */
export function Equity({ curve }) {
  if (curve.length < 2) return html`<section class="card"><h2>${t("record.equity")}</h2><p class="fine">${t("record.equity.few")}</p></section>`;
  const last = curve[curve.length - 1];
  const hasBand = curve.some((point) => point.low !== null);
  const points = curve.map((point) => ({ y: point.r, ...(hasBand && { low: point.low ?? point.r, high: point.high ?? point.r }), name: day(point.date) }));
  const falls = curve.map((point) => ({ y: -point.drawdown_r, name: day(point.date) }));
  const deepest = curve.reduce((worst, point) => (point.drawdown_r > worst.drawdown_r ? point : worst), curve[0]);
  const format = (value) => multiple(value, Math.abs(value) % 1 ? 1 : 0);
  return html`<section class="card"><h2>${t("record.equity")}</h2>
    <${CurvePlot} points=${points} base=${0} format=${format} label=${t("record.equity.label", { r: multiple(last.r), first: day(curve[0].date), last: day(last.date) })}
      table=${{ heads: [t("record.day"), t("record.sum"), t("record.low"), t("record.high")], rows: curve.map((point) => [day(point.date), multiple(point.r), multiple(point.low), multiple(point.high)]) }} />
    <p class="fine">${t(hasBand ? "record.equity.key" : "record.equity.nobands")}</p>
    <h3>${t("record.falls")}</h3>
    <${CurvePlot} points=${falls} base=${0} filled height=${120} format=${format} label=${t("record.falls.label", { r: multiple(-deepest.drawdown_r), when: day(deepest.date) })}
      table=${{ heads: [t("record.day"), t("record.falls")], rows: curve.map((point) => [day(point.date), multiple(-point.drawdown_r)]) }} />
  </section>`;
}

/** How often targets were reached by confidence, against what was needed. */
export function Confidence({ groups }) {
  if (!groups.length) return null;
  return html`<section class="card"><h2>${t("record.confidence")}</h2>
    <ul class="rates">${groups.map((group) => {
      const name = group.name.replace("-", "–");
      const { value, low, high } = group.hit_rate;
      const words = t("record.confidence.label", { name, n: group.trades, hit: percents(value), interval: between(group.hit_rate, percents), needed: percents(group.break_even) });
      return html`<li><div class="rate-head"><b>${name}</b><span class="fine">${t("record.trades", { n: group.trades, count: number(group.trades) })}</span><span class="grow"></span><b>${rates(value)}</b></div>
        <${RateBar} rate=${value} low=${low ?? value} high=${high ?? value} needed=${group.break_even} label=${words} />
        <p class="fine">${between(group.hit_rate, rates)} · ${t("record.needs", { needed: rates(group.break_even) })}</p></li>`;
    })}</ul>
    <p class="fine">${t("record.confidence.key")}</p></section>`;
}

/** What was foretold, and how often it came. */
export function Calibration({ rows }) {
  const known = rows.filter((row) => row.realised.value !== null);
  if (!known.length) return null;
  const dots = known.map(({ predicted, realised, trades }) => ({ x: predicted, y: realised.value, low: realised.low ?? realised.value, high: realised.high ?? realised.value, n: trades }));
  const table = {
    heads: [t("record.calibration.told"), t("record.calibration.came"), t("record.bounds"), "n"],
    rows: known.map((row) => [percents(row.predicted), percents(row.realised.value), between(row.realised, rates), number(row.trades)]),
  };
  const all = known.reduce((sum, row) => sum + row.trades, 0);
  const mean = (of) => known.reduce((sum, row) => sum + of(row) * row.trades, 0) / all;
  const label = t("record.calibration.label", { told: percents(mean((row) => row.predicted)), came: percents(mean((row) => row.realised.value)), n: number(all) });
  return html`<section class="card"><h2>${t("record.calibration")}</h2>
    <p class="fine">${label}</p>
    <${CalibrationPlot} dots=${dots} format=${rates} label=${label} names=${{ x: t("record.calibration.told"), y: t("record.calibration.came") }} table=${table} />
    <p class="fine">${t("record.calibration.key")}</p></section>`;
}

/** A horizon in words, such as "5 days". */
export function horizonOf(horizon) {
  const n = parseInt(horizon, 10);
  return t(horizon.endsWith("min") ? "record.minutes" : horizon.endsWith("bars") ? "play.bars" : "horizon.days", { n });
}

function nameOf(way, name) {
  if (way === "signal") return `${MARKS[name] || ""} ${t(`action.${name}`)}`;
  if (way === "horizon") return horizonOf(name);
  if (way === "month") return new Date(`${name}-15T00:00:00Z`).toLocaleDateString(language.value === "ru" ? "ru-RU" : "en-US", { month: "short", year: "numeric", timeZone: "UTC" }).replace(/ г\.$/, "");
  const key = way === "strength" ? `record.strength.${name}` : `${way}.${name}`;
  return has(key) ? t(key) : name === "unknown" ? t("play.unknown") : name;
}

/** The same trades by what they have in common. */
export function Groups({ groups }) {
  const [way, setWay] = useState("horizon");
  const [all, setAll] = useState(false);
  const rows = way === "month" ? [...groups[way]].reverse() : groups[way];
  const shown = all ? rows : rows.slice(0, SHOWN);
  return html`<section class="card"><h2>${t("record.groups")}</h2>
    <div class="chips record-ways" role="group" aria-label=${t("record.groups")}>${WAYS.map(
      (one) => html`<button class="chip" aria-pressed=${String(way === one)} onClick=${() => setWay(one)}>${t(`record.by.${one}`)}</button>`,
    )}</div>
    <div class="scroll" tabindex="0" role="region" aria-label=${t(`record.by.${way}`)}><table class="grouped record-groups"><thead><tr>
      <th scope="col">${t(`record.by.${way}`)}</th><th scope="col" class="n">${t("record.hit.short")}</th><th scope="col" class="n">${t("record.mean.short")}</th></tr></thead>
      <tbody>${shown.map(
        (row) => html`<tr><th scope="row">${nameOf(way, row.name)}<small>${t("record.trades", { n: row.trades, count: number(row.trades) })}</small></th>
          <td class="n">${rates(row.hit_rate.value)}<small>${t("record.needs", { needed: rates(row.break_even) })}</small></td>
          <td class="n"><span class="text-${tone(row.expectancy_r.value)}">${multiple(row.expectancy_r.value, 2)}</span><small>${between(row.expectancy_r, (value) => number(value, 2).replace("-", "−"))}</small></td></tr>`,
      )}</tbody></table></div>
    ${!all && rows.length > SHOWN && html`<button class="link" onClick=${() => setAll(true)}>${t("record.all_rows", { n: rows.length })}</button>`}
  </section>`;
}

/** What the numbers do not say. */
export function Caveats({ caveats }) {
  return html`<section class="card"><h2>${t("record.caveats")}</h2>
    <ul class="caveats">${caveats.map((one) => html`<li key=${one.code}>${one.text}</li>`)}<li>${t("record.caveat.past")}</li></ul></section>`;
}
