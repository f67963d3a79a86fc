"""The panel a second time, slowly: pandas frames of grid rows by shares and plain loops over windows.

Written from the formulas. A row of every frame is a moment of the grid, a column is a ticker.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from features.sources.base import MonthScope
from features.sources.panel import PanelSource
from features.spec import FeatureSpec
from market.contracts import InstrumentFacts
from tests.features.golden import frame_of
from tests.features.panel_series import Universe, month_of, scope_of

# pandas carries no types here
Frame: TypeAlias = Any
Slow: TypeAlias = Callable[["SlowPanel"], Frame]
ROWS_BEFORE = 300
MOSCOW = timezone(timedelta(hours=3))


class SlowPanel:
    """The shares of a month as frames; `members` are the shares without the funds."""

    def __init__(self, month: MonthScope, facts: tuple[InstrumentFacts, ...]) -> None:
        self.secids = sorted(month.bars)
        about = {one.secid: one for one in facts}
        self.members = [secid for secid in self.secids if about[secid].kind in {"share", "preferred"}]
        self.sector = {secid: about[secid].sector for secid in self.secids}
        times = sorted({int(t) for secid in self.members for t in month.bars[secid].bars.begin_s})
        before = [t for t in times if t < month.begin_s][-ROWS_BEFORE:]
        self.month_begins_at = len(before)
        self.grid = before + [t for t in times if t >= month.begin_s]
        shares = {secid: self._share(month.bars[secid].bars) for secid in self.secids}
        for name in ("log_close", "log_high", "volume", "turnover"):
            setattr(self, name, pd.DataFrame({secid: shares[secid][name] for secid in self.secids}))
        self.log_close: Frame
        self.log_high: Frame
        self.volume: Frame
        self.turnover: Frame
        self.has_bar = self.log_close.notna()
        self.level = pd.DataFrame({secid: self._carried(self.log_close[secid]) for secid in self.secids})
        self.moves = self.level - self.level.shift(1)
        self.own = self.moves.where(self.has_bar)

    def _share(self, bars: Any) -> Frame:
        f = frame_of(bars)
        f.index = pd.Index(bars.begin_s)
        columns = {
            "log_close": f.close.map(math.log),
            "log_high": f.high.map(math.log),
            "volume": f.volume,
            "turnover": f.turnover,
        }
        return pd.DataFrame(columns).reindex(self.grid)

    def _carried(self, closes: Any) -> Any:
        """Carry a price on while it is younger than 60 rows, or while the grid has seen 3 days at most since."""
        dates = [datetime.fromtimestamp(t, tz=MOSCOW).date() for t in self.grid]
        seen = {date: place for place, date in enumerate(sorted(set(dates)))}
        out, last = list(closes), None
        for t, close in enumerate(closes):
            if not math.isnan(close):
                last = t
            elif last is not None and (t - last < 60 or seen[dates[t]] - seen[dates[last]] <= 3):
                out[t] = closes.iloc[last]
        return pd.Series(out, index=closes.index)

    def span(self, rows: int) -> Frame:
        """Return the log return over some rows, where a share has a bar."""
        return (self.level - self.level.shift(rows)).where(self.has_bar)

    def of_market(self, series: Frame) -> Frame:
        """Return one series for all shares, where five members have a bar."""
        enough = self.has_bar[self.members].sum(axis=1) >= 5
        return pd.DataFrame({secid: series.where(enough) for secid in self.secids})

    def across(self, frame: Frame, how: Callable[..., Any]) -> Frame:
        """Return what a function makes of the members' values at each row, where there are five."""
        values = frame[self.members].to_numpy()
        return pd.Series(_of_known(values, how, least=5), index=frame.index)


def _of_known(values: Any, how: Callable[..., Any], *, least: int) -> Any:
    """Return what a function makes of the known values along the last axis, where there are enough."""
    enough = (~np.isnan(values)).sum(axis=-1) >= least
    out = np.full(enough.shape, np.nan)
    if enough.any():
        out[enough] = how(values[enough], axis=-1)
    return out


def std(values: Any, axis: int) -> Any:
    return np.nanstd(values, axis=axis, ddof=1)


def _windows(frame: Frame, window: int) -> Any:
    """Return the windows that end at each row, shape (rows, shares, window)."""
    values = frame.to_numpy(dtype=np.float64)
    return sliding_window_view(
        np.vstack([np.full((window - 1, values.shape[1]), np.nan), values]), window, axis=0
    )


def windowed(frame: Frame, window: int, how: Callable[..., Any], *, least: int | None = None) -> Frame:
    """Return what a function makes of the values of each window; NaN with fewer than `least` (all of them)."""
    out = _of_known(_windows(frame, window), how, least=window if least is None else least)
    out[: window - 1] = np.nan
    return pd.DataFrame(out, index=frame.index, columns=frame.columns)


def fitted(x: Frame, y: Frame, window: int, *, slope: bool = False) -> Frame:
    """Return correlation, or slope of y on x, of the pairs in each window; half of it must be pairs."""
    a, b = _windows(x[y.columns], window), _windows(y, window)
    both = ~np.isnan(a) & ~np.isnan(b)
    a, b = np.where(both, a, 0.0), np.where(both, b, 0.0)
    n = np.maximum(both.sum(axis=-1), 1)[..., None]
    a_moved = np.where(both, a - a.sum(axis=-1, keepdims=True) / n, 0.0)
    b_moved = np.where(both, b - b.sum(axis=-1, keepdims=True) / n, 0.0)
    together, var_a, var_b = (a_moved * b_moved).sum(-1), (a_moved**2).sum(-1), (b_moved**2).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        out = together / var_a if slope else together / np.sqrt(var_a * var_b)
    unknown = (2 * both.sum(axis=-1) < window) | (var_a < 1e-24) | ((var_b < 1e-24) & (not slope))
    out[unknown] = np.nan
    out[: window - 1] = np.nan
    return pd.DataFrame(out, index=y.index, columns=y.columns)


def place_in_range(moves: Frame, window: int) -> Frame:
    """Return where the level chained from moves stands in its window; a window holds window - 1 moves."""

    def place(parts: Any, axis: int) -> Any:
        level = np.insert(np.cumsum(parts, axis=axis), 0, 0.0, axis=axis)
        low, high = level.min(axis=axis), level.max(axis=axis)
        return np.where(high > low, (level[..., -1] - low) / np.where(high > low, high - low, 1.0), np.nan)

    out = windowed(moves, window - 1, place)
    out.iloc[: window - 1] = np.nan
    return out


def between_own_bars(p: SlowPanel, moves: Frame) -> Frame:
    """Return what moved between each bar of a share and its bar before."""
    out = {}
    for secid in p.secids:
        column, own = moves[secid].to_numpy(), p.own[secid].to_numpy()
        at = np.flatnonzero(p.has_bar[secid])
        out[secid] = np.full(len(column), np.nan)
        for before, now in itertools.pairwise(at):
            if not math.isnan(own[now]):
                out[secid][now] = sum(column[before + 1 : now + 1])
    return pd.DataFrame(out, index=p.level.index)


def rank(p: SlowPanel, frame: Frame, *, among: Callable[[str], list[str]], least: int) -> Frame:
    """Return the share of the others that a share exceeds, ties by halves."""
    out = {}
    for secid in p.secids:
        own = frame[secid].to_numpy()[:, None]
        group = frame[among(secid)].to_numpy()
        others = frame[[other for other in among(secid) if other != secid]].to_numpy()
        known = (~np.isnan(others)).sum(axis=1)
        won = (others < own).sum(axis=1) + (others == own).sum(axis=1) / 2
        told = ~np.isnan(own[:, 0]) & ((~np.isnan(group)).sum(axis=1) >= least) & (known > 0)
        out[secid] = np.where(told, won / np.maximum(known, 1), np.nan)
    return pd.DataFrame(out, index=frame.index)


def assert_equals_golden(universe: Universe, spec: FeatureSpec, slow: Slow) -> None:
    """Fail if a column of the source differs from its second implementation anywhere in the month."""
    month = month_of(universe)
    fast = PanelSource(scope_of(universe), (spec,)).month_columns(month)
    frame = slow(slow_panel(universe))
    compared = 0
    for secid, bars in month.bars.items():
        begin_s = bars.bars.begin_s[bars.start :]
        want = frame[secid].reindex(begin_s).to_numpy(dtype=np.float64)
        got = fast[secid][:, 0].astype(np.float32)
        np.testing.assert_array_equal(np.isfinite(got), np.isfinite(want), err_msg=secid)
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-8, err_msg=secid)
        compared += int(np.isfinite(want).sum())
    assert compared > 100, "hardly a value to compare"


def slow_panel(universe: Universe) -> SlowPanel:
    """Return the frames of a universe; they are made once."""
    key = id(universe.bars)
    if key not in _MADE:
        # The universe is kept, so that its id stays its own.
        _MADE[key] = universe, SlowPanel(month_of(universe), universe.facts)
    return _MADE[key][1]


_MADE: dict[int, tuple[Universe, SlowPanel]] = {}
