/** The two small charts of the report, drawn as SVG. */
import { html } from "./lib.js";

const [WIDTH, HEIGHT] = [320, 96];

const step = (rows) => WIDTH / Math.max(rows.length, 1);

/** What a chart says to who cannot see it. */
const spoken = (label, rows) => `${label}: ${rows.map((one) => `${one.label} ${one.text}`).join(", ")}`;

/** A line from 0 to `top`; a gap where nothing is known. Points are { label, value, text }. */
export function Line({ label, points, top }) {
  const dots = points.map((one, place) => ({ ...one, x: step(points) * (place + 0.5), y: one.value === null ? null : HEIGHT * (1 - one.value / top) }));
  const paths = [[]];
  for (const dot of dots) {
    if (dot.y === null) paths.push([]);
    else paths[paths.length - 1].push(`${dot.x.toFixed(1)},${dot.y.toFixed(1)}`);
  }
  return html`<svg class="small-chart" viewBox="0 -16 ${WIDTH} ${HEIGHT + 36}" role="img" aria-label=${spoken(label, points)}>
    ${[0, 0.5, 1].map((part) => html`<line key=${part} class="chart-grid" x1="0" x2=${WIDTH} y1=${HEIGHT * part} y2=${HEIGHT * part} />`)}
    ${paths.filter((path) => path.length > 1).map((path) => html`<polyline key=${path[0]} class="chart-line" points=${path.join(" ")} />`)}
    ${dots.map(
      (dot) => html`<g key=${dot.label}>${dot.y !== null && html`<circle class="chart-dot" cx=${dot.x} cy=${dot.y} r="4" /><text x=${dot.x} y=${dot.y - 8} text-anchor="middle" class="chart-value">${dot.text}</text>`}
        <text x=${dot.x} y=${HEIGHT + 16} text-anchor="middle">${dot.label}</text></g>`,
    )}</svg>`;
}

/** Columns that may go below zero; bars are { label, value, text, short }. */
export function Bars({ label, bars }) {
  const [most, least] = [Math.max(0, ...bars.map((one) => one.value)), Math.min(0, ...bars.map((one) => one.value))];
  const scale = HEIGHT / (most - least || 1);
  const zero = most * scale;
  return html`<svg class="small-chart" viewBox="0 -4 ${WIDTH} ${HEIGHT + 40}" role="img" aria-label=${spoken(label, bars)}>
    ${bars.map((one, place) => {
      const height = one.value ? Math.max(Math.abs(one.value) * scale, 1) : 0;
      const x = step(bars) * (place + 0.2);
      return html`<g key=${one.label}><rect class=${one.value < 0 ? "bar-down" : "bar-up"} x=${x.toFixed(1)} y=${(one.value < 0 ? zero : zero - height).toFixed(1)} width=${(step(bars) * 0.6).toFixed(1)} height=${height.toFixed(1)} rx="2"><title>${one.text}</title></rect>
        <text x=${(step(bars) * (place + 0.5)).toFixed(1)} y=${HEIGHT + 16} text-anchor="middle">${one.label}</text>
        <text x=${(step(bars) * (place + 0.5)).toFixed(1)} y=${HEIGHT + 32} text-anchor="middle" class="chart-value">${one.short}</text></g>`;
    })}
    <line class="chart-zero" x1="0" x2=${WIDTH} y1=${zero} y2=${zero} /></svg>`;
}
