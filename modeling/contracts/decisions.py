"""What a model says and what the policy answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal

QUANTILE_LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
DIRECTIONS = ("strong_down", "down", "flat", "up", "strong_up")
EXCURSIONS = ("long_mfe", "long_mae", "short_mfe", "short_mae")
Action = Literal["BUY", "SELL", "HOLD", "NO_TRADE"]
EntryStyle = Literal["enter_now", "limit", "wait_pullback", "scale_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IsotonicMap:
    """A map that never falls, as knots; between them it is linear, beyond them flat."""

    knots: tuple[float, ...]  # rising
    values: tuple[float, ...]  # never falling


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one member of a council says of one instrument and horizon, before calibration."""

    voter: str  # "global" is the shared network's own word, the others are strategies
    present: bool  # its setup is there; without it the member abstains and says what training knows
    p_long: float
    p_short: float
    long_effect: float  # what it adds to the log odds of the council's long
    short_effect: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """By which adapters a share's probabilities were corrected, and what they were before."""

    version: str
    trained_until: datetime  # no label that taught or judged the adapters ends after this
    p_long_before: float
    p_short_before: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Levelled:
    """What moved the level of a share's probabilities, and what they were before."""

    outcomes: int  # learned
    since: datetime  # the decision of the first of them
    p_long_before: float
    p_short_before: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursions:
    """How far the price may go from the entry within the horizon, whatever the barriers: quantiles at QUANTILE_LEVELS.

    Fractions of the entry price, rising: the best excursion of each side (mfe) at least 0, the worst one (mae) at most 0.
    Blended with those that go with the recent volatility as far as held-out rows prove.
    """

    long_mfe: tuple[float, ...]
    long_mae: tuple[float, ...]
    short_mfe: tuple[float, ...]
    short_mae: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in EXCURSIONS:
            own = getattr(self, name)
            sign = 1.0 if name.endswith("mfe") else -1.0
            if len(own) != len(QUANTILE_LEVELS) or not all(sign * value >= 0.0 for value in own):
                raise ValueError(
                    f"{name} must be {len(QUANTILE_LEVELS)} numbers of its own side of 0, were {own}"
                )
            if any(a > b for a, b in pairwise(own)):
                raise ValueError(f"{name} must rise, were {own}")

    def of(self, side: Literal["long", "short"]) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return best and worst excursion of a side."""
        return (self.long_mfe, self.long_mae) if side == "long" else (self.short_mfe, self.short_mae)


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
    votes: tuple[Vote, ...] = ()  # of a council, the shared network first
    adapter: Corrected | None = None  # None: the share has no adapter, its probabilities are the shared ones
    level: Levelled | None = None  # None: the probabilities are those of the model and its calibration
    excursions: Excursions | None = None  # None: the model foretells none
    p_classes: tuple[float, float, float] | None = None  # p_sell, p_hold, p_buy of a recipe of classes


@dataclass(frozen=True, slots=True, kw_only=True)
class SideLosses:
    """What a side's trades that miss their target lost on validation, by volatility tercile (low, middle, high)."""

    mean_gross_loss_r: tuple[float, float, float]  # positive, in units of the stop


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
    take_profit_frac: float  # of the label set; NaN where it counts in ATR and that is not known yet
    stop_loss_frac: float
    hour: int = -1  # of Moscow's clock at the decision; -1 as for the session: kept by no signal of before there were filters
    session: int = -1  # code of the bar's session
    # The whole bid-ask spread as labels estimate it from the last 100 bars; NaN: not known. No quote, so no cost either.
    spread_frac: float = math.nan
    days_to_ex_dividend: int | None = None  # trading days until a known dividend's first day without it


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
    # The levels that p speaks of, where the order has others; expected results are then those of such orders.
    label_take_profit_rub: float | None = None
    label_stop_loss_rub: float | None = None
    expected_drawdown_frac: float | None = None  # median of the side's worst excursion, at most to the stop
    p_classes: tuple[float, float, float] | None = None  # as the prediction's, where classes spoke
    style: EntryStyle | None = None  # how a BUY or SELL is entered
