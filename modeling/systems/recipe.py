"""Recipes of kind `system`: an earlier system, what it learns from, and how its scores become trades."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from modeling.contracts import ClassLabelSet
from modeling.contracts.emission import EmissionRules
from modeling.selectors.label_sets import label_set_get
from traderai.common.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSplit:
    """Shares of time of the three parts, oldest first, and the embargo between them."""

    train_frac: float
    validation_frac: float
    test_frac: float
    embargo_days: float = 0.0
    training_days: float | None = None  # the newest so many of the training part; None: all
    validation_days: float | None = None  # before the test part, instead of its share

    def __post_init__(self) -> None:
        if min(self.training_days or 1.0, self.validation_days or 1.0) <= 0:
            raise ValueError(
                "training_days and validation_days must be above 0 or null, were "
                f"{self.training_days} and {self.validation_days}"
            )
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
    hold_wins: bool = False  # of three classes: no trade where the middle one is the likeliest

    def __post_init__(self) -> None:
        if self.candidates < 1 or self.min_trades < 1:
            raise ValueError(
                f"candidates and min_trades must be at least 1, were {self.candidates} and {self.min_trades}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinforcementConfig:
    """The second stage of a classifier of three classes: its decisions tuned by the trades' net R on training rows."""

    folds: int = 2  # stretches of the training part that are foretold by fits on what was before; 0: it is taught by the
    # classifier's own words on the rows that it learned, which are too sure
    hidden_units: int = 0  # of the policy; 0: a line
    learning_rate: float = 0.02
    entropy_weight: float = 0.01  # of the bonus, in standard deviations of the rewards
    batch_rows: int = 1024
    max_epochs: int = 60
    patience_epochs: int = 10
    stop_frac: float = 0.25  # of the days that teach, the newest: they stop
    keep_level: float = 0.95  # of the lower bound of its gain on validation rows, which must be above 0

    def __post_init__(self) -> None:
        if min(self.batch_rows, self.max_epochs, self.patience_epochs) < 1 or self.hidden_units < 0:
            raise ValueError(
                "batch_rows, max_epochs and patience_epochs must be at least 1 and hidden_units not negative, were "
                f"{self.batch_rows}, {self.max_epochs}, {self.patience_epochs} and {self.hidden_units}"
            )
        if self.folds != 0 and self.folds < 2:
            raise ValueError(f"folds must be 0 or at least 2, was {self.folds}")
        if not self.learning_rate > 0 or not self.entropy_weight >= 0:
            raise ValueError(
                "learning_rate must be above 0 and entropy_weight not negative, were "
                f"{self.learning_rate} and {self.entropy_weight}"
            )
        if not 0.0 < self.stop_frac < 1.0 or not 0.5 < self.keep_level < 1.0:
            raise ValueError(
                "stop_frac must lie within (0, 1) and keep_level within (0.5, 1), were "
                f"{self.stop_frac} and {self.keep_level}"
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
    max_tickers: int | None = None  # the first so many of the universe; None: all
    emission: EmissionRules | None = None  # None: it is not told what would be emitted
    lookback_bars: int = 1
    all_may_miss: bool = False  # True: a missing feature is 0 after scaling, and no reason to leave a row out
    min_rows: int = 200  # of each part: with fewer the training stops and says so
    max_rows: int | None = None  # the newest so many; None: all
    reinforcement: ReinforcementConfig | None = None  # None: no second stage
    horizon_bars: int | None = None  # that the label looks ahead; None: as the label set says
    threshold_frac: float | None = None  # that a move must exceed; None: as the label set says

    def __post_init__(self) -> None:
        if self.reinforcement is not None and not self.cut.hold_wins:
            raise ValueError(
                "a second stage learns when to hold: with reinforcement cut.hold_wins must be true"
            )
        counts = {
            name: getattr(self, name)
            for name in ("lookback_bars", "min_rows", "max_rows", "max_tickers", "horizon_bars")
        }
        low = [f"{name} {count}" for name, count in counts.items() if count is not None and count < 1]
        if low:
            raise ValueError(f"{' and '.join(low)}: must be at least 1")

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
        return self._changed(found)

    def _changed(self, found: ClassLabelSet) -> ClassLabelSet:
        """Return a label set with the horizon and threshold of this recipe, where it has its own."""
        changes: dict[str, Any] = {}
        if self.horizon_bars is not None:
            changes["horizons"] = (f"{self.horizon_bars}bars",)
        if self.threshold_frac is not None:
            if found.threshold_frac is None:
                raise InputError(
                    f"label set {self.label_set} asks for the sign alone and has no threshold; choose another label set or "
                    "leave threshold_frac out",
                    field="threshold_frac",
                )
            changes["threshold_frac"] = self.threshold_frac
        try:
            return replace(found, **changes) if changes else found
        except ValueError as error:
            raise InputError(f"label set {self.label_set} as changed: {error}", field="label_set") from error
