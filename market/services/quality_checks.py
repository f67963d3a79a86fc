"""Looking at one series: impossible bars, jumps, spikes, prices off the step; and what the market's look needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from market.kernels import quality as kernel
from market.kernels.quality_calendar import bars_by_day, longest_gaps
from market.kernels.sessions import OUTSIDE, SessionTable, session_codes
from market.quality_config import QualityConfig
from market.services.quality_findings import SeriesFindings, midnight_s
from market.services.quality_series import SeriesBars, SeriesKey
from traderai.common.arrays import F64, I8, I64, Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketContext:
    """What the whole market did; days are days since 1970 and rise."""

    days: I64  # days with trading
    moves: F64  # the median share's log return on each, NaN where too few traded

    def moves_over(self, day: I64) -> F64:
        """Return the market's move over each bar: since the day of the bar before, or on its own day."""
        level = np.concatenate([[0.0], np.cumsum(np.nan_to_num(self.moves))])
        till = np.searchsorted(self.days, day, side="right")
        before = np.concatenate([till[:1], till[:-1]])
        return np.asarray(level[till] - level[np.minimum(before, np.maximum(till - 1, 0))])

    def closed_before(self, day: I64, *, closure_days: int) -> Bools:
        """Return which bars are the share's first after a closed market."""
        since = np.diff(self.days, prepend=self.days[:1])
        reopened = self.days[since >= closure_days]
        before = np.concatenate([day[:1], day[:-1]])
        # A share may take some days longer than the market to come back.
        last_reopened = np.searchsorted(reopened, day, side="right")
        first_reopened = np.searchsorted(reopened, before, side="right")
        market_days = np.searchsorted(self.days, day) - np.searchsorted(self.days, before)
        return np.asarray((last_reopened > first_reopened) & (market_days <= 4))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesLook:
    """What is kept of a series after it was looked at: its days and its findings, not its bars."""

    key: SeriesKey
    findings: SeriesFindings
    bars: int
    first_s: int
    last_s: int
    days: I64  # (k,) days with bars
    counts: I64  # (k, sessions + 1) bars in each session and outside of all
    gap_s: I64  # (k,) the longest stretch without bars inside a session
    gap_at_s: I64  # (k,) the bar after which it lies
    split_days: I64
    jump_s: I64  # (j,) bars that jump as traded or adjusted, explained or not
    jump_ratio: F64  # (j,) close over the close before; adjusted, as traded where a split explains it
    jump_cause: I8  # (j,) as `market.kernels.quality` names them


def series_look(*, bars: SeriesBars, table: SessionTable, market: MarketContext, config: QualityConfig) -> SeriesLook:  # fmt: skip
    """Look at one series by itself."""
    key, bar_s = bars.key, bars.key.timeframe.minutes * 60
    findings = SeriesFindings(secid=key.instrument.secid, timeframe=key.timeframe.value, config=config)
    session = session_codes(bars.begin_s, table, bar_s=bar_s)
    _impossible(findings, bars)
    _add(
        findings,
        "outside_session",
        bars,
        session == OUTSIDE,
        lambda i: f"outside of every session: {_ohlc(bars, i)}",
    )
    _off_step(findings, bars, config)
    causes = _jumps(findings, bars, market, config)
    _outliers(findings, bars, config)
    _volumes(findings, bars, config)
    days, counts = bars_by_day(bars.day, session)
    gap_s, gap_at = longest_gaps(bars.begin_s, bars.day, session, step_s=bar_s)
    changed = np.flatnonzero(np.diff(bars.factor))
    jumped = np.flatnonzero(causes != kernel.NO_JUMP)
    as_traded = bars.prices[jumped, 3] / bars.prices[jumped - 1, 3]
    adjusted = as_traded * bars.factor[jumped] / bars.factor[jumped - 1]
    return SeriesLook(
        key=key,
        findings=findings,
        bars=len(bars),
        first_s=int(bars.begin_s[0]),
        last_s=int(bars.begin_s[-1]),
        days=days,
        counts=counts,
        gap_s=gap_s,
        gap_at_s=bars.begin_s[gap_at],
        split_days=bars.day[changed + 1],
        jump_s=bars.begin_s[jumped],
        jump_ratio=np.where(causes[jumped] == kernel.BY_SPLIT, as_traded, adjusted),
        jump_cause=causes[jumped],
    )


def _impossible(findings: SeriesFindings, bars: SeriesBars) -> None:
    _add(
        findings,
        "duplicate",
        bars,
        kernel.repeated_begins(bars.begin_s),
        lambda _: "a second bar of one begin",
    )
    broken = kernel.broken_bars(bars.prices, bars.volume_shares)
    _add(findings, "broken_bar", bars, broken, lambda i: f"impossible bar: {_ohlc(bars, i)}")
    empty = (bars.volume_shares == 0.0) & (bars.key.group != "index")  # an index is not traded
    moved = bars.prices[:, 1] / bars.prices[:, 2]
    _add(findings, "zero_volume", bars, empty, lambda i: f"no volume: {_ohlc(bars, i)}", moved)


def _off_step(findings: SeriesFindings, bars: SeriesBars, config: QualityConfig) -> None:
    if bars.key.group == "index":  # is a mean of prices and keeps no step
        return
    month = bars.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    stray, unknown = kernel.off_step(
        bars.prices, bars.step_rub, month, stray_max_frac=config.prices.off_step_stray_frac
    )
    _add(
        findings,
        "off_step",
        bars,
        stray,
        lambda i: f"a price off the step of {bars.step_rub[i]:g}: {_ohlc(bars, i)}",
    )
    _, first = np.unique(month[unknown], return_index=True)
    months = np.flatnonzero(unknown)[first]
    findings.add(
        "step_unknown",
        bars.begin_s[months],
        np.ones(months.size),
        lambda i: f"prices of this month keep another step than the {bars.step_rub[months[i]]:g} we know of",
    )


def _jumps(findings: SeriesFindings, bars: SeriesBars, market: MarketContext, config: QualityConfig) -> I8:
    limits, close = config.prices, bars.prices[:, 3]
    causes = kernel.jump_causes(
        close,
        bars.factor,
        bars.dividend_rub,
        market.moves_over(bars.day),
        market.closed_before(bars.day, closure_days=limits.closure_days),
        jump_frac=limits.jump_frac,
        market_move_min=limits.market_move_min_frac,
    )
    at = np.flatnonzero(causes == kernel.UNEXPLAINED)
    adjusted = close * bars.factor
    ratio = adjusted[at] / adjusted[at - 1]
    size = np.maximum(ratio, 1.0 / ratio)
    pause = bars.day[at] - bars.day[at - 1]
    splits = _splits_suspected(adjusted, at, config)

    def told(i: int) -> str:
        moved = f"close {close[at[i] - 1]:g} to {close[at[i]]:g} ({_times(ratio[i])})"
        slept = f" after {pause[i]} days without a bar" if pause[i] > 10 else ""
        return f"{moved}{slept}; nothing explains it"

    big = size >= limits.big_jump_ratio
    for check, chosen in (("big_jump", big), ("jump", ~big)):
        rows = np.flatnonzero(chosen)
        findings.add(check, bars.begin_s[at[rows]], size[rows], lambda i, rows=rows: told(int(rows[i])))  # type: ignore[misc]
    suspected = np.flatnonzero(np.isfinite(splits))
    findings.add(
        "split_suspected",
        bars.begin_s[at[suspected]],
        size[suspected],
        lambda i: f"looks like a split {_split(splits[suspected[i]])}: {told(int(suspected[i]))}",
    )
    return causes


def _splits_suspected(adjusted: F64, at: I64, config: QualityConfig) -> F64:
    """A split's ratio must show in the bars around too, not between two closes alone."""
    limits = config.splits
    usual = np.array(limits.usual_ratios)
    named = {"ratio_min": limits.ratio_min, "tolerance_frac": limits.tolerance_frac}
    by_close = kernel.split_ratios_near(adjusted[at] / adjusted[at - 1], usual, **named)
    before, after = kernel.levels_around(adjusted, at, bars=limits.level_bars)
    by_level = kernel.split_ratios_near(after / before, usual, **named)
    return np.where(by_close == by_level, by_close, np.nan)


def _outliers(findings: SeriesFindings, bars: SeriesBars, config: QualityConfig) -> None:
    limits, close = config.prices, bars.prices[:, 3]
    returns = kernel.log_returns(close * bars.factor)
    elapsed = np.diff(bars.begin_s, prepend=bars.begin_s[:1]) / (bars.key.timeframe.minutes * 60)
    # A pause of the market lets prices move on unseen: the return is spread over it.
    returns_each = returns / np.sqrt(np.maximum(elapsed, 1.0))
    longer = 3 if bars.key.timeframe.minutes >= 1440 else 1  # of one return a day
    window, minimum = longer * config.window_days, longer * config.window_min_days
    sigmas = kernel.return_sigmas(
        returns_each, bars.day, bars.step_rub / close, window=window, minimum=minimum
    )
    spikes = kernel.reverting_spikes(
        returns,
        sigmas,
        sigmas_min=limits.spike_sigmas,
        move_min=float(np.log1p(limits.spike_min_frac)),
        reverts_frac=limits.spike_reverts_frac,
    )
    _add(
        findings,
        "spike",
        bars,
        spikes,
        lambda i: f"close {close[i - 1]:g} to {close[i]:g} and back to {close[i + 1]:g} in the next bar",
        np.abs(returns),
    )
    wicks = kernel.lone_wicks(bars.prices * bars.factor[:, None], wick_frac=limits.wick_frac)
    reach = bars.prices[:, 1] / bars.prices[:, 2]
    _add(
        findings, "wick", bars, wicks, lambda i: f"reaches far beyond its neighbours: {_ohlc(bars, i)}", reach
    )
    with np.errstate(invalid="ignore"):
        outliers = (sigmas >= limits.outlier_sigmas) & ~spikes
    _add(
        findings,
        "outlier",
        bars,
        outliers,
        lambda i: f"moved {np.expm1(returns[i]):+.1%}, {sigmas[i]:.0f} times the usual bar",
        sigmas,
    )


def _volumes(findings: SeriesFindings, bars: SeriesBars, config: QualityConfig) -> None:
    days, first = np.unique(bars.day, return_index=True)
    volume = np.add.reduceat(bars.volume_shares / bars.factor, first)
    window, minimum = 3 * config.window_days, 3 * config.window_min_days
    usual = kernel.trailing_median(volume, window=window, minimum=minimum)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(usual > 0.0, volume / usual, 0.0)
    at = np.flatnonzero(ratio >= config.prices.volume_spike_ratio)
    findings.add(
        "volume_spike",
        np.array([midnight_s(int(day)) for day in days[at]], dtype=np.int64),
        ratio[at],
        lambda i: f"{ratio[at[i]]:.0f} times the usual volume of a day",
    )


def _add(
    findings: SeriesFindings, check: str, bars: SeriesBars, found: Bools, text: Any, sizes: F64 | None = None
) -> None:
    at = np.flatnonzero(found)
    findings.add(
        check,
        bars.begin_s[at],
        sizes[at] if sizes is not None else np.ones(at.size),
        lambda i: str(text(int(at[i]))),
    )


def _ohlc(bars: SeriesBars, i: int) -> str:
    opened, high, low, close = bars.prices[i]
    return f"open {opened:g}, high {high:g}, low {low:g}, close {close:g}"


def _times(ratio: float) -> str:
    return (
        f"{ratio - 1:+.1%}" if 0.1 < ratio < 3.0 else (f"x{ratio:.4g}" if ratio > 1 else f"/{1 / ratio:.4g}")
    )


def _split(ratio: float) -> str:
    return f"1:{ratio:g}" if ratio > 1 else f"{1 / ratio:g}:1"
