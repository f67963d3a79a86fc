"""What the explanation says of the chart: trend, momentum, volume, levels, pattern."""

from __future__ import annotations

from collections.abc import Iterator

from signals.kernels.situation import Fact, Situation, given

# A close this far from its 50-bar mean is a trend where the last 20 bars went the same way; else there is none.
TREND_FRAC = 0.005
RSI_HIGH, RSI_LOW = 70, 30
VOLUME_HIGH, VOLUME_LOW = 1.5, 0.67
_POINTS = {1: "pattern_up", -1: "pattern_down", 0: "pattern_open"}


def picture_facts(s: Situation) -> Iterator[Fact]:
    """Yield the chart's sentences; an old chart is no picture of now, and none is drawn."""
    if "stale_data" in s.decision.reasons:
        return
    yield from _trend(s)
    yield from _momentum(s)
    yield from _levels(s)
    if s.pattern is not None:
        yield Fact(section="picture", code=_POINTS[s.pattern.direction], params={"pattern": s.pattern.name})


def _trend(s: Situation) -> Iterator[Fact]:
    change, distance = s.picture["change_20_bars_frac"], s.picture["distance_from_mean_50_bars_frac"]
    if change is None or distance is None:
        return
    shown = round(change, 3)  # the reader sees tenths of a percent, and is not to find a trend of 0.0 %
    up, down = distance > TREND_FRAC and shown > 0.0, distance < -TREND_FRAC and shown < 0.0
    code = "trend_up" if up else "trend_down" if down else "trend_flat"
    yield Fact(
        section="picture",
        code=code,
        params={"change_signed_frac": change, "distance_signed_frac": distance},
    )


def _momentum(s: Situation) -> Iterator[Fact]:
    rsi, volume = s.picture["rsi_14"], s.picture["volume_ratio"]
    if rsi is not None:
        shown = round(rsi)  # the reader sees no fraction, and is not to find a limit on the wrong side of it
        code = "rsi_high" if shown >= RSI_HIGH else "rsi_low" if shown <= RSI_LOW else "rsi_middle"
        yield Fact(section="picture", code=code, params={"rsi_index": rsi})
    if volume is not None:
        high, low = volume >= VOLUME_HIGH, volume <= VOLUME_LOW
        code = "volume_high" if high else "volume_low" if low else "volume_usual"
        yield Fact(section="picture", code=code, params={"volume_ratio": volume})


def _levels(s: Situation) -> Iterator[Fact]:
    below = [level.price_rub for level in s.levels if level.kind == "support"]
    above = [level.price_rub for level in s.levels if level.kind == "resistance"]
    nearest = given(support_rub=max(below) if below else None, resistance_rub=min(above) if above else None)
    if nearest:
        code = {2: "levels_both"}.get(len(nearest), "levels_support" if below else "levels_resistance")
        yield Fact(section="picture", code=code, params=nearest)
