"""What counts as a fault of stored data (quality.yaml), as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from traderai.common.config import load_config

Severity: TypeAlias = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Severities:
    """How bad a finding of each check is; the fields are the checks there are."""

    duplicate: Severity
    broken_bar: Severity
    split_suspected: Severity
    big_jump: Severity
    jump: Severity
    spike: Severity
    wick: Severity
    few_bars: Severity
    missing_days: Severity
    missing_session: Severity
    session_gap: Severity
    stray_day: Severity
    stale: Severity
    off_step: Severity
    zero_volume: Severity
    step_unknown: Severity
    outside_session: Severity
    outlier: Severity
    volume_spike: Severity
    halt: Severity

    def of(self, check: str) -> Severity:
        """Return the severity of a check."""
        severity: Severity = getattr(self, check)
        return severity

    @classmethod
    def checks(cls) -> tuple[str, ...]:
        """Return the names of all checks, the worst first as the file orders them."""
        return tuple(field.name for field in fields(cls))


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLimits:
    """From where on prices and volumes are doubted."""

    jump_frac: float
    big_jump_ratio: float
    market_move_min_frac: float
    closure_days: int
    outlier_sigmas: float
    spike_sigmas: float
    spike_min_frac: float
    spike_reverts_frac: float
    wick_frac: float
    off_step_stray_frac: float
    volume_spike_ratio: float

    def __post_init__(self) -> None:
        if not 0 < self.jump_frac < 1 or self.big_jump_ratio <= 1 + self.jump_frac:
            raise ValueError(
                "jump_frac must lie between 0 and 1 and big_jump_ratio above 1 + jump_frac, "
                f"were {self.jump_frac} and {self.big_jump_ratio}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitLimits:
    """From where on a jump looks like a split that nobody told of."""

    usual_ratios: tuple[float, ...]
    ratio_min: float
    tolerance_frac: float
    level_bars: int

    def __post_init__(self) -> None:
        if not self.usual_ratios or min(self.usual_ratios) <= 1 or self.ratio_min <= 1:
            raise ValueError(f"usual_ratios and ratio_min must be above 1, were {self.usual_ratios}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BarLimits:
    """From where on bars are missed."""

    few_frac: float
    few_min_bars: int
    market_normal_frac: float
    regular_frac: float
    session_regular_frac: float
    market_open_frac: float
    stray_frac: float
    stray_min_series: int
    gap_min_minutes: int
    gap_usual_ratio: float
    halt_frac: float
    stale_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeAlertLimits:
    """When an ingest brought too few rows."""

    runs: int
    runs_min: int
    min_ratio: float
    fail_ratio: float
    rows_min: int

    def __post_init__(self) -> None:
        if not 0 <= self.fail_ratio <= self.min_ratio <= 1:
            raise ValueError(
                f"0 <= fail_ratio <= min_ratio <= 1 must hold, were {self.fail_ratio} and {self.min_ratio}"
            )
        if not 1 <= self.runs_min <= self.runs:
            raise ValueError(f"1 <= runs_min <= runs must hold, were {self.runs_min} and {self.runs}")


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityConfig:
    """quality.yaml."""

    version: int
    severities: Severities
    examples_max: int
    window_days: int
    window_min_days: int
    prices: PriceLimits
    splits: SplitLimits
    bars: BarLimits
    volume_alert: VolumeAlertLimits
    nightly_days: int

    def __post_init__(self) -> None:
        if not 1 <= self.window_min_days <= self.window_days:
            raise ValueError(
                "1 <= window_min_days <= window_days must hold, "
                f"were {self.window_min_days} and {self.window_days}"
            )


def quality_config() -> QualityConfig:
    """Return the limits."""
    return load_config("quality.yaml", QualityConfig)
