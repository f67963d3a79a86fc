"""Looking for cells whose trades lose: the most certain first, then among the rows that are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from modeling.contracts.filters import CELLS, FilterConfig, FilterKind, LeftOut
from modeling.kernels.multiple_testing import false_discovery_control
from modeling.kernels.significance import DayDraws, FigureInterval, ratio_interval, ratio_p_value
from traderai.common.arrays import F64, I64, Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TakenRows:
    """n rows that are traded, each with what its trade became."""

    net_frac: F64  # (n,) after costs, of the entry price
    share: I64  # (n,) number of the share
    place: I64  # (n,) of the decision's day among the days drawn

    def __post_init__(self) -> None:
        if not self.net_frac.shape == self.share.shape == self.place.shape or self.net_frac.ndim != 1:
            raise ValueError(
                "net_frac, share and place must be of one shape (n,), were "
                f"{self.net_frac.shape}, {self.share.shape} and {self.place.shape}"
            )
        if not np.isfinite(self.net_frac).all():
            raise ValueError("net_frac must be finite; leave out rows without a label")

    def daily(self, own: Bools, days: int) -> tuple[F64, F64]:
        """Return net results and number of the trades of some of the rows by day (d,).

        Rows of one share and day are one trade, not many: it makes their mean.
        """
        pair, at, rows = np.unique(
            self.share[own] * days + self.place[own], return_inverse=True, return_counts=True
        )
        net = np.bincount(at, weights=self.net_frac[own], minlength=pair.size) / rows
        place = pair % days
        sums = np.bincount(place, weights=net, minlength=days).astype(np.float64)
        return sums, np.bincount(place, minlength=days).astype(np.float64)


class _Cell(NamedTuple):
    kind: FilterKind
    code: int
    inside: Bools  # (n,)


@dataclass(frozen=True, slots=True, kw_only=True)
class LosingCells:
    """What a search found, in the order of certainty, among how many cells."""

    left_out: tuple[LeftOut, ...] = ()
    tested: int = 0  # with trades enough to tell


def losing_cells(
    rows: TakenRows,
    codes: dict[FilterKind, I64],
    kinds: Sequence[FilterKind],
    config: FilterConfig,
    draws: DayDraws,
) -> LosingCells:
    """Return the cells whose rows lose after costs, as far as that can be told with few false discoveries.

    All cells of the kinds with at least `min_trades` trades on `min_days` days are tested: is the mean net result of their trades below
    0? The most certain one goes first, and the others are tested anew on the rows that are left, because a cell may
    lose for the share of another's rows in it alone. Benjamini and Hochberg hold the false ones down among all cells
    that are tested, those gone before with the p-value by which they went; and the upper bound of a cell's own mean must
    lie below 0, by the level of the draws. A kind whose rows all lie in one cell is
    no filter and is not tested, but for the regime: in that one nothing is traded then.

    Shapes: codes by kind (n,) as `cell_codes` gives them; draws of the days that `place` counts.
    Causal: reads outcomes, so only rows that may choose belong here.
    Raises: ValueError as `false_discovery_control` and `ratio_p_value`.
    """
    days, found = draws.rows.shape[1], []
    tested = _tested(rows, codes, kinds, config, days)
    left, p_values = np.ones(rows.net_frac.size, dtype=np.bool_), np.ones(len(tested))
    open_cells = list(range(len(tested)))
    while open_cells:
        daily = {number: rows.daily(tested[number].inside & left, days) for number in open_cells}
        for number, (sums, counts) in daily.items():
            enough = _enough(counts, config)
            p_values[number] = ratio_p_value(-sums, counts, draws) if enough else 1.0
        best = min(open_cells, key=lambda number: (p_values[number], _standing(daily[number], draws)))
        accepted = false_discovery_control(p_values, level=config.false_discoveries).accepted[best]
        interval = ratio_interval(*daily[best], draws)
        if not accepted or interval.high >= 0.0:
            break
        found.append(_left_out(tested[best], interval, trades=int(daily[best][1].sum())))
        left &= ~tested[best].inside
        open_cells.remove(best)
    return LosingCells(left_out=tuple(found), tested=len(tested))


def _enough(counts: F64, config: FilterConfig) -> bool:
    return bool(counts.sum() >= config.min_trades and (counts > 0).sum() >= config.min_days)


def _standing(daily: tuple[F64, F64], draws: DayDraws) -> float:
    """Return the mean in units of its uncertainty: p-values of plain losers are all the least that the draws can tell."""
    interval = ratio_interval(*daily, draws)
    width = interval.high - interval.low
    return interval.value / width if width > 0.0 else 0.0


def _left_out(cell: _Cell, interval: FigureInterval, *, trades: int) -> LeftOut:
    return LeftOut(
        kind=cell.kind,
        cell=CELLS[cell.kind][cell.code],
        net_bp=1e4 * interval.value,
        low_bp=1e4 * interval.low,
        high_bp=1e4 * interval.high,
        trades=trades,
    )


def _tested(
    rows: TakenRows,
    codes: dict[FilterKind, I64],
    kinds: Sequence[FilterKind],
    config: FilterConfig,
    days: int,
) -> list[_Cell]:
    found = []
    for kind in kinds:
        present = np.unique(codes[kind])
        if present.size == 1 and kind != "regime":
            continue
        for code in present[present >= 0]:
            inside = np.asarray(codes[kind] == code)
            if _enough(rows.daily(inside, days)[1], config):
                found.append(_Cell(kind, int(code), inside))
    return found
