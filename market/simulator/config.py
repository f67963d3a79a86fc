"""The simulator's configuration (simulator.yaml)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

WEEKENDS_SINCE = "2025-03-01"  # before, Saturdays and Sundays are no part of Monday's trading day
EdgeKind = Literal["volume_momentum", "gap_reversion", "lead_lag", "news_drift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSplit:
    """A split of a share; `date` is the first day in new shares (the next trading day if it is none)."""

    date: str
    shares_after_per_before: float

    def __post_init__(self) -> None:
        date.fromisoformat(self.date)
        if not self.shares_after_per_before > 0:
            raise ValueError(f"shares_after_per_before must be positive, was {self.shares_after_per_before}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedShare:
    """One share that does not exist."""

    secid: str
    sector: str
    price_rub: float
    price_step_rub: float
    lot_size: int
    daily_volatility_frac: float
    daily_turnover_rub: float
    idle_frac: float = 0.0  # of the hours of average volume that pass without a trade
    listed_on: str | None = None  # None: from the start
    delisted_on: str | None = None  # the last day of trading
    in_index: bool = True
    index_from: str | None = None
    index_till: str | None = None  # the first day outside
    dividend_yield_frac: float = 0.0  # a year
    dividend_months: tuple[int, ...] = ()
    splits: tuple[SimulatedSplit, ...] = ()

    def __post_init__(self) -> None:
        figures = (self.price_rub, self.price_step_rub, self.daily_volatility_frac, self.daily_turnover_rub)
        if min(figures) <= 0 or self.lot_size < 1:
            raise ValueError(f"{self.secid}: price, step, lot, volatility and turnover must be positive")
        if not 0.0 <= self.idle_frac < 1.0 or not 0.0 <= self.dividend_yield_frac < 0.5:
            raise ValueError(f"{self.secid}: idle_frac and dividend_yield_frac must be small fractions")
        for day in (self.listed_on, self.delisted_on, self.index_from, self.index_till):
            if day is not None:
                date.fromisoformat(day)
        if not all(1 <= month <= 12 for month in self.dividend_months):
            raise ValueError(f"{self.secid}: dividend_months must be months, were {self.dividend_months}")

    @property
    def issue_size_shares(self) -> int:
        """Shares issued before any split: turnover is one 250th of the capitalisation."""
        return int(250 * self.daily_turnover_rub / self.price_rub)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedEvents:
    """How often something happens; per share and trading day where nothing else is said."""

    jump_per_day: float
    jump_scale: float  # a jump's standard deviation in daily volatilities
    market_jump_per_day: float  # of all shares together
    market_jump_scale: float
    told_frac: float  # of the jumps that news tell of
    empty_news_per_day: float  # news that move nothing
    report_months: tuple[int, ...]
    report_scale: float  # what a report moves, in daily volatilities
    halt_per_day: float
    market_halt_per_day: float  # of all shares together
    halt_bars: tuple[int, int]  # shortest and longest
    volume_spike_per_day: float
    volume_spike_factor: float

    def __post_init__(self) -> None:
        rates = (
            self.jump_per_day, self.market_jump_per_day, self.told_frac, self.empty_news_per_day,
            self.halt_per_day, self.market_halt_per_day, self.volume_spike_per_day,
        )  # fmt: skip
        if not all(0.0 <= rate <= 1.0 for rate in rates):
            raise ValueError(f"rates of events must lie in [0, 1], were {rates}")
        if min(self.jump_scale, self.market_jump_scale, self.report_scale) < 0:
            raise ValueError("scales of jumps must not be negative")
        if not 1 <= self.halt_bars[0] <= self.halt_bars[1]:
            raise ValueError(f"halt_bars must be (shortest, longest), were {self.halt_bars}")
        if self.volume_spike_factor < 1:
            raise ValueError(f"volume_spike_factor must be at least 1, was {self.volume_spike_factor}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedEdge:
    """A pattern that a drift follows.

    The whole drift of a pattern is `strength` standard deviations of a share's return over `window_bars`; it starts
    `delay_bars` after the bar at whose end the pattern is known and fades with `half_life_bars`.
    """

    kind: EdgeKind
    strength: float
    threshold: (
        float  # volume against its usual, gap or leader's move in their standard deviations; news: unused
    )
    window_bars: int
    half_life_bars: float
    delay_bars: int = 1  # with the data's lag, the first bar that can be traded is the one after the next
    leader: Literal["sector", "index"] = "sector"
    overlaps: bool = False  # a pattern counts while the drift of an earlier one lasts, too
    lagging_frac: float = (
        2 / 3
    )  # of the shares, those that make least of the index: they follow it, the largest never

    def __post_init__(self) -> None:
        if not 0.0 < self.lagging_frac <= 1.0:
            raise ValueError(f"lagging_frac must lie above 0 and at most at 1, was {self.lagging_frac}")
        if self.window_bars < 1 or self.delay_bars < 0 or not self.half_life_bars > 0:
            raise ValueError("window_bars and half_life_bars must be positive, delay_bars not negative")
        if not self.threshold > 0:
            raise ValueError(f"threshold must be positive, was {self.threshold}")

    @property
    def weights(self) -> tuple[float, ...]:
        """The parts of the drift that fall on the bars of its window; they add up to 1."""
        raw = [0.5 ** (bar / self.half_life_bars) for bar in range(self.window_bars)]
        return tuple(weight / math.fsum(raw) for weight in raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """A market that does not exist."""

    seed: int
    start: str
    degrees_of_freedom: float
    market_frac: float
    sector_frac: float
    garch_alpha: float
    garch_beta: float
    overnight_frac: float
    volume_noise: float
    volume_spell: float  # spread of the logarithm of volume that lasts for days
    volume_slope: float  # what a move of one standard deviation adds to the logarithm of volume
    hours: dict[int, tuple[float, float]]
    sessions: dict[str, tuple[int, int]]
    weekend_from: str | None
    weekend_frac: float
    holidays: tuple[str, ...]
    index_secid: str
    events: SimulatedEvents
    edges: dict[str, PlantedEdge]
    planted: tuple[str, ...]
    shares: tuple[SimulatedShare, ...]

    def __post_init__(self) -> None:
        date.fromisoformat(self.start)
        if self.degrees_of_freedom <= 2:
            raise ValueError(f"degrees_of_freedom must be above 2, was {self.degrees_of_freedom}")
        if not (self.market_frac >= 0 and self.sector_frac >= 0 and self.market_frac + self.sector_frac < 1):
            raise ValueError(
                "market_frac and sector_frac must be fractions that leave room for the share's own"
            )
        if not (self.garch_alpha >= 0 and self.garch_beta >= 0 and self.garch_alpha + self.garch_beta < 1):
            raise ValueError("garch_alpha + garch_beta must be below 1")
        for at, what in enumerate(("variance", "volume")):
            total = math.fsum(shares[at] for shares in self.hours.values())
            if not math.isclose(total, 1.0, abs_tol=1e-9):
                raise ValueError(f"hours: the shares of {what} must add up to 1, were {total}")
        self._check_sessions()
        unknown = sorted(set(self.planted) - set(self.edges))
        if unknown:
            raise ValueError(f"planted must name edges of {', '.join(self.edges)}, was {', '.join(unknown)}")

    def _check_sessions(self) -> None:
        for hour in self.hours:
            inside = [name for name, (begin, end) in self.sessions.items() if begin <= hour < end]
            if len(inside) != 1:
                raise ValueError(f"sessions: the hour {hour} must lie in one session, lies in {len(inside)}")
        unknown = sorted(set(self.sessions) - {"morning", "main", "evening"})
        if unknown:
            raise ValueError(f"sessions must be morning, main and evening, was {unknown[0]}")
        if self.weekend_from is not None and self.weekend_from < WEEKENDS_SINCE:
            raise ValueError(
                f"weekend_from must not lie before {WEEKENDS_SINCE}, since when Saturday and Sunday belong to "
                f"Monday's trading day; was {self.weekend_from}"
            )

    @property
    def planted_edges(self) -> tuple[PlantedEdge, ...]:
        """The edges that are in the prices."""
        return tuple(self.edges[name] for name in self.planted)

    def planting(self, *names: str, strength: float | None = None) -> SimulatorConfig:
        """Return the same market with these edges and no others, at another strength if one is given."""
        edges = dict(self.edges)
        if strength is not None:
            edges |= {name: replace(edges[name], strength=strength) for name in names}
        return replace(self, edges=edges, planted=names)
