"""Measuring, and a measured figure beside its bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from traderai.common import clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure; a bound makes the run fail where the figure does not keep it."""

    what: str
    value: float
    unit: str
    at_least: float | None = None
    below: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the bound holds; a figure that is no number holds none."""
        if self.at_least is not None and not self.value >= self.at_least:
            return False
        return self.below is None or self.value < self.below

    def line(self) -> str:
        """Return the figure as a line of the table."""
        bound = "-"
        if self.at_least is not None:
            bound = f">= {self.at_least:g}"
        elif self.below is not None:
            bound = f"< {self.below:g}"
        shown = f"{self.value:,.0f}" if abs(self.value) >= 100 else f"{self.value:.2f}"
        return f"{self.what:<58}{shown:>14} {self.unit:<10}{bound:>8}  {'' if self.kept else 'NOT KEPT'}".rstrip()


def fastest(act: Callable[[], object], runs: int = 3) -> float:
    """Return the seconds of the fastest of a few runs, after one that compiles."""
    act()
    seconds = []
    for _ in range(runs):
        began_s = clock.monotonic_s()
        act()
        seconds.append(clock.monotonic_s() - began_s)
    return min(seconds)
