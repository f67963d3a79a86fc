"""What decides the regime: the thresholds of `regime.yaml` as frozen, checked dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, fields

Ramp = tuple[float, float]
Pair = tuple[float, float]


def _rises(name: str, pair: Ramp) -> None:
    if not pair[0] < pair[1]:
        raise ValueError(f"{name} must rise from low to high, was {pair}")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileRamp:
    """A ramp between two quantiles of a figure's own past, each held within bounds.

    Before `HistoryConfig.least_days` of past are known the ramp is `at_first`.
    """

    quantiles: Pair
    least: Pair
    most: Pair
    at_first: Ramp

    def __post_init__(self) -> None:
        if not 0.0 <= self.quantiles[0] < self.quantiles[1] <= 1.0:
            raise ValueError(f"quantiles must rise within 0 to 1, were {self.quantiles}")
        for name in ("least", "most", "at_first"):
            _rises(name, getattr(self, name))
        if not (self.least[0] <= self.most[0] and self.least[1] <= self.most[1]):
            raise ValueError(f"least must not be above most, were {self.least} and {self.most}")
        if self.most[0] >= self.least[1]:
            raise ValueError(
                f"most at the low end must be below least at the high one, were {self.most}, {self.least}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class UniverseConfig:
    """Whose moves count: shares that have traded on most days of late, as was known each day."""

    presence_days: int
    presence_frac: float
    outlier_log: float  # a share's log return further than this from the day's median counts as an error

    def __post_init__(self) -> None:
        if self.presence_days < 1 or not 0.0 < self.presence_frac <= 1.0 or self.outlier_log <= 0.0:
            raise ValueError(
                "presence_days must be at least 1, presence_frac above 0 up to 1 and outlier_log above 0, were "
                f"{self.presence_days}, {self.presence_frac}, {self.outlier_log}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryConfig:
    """How much of the past a quantile or percentile looks at."""

    days: int
    least_days: int

    def __post_init__(self) -> None:
        if not 2 <= self.least_days <= self.days:
            raise ValueError(f"least_days must be from 2 to days, was {self.least_days} of {self.days}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BigMoveConfig:
    """From which size on a share's daily move is big: the usual size of the day's larger moves, within bounds."""

    quantile: (
        float  # of the shares' absolute moves of one day; the median of those quantiles over the past counts
    )
    days: int
    least_days: int
    at_first_pct: float
    least_pct: float
    most_pct: float

    def __post_init__(self) -> None:
        if not 0.0 < self.quantile < 1.0 or not 2 <= self.least_days <= self.days:
            raise ValueError(
                "quantile must lie within 0 to 1 and least_days from 2 to days, were "
                f"{self.quantile}, {self.least_days} of {self.days}"
            )
        if not 0.0 < self.least_pct <= self.at_first_pct <= self.most_pct:
            raise ValueError(
                "least_pct, at_first_pct and most_pct must rise, were "
                f"{self.least_pct}, {self.at_first_pct}, {self.most_pct}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendConfig:
    """Ramps of the evidence for a trend; mirrored for a downtrend."""

    distance_sigmas: Ramp
    slope_sigmas: Ramp
    breadth_frac: Ramp

    def __post_init__(self) -> None:
        for field in fields(self):
            _rises(field.name, getattr(self, field.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class StressWeights:
    """What a move over several days weighs alone, and what its company adds; they sum to 1."""

    move: float
    big_moves: float
    volatility: float
    dispersion: float

    def __post_init__(self) -> None:
        weights = (self.move, self.big_moves, self.volatility, self.dispersion)
        if min(weights) < 0.0 or abs(sum(weights) - 1.0) > 1e-9:
            raise ValueError(f"weights must not be negative and add up to 1, were {weights}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PanicConfig:
    """Ramps of the evidence for panic and their weights."""

    fall_speed_pct: QuantileRamp
    drawdown_20d_pct: QuantileRamp
    big_fall_frac: Ramp
    volatility_percentile: Ramp
    dispersion_percentile: Ramp
    weights: StressWeights

    def __post_init__(self) -> None:
        for name in ("big_fall_frac", "volatility_percentile", "dispersion_percentile"):
            _rises(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class EuphoriaConfig:
    """Ramps of the evidence for euphoria and their weights."""

    rise_20d_pct: QuantileRamp
    big_rise_frac: Ramp
    volatility_percentile: Ramp
    dispersion_percentile: Ramp
    weights: StressWeights

    def __post_init__(self) -> None:
        for name in ("big_rise_frac", "volatility_percentile", "dispersion_percentile"):
            _rises(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsConfig:
    """When news count as a storm: a day's number and severity of verdicts against a high quantile of the past."""

    days: int
    least_days: int
    quantile: float
    alive_days: int  # a source without a text for so long does not count
    texts_frac: float  # a day with fewer texts than this part of the usual number was hardly read
    market_weight: float  # what a verdict on the whole market counts against one on a company
    number_least: float  # of verdicts: the past's quantile counts as at least so many
    severity_least: float  # of scores in hundreds
    number_ratio: Ramp
    severity_ratio: Ramp

    def __post_init__(self) -> None:
        if not 2 <= self.least_days <= self.days or not 0.0 < self.quantile < 1.0 or self.alive_days < 1:
            raise ValueError(
                "least_days must be from 2 to days, quantile within 0 to 1 and alive_days at least 1, were "
                f"{self.least_days} of {self.days}, {self.quantile}, {self.alive_days}"
            )
        if min(self.texts_frac, self.market_weight, self.number_least, self.severity_least) <= 0.0:
            raise ValueError("texts_frac, market_weight, number_least and severity_least must be above 0")
        for name in ("number_ratio", "severity_ratio"):
            _rises(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class HysteresisConfig:
    """How scores become probabilities and how reluctantly the regime changes."""

    sharpness: float
    panic_factor: float
    euphoria_factor: float
    news_factor: float
    stay_bonus: float
    hold_bonus: float
    hold_days: int
    interrupt_at: float
    news_interrupt_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeConfig:
    """Everything that decides the regime."""

    version: int
    indices: dict[str, str]  # by market: whose level and trend are the market's, where it is stored
    volatility_indices: dict[str, str]
    shares_min: int
    sector_shares_min: int
    history_min_days: int
    universe: UniverseConfig
    history: HistoryConfig
    average_days: tuple[int, int]
    slope_days: int
    volatility_decay: float
    volatility_days: int
    big_move: BigMoveConfig
    trend: TrendConfig
    panic: PanicConfig
    euphoria: EuphoriaConfig
    news: NewsConfig
    hysteresis: HysteresisConfig

    def __post_init__(self) -> None:
        short, long = self.average_days
        if not 2 <= short < long:
            raise ValueError(f"average_days must be two rising numbers from 2 on, was {self.average_days}")
        if self.history_min_days < max(short, self.volatility_days):
            raise ValueError(
                f"history_min_days must be at least {max(short, self.volatility_days)}, was {self.history_min_days}"
            )
        if min(self.shares_min, self.sector_shares_min) < 2:
            raise ValueError(
                "shares_min and sector_shares_min must be at least 2, were "
                f"{self.shares_min}, {self.sector_shares_min}"
            )
