"""From where on a detector speaks (behavior.yaml); the file says where each number comes from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


def _above_zero(config: Any) -> None:
    for one in fields(config):
        value = getattr(config, one.name)
        if isinstance(value, int | float) and value <= 0:
            raise ValueError(f"{one.name} must be above 0, was {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalThresholds:
    """When a trade goes with a signal, and when going without is a habit."""

    follow_within_h: float
    against_strengths: tuple[str, ...]
    window_days: float
    min_decisions: int
    usual_own_frac: float  # of the decisions of a disciplined trader that may be own ideas
    min_strong_shown: int
    usual_ignored_frac: float
    alpha: float

    def __post_init__(self) -> None:
        _above_zero(self)
        if max(self.usual_own_frac, self.usual_ignored_frac, self.alpha) >= 1:
            raise ValueError("usual_own_frac, usual_ignored_frac and alpha must be below 1")
        if unknown := set(self.against_strengths) - {"weak", "medium", "strong"}:
            raise ValueError(f"against_strengths must be of weak, medium, strong, were {sorted(unknown)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StopThresholds:
    """When a stop counts as violated or moved away."""

    grace_min: float
    moved_of_risk_frac: float

    def __post_init__(self) -> None:
        _above_zero(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeThresholds:
    """When an entry is too large, a revenge, or an averaging down."""

    revenge_within_min: float
    revenge_loss_of_risk: float  # a smaller loss is a scratch
    revenge_size_ratio: float
    revenge_size_ratio_with_signal: float
    min_sizes: int
    sizes: int  # of the newest entries before, whose median is the usual size
    averaging_drop_frac: float
    of_position_limit: float
    of_risk_limit: float

    def __post_init__(self) -> None:
        _above_zero(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class RhythmThresholds:
    """When somebody trades too often or too late."""

    merge_min: float  # executions of one share and side so near to each other are one decision
    min_baseline_days: int
    baseline_days: int
    min_entries: int
    alpha: float
    after_loss_h: float
    after_loss_entries: int
    after_loss_alpha: float
    night_from_h: int
    night_to_h: int
    night_streak: int
    night_usual_frac: float

    def __post_init__(self) -> None:
        _above_zero(self)
        if not 0 < self.night_to_h < self.night_from_h < 24:
            raise ValueError(
                f"night must run over midnight, were {self.night_from_h} to {self.night_to_h} o'clock"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class HabitThresholds:
    """Disposition effect, chasing, and trading in a heated market."""

    window_days: float
    min_realised: int  # of gains and of losses each
    z: float
    chase_sigma: float
    heated_regimes: tuple[str, ...]

    def __post_init__(self) -> None:
        _above_zero(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TiltThresholds:
    """What makes the tilt state 100."""

    window_h: float
    loss_of_risk: float  # losses of the window, in units of the risk allowed in one trade
    losses_in_a_row: int
    frequency_ratio: float
    size_ratio: float
    last_sizes: int
    loss_weight: float
    frequency_weight: float
    size_weight: float

    def __post_init__(self) -> None:
        _above_zero(self)
        total = self.loss_weight + self.frequency_weight + self.size_weight
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"the three weights of tilt must sum to 1, was {total}")
        if min(self.frequency_ratio, self.size_ratio) <= 1:
            raise ValueError("frequency_ratio and size_ratio must be above 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckThresholds:
    """When a check before a trade warns, and when it warns hard."""

    caution_risk: float  # in units of the risk allowed in one trade
    hard_risk: float
    hard_bad_case_frac: float  # of the capital
    hard_position: float  # in units of the most allowed in one share
    caution_size_ratio: float  # of the usual size, where the capital is not known
    hard_size_ratio: float
    caution_tilt: int
    history_days: int
    min_history_days: int
    horizon_days: int  # of the bad scenario where no signal names one
    regime_max_age_days: float  # an older one is not known
    price_max_age_days: float  # an older last close is said to be old

    def __post_init__(self) -> None:
        _above_zero(self)
        if self.caution_risk >= self.hard_risk or self.caution_size_ratio >= self.hard_size_ratio:
            raise ValueError("a hard warning must begin above a caution")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreThresholds:
    """How the discipline score and severities are made."""

    low_weight: float
    medium_weight: float
    high_weight: float
    medium_from_risk: float  # cost in units of the risk allowed in one trade
    high_from_risk: float
    trend_weeks: int
    history_days: int  # of the baseline before a week

    def __post_init__(self) -> None:
        _above_zero(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The whole file."""

    signals: SignalThresholds
    stops: StopThresholds
    sizes: SizeThresholds
    rhythm: RhythmThresholds
    habits: HabitThresholds
    tilt: TiltThresholds
    check: CheckThresholds
    score: ScoreThresholds
