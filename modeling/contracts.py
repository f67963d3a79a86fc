"""What leaves the modeling app: predictions, the policy's question and answer, configuration, model versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

import numpy as np

from features.contracts import REGIMES
from traderai.common.arrays import F64

Num = TypeVar("Num", float, F64)

QUANTILE_LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
DIRECTIONS = ("strong_down", "down", "flat", "up", "strong_up")
Action = Literal["BUY", "SELL", "HOLD", "NO_TRADE"]
Grade = Literal["rejected", "inform", "trade"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What one model expects of one instrument and horizon, seen from one closed bar; calibrated."""

    p_long: float  # probability that a long reaches its take-profit before its stop, within the horizon
    p_short: float
    return_quantiles: tuple[
        float, ...
    ]  # of the gross simple return over the horizon, at QUANTILE_LEVELS, rising
    volatility: float  # expected standard deviation of the return over the horizon, as a fraction
    direction: tuple[float, ...]  # probabilities by DIRECTIONS, summing to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SideLosses:
    """What a side's trades that miss their target lost on validation, by volatility tercile (low, middle, high)."""

    mean_gross_loss_frac: tuple[float, float, float]  # positive fractions of the entry price


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What validation taught about one model and horizon; frozen into its artifact."""

    horizon: str  # "3d"
    long: SideLosses
    short: SideLosses
    volatility_tercile_edges: tuple[float, float]  # of Prediction.volatility
    edge_knots: tuple[float, ...]  # the isotonic map g from edge to the probability of a positive net R
    edge_p_positive: tuple[float, ...]
    edge_p99: float  # 99th percentile of validation edge
    novelty_limit: float  # Mahalanobis distance beyond which inputs are outside what was trained on
    long_informed: bool = True  # False: the side's probability is a base rate, so no edge of it is claimed
    short_informed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketState:
    """Everything besides the prediction that a decision needs; all of it known at the decision time."""

    close_rub: float  # as traded, last closed bar
    price_step_rub: float
    lot_size: int
    atr_rub: float  # ATR(14), as traded
    half_spread_frac: float
    median_turnover_rub: float  # per bar over the last 100 bars
    bars_known: int  # length of history
    data_age_s: float  # decision moment minus the end of the last bar
    regime: str
    shortable: bool
    halted: bool
    novelty: float  # Mahalanobis distance of the model's input
    take_profit_frac: float  # of the label set
    stop_loss_frac: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the policy says of one instrument, horizon and bar, and why; prices as traded, on the price step."""

    action: Action
    reasons: tuple[str, ...]  # codes; a NO_TRADE has at least one
    side: Literal["long", "short"] | None  # the better side, also of a HOLD
    p: float | None  # probability of that side
    p_break_even: float | None
    edge: float | None  # p - p_break_even
    expected_r: float | None  # expected net result in units of the stop
    expected_net_frac: float | None  # expected net return of the trade
    cost_frac: float  # round trip
    entry_low_rub: float | None
    entry_high_rub: float | None
    take_profit_rub: float | None
    stop_loss_rub: float | None
    risk_reward: float | None  # net of costs
    confidence: int | None  # 0..100; null for NO_TRADE
    strength: Literal["weak", "medium", "strong"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersionFacts:
    """One version in the registry."""

    id: int
    version: str  # "global-swing_v1-20241231-ab12cd34"
    kind: str  # "global"
    recipe: str
    feature_set_key: str
    label_set: str
    timeframe: str
    horizons: tuple[str, ...]  # ("3d", "5d", "10d")
    lookback_bars: int
    trained_until: datetime  # no label that it was trained or calibrated on ends after this
    grade: str  # a Grade
    state: str  # candidate, champion, retired, rejected
    is_simulated: bool  # trained on simulated bars
    artifact_key: str  # folder in the lake
    manifest_sha256: str
    metrics: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSet:
    """A named way to turn the bars after a decision into labels (an entry of label_sets.yaml)."""

    name: str  # "swing_v1"
    version: int  # raise it with every change of meaning
    timeframe: str  # the code of a market.contracts.Timeframe
    horizons_days: tuple[int, ...]  # trading days counted from the decision's own day
    take_profit_frac: float
    stop_loss_frac: float
    data_lag_min: int  # minutes from a bar's end until the source shows it to us
    max_gap_days: float  # a longer gap between two bars, in calendar days, is a halt
    direction_cuts: tuple[float, float, float, float]  # of R_H in units of trailing volatility over H
    trailing_bars: int  # bars of the trailing volatility behind `direction`
    split_guard_bars: int  # bars this near to a split are not to be traded

    def __post_init__(self) -> None:
        if not self.horizons_days or list(self.horizons_days) != sorted(set(self.horizons_days)):
            raise ValueError(f"horizons_days must rise and not be empty, was {self.horizons_days}")
        if self.horizons_days[0] < 1:
            raise ValueError(f"horizons_days must be at least 1, was {self.horizons_days[0]}")
        if not 0.0 < self.stop_loss_frac < 1.0 or not 0.0 < self.take_profit_frac < 1.0:
            raise ValueError(
                "take_profit_frac and stop_loss_frac must lie between 0 and 1, were "
                f"{self.take_profit_frac} and {self.stop_loss_frac}"
            )
        if self.data_lag_min < 0 or self.max_gap_days <= 0 or self.split_guard_bars < 0:
            raise ValueError(
                "data_lag_min and split_guard_bars must not be negative and max_gap_days must be above 0, were "
                f"{self.data_lag_min}, {self.split_guard_bars} and {self.max_gap_days}"
            )
        if list(self.direction_cuts) != sorted(set(self.direction_cuts)):
            raise ValueError(f"direction_cuts must rise, was {self.direction_cuts}")
        if self.trailing_bars < 2:
            raise ValueError(f"trailing_bars must be at least 2, was {self.trailing_bars}")

    @property
    def horizons(self) -> tuple[str, ...]:
        """The names of the horizons: ("3d", "5d", "10d")."""
        return tuple(f"{days}d" for days in self.horizons_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostModel:
    """What one side of a trade costs (costs.yaml); the sum is never zero."""

    exchange_fee_frac: float  # of the traded value, as taker
    broker_fee_frac: float
    slippage_bp: float
    slippage_steps: float  # in price steps
    half_spread_bp: float  # the floor; a wider measured spread replaces it

    def __post_init__(self) -> None:
        parts = (
            self.exchange_fee_frac,
            self.broker_fee_frac,
            self.slippage_bp,
            self.slippage_steps,
            self.half_spread_bp,
        )
        if min(parts) < 0:
            raise ValueError(f"no cost may be negative, were {parts}")
        if self.exchange_fee_frac + self.broker_fee_frac <= 0:
            raise ValueError("exchange_fee_frac + broker_fee_frac must be above 0: no trade is free")
        if max(self.exchange_fee_frac, self.broker_fee_frac) >= 0.05:
            raise ValueError("a fee of 5 % or more is surely a percent written as a fraction")

    def round_trip_frac(
        self, *, price_rub: Num, price_step_rub: float, half_spread_frac: float | F64 = 0.0
    ) -> Num:
        """Return the cost of entry plus exit as a fraction of the price, as traded.

        Shapes: a number, or arrays of one shape; returns the same.
        Units:  fraction of the price; both sides pay fees, slippage and half the spread.
        NaN:    a NaN half spread counts as not measured: the configured one holds.
        """
        price = np.asarray(price_rub, dtype=np.float64)
        half_spread = np.fmax(np.asarray(half_spread_frac, dtype=np.float64), self.half_spread_bp / 1e4)
        side = (
            self.exchange_fee_frac
            + self.broker_fee_frac
            + self.slippage_bp / 1e4
            + self.slippage_steps * price_step_rub / price
            + half_spread
        )
        total = 2.0 * side
        return total if total.ndim else float(total)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeRule:
    """What the policy asks of a trade while the market is in one regime."""

    min_edge: float  # p - p_break_even
    min_expected_r: float  # expected net result in units of the stop
    size_factor: float  # multiplies the position
    longs_need_edge: float | None = None  # below it a long is forbidden (regime_forbids), None: no such rule
    shorts_need_edge: float | None = None

    def __post_init__(self) -> None:
        if self.min_edge <= 0 or self.min_expected_r <= 0:
            raise ValueError(
                f"min_edge and min_expected_r must be above 0, were {self.min_edge} and {self.min_expected_r}"
            )
        if not 0.0 < self.size_factor <= 1.0:
            raise ValueError(f"size_factor must be above 0 and at most 1, was {self.size_factor}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyConfig:
    """The limits and thresholds of `decide` (policy.yaml) with the costs it reckons with (costs.yaml)."""

    version: int
    max_data_age_s: int
    min_history_bars: int
    full_history_bars: int  # from here on history no longer lowers the quality factor
    min_median_turnover_rub: float  # per bar
    max_spread_of_take_profit_frac: float
    entry_range_of_atr_frac: float
    strength_cuts: tuple[float, float, float]  # weak, medium, strong on the confidence scale
    risk_frac: float  # of the capital, lost if the stop is hit
    max_position_frac: float  # of the capital
    max_turnover_frac: float  # of the median turnover of a bar
    regimes: dict[str, RegimeRule]
    costs: CostModel

    def __post_init__(self) -> None:
        if set(self.regimes) != set(REGIMES):
            raise ValueError(f"regimes must be exactly {', '.join(REGIMES)}, were {', '.join(self.regimes)}")
        if not 0.0 < self.strength_cuts[0] < self.strength_cuts[1] < self.strength_cuts[2] <= 1.0:
            raise ValueError(f"strength_cuts must rise within (0, 1], were {self.strength_cuts}")
        if not 1 <= self.min_history_bars < self.full_history_bars:
            raise ValueError(
                "min_history_bars must be at least 1 and below full_history_bars, were "
                f"{self.min_history_bars} and {self.full_history_bars}"
            )
        for name in ("risk_frac", "max_position_frac", "max_turnover_frac", "max_spread_of_take_profit_frac"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be above 0 and at most 1, was {getattr(self, name)}")
        if self.max_data_age_s <= 0 or self.min_median_turnover_rub < 0 or self.entry_range_of_atr_frac < 0:
            raise ValueError("max_data_age_s must be above 0; turnover and ATR limits must not be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadTrust:
    """How far one horizon's outputs may depart from what training knew without the network.

    Probabilities: `sigmoid(prior + trust (logit - prior))`. Quantiles and volatility: weighted (geometric for
    volatility) means of base, recent volatility times a factor, and network. The trusts and weights were proven on
    validation; a head that proved nothing is its base.
    """

    p_long_prior: float  # logit of the training base rate
    p_short_prior: float
    direction_prior: tuple[float, ...]  # logs of the training shares, by DIRECTIONS
    base_quantiles: tuple[float, ...]  # of the training returns, at QUANTILE_LEVELS
    unit_quantiles: tuple[float, ...]  # of the training returns divided by the recent volatility of a bar
    base_volatility: float  # root mean square of the training part
    volatility_per_unit: float  # of the horizon, for each unit of the recent volatility of a bar
    p_long_trust: float  # in [0, 1]
    p_short_trust: float
    direction_trust: float
    quantile_weights: tuple[float, float, float]  # of base, recent and network; they add up to 1
    volatility_weights: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServingArtifact:
    """Everything that scoring needs of one published version; its bytes were checked against the manifest."""

    version: ModelVersionFacts
    onnx: bytes
    feature_names: tuple[str, ...]
    mean: F64  # (k,) of the raw features on the training rows
    std: F64  # (k,)
    ticker_rows: dict[str, int]  # secid -> embedding row; absent tickers use row 0, "unknown"
    horizon_rows: dict[str, int]  # horizon -> embedding row
    trust: dict[str, HeadTrust]  # by horizon
    volatility_feature: str  # the feature that holds the recent volatility of a bar
    evidence: dict[str, Evidence]  # by horizon
    novelty_mean: F64  # (k,) of the last bar's standardised features
    novelty_precision: F64  # (k, k)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateConfig:
    """What the gate asks of a candidate (gate.yaml)."""

    level: float  # of the one-sided bootstrap bound that daily net profit must keep above 0
    mean_block_days: float
    resamples: int
    seed: int
    min_trades: int
    min_days: int
    base_tolerance_frac: float  # how much worse than the base rate still counts as not worse
    champion_tolerance_frac: float
    leak_auc: float  # a direction AUC above it needs a leak audit before `trade`
    leak_sharpe: float

    def __post_init__(self) -> None:
        if not 0.9 <= self.level < 1.0:
            raise ValueError(f"level must be at least 0.9 and below 1, was {self.level}")
        if self.mean_block_days < 1 or self.resamples < 1000 or self.min_trades < 1 or self.min_days < 2:
            raise ValueError(
                "mean_block_days and min_trades must be at least 1, resamples 1000 and min_days 2, were "
                f"{self.mean_block_days}, {self.min_trades}, {self.resamples} and {self.min_days}"
            )
        if not 0.0 <= self.base_tolerance_frac <= 0.05 or not 0.0 <= self.champion_tolerance_frac <= 0.05:
            raise ValueError(
                "tolerances must lie between 0 and 0.05, were "
                f"{self.base_tolerance_frac} and {self.champion_tolerance_frac}"
            )
