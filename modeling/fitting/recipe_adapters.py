"""What a recipe says of its adapters: what they read, how much they must have seen, and how they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from modeling.registry.adapters import AdapterFamily

_MONTHS: Final = (1.0, 24.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterConfig:
    """The light models of single tickers, upon the shared probabilities.

    A correction is taken by the share `days / (days + shrink_days)`. Of 12 shares on real hours (2022 to 2024, three
    walks, about 217 days of each taught, LightGBM as the shared one) a quarter to a half of the corrections lessened the
    next fold's log loss most, whatever family made them, and the whole of them made it worse: hence 250. With every row
    counted for itself, though its windows overlap with a hundred others', a tenth to a quarter was best, and the whole
    ten times as bad.
    """

    features: tuple[str, ...]  # local ones: the ticker's volatility, liquidity and own recent pattern
    family: AdapterFamily = "xgboost"
    window_months: float = 12.0  # of the newest out-of-fold rows, which teach
    min_days: int = 60  # with rows of the ticker in that window; fewer teach nothing
    shrink_days: float = 250.0  # with so many days half of a correction is taken
    false_discoveries: float = 0.10  # at most so many of those kept are luck, on average
    judged_frac: float = (
        1 / 3
    )  # of the days since a version in service has learned, the newest: they judge its adapters
    rounds: int = 40  # of trees
    depth: int = 2  # of a tree
    learning_rate: float = 0.05
    least_days: int = 20  # in a leaf; a day counts once, however many rows and horizons it has
    l2: float = 20.0  # draws leaves and coefficients to 0, in days too
    hidden: int = 4  # of an mlp

    def __post_init__(self) -> None:
        if not self.features or len(set(self.features)) < len(self.features):
            raise ValueError(
                f"adapters must read features, each once, were {', '.join(self.features) or 'none'}"
            )
        if not _MONTHS[0] <= self.window_months <= _MONTHS[1]:
            raise ValueError(f"window_months must lie within {_MONTHS}, was {self.window_months}")
        whole = (self.min_days, self.rounds, self.depth, self.least_days, self.hidden)
        if min(whole) < 1:
            raise ValueError(
                f"min_days, rounds, depth, least_days and hidden must be at least 1, were {whole}"
            )
        if not (self.shrink_days >= 0 and self.l2 > 0 and 0.0 < self.learning_rate <= 1.0):
            raise ValueError(
                "shrink_days must not be negative, l2 above 0 and learning_rate in (0, 1], were "
                f"{self.shrink_days}, {self.l2} and {self.learning_rate}"
            )
        for name in ("false_discoveries", "judged_frac"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must lie within (0, 1), was {getattr(self, name)}")

    def share(self, days: int) -> float:
        """Return the share of a correction that is taken with so many days behind it."""
        return days / (days + self.shrink_days) if days >= self.min_days else 0.0
