"""Recipes of kind `system`: an earlier system, what it learns from, and how its scores become trades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from modeling.contracts import ClassLabelSet
from modeling.selectors.label_sets import label_set_get
from traderai.common.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSplit:
    """Shares of time of the three parts, oldest first, and the embargo between them."""

    train_frac: float
    validation_frac: float
    test_frac: float
    embargo_days: float = 0.0

    def __post_init__(self) -> None:
        if min(self.shares) <= 0 or abs(sum(self.shares) - 1.0) > 1e-9 or self.embargo_days < 0:
            raise ValueError(
                "train_frac, validation_frac and test_frac must be above 0 and add up to 1, and embargo_days not be "
                f"negative, were {self.shares} and {self.embargo_days}"
            )

    @property
    def shares(self) -> tuple[float, float, float]:
        """The three shares."""
        return (self.train_frac, self.validation_frac, self.test_frac)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutConfig:
    """How the score above which a system trades is chosen on validation rows."""

    sides: Literal["long", "both"]  # long: the upper class is bought and the rest is flat; never short
    tuned_for: Literal["sharpe", "balanced_accuracy", "none"] = "sharpe"
    candidates: int = 20  # quantiles of the validation scores that are tried
    min_trades: int = 30  # of a candidate on validation: fewer prove nothing

    def __post_init__(self) -> None:
        if self.candidates < 1 or self.min_trades < 1:
            raise ValueError(
                f"candidates and min_trades must be at least 1, were {self.candidates} and {self.min_trades}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureConfig:
    """How figures are bounded, and what costs trades are tried at besides the configured ones."""

    resamples: int
    mean_block_days: float
    interval_level: float
    extra_costs_bp: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.resamples < 100 or self.mean_block_days < 1 or not 0.5 < self.interval_level < 1.0:
            raise ValueError(
                "resamples must be at least 100, mean_block_days at least 1 and interval_level within (0.5, 1), were "
                f"{self.resamples}, {self.mean_block_days} and {self.interval_level}"
            )
        if min(self.extra_costs_bp, default=1.0) <= 0:
            raise ValueError(f"extra_costs_bp must be above 0, were {self.extra_costs_bp}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRecipe:
    """Everything that decides an earlier system besides the data, the seed and the code."""

    name: str
    kind: Literal["system"]
    timeframe: str
    feature_set: str
    label_set: str
    universe: tuple[str, ...]  # empty: every share with features
    data: Literal["auto", "real", "simulated"]
    estimator: str  # a name of ESTIMATORS
    parameters: dict[str, Any]  # of the estimator, checked by it
    split: SystemSplit
    cut: CutConfig
    figures: FigureConfig
    lookback_bars: int = 1
    all_may_miss: bool = False  # True: a missing feature is 0 after scaling, and no reason to leave a row out
    min_rows: int = 200  # of each part: with fewer the training stops and says so
    max_rows: int | None = None  # the newest so many; None: all

    def __post_init__(self) -> None:
        if self.lookback_bars < 1 or self.min_rows < 1 or (self.max_rows is not None and self.max_rows < 1):
            raise ValueError(
                "lookback_bars, min_rows and max_rows must be at least 1, were "
                f"{self.lookback_bars}, {self.min_rows} and {self.max_rows}"
            )

    def labels(self) -> ClassLabelSet:
        """Return the recipe's label set at its timeframe; one without classes is an InputError."""
        found = label_set_get(name=self.label_set, timeframe=self.timeframe)
        if not isinstance(found, ClassLabelSet):
            raise InputError(
                f"label set {self.label_set} must have classes, is of kind {found.kind}; choose another",
                field="label_set",
            )
        if len(found.horizons) != 1 or not found.horizons[0].endswith("bars"):
            raise InputError(
                f"label set {self.label_set} must have one horizon in bars, had {', '.join(found.horizons)}",
                field="label_set",
            )
        return found
