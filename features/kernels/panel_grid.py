"""The bars of many shares on one grid of times: what was known of every share at each row.

A row of the grid is a begin at which at least one share has a bar. The grid of a month is the month's rows and
`WARMUP_ROWS` rows before it, so that its numbers do not depend on how much history is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numba import njit

from features.kernels.session import DAY_S, moscow_seconds
from market.contracts import Bars
from traderai.common.arrays import F64, I32, I64, Bools

WARMUP_ROWS: Final = 300
# A share without a bar for so many rows that are on more than so many days drops out of every aggregate: its last
# price says nothing any more. Many shares trade by day only, which leaves hundreds of rows of a minute between.
STALE_ROWS: Final = 60
STALE_DAYS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelSeries:
    """One share of a panel: its bars from at least `WARMUP_ROWS` + 1 own bars before the month (or from its first)."""

    bars: Bars
    start: int  # the first bar of the month
    is_member: bool  # counts in the aggregates
    sector: str  # "" when unknown


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """Shares (s) by grid rows (t); NaN where a share has no bar.

    Levels are log prices, adjusted forward for splits and for the dividends since the grid's first row: only their
    differences mean something.
    """

    begin_s: I64  # (t,)
    first_row: int  # the month's first row
    asked_from: int  # of rows before this one no value is asked for
    is_member: Bools  # (s,)
    sector: I64  # (s,) codes of this panel, -1 without one
    returns: F64  # (s, t) log return since the share's own previous bar on the grid
    level: F64  # (s, t) of the newest close, carried over rows without a bar until it is stale
    moves: F64  # (s, t) change of `level` since the row before, 0 where it is carried
    has_bar: Bools  # (s, t)
    high: F64  # (s, t) of the bar's high
    volume: F64  # (s, t) shares
    turnover: F64  # (s, t) RUB
    before_row: I32  # (s, t) row of the bar before the bar at this row, -1 where `moves` has no return
    month_places: (
        I64  # (n,) place of every bar of the month in a raveled (s, t), share by share; -1 off the grid
    )
    month_stops: I64  # (s + 1,) where each share's bars begin and end in `month_places`
    memo: dict[str, F64] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], F64]) -> F64:
        """Return what several columns share; it is made the first time it is asked for.

        The name must say everything that decides the numbers: "span/20".
        """
        if name not in self.memo:
            self.memo[name] = make()
        return self.memo[name]

    def span(self, rows: int) -> F64:
        """Return the log return of every share over the last `rows` rows.

        Shapes: returns (s, t).
        NaN:    where the share has no bar, or no price is known `rows` rows before.
        Causal: column t reads rows t - rows and t, and the carried price before them.
        """
        return self.once(f"span/{rows}", lambda: self._span(rows))

    def _span(self, rows: int) -> F64:
        if rows == 1:
            return np.where(self.has_bar, self.moves, np.nan)
        out = np.full(self.level.shape, np.nan)
        out[:, rows:] = np.where(self.has_bar[:, rows:], self.level[:, rows:] - self.level[:, :-rows], np.nan)
        return out


def panel_of(series: Sequence[PanelSeries], *, begin_s: int) -> Panel:
    """Return the panel of a month that begins at `begin_s` (seconds since 1970 UTC).

    Shapes: matrices (s, t), in the order of `series`; t rows, the month's and at most `WARMUP_ROWS` before them.
    Units:  log returns, log prices, shares, RUB.
    NaN:    where a share has no bar, and from a bar on whose dividend is not below the close before it.
    Causal: column t reads bars that begin at or before row t. A share that trades for the first time changes no
        earlier row. The grid holds the times of members: a bar of another share between them moves its next return.
    """
    parts = [_part(one) for one in series]
    grid = _grid([part.begin_s for part, one in zip(parts, series, strict=True) if one.is_member], begin_s)
    shape = (len(series), grid.size)
    cells = {name: np.full(shape, np.nan) for name in ("returns", "level", "high", "volume", "turnover")}
    places = []
    for s, part in enumerate(parts):
        row = _rows_of(part.begin_s, grid)
        row[part.sound_bars :] = -1
        _place(cells, s, part, row)
        month = row[part.start :]
        places.append(np.where(month >= 0, month + s * grid.size, -1))
    level, moves, before_row = _carried(cells["level"], cells["returns"], _days(grid))
    codes = {name: code for code, name in enumerate(sorted({one.sector for one in series} - {""}))}
    first_row = int(np.searchsorted(grid, begin_s))
    return Panel(
        begin_s=grid,
        first_row=first_row,
        asked_from=first_row,
        is_member=np.array([one.is_member for one in series], dtype=np.bool_),
        sector=np.array([codes.get(one.sector, -1) for one in series], dtype=np.int64),
        returns=cells["returns"],
        level=level,
        moves=moves,
        has_bar=np.isfinite(cells["level"]),
        high=cells["high"],
        volume=cells["volume"],
        turnover=cells["turnover"],
        before_row=before_row,
        month_places=np.concatenate([np.empty(0, dtype=np.int64), *places]),
        month_stops=np.cumsum([0, *(place.size for place in places)], dtype=np.int64),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """The bars of one share that can lie on the grid, and one before them."""

    begin_s: I64
    start: int
    sound_bars: (
        int  # from here on a dividend cannot be right, and no price after it can be compared with one before
    )
    returns: F64
    level: F64
    high: F64
    volume: F64
    turnover: F64


def _part(one: PanelSeries) -> _Part:
    bars = one.bars
    # The grid holds at most WARMUP_ROWS bars of a share before the month; one more gives the first its return.
    skipped = max(0, one.start - WARMUP_ROWS - 1)
    part = slice(skipped, None)
    close, dividend = bars.close[part], bars.dividend_rub[part]
    log_close = np.log(close)
    returns = np.full(close.size, np.nan)
    returns[1:] = log_close[1:] - log_close[:-1]
    paid = np.flatnonzero(dividend[1:]) + 1
    left = close[paid - 1] - dividend[paid]
    wrong = paid[(left <= 0.0) | (dividend[paid] < 0.0)]
    sound_bars = int(wrong[0]) if wrong.size else close.size
    paid, left = paid[paid < sound_bars], left[paid < sound_bars]
    # Not the difference of two adjusted prices: the bits of a return must not depend on where the bars begin.
    returns[paid] = log_close[paid] - np.log(left)
    gaps = np.zeros(close.size)
    gaps[paid] = log_close[paid - 1] - np.log(left)
    reinvested = np.cumsum(gaps)
    return _Part(
        begin_s=np.ascontiguousarray(bars.begin_s[part]),
        start=one.start - skipped,
        sound_bars=sound_bars,
        returns=returns,
        level=log_close + reinvested,
        high=np.log(bars.high[part]) + reinvested,
        volume=bars.volume_shares[part],
        turnover=bars.turnover_rub[part],
    )


def _grid(begins: list[I64], begin_s: int) -> I64:
    rows = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *begins]))
    return np.ascontiguousarray(rows[max(0, int(np.searchsorted(rows, begin_s)) - WARMUP_ROWS) :])


def _place(cells: dict[str, F64], s: int, part: _Part, row: I64) -> None:
    """Write one share's bars into its row of each matrix."""
    on = np.flatnonzero(row >= 0)
    if not on.size:
        return
    at = row[on]
    cells["returns"][s, at] = _returns_between(part.returns, on)
    for name in ("level", "high", "volume", "turnover"):
        cells[name][s, at] = getattr(part, name)[on]


def _returns_between(returns: F64, on: I64) -> F64:
    """Return what was earned since the bar before on the grid; bars off the grid lie in between."""
    if on[-1] - on[0] + 1 == on.size:
        return returns[on[0] : on[-1] + 1]
    starts = np.concatenate([on[:1], on[:-1] + 1])
    return np.asarray(np.add.reduceat(returns[: on[-1] + 1], starts), dtype=np.float64)


@njit(nogil=True, cache=True)
def _rows_of(begin_s: I64, grid: I64) -> I64:
    """Return the grid row of each bar, -1 where the grid has none."""
    out = np.full(begin_s.size, -1, dtype=np.int64)
    row = 0
    for j in range(begin_s.size):
        while row < grid.size and grid[row] < begin_s[j]:
            row += 1
        if row < grid.size and grid[row] == begin_s[j]:
            out[j] = row
    return out


def _days(grid: I64) -> I64:
    """Return the number of each row's Moscow date among the dates of the grid."""
    dates = moscow_seconds(grid) // DAY_S
    return np.cumsum(np.diff(dates, prepend=dates[:1]) > 0, dtype=np.int64)


@njit(nogil=True, cache=True)
def _carried(level: F64, returns: F64, day: I64) -> tuple[F64, F64, I32]:
    """Return the levels carried over rows without a bar, their changes, and where each change began."""
    carried = np.full(level.shape, np.nan)
    moves = np.full(level.shape, np.nan)
    before_row = np.full(level.shape, -1, dtype=np.int32)
    for s in range(level.shape[0]):
        last = -1  # the newest bar while it is not stale
        for t in range(level.shape[1]):
            if not np.isnan(level[s, t]):
                carried[s, t] = level[s, t]
                if last >= 0:
                    moves[s, t] = returns[s, t]
                    before_row[s, t] = last
                last = t
            elif last >= 0 and (t - last < STALE_ROWS or day[t] - day[last] <= STALE_DAYS):
                carried[s, t] = level[s, last]
                moves[s, t] = 0.0
            else:
                last = -1
    return carried, moves, before_row
