/** Plots of a few figures, drawn as SVG at the width that there is; each carries its figures as a table. */
import { html, useEffect, useRef, useState } from "./lib.js";
import { t } from "./i18n.js";

const TOP = 8; // pixels above the highest tick
const BOTTOM = 24; // for the names below the axis
const LEFT = 4;
const LETTER = 7; // width of a digit of the ticks' type
const WIDTH = 326; // before the first measure: a phone's card

/** The width of an element as it is laid out. */
export function useWidth(box) {
  const [width, setWidth] = useState(WIDTH);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.max(160, Math.floor(entry.contentRect.width))));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  return width;
}

/** Round ticks that hold all values. */
export function ticksOf(low, high, count = 4) {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((one) => one * power >= rough) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

/** The figures of a plot as a table, one tap away. */
export function PlotTable({ caption, heads, rows }) {
  return html`<details class="plot-table"><summary>${t("plot.table")}</summary>
    <div class="scroll" tabindex="0" role="region" aria-label=${caption}><table class="grouped"><caption class="unseen">${caption}</caption>
      <thead><tr>${heads.map((head, at) => html`<th scope="col" class=${at ? "n" : ""}>${head}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr>${row.map((cell, at) => (at ? html`<td class="n">${cell}</td>` : html`<th scope="row">${cell}</th>`))}</tr>`)}</tbody>
    </table></div></details>`;
}

/** Where values lie in a frame of this size: the right margin has the names of the ticks. */
function frameOf({ width, height, ticks, names, xs }) {
  const right = Math.max(...names.map((name) => name.length)) * LETTER + 8;
  const [bottom, top] = [ticks[0], ticks[ticks.length - 1]];
  const [first, last] = xs;
  return {
    right: width - right,
    bottom: height - BOTTOM,
    x: (value) => LEFT + ((value - first) / (last - first || 1)) * (width - right - LEFT),
    y: (value) => TOP + ((top - value) / (top - bottom)) * (height - BOTTOM - TOP),
  };
}

function Grid({ frame, ticks, names }) {
  return ticks.map(
    (tick, at) => html`<line class="plot-grid" x1=${LEFT} x2=${frame.right} y1=${frame.y(tick)} y2=${frame.y(tick)} />
      <text class="plot-tick" x=${frame.right + 6} y=${frame.y(tick) + 4}>${names[at]}</text>`,
  );
}

function Ends({ frame, height, names }) {
  return html`<text class="plot-tick" x=${LEFT} y=${height - 6}>${names[0]}</text>
    <text class="plot-tick plot-end" x=${frame.right} y=${height - 6}>${names[1]}</text>`;
}

const pathOf = (points) => points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** A line with the band in which it may lie.
 *
 * points: [{ y, low, high, name }] in their order; low and high may be missing. `base`: a value to compare with.
 */
export function CurvePlot({ points, format, label, base = null, filled = false, height = 200, table }) {
  const box = useRef(null);
  const width = useWidth(box);
  const values = points.flatMap((point) => [point.y, point.low ?? point.y, point.high ?? point.y]).concat(base === null ? [] : [base]);
  const ticks = ticksOf(Math.min(...values), Math.max(...values));
  const names = ticks.map(format);
  const frame = frameOf({ width, height, ticks, names, xs: [0, Math.max(1, points.length - 1)] });
  const at = (name) => points.map((point, place) => [frame.x(place), frame.y(point[name] ?? point.y)]);
  const line = at("y");
  const floor = frame.y(base ?? ticks[0]);
  const [endX, endY] = line[line.length - 1];
  return html`<figure class="plot" ref=${box}>
    <svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${label}>
      <${Grid} frame=${frame} ticks=${ticks} names=${names} />
      ${points.some((point) => point.low !== undefined) && html`<path class="plot-band" d=${`${pathOf([...at("high"), ...at("low").reverse()])}Z`} />`}
      ${filled && html`<path class="plot-fill" d=${`${pathOf([[line[0][0], floor], ...line, [endX, floor]])}Z`} />`}
      ${base !== null && html`<line class="plot-base" x1=${LEFT} x2=${frame.right} y1=${frame.y(base)} y2=${frame.y(base)} />`}
      <path class=${filled ? "plot-line plot-line-down" : "plot-line"} d=${pathOf(line)} />
      <circle class=${filled ? "plot-dot plot-dot-down" : "plot-dot"} cx=${endX} cy=${endY} r="4" />
      <${Ends} frame=${frame} height=${height} names=${[points[0].name, points[points.length - 1].name]} />
    </svg>
    <${PlotTable} caption=${label} ...${table} />
  </figure>`;
}

/** Told against happened: dots with the interval in which the truth lies, and the line on which they should lie.
 *
 * dots: [{ x, y, low, high, n }], all from 0 to 1; the area of a dot grows with its count.
 */
export function CalibrationPlot({ dots, format, label, names, table }) {
  const box = useRef(null);
  const width = Math.min(useWidth(box), 480);
  const height = Math.round(width * 0.72);
  const values = dots.flatMap((dot) => [dot.x, dot.y, dot.low, dot.high]);
  const ticks = ticksOf(Math.min(...values), Math.max(...values));
  const [least, most] = [ticks[0], ticks[ticks.length - 1]];
  const frame = frameOf({ width, height, ticks, names: ticks.map(format), xs: [least, most] });
  const largest = Math.max(...dots.map((dot) => dot.n), 1);
  return html`<figure class="plot" ref=${box}>
    <p class="plot-name">↑ ${names.y}</p>
    <svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${label}>
      <${Grid} frame=${frame} ticks=${ticks} names=${ticks.map(format)} />
      <line class="plot-base" x1=${frame.x(least)} y1=${frame.y(least)} x2=${frame.x(most)} y2=${frame.y(most)} />
      ${dots.map(
        (dot) => html`<line class="plot-whisker" x1=${frame.x(dot.x)} x2=${frame.x(dot.x)} y1=${frame.y(dot.low)} y2=${frame.y(dot.high)} />
          <circle class="plot-dot" cx=${frame.x(dot.x)} cy=${frame.y(dot.y)} r=${3 + 5 * Math.sqrt(dot.n / largest)} />`,
      )}
      <${Ends} frame=${frame} height=${height} names=${[format(least), format(most)]} />
    </svg>
    <p class="plot-name plot-name-x">${names.x} →</p>
    <${PlotTable} caption=${label} ...${table} />
  </figure>`;
}

/** A rate as a bar with its interval as a whisker and the rate that is needed as a mark; all from 0 to 1. */
export function RateBar({ rate, low, high, needed, label }) {
  const at = (value) => `${Math.min(100, Math.max(0, value * 100))}%`;
  return html`<div class="rate-bar" role="img" aria-label=${label}>
    <span class="rate-fill" style=${{ width: at(rate) }}></span>
    <span class="rate-whisker" style=${{ left: at(low), width: at(high - low) }}></span>
    ${needed !== null && needed !== undefined && html`<span class="even-mark" style=${{ left: at(needed) }}></span>`}
  </div>`;
}
