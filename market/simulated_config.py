"""What the simulated markets of selfcheck are made of (selfcheck.yaml)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from market.simulator.config import PlantedEdge, SimulatedEvents
from traderai.common.config import load_config


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSize:
    """How large simulated markets are and how many are made."""

    shares: int  # the first so many of the configured ones
    days: int  # calendar days from the start on
    runs: int
    edges: tuple[str, ...] = ()  # those that are planted at this size; empty: all

    def __post_init__(self) -> None:
        if min(self.shares, self.days, self.runs) < 1:
            raise ValueError(
                f"shares, days and runs must be at least 1, were {self.shares}, {self.days} and {self.runs}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMarketsConfig:
    """The markets on which the pipeline proves itself: without an edge, and with a known one."""

    seed: int  # of the first market; each run has its own
    start: str
    shares: tuple[str, ...]  # of simulator.yaml
    sizes: dict[str, SimulatedSize]
    rows_frac_max: float  # of the rows may show a planted pattern
    strengths: tuple[float, ...]  # of the power curve, in standard deviations of the return over the window
    events: SimulatedEvents  # of every market, the ones without an edge included
    edges: dict[str, PlantedEdge]

    def __post_init__(self) -> None:
        date.fromisoformat(self.start)
        if not self.edges or not self.sizes:
            raise ValueError("edges and sizes must name at least one each, one was empty")
        if not 0.0 < self.rows_frac_max <= 0.05:
            raise ValueError(f"rows_frac_max must be above 0 and at most 0.05, was {self.rows_frac_max}")
        if not self.strengths or min(self.strengths) <= 0:
            raise ValueError(f"strengths must be above 0, were {self.strengths}")
        if len(set(self.shares)) != len(self.shares):
            raise ValueError(f"shares must be named once, were {', '.join(self.shares)}")
        for name, size in self.sizes.items():
            unknown = sorted(set(size.edges) - set(self.edges))
            if unknown:
                raise ValueError(f"sizes: {name}: edges must be of {', '.join(self.edges)}, was {unknown[0]}")
            if size.shares > len(self.shares):
                raise ValueError(
                    f"sizes: {name}: shares must be at most the {len(self.shares)} configured, was {size.shares}"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfcheckConfig:
    """The whole file."""

    markets: SimulatedMarketsConfig


def simulated_markets_config() -> SimulatedMarketsConfig:
    """Return the markets of selfcheck.yaml."""
    return load_config("selfcheck.yaml", SelfcheckConfig).markets
