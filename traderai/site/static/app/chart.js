/** Candles with volume, the entry band, and the zones up to the take-profit and down to the stop. */
import { html, useEffect, useRef } from "./lib.js";
import { language, number, t } from "./i18n.js";
import { colour, theme } from "./theme.js";
import { CandlestickSeries, createChart, CrosshairMode, HistogramSeries, LineStyle } from "./vendor/lightweight-charts.js";

const FORWARD_BARS = 18; // room to the right for the zones of the call

/** Draws coloured bands between two prices from the last bar to the right edge. */
class CallZones {
  constructor(zones, from) {
    this.zones = zones;
    this.from = from;
  }

  attached({ chart, series }) {
    this.chart = chart;
    this.series = series;
  }

  paneViews() {
    return [{ zOrder: () => "bottom", renderer: () => ({ draw: (target) => target.useBitmapCoordinateSpace((scope) => this.paint(scope)) }) }];
  }

  paint({ context, bitmapSize, horizontalPixelRatio, verticalPixelRatio }) {
    const start = this.chart.timeScale().timeToCoordinate(this.from);
    if (start === null) return;
    const left = start * horizontalPixelRatio;
    for (const { high, low, fill } of this.zones) {
      const [top, bottom] = [this.series.priceToCoordinate(high), this.series.priceToCoordinate(low)];
      if (top === null || bottom === null) continue;
      context.fillStyle = fill;
      context.fillRect(left, top * verticalPixelRatio, bitmapSize.width - left, Math.max(1, (bottom - top) * verticalPixelRatio));
    }
  }
}

function chartOptions(decimals) {
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
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.22 } },
    timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false, rightOffset: FORWARD_BARS },
    crosshair: { mode: CrosshairMode.Normal },
    localization: { locale: language.value === "ru" ? "ru-RU" : "en-US", priceFormatter: (value) => number(value, decimals) },
    handleScroll: { vertTouchDrag: false },
  };
}

function addVolume(chart, bars) {
  const series = chart.addSeries(HistogramSeries, { priceFormat: { type: "volume" }, priceScaleId: "volume", lastValueVisible: false, priceLineVisible: false });
  chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
  series.setData(bars.map((bar) => ({ time: bar.time, value: bar.volume, color: colour(bar.close >= bar.open ? "--up-soft" : "--down-soft") })));
}

function addCandles(chart, bars, decimals) {
  const [up, down] = [colour("--up"), colour("--down")];
  const series = chart.addSeries(CandlestickSeries, {
    upColor: up, wickUpColor: up, borderUpColor: up, downColor: down, wickDownColor: down, borderDownColor: down,
    priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals },
    priceLineVisible: false,
  });
  series.setData(bars);
  return series;
}

function addCall(series, levels, from) {
  const { entry, takeProfit, stopLoss } = levels;
  if (!entry || takeProfit === null || stopLoss === null) return;
  const isLong = takeProfit > stopLoss;
  const zone = (a, b, name) => ({ high: Math.max(a, b), low: Math.min(a, b), fill: colour(name) });
  const zones = [
    zone(isLong ? entry.high : entry.low, takeProfit, "--up-zone"),
    zone(isLong ? entry.low : entry.high, stopLoss, "--down-zone"),
    zone(entry.low, entry.high, "--entry-zone"),
  ];
  series.attachPrimitive(new CallZones(zones, from));
  const line = (price, name, title) => series.createPriceLine({ price, color: colour(name), lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: true, title });
  line(takeProfit, "--up", t("call.tp"));
  line(stopLoss, "--down", t("call.sl"));
  line(entry.high, "--accent", t("call.entry"));
  if (entry.low < entry.high) line(entry.low, "--accent", "");
  // The levels belong to the picture even where no candle has been yet.
  const [highest, lowest] = [Math.max(takeProfit, stopLoss), Math.min(takeProfit, stopLoss)];
  series.applyOptions({
    autoscaleInfoProvider: (original) => {
      const own = original();
      if (own && own.priceRange) {
        own.priceRange.maxValue = Math.max(own.priceRange.maxValue, highest);
        own.priceRange.minValue = Math.min(own.priceRange.minValue, lowest);
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

/** The chart of one share; `levels` is null where there is no call to draw. */
export function CandleChart({ bars, levels, decimals, label }) {
  const box = useRef(null);
  useEffect(() => {
    const chart = createChart(box.current, chartOptions(decimals));
    addVolume(chart, bars);
    const series = addCandles(chart, bars, decimals);
    if (levels) addCall(series, levels, barBefore(bars, levels.from));
    const shown = Math.max(40, Math.round(box.current.clientWidth / 6));
    chart.timeScale().setVisibleLogicalRange({ from: bars.length - shown, to: bars.length + FORWARD_BARS });
    return () => chart.remove();
  }, [bars, levels, theme.value, language.value]);
  return html`<figure class="chart-box">
    <div class="chart" ref=${box} role="img" aria-label=${label}></div>
    <figcaption class="fine">${t("chart.times")} · <a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">TradingView Lightweight Charts™</a> © 2025 TradingView, Inc.</figcaption>
  </figure>`;
}
