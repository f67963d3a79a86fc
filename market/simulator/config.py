"""The simulator's configuration (simulator.yaml)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date


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

    def __post_init__(self) -> None:
        figures = (self.price_rub, self.price_step_rub, self.daily_volatility_frac, self.daily_turnover_rub)
        if min(figures) <= 0 or self.lot_size < 1:
            raise ValueError(f"{self.secid}: price, step, lot, volatility and turnover must be positive")


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
    hours: dict[int, tuple[float, float]]
    holidays: tuple[str, ...]
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
