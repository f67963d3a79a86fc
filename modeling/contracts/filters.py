"""Filters: kinds of moments and shares that a version does not trade, and how they are looked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from features.contracts import REGIMES

FilterKind = Literal["regime", "volatility", "hour", "session", "liquidity"]
FILTER_KINDS: Final[tuple[FilterKind, ...]] = get_args(FilterKind)
TERCILES: Final = ("low", "middle", "high")
# The cells of each kind in the order of their codes; a code of -1 lies in none.
CELLS: Final[dict[FilterKind, tuple[str, ...]]] = {
    "regime": REGIMES,
    "volatility": TERCILES,  # expected over the horizon, cut by the evidence
    "hour": tuple(f"{hour:02d}:00" for hour in range(24)),  # Moscow's clock at the decision
    "session": ("morning", "main", "evening", "weekend"),  # in which the decision's bar was traded
    "liquidity": TERCILES,  # of the median turnover of a bar
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterConfig:
    """How the cells to be left out are looked for on out-of-fold rows."""

    kinds: tuple[FilterKind, ...] = FILTER_KINDS  # the regime is looked at first, the others upon it
    min_trades: int = 100  # of a cell: days of shares on which a row is taken; fewer prove nothing
    min_days: int = 40  # of a cell, with a trade: an episode of a few weeks is one observation, however many shares it moves
    false_discoveries: float = 0.10  # of the cells that are found to lose, many being tried
    resamples: int = 2000  # a p-value is no finer than one in so many

    def __post_init__(self) -> None:
        if not self.kinds or len(set(self.kinds)) != len(self.kinds):
            raise ValueError(f"kinds must be some of {', '.join(FILTER_KINDS)}, each once, were {self.kinds}")
        if self.min_trades < 1 or self.min_days < 20:
            raise ValueError(
                f"min_trades must be at least 1 and min_days 20, were {self.min_trades} and {self.min_days}"
            )
        if not 0.0 < self.false_discoveries < 1.0:
            raise ValueError(f"false_discoveries must lie within (0, 1), was {self.false_discoveries}")
        if self.resamples < 1000:
            raise ValueError(f"resamples must be at least 1000, was {self.resamples}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A cell that is not traded, with what its out-of-fold trades made after costs; the bounds are one-sided."""

    kind: FilterKind
    cell: str  # of CELLS
    net_bp: float  # mean of its trades
    low_bp: float
    high_bp: float
    trades: int  # days of shares with such a row: those of one day are one, with the mean of what they made

    def __post_init__(self) -> None:
        if self.cell not in CELLS[self.kind]:
            raise ValueError(f"a {self.kind} must be one of {', '.join(CELLS[self.kind])}, was {self.cell!r}")
        if not -math.inf < self.low_bp <= self.net_bp <= self.high_bp < 0.0 or self.trades < 1:
            raise ValueError(
                "net_bp must lie within its bounds, all finite and below 0, and trades be at least 1, were "
                f"{self.net_bp} [{self.low_bp}, {self.high_bp}] and {self.trades}"
            )

    @property
    def code(self) -> int:
        """The place of the cell in CELLS."""
        return CELLS[self.kind].index(self.cell)

    @property
    def reason(self) -> str:
        """The code of the NO_TRADE that it gives."""
        return f"{self.kind}_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a version leaves out, whatever edge its model claims there."""

    left_out: tuple[LeftOut, ...]
    liquidity_edges_rub: tuple[float, float]  # between the terciles of the median turnover of a bar

    def __post_init__(self) -> None:
        cells = [(own.kind, own.cell) for own in self.left_out]
        if not cells or len(set(cells)) != len(cells):
            raise ValueError(f"left_out must be cells, each once, were {cells}")
        low, high = self.liquidity_edges_rub
        if not 0.0 <= low <= high < math.inf:
            raise ValueError(
                f"liquidity_edges_rub must rise and not be negative, were {self.liquidity_edges_rub}"
            )
