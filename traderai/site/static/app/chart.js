/** Candles with volume, the call's zones and levels, and the cone of where the price may be. */
import { html, useEffect, useRef } from "./lib.js";
import { language, number, t } from "./i18n.js";
import { colour, theme } from "./theme.js";
import { CandlestickSeries, createChart, createSeriesMarkers, CrosshairMode, HistogramSeries, LineSeries, LineStyle, TickMarkType } from "./vendor/lightweight-charts.js";
import { CallZones, Cone, TurningPoints } from "./zones.js";

const BAR_WIDTH = 6; // pixels of one bar at first sight
const EMPTY_BARS = 4; // room to the right where there is no forecast
const FORECAST_ROOM = 0.32; // of the width, for the days to come
const DAY_S = 86400;
const TURNS = 2; // of each kind, the nearest ones

/** Names of moments on the time axis; days to come are counted, because no calendar is asked for them. */
function timeNames(lastTime, dayOf) {
  const locale = language.value === "ru" ? "ru-RU" : "en-GB";
  const worded = (time, options) => new Date(time * 1000).toLocaleString(locale, { timeZone: "UTC", ...options });
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const ahead = (time) => t("chart.ahead", { n: dayOf.get(time) ?? 0 });
  const byKind = {
    [TickMarkType.Year]: { year: "numeric" },
    [TickMarkType.Month]: { month: "short", year: "numeric" },
    [TickMarkType.DayOfMonth]: { day: "numeric", month: "short" },
    [TickMarkType.Time]: clock,
  };
  return {
    tick: (time, kind) => (time > lastTime ? ahead(time) : worded(time, byKind[kind] || clock).replace(/ г\./, "")),
    hover: (time) => (time > lastTime ? ahead(time) : `${worded(time, { day: "numeric", month: "short", ...clock })} ${t("unit.msk")}`),
  };
}

/** What all charts of candles look like. */
export function chartOptions(decimals, names) {
  return {
    autoSize: true,
    layout: {
      background: { color: "transparent" },
      textColor: colour("--hint"),
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 12,
      // Its logo comes with a style element, which the security policy forbids; the link stands below the chart.
      attributionLogo: false,
    },
    grid: { vertLines: { color: colour("--grid") }, horzLines: { color: colour("--grid") } },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.06, bottom: 0.2 } },
    timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false, rightOffset: 0, tickMarkFormatter: names.tick, tickMarkMaxCharacterLength: 8 },
    crosshair: { mode: CrosshairMode.Normal },
    localization: { locale: language.value === "ru" ? "ru-RU" : "en-US", priceFormatter: (value) => number(value, decimals), timeFormatter: names.hover },
    handleScroll: { vertTouchDrag: false },
  };
}

/** A bar of the volume below its candle. */
export const volumeOf = (bar) => ({ time: bar.time, value: bar.volume, color: colour(bar.close >= bar.open ? "--up-soft" : "--down-soft") });

/** Volume below the candles. */
export function addVolume(chart, bars) {
  const series = chart.addSeries(HistogramSeries, { priceFormat: { type: "volume" }, priceScaleId: "volume", lastValueVisible: false, priceLineVisible: false });
  chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.86, bottom: 0 } });
  series.setData(bars.map(volumeOf));
  return series;
}

/** The candles; `withCall`: labels of levels need the room of the last price. */
export function addCandles(chart, bars, decimals, withCall) {
  const [up, down] = [colour("--up"), colour("--down")];
  const series = chart.addSeries(CandlestickSeries, {
    upColor: up, wickUpColor: up, borderUpColor: up, downColor: down, wickDownColor: down, borderDownColor: down,
    priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals },
    priceLineVisible: false,
    // The header says the price; here the labels of the call need the room.
    lastValueVisible: !withCall,
  });
  series.setData(bars);
  return series;
}

/** The slots of the days to come, and at which time each day of the forecast ends.
 *
 * The days ahead are drawn narrower than the past ones where the horizon is long: the axis counts them.
 */
function daysAhead(bars, from, days, shown) {
  const known = bars.slice(bars.findIndex((bar) => bar.time === from) + 1).map((bar) => bar.time);
  const slots = Math.max(2, Math.floor((shown * FORECAST_ROOM) / Math.max(1, days)));
  const last = bars[bars.length - 1].time;
  const midnight = Math.floor(last / DAY_S) * DAY_S;
  const times = [...known];
  for (let at = known.length + 1; at <= days * slots; at += 1) {
    const day = Math.floor(at / slots);
    times.push(day ? midnight + day * DAY_S + (at % slots) : last + (at % slots));
  }
  const ends = [from];
  for (let day = 1; day <= days; day += 1) ends.push(times[day * slots - 1]);
  const dayOf = new Map(times.map((time, at) => [time, Math.max(1, Math.round((at + 1) / slots))]));
  return { times, ends, dayOf, last };
}

/** The series that keeps room for the days to come and draws the middle of the cone. */
function addForecast(chart, series, ahead, cone) {
  const line = chart.addSeries(LineSeries, { color: colour("--accent"), lineWidth: 1, lineStyle: LineStyle.Dotted, lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false });
  const points = cone.map((point) => ({ ...point, time: ahead.ends[point.days] }));
  const middle = new Map(points.map((point) => [point.time, point.p50]));
  line.setData([ahead.ends[0], ...ahead.times].map((time) => (middle.has(time) ? { time, value: middle.get(time) } : { time })));
  if (points.length) series.attachPrimitive(new Cone(points, colour("--cone")));
}

function addCall(series, levels, ahead) {
  const { entry, takeProfit, stopLoss } = levels;
  const isLong = takeProfit > stopLoss;
  const zone = (a, b, name) => ({ high: Math.max(a, b), low: Math.min(a, b), fill: colour(name) });
  const zones = [
    zone(isLong ? entry.high : entry.low, takeProfit, "--up-zone"),
    zone(isLong ? entry.low : entry.high, stopLoss, "--down-zone"),
    zone(entry.low, entry.high, "--entry-zone"),
  ];
  series.attachPrimitive(new CallZones(zones, ahead.ends[0], ahead.ends[ahead.ends.length - 1]));
  const line = (price, name, title) => series.createPriceLine({ price, color: colour(name), lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: true, title });
  line(takeProfit, "--up", t("call.tp"));
  line(stopLoss, "--down", t("call.sl"));
  line(entry.high, "--accent", t("call.entry"));
  if (entry.low < entry.high) line(entry.low, "--accent", "");
}

/** The turning points nearest to the price, so that the picture stays readable. */
function addTurns(series, turns, price, until, decimals) {
  const near = (kind) => turns.filter((turn) => turn.kind === kind).sort((a, b) => Math.abs(a.price - price) - Math.abs(b.price - price)).slice(0, TURNS);
  const shown = [...near("support"), ...near("resistance")].map((turn) => ({ price: turn.price, text: `${t(`level.${turn.kind}`)} ${number(turn.price, decimals)}` }));
  if (shown.length) series.attachPrimitive(new TurningPoints(shown, until, { line: colour("--hint"), font: getComputedStyle(document.body).fontFamily }));
}

/** Past calls as arrows at the bars that they were made on, with marks of how they ended; one arrow a bar and side. */
function addMarks(series, marks, bars) {
  const arrows = new Map();
  for (const { time, action, text } of marks) {
    if (time <= bars[0].time) continue;
    const [at, isLong] = [barBefore(bars, time), action === "BUY"];
    const key = `${at}|${action}`;
    const before = arrows.get(key);
    if (before) before.text += before.text.includes(text) ? "" : text;
    else arrows.set(key, { time: at, text, position: isLong ? "belowBar" : "aboveBar", shape: isLong ? "arrowUp" : "arrowDown", color: colour(isLong ? "--up" : "--down"), size: 0.8 });
  }
  if (arrows.size) createSeriesMarkers(series, [...arrows.values()]);
}

/** The call and its forecast belong to the picture even where no candle has been yet. */
function keepInSight(series, prices) {
  if (!prices.length) return;
  series.applyOptions({
    autoscaleInfoProvider: (original) => {
      const own = original();
      if (own && own.priceRange) {
        own.priceRange.maxValue = Math.max(own.priceRange.maxValue, ...prices);
        own.priceRange.minValue = Math.min(own.priceRange.minValue, ...prices);
      }
      return own;
    },
  });
}

/** The begin of the last bar that was closed when the call was made. */
function barBefore(bars, moment) {
  const bar = bars.findLast((item) => item.time < moment) || bars[0];
  return bar.time;
}

function draw(element, bars, picture, decimals) {
  const { levels, cone, turns, from, marks } = picture;
  const shown = Math.max(40, Math.round(element.clientWidth / BAR_WIDTH));
  const days = cone.length ? cone[cone.length - 1].days : levels ? levels.days : 0;
  const ahead = daysAhead(bars, from ? barBefore(bars, from) : bars[bars.length - 1].time, days, shown);
  const chart = createChart(element, chartOptions(decimals, timeNames(ahead.last, ahead.dayOf)));
  addVolume(chart, bars);
  const series = addCandles(chart, bars, decimals, Boolean(levels));
  if (days) addForecast(chart, series, ahead, cone);
  if (levels) addCall(series, levels, ahead);
  addMarks(series, marks, bars);
  addTurns(series, turns, bars[bars.length - 1].close, bars[bars.length - 1].time, decimals);
  const inSight = cone.flatMap((point) => [point.p05, point.p95]);
  if (levels) inSight.push(levels.takeProfit, levels.stopLoss);
  keepInSight(series, inSight);
  const right = bars.length + Math.max(EMPTY_BARS, days ? ahead.times.filter((time) => time > ahead.last).length + 1 : 0);
  chart.timeScale().setVisibleLogicalRange({ from: Math.max(0, right - shown), to: right });
  return chart;
}

/** The chart of one share; `picture` holds what the calls add to it: levels (or null), cone, turns, from when, marks. */
export function CandleChart({ bars, picture, decimals, label }) {
  const box = useRef(null);
  useEffect(() => {
    const chart = draw(box.current, bars, picture, decimals);
    return () => chart.remove();
  }, [bars, picture, theme.value, language.value]);
  return html`<figure class="chart-box">
    <div class="chart" ref=${box} role="img" aria-label=${label}></div>
    ${picture.cone.length > 0 && html`<p class="fine chart-key"><span class="key-cone" aria-hidden="true"></span>${t("chart.cone")}</p>`}
    ${picture.marks.length > 0 && html`<p class="fine chart-key">${t("chart.marks")}</p>`}
    <figcaption class="fine">${t("chart.times")} · <a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">TradingView Lightweight Charts™</a> © 2025 TradingView, Inc.</figcaption>
  </figure>`;
}
