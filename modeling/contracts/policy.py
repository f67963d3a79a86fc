"""What a trade costs, and the limits and thresholds of the policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from features.contracts import REGIMES
from modeling.contracts.decisions import EntryStyle
from modeling.contracts.filters import Filters
from modeling.contracts.order_levels import OrderLevels
from traderai.common.arrays import F64

Num = TypeVar("Num", float, F64)


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
class AccountConfig:
    """The account in which held-out trades are simulated (account.yaml); checked where it is put to use."""

    capital_rub: float
    max_open: int
    stake_frac: float  # of the equity in each position
    compounding: bool
    max_gross_frac: float
    max_wait_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeRule:
    """What the policy asks of a trade while the market is in one regime."""

    min_edge: float  # p - p_break_even
    min_expected_r: float  # expected net result in units of the stop
    size_factor: float  # multiplies the position
    longs_need_edge: float | None = None  # below it a long is forbidden (regime_forbids), None: no such rule
    shorts_need_edge: float | None = None
    needs_voter: str | None = None  # of a council that has this voter, it must agree; None: no such rule

    def __post_init__(self) -> None:
        if self.min_edge <= 0 or self.min_expected_r <= 0:
            raise ValueError(
                f"min_edge and min_expected_r must be above 0, were {self.min_edge} and {self.min_expected_r}"
            )
        if not 0.0 < self.size_factor <= 1.0:
            raise ValueError(f"size_factor must be above 0 and at most 1, was {self.size_factor}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleRules:
    """When an order is entered otherwise than at once; only styles that have proven to pay are in use."""

    in_use: tuple[EntryStyle, ...] = ("enter_now",)
    limit_from_spread_frac: float = (
        0.5  # of the widest spread allowed: from here on a limit order waits for its price
    )
    patient_below_edges: float = 1.5  # of the regime's least edge: below it an entry is worth waiting for
    patient_from_atr_of_stop_frac: float = 0.25  # where a bar moves so far, a price often comes back
    pullback_atr: float = 0.5  # what is waited for, from the close
    scale_in_regimes: tuple[str, ...] = ("panic", "news_storm")
    wait_bars: int = 4  # an order that is not filled by then is gone

    def __post_init__(self) -> None:
        if "enter_now" not in self.in_use:
            raise ValueError(f"styles.in_use must hold enter_now, was {self.in_use}")
        if unknown := set(self.scale_in_regimes) - set(REGIMES):
            raise ValueError(
                f"styles.scale_in_regimes must be of {', '.join(REGIMES)}, were {sorted(unknown)}"
            )
        if min(self.limit_from_spread_frac, self.patient_from_atr_of_stop_frac, self.pullback_atr) <= 0:
            raise ValueError("the limits of styles must be above 0")
        if self.wait_bars < 1 or self.patient_below_edges < 1.0:
            raise ValueError(
                "styles.wait_bars and styles.patient_below_edges must be at least 1, were "
                f"{self.wait_bars} and {self.patient_below_edges}"
            )


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
    dividend_days: int = (
        0  # trading days before a dividend's cut-off on which no trade is opened; 0: no such rule
    )
    min_council_agreement: float = (
        0.0  # of what the members add to the decision, the part on its side; 0: no such rule
    )
    volatility_target_frac: float | None = (
        None  # ATR of a bar from which on positions shrink; None: they do not
    )
    styles: StyleRules = StyleRules()
    filters: Filters | None = None  # of the version that decides; policy.yaml has none
    order_levels: OrderLevels | None = None  # likewise; None: orders have the label set's levels

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
        if self.dividend_days < 0 or not 0.0 <= self.min_council_agreement < 1.0:
            raise ValueError(
                "dividend_days must not be negative and min_council_agreement must lie within [0, 1), were "
                f"{self.dividend_days} and {self.min_council_agreement}"
            )
        if self.volatility_target_frac is not None and not 0.0 < self.volatility_target_frac < 1.0:
            raise ValueError(
                f"volatility_target_frac must lie within (0, 1), was {self.volatility_target_frac}"
            )
        if self.max_data_age_s <= 0 or self.min_median_turnover_rub < 0 or self.entry_range_of_atr_frac < 0:
            raise ValueError("max_data_age_s must be above 0; turnover and ATR limits must not be negative")
