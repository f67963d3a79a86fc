"""What a search for label thresholds tries and by what it judges (label_search.yaml)."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveWeights:
    """What the parts of the score count; they add up to 1."""

    balance: float
    stability: float
    expectancy_r: float

    def __post_init__(self) -> None:
        told = [getattr(self, field.name) for field in fields(self)]
        if min(told) < 0 or abs(sum(told) - 1.0) > 1e-9:
            raise ValueError(
                f"balance, stability and expectancy_r must be 0 or more and add up to 1, were {told}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSteps:
    """What thresholds are rounded to, by their unit: nobody needs a take-profit of 3.1847 %."""

    frac: float
    atr_14: float
    multiplier: float

    def __post_init__(self) -> None:
        told = [getattr(self, field.name) for field in fields(self)]
        if not min(told) > 0:
            raise ValueError(f"steps must be above 0, were {told}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSearchConfig:
    """The space, the effort, the score and the constraints of a search."""

    factor_low: float  # of the set's own thresholds
    factor_high: float
    grid_points: int  # of each threshold
    bayesian_points: int
    steps: ThresholdSteps
    weights: ObjectiveWeights
    min_labelled_frac: float  # of what the set as it stands labels at its best covered horizon
    min_class_frac: float
    min_months: int
    min_take_profit_stops: float  # of barrier sets

    def __post_init__(self) -> None:
        if not 0.0 < self.factor_low <= 1.0 <= self.factor_high <= 100.0:
            raise ValueError(
                "factor_low must be above 0 and at most 1 and factor_high between 1 and 100, were "
                f"{self.factor_low} and {self.factor_high}"
            )
        if not 1 <= self.grid_points <= 50 or not 0 <= self.bayesian_points <= 1000:
            raise ValueError(
                "grid_points must lie between 1 and 50 and bayesian_points between 0 and 1000, were "
                f"{self.grid_points} and {self.bayesian_points}"
            )
        if not 0.0 < self.min_labelled_frac <= 1.0 or not 0.0 < self.min_class_frac < 0.5:
            raise ValueError(
                "min_labelled_frac must lie within (0, 1] and min_class_frac within (0, 0.5), were "
                f"{self.min_labelled_frac} and {self.min_class_frac}"
            )
        if self.min_months < 2:
            raise ValueError(f"min_months must be at least 2, was {self.min_months}")
        if not 0.0 < self.min_take_profit_stops <= 10.0:
            raise ValueError(
                f"min_take_profit_stops must lie within (0, 10], was {self.min_take_profit_stops}"
            )
