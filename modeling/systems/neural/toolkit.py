"""The options of the imbalance toolkit: which are switched on, and with what parameters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args

from modeling.kernels.imbalance.smote import SmotePlan
from modeling.kernels.imbalance.window_views import VIEWS, View

Option = Literal[
    "quota_batches", "reweighting", "focal", "label_smoothing", "hard_negatives", "label_search", "entropy_penalty",
    "test_time_views", "temperature", "smote", "class_weights", "ticker_weights", "ticker_sampling", "downsampling",
    "row_filter", "ranking_loss",
]  # fmt: skip
Preset = Literal["none", "A", "B", "C"]
OPTIONS: Final[tuple[Option, ...]] = get_args(Option)
TEN: Final[tuple[Option, ...]] = OPTIONS[:10]  # what an ablation switches
_CHEAP: Final[frozenset[Option]] = frozenset({"quota_batches", "focal", "label_smoothing", "temperature"})
_PER_EPOCH: Final[frozenset[Option]] = frozenset({"reweighting", "hard_negatives", "entropy_penalty"})
# By cost: A asks for no more work, B looks at training rows once more an epoch, C makes rows and scores each one thrice.
PRESETS: Final[dict[Preset, frozenset[Option]]] = {
    "none": frozenset(),
    "A": _CHEAP,
    "B": _CHEAP | _PER_EPOCH,
    "C": frozenset(TEN),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Focal:
    """Weight and focus of each class; empty: classes count the same, and only the most frequent one's easy rows fade."""

    alpha: tuple[float, ...] = ()
    gamma: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HardNegatives:
    """Which rows are hard, and how much of a batch they take."""

    share_of_batch: float = 0.2
    hardest: float = 0.1  # of the rows looked at
    trimmed: float = 0.01  # of the rows looked at: shocks that no input could tell

    def __post_init__(self) -> None:
        if not 0.0 < self.share_of_batch < 1.0 or not 0.0 <= self.trimmed < self.hardest <= 1.0:
            raise ValueError(
                "share_of_batch must lie within (0, 1) and trimmed below hardest, at most 1, were "
                f"{self.share_of_batch}, {self.trimmed} and {self.hardest}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """Rows that do not teach: quantiles of the training part outside of which a row is left out, and regimes."""

    turnover: tuple[float, float] = (0.1, 1.0)  # of the median turnover of a bar
    volatility_feature: str | None = None
    volatility: tuple[float, float] = (0.02, 0.98)
    without_regimes: tuple[
        str, ...
    ] = ()  # features that are a regime's probability; half or more leaves a row out


@dataclass(frozen=True, slots=True, kw_only=True)
class Smote:
    """How many synthetic windows are made; all that is held at a time stays below max_mb."""

    chunk_rows: int = 2_000
    neighbours: int = 5
    to_frac: float = 0.5
    max_mb: float = 128.0

    def __post_init__(self) -> None:
        self.plan()  # refuses what cannot be

    def plan(self) -> SmotePlan:
        """Return it in the kernel's units."""
        return SmotePlan(
            chunk_rows=self.chunk_rows,
            neighbours=self.neighbours,
            to_frac=self.to_frac,
            max_bytes=round(self.max_mb * 2**20),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """What is switched on, by name or by a preset, and the parameters of each; lists by class hold the falling class first."""

    options: tuple[Option, ...] = ()
    preset: Preset = "none"
    quotas: tuple[float, ...] = ()  # empty: 30, 40 and 30 % of three classes, else equal shares
    reweighting_step: float = 0.1
    focal: Focal = field(default_factory=Focal)
    smoothing: tuple[float, ...] = ()  # empty: 10 % of the most frequent class, 5 % of the others
    hard_negatives: HardNegatives = field(default_factory=HardNegatives)
    threshold_factors: tuple[float, ...] = (
        0.7,
        0.85,
        1.0,
        1.2,
        1.4,
    )  # of the label set's own, that are searched
    least_entropy: float = 0.5  # of the largest entropy
    entropy_weight: float = 0.2
    views: tuple[View, ...] = VIEWS
    smote: Smote = field(default_factory=Smote)
    class_weights: tuple[float, ...] = ()  # empty: all classes count the same
    most_ticker_weight: float = 10.0
    keep_frac: float = 0.5  # of the most frequent class's rows
    row_filter: RowFilter = field(default_factory=RowFilter)
    ranking_weight: float = 0.2

    def __post_init__(self) -> None:
        if not 0.0 < self.reweighting_step <= 1.0 or not 0.0 < self.keep_frac <= 1.0:
            raise ValueError(
                f"reweighting_step and keep_frac must lie within (0, 1], were {self.reweighting_step} and {self.keep_frac}"
            )
        if not self.views or not self.threshold_factors or min(self.threshold_factors, default=0.0) <= 0:
            raise ValueError(
                f"views must not be empty and threshold_factors be above 0, were {self.views} and {self.threshold_factors}"
            )
        if not 0.0 < self.least_entropy < 1.0 or min(self.entropy_weight, self.ranking_weight) < 0:
            raise ValueError(
                "least_entropy must lie within (0, 1) and entropy_weight and ranking_weight not be negative, were "
                f"{self.least_entropy}, {self.entropy_weight} and {self.ranking_weight}"
            )
        if self.most_ticker_weight < 1.0:
            raise ValueError(f"most_ticker_weight must be at least 1, was {self.most_ticker_weight}")

    def has(self, option: Option) -> bool:
        """Return whether an option is switched on."""
        return option in self.options or option in PRESETS[self.preset]

    def switched(self) -> tuple[Option, ...]:
        """Return all that is switched on, in the toolkit's order."""
        return tuple(option for option in OPTIONS if self.has(option))

    def only(self, options: tuple[Option, ...]) -> Toolkit:
        """Return the same parameters with these options switched on and no other."""
        return replace(self, options=options, preset="none")

    def quotas_of(self, classes: int) -> tuple[float, ...]:
        """Return each class's share of a batch."""
        own = self.quotas or ((0.3, 0.4, 0.3) if classes == 3 else (1.0 / classes,) * classes)
        return _by_class(own, classes, "quotas")

    def smoothing_of(self, classes: int, commonest: int) -> tuple[float, ...]:
        """Return how much of each class's label is shared among the others."""
        own = self.smoothing or tuple(0.1 if number == commonest else 0.05 for number in range(classes))
        return _by_class(own, classes, "smoothing")

    def gamma_of(self, classes: int, commonest: int) -> tuple[float, ...]:
        """Return each class's focus."""
        own = self.focal.gamma or tuple(2.0 if number == commonest else 0.0 for number in range(classes))
        return _by_class(own, classes, "focal.gamma")


def _by_class(own: tuple[float, ...], classes: int, name: str) -> tuple[float, ...]:
    if len(own) != classes:
        raise ValueError(f"{name} must have a value for each of {classes} classes, had {len(own)}")
    return own
