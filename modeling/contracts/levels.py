"""What the levels of probabilities have learned from outcomes: small enough to stand in a row of a table or in an artifact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from modeling.contracts.conformal import TERCILES, ConformalState, HorizonLearner, require_tercile_edges

LEVEL_SIDES: Final = ("p_long", "p_short")


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelState:
    """How far one side's probabilities are moved in each volatility tercile, and until when outcomes have been learned."""

    tercile_edges: tuple[float, float]  # of the volatility expected over the horizon
    step: float  # in log odds, how far one outcome moves an offset for each unit of its miss
    offsets: tuple[float, ...]  # (3,) in log odds
    learned_rows: tuple[int, ...]  # (3,) outcomes, by tercile
    learned_until_s: int  # every outcome known by then has been learned, none that was known later

    def __post_init__(self) -> None:
        require_tercile_edges(self.tercile_edges)
        if not 0.0 < self.step < np.inf:
            raise ValueError(f"step must be finite and above 0, was {self.step}")
        if len(self.offsets) != TERCILES or not np.isfinite(self.offsets).all():
            raise ValueError(f"offsets must be {TERCILES} finite numbers, were {self.offsets}")
        if len(self.learned_rows) != TERCILES or min(self.learned_rows) < 0:
            raise ValueError(f"learned_rows must be {TERCILES} counts, were {self.learned_rows}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonLevels(HorizonLearner):
    """How the probabilities of one horizon are moved, and by what they have learned.

    All sides learn; those that are not kept are said as they are.
    """

    sides: dict[str, LevelState]  # by LEVEL_SIDES
    kept: tuple[str, ...]  # those that other rows found better with what they have learned

    def __post_init__(self) -> None:
        HorizonLearner.__post_init__(self)
        if set(self.sides) != set(LEVEL_SIDES) or not set(self.kept) <= set(self.sides):
            raise ValueError(
                f"sides must be {', '.join(LEVEL_SIDES)} and kept some of them, were {', '.join(self.sides)} and "
                f"{', '.join(self.kept)}"
            )

    @property
    def outcomes(self) -> int:
        """How many outcomes the sides that are kept have learned."""
        return sum(sum(self.sides[side].learned_rows) for side in self.kept)


LevelStates = Mapping[str, Mapping[str, LevelState]]  # by horizon and side


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalFacts:
    """One stored state of a version: how its ranges and levels are said from a moment on, until the next one."""

    version: str
    as_of: datetime  # every outcome known by then has been learned, none that was known later
    outcomes: int  # learned by the ranges of all horizons
    states: dict[str, ConformalState]  # by horizon
    levels: LevelStates  # of the probabilities; none for an artifact from before they learned
    calibrated_at: datetime | None  # of the weekly calibration that taught the levels; None: training's
