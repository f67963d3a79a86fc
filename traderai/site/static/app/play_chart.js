/** The game's chart: candles up to the moment, own levels, and then the future, candle by candle. */
import { html, useEffect, useRef } from "./lib.js";
import { addCandles, addVolume, chartOptions, volumeOf } from "./chart.js";
import { language, multiple, percent, t } from "./i18n.js";
import { colour, theme } from "./theme.js";
import { CallZones, Painting } from "./zones.js";
import { createChart, createSeriesMarkers, LineStyle, TickMarkType } from "./vendor/lightweight-charts.js";

const DECIMALS = 2; // of a disguise; real prices are shown as they are told
const BAR_WIDTH = 5; // pixels of one bar while one decides
const ROOM = 0.22; // of the width, for what may come
const REVEAL_MS = 3000; // for the whole future
const STEP_MS = 60; // for one candle, if there are few
const END_ROOM = 0.1; // of the future's bars, right of the last one: what became of a trade is written there
const PAST = 0.35; // of the width of the revealed picture is what was known before
const WEEK_S = 7 * 86400;
const MOSCOW_S = 3 * 3600;

/** Candles of a round as the chart wants them; the chart knows no time zones and gets Moscow's wall clock. */
export function roundBars(candles) {
  return candles.map((candle) => ({ ...candle, time: Date.parse(candle.begin) / 1000 + MOSCOW_S }));
}

/** Names on the time axis: of a disguised round the weekday and the hour alone, which are the real ones. */
function namesOf(deal, bars) {
  const locale = language.value === "ru" ? "ru-RU" : "en-GB";
  const worded = (time, options) => new Date(time * 1000).toLocaleString(locale, { timeZone: "UTC", ...options });
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const day = deal.disguised ? { weekday: "short" } : { day: "numeric", month: "short" };
  if (deal.timeframe === "1d" && deal.disguised) {
    // Weekdays of months say nothing: days are counted from the moment.
    const place = new Map(bars.map((bar, at) => [bar.time, at]));
    const last = bars.length - 1;
    const count = (time) => (place.has(time) && place.get(time) < last ? t("play.chart.back", { n: last - place.get(time) }) : "");
    return { tick: count, hover: count };
  }
  return {
    tick: (time, kind) => worded(time, kind === TickMarkType.Time ? clock : day).replace(/ г\./, ""),
    hover: (time) => `${worded(time, deal.timeframe === "1d" ? { ...day, year: "numeric" } : { ...day, ...clock })}${deal.timeframe === "1d" ? "" : ` ${t("unit.msk")}`}`,
  };
}

/** Zones from the moment to the right edge: where the future ends is not known yet. */
class LevelZones extends CallZones {
  x(time, scope) {
    return time === null ? scope.bitmapSize.width : super.x(time, scope);
  }
}

/** A line where the known ends. */
class Moment extends Painting {
  constructor(time, line) {
    super();
    Object.assign(this, { time, line });
  }

  paint(scope) {
    const place = this.x(this.time, scope);
    if (place === null) return;
    const { context, horizontalPixelRatio: ratio } = scope;
    const right = Math.round(place + (this.chart.timeScale().options().barSpacing / 2) * ratio) + 0.5;
    context.save();
    context.strokeStyle = this.line;
    context.lineWidth = Math.max(1, Math.floor(ratio));
    context.setLineDash([4 * ratio, 4 * ratio]);
    context.beginPath();
    context.moveTo(right, 0);
    context.lineTo(right, scope.bitmapSize.height);
    context.stroke();
    context.restore();
  }
}

/** Moscow's wall clock of a real moment, which differed by an hour from 2011 to 2014. */
function wallClock(iso) {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Moscow", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).formatToParts(new Date(iso));
  const part = (type) => Number(parts.find((one) => one.type === type).value);
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute")) / 1000;
}

/** Where a trade began and ended, under the round's disguise. */
function marksOf({ trade, action, name, shape, deal, reveal, after }) {
  if (!trade || !after.length) return [];
  const at = deal.disguised ? wallClock(trade.entry_at) + reveal.weeks * WEEK_S : Date.parse(trade.entry_at) / 1000 + MOSCOW_S;
  const first = Math.max(0, after.findIndex((bar) => bar.time >= at));
  const last = Math.min(after.length - 1, first + trade.bars_held - 1);
  const isLong = action === "BUY";
  return [
    { time: after[first].time, position: isLong ? "belowBar" : "aboveBar", shape: isLong ? "arrowUp" : "arrowDown", color: colour("--accent"), text: name },
    { time: after[last].time, position: "atPriceMiddle", price: trade.exit_price * reveal.price_factor, shape, color: colour("--text"), text: `${name} ${multiple(trade.r_multiple)}` },
  ];
}

function showMarks(series, deal, reveal, after) {
  const common = { deal, reveal, after };
  const { you, ai: other } = reveal;
  // Of two equal trades one picture is enough; the words of two would lie on each other.
  const isSame = you.trade && other.trade && you.action === other.action && you.trade.exit_at === other.trade.exit_at;
  const name = isSame ? `${t("play.you")} + ${t("play.ai")}` : t("play.you");
  const own = marksOf({ ...common, ...you, name, shape: "circle" });
  const ai = isSame ? [] : marksOf({ ...common, ...other, name: t("play.ai"), shape: "square" });
  createSeriesMarkers(series, [...own, ...ai].sort((a, b) => a.time - b.time));
}

/** Draw the candles up to the moment. */
function begin(element, bars, deal) {
  const chart = createChart(element, chartOptions(DECIMALS, namesOf(deal, bars)));
  const volume = addVolume(chart, bars);
  const series = addCandles(chart, bars, DECIMALS, true);
  const last = bars[bars.length - 1];
  series.attachPrimitive(new Moment(last.time, colour("--hint")));
  const shown = Math.round(element.clientWidth / BAR_WIDTH);
  const right = bars.length + Math.round(shown * ROOM);
  chart.timeScale().setVisibleLogicalRange({ from: Math.max(0, right - shown), to: right });
  return { chart, series, volume, last, lines: [], zones: null };
}

function showLevels(drawn, levels) {
  drawn.lines.forEach((line) => drawn.series.removePriceLine(line));
  if (drawn.zones) drawn.series.detachPrimitive(drawn.zones);
  drawn.lines = [];
  drawn.zones = null;
  drawn.series.applyOptions({ autoscaleInfoProvider: undefined });
  if (!levels) return;
  const { takeProfit, stopLoss } = levels;
  const { close, time } = drawn.last;
  const zone = (price, name) => ({ high: Math.max(price, close), low: Math.min(price, close), fill: colour(name) });
  drawn.zones = new LevelZones([zone(takeProfit, "--up-zone"), zone(stopLoss, "--down-zone")], time, null);
  drawn.series.attachPrimitive(drawn.zones);
  const line = (price, name, title) => drawn.series.createPriceLine({ price, color: colour(name), lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: true, title });
  drawn.lines = [line(takeProfit, "--up", t("call.tp")), line(stopLoss, "--down", t("call.sl"))];
  drawn.series.applyOptions({
    autoscaleInfoProvider: (original) => {
      const own = original();
      if (own && own.priceRange) {
        own.priceRange.maxValue = Math.max(own.priceRange.maxValue, takeProfit, stopLoss);
        own.priceRange.minValue = Math.min(own.priceRange.minValue, takeProfit, stopLoss);
      }
      return own;
    },
  });
}

/** Let the future happen; returns how to stop it. */
function play(drawn, bars, after, { atOnce, onDone }) {
  const future = after.length + 2 + Math.round(after.length * END_ROOM);
  const shown = Math.round(future / (1 - PAST));
  // The picture stands still while candles come into it.
  drawn.chart.timeScale().applyOptions({ shiftVisibleRangeOnNewBar: false });
  drawn.chart.timeScale().setVisibleLogicalRange({ from: bars.length + future - shown, to: bars.length + future });
  if (atOnce) {
    drawn.series.setData([...bars, ...after]);
    drawn.volume.setData([...bars, ...after].map(volumeOf));
    onDone();
    return () => {};
  }
  let at = 0;
  const timer = setInterval(() => {
    drawn.series.update(after[at]);
    drawn.volume.update(volumeOf(after[at]));
    at += 1;
    if (at >= after.length) {
      clearInterval(timer);
      onDone();
    }
  }, Math.min(STEP_MS, REVEAL_MS / after.length));
  return () => clearInterval(timer);
}

function describe(bars, after) {
  const [first, last] = [bars[0], bars[bars.length - 1]];
  const change = percent((last.close / first.open - 1) * 100, { digits: 1 });
  const words = t("play.chart.label", { n: bars.length, change });
  if (!after.length) return words;
  return `${words} ${t("play.chart.then", { n: after.length, change: percent((after[after.length - 1].close / last.close - 1) * 100, { digits: 1 }) })}`;
}

/** The chart of a round. `levels`: own ones or null; `reveal`: the answer's answer or null; `onDone`: the future is there. */
export function PlayChart({ deal, bars, levels, reveal, after, atOnce, onDone }) {
  const box = useRef(null);
  const drawn = useRef(null);
  const isDone = useRef(null); // of which reveal the future has been seen: drawn anew it is there at once
  useEffect(() => {
    drawn.current = begin(box.current, bars, deal);
    return () => {
      drawn.current.chart.remove();
      drawn.current = null;
    };
  }, [bars, theme.value, language.value]);
  useEffect(() => showLevels(drawn.current, levels), [bars, theme.value, language.value, levels && levels.takeProfit, levels && levels.stopLoss]);
  useEffect(() => {
    if (!reveal) return undefined;
    const finish = () => {
      isDone.current = reveal;
      showMarks(drawn.current.series, deal, reveal, after);
      onDone();
    };
    const now = atOnce || !after.length || isDone.current === reveal;
    return play(drawn.current, bars, after, { atOnce: now, onDone: finish });
  }, [bars, theme.value, language.value, reveal, isDone.current !== reveal && atOnce]);
  return html`<figure class="chart-box">
    <div class="chart play-chart" ref=${box} role="img" aria-label=${describe(bars, after)}></div>
    <figcaption class="fine"><a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">TradingView Lightweight Charts™</a> © 2025 TradingView, Inc.</figcaption>
  </figure>`;
}
