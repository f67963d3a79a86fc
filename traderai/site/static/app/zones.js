/** What is painted behind the candles: the zones of the call, the cone of the forecast, old turning points. */

/** Base of what paints below the candles of a series. */
export class Painting {
  attached({ chart, series }) {
    this.chart = chart;
    this.series = series;
  }

  paneViews() {
    return [{ zOrder: () => "bottom", renderer: () => ({ draw: (target) => target.useBitmapCoordinateSpace((scope) => this.paint(scope)) }) }];
  }

  x(time, scope) {
    const place = this.chart.timeScale().timeToCoordinate(time);
    return place === null ? null : place * scope.horizontalPixelRatio;
  }

  y(price, scope) {
    const place = this.series.priceToCoordinate(price);
    return place === null ? null : place * scope.verticalPixelRatio;
  }
}

/** Coloured bands between two prices, from the call's bar to the end of its horizon. */
export class CallZones extends Painting {
  constructor(zones, from, until) {
    super();
    Object.assign(this, { zones, from, until });
  }

  paint(scope) {
    const [left, right] = [this.x(this.from, scope), this.x(this.until, scope)];
    if (left === null || right === null) return;
    for (const { high, low, fill } of this.zones) {
      const [top, bottom] = [this.y(high, scope), this.y(low, scope)];
      if (top === null || bottom === null) continue;
      scope.context.fillStyle = fill;
      scope.context.fillRect(left, top, right - left, Math.max(1, bottom - top));
    }
  }
}

/** The ranges that hold nine and five of ten outcomes, widening from the call's bar. */
export class Cone extends Painting {
  constructor(points, fill) {
    super();
    Object.assign(this, { points, fill });
  }

  paint(scope) {
    for (const [low, high] of [["p05", "p95"], ["p25", "p75"]]) {
      const edge = (name) => this.points.map((point) => [this.x(point.time, scope), this.y(point[name], scope)]);
      const outline = [...edge(high), ...edge(low).reverse()];
      if (outline.some(([x, y]) => x === null || y === null)) return;
      scope.context.beginPath();
      outline.forEach(([x, y], at) => (at ? scope.context.lineTo(x, y) : scope.context.moveTo(x, y)));
      scope.context.closePath();
      scope.context.fillStyle = this.fill;
      scope.context.fill();
    }
  }
}

const WORDED_FROM = 520; // pixels of width: on a phone the words would cover candles

/** Thin lines at prices where the market turned before, named at the left edge where there is room. */
export class TurningPoints extends Painting {
  constructor(levels, until, style) {
    super();
    Object.assign(this, { levels, until, style });
  }

  paint(scope) {
    const { context, verticalPixelRatio: ratio } = scope;
    const right = this.x(this.until, scope);
    if (right === null) return;
    context.save();
    context.strokeStyle = context.fillStyle = this.style.line;
    context.lineWidth = Math.max(1, Math.floor(ratio));
    context.font = `${11 * ratio}px ${this.style.font}`;
    const named = []; // heights of the names so far: two of them must not lie on each other
    for (const { price, text } of this.levels) {
      const height = this.y(price, scope);
      if (height === null || height < 16 * ratio || height > scope.bitmapSize.height) continue;
      context.setLineDash([2 * ratio, 4 * ratio]);
      context.beginPath();
      context.moveTo(0, Math.round(height) + 0.5);
      context.lineTo(right, Math.round(height) + 0.5);
      context.stroke();
      if (scope.mediaSize.width < WORDED_FROM || named.some((other) => Math.abs(other - height) < 14 * ratio)) continue;
      named.push(height);
      context.fillText(text, 4 * ratio, height - 4 * ratio);
    }
    context.restore();
  }
}
