"""The market as one decision sees it, from the instrument's own bars; needs TA-Lib, so only scoring imports it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from features.kernels.liquidity import corwin_schultz_spread_bp
from features.kernels.technical import atr
from market.contracts import Bars
from market.kernels.sessions import moscow_hours
from modeling.contracts import BarrierLabelSet, MarketState
from modeling.kernels.label_windows import ATR_BARS, SPREAD_BARS, TURNOVER_BARS


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a decision takes from beyond the instrument's bars."""

    decision_s: int  # seconds since 1970 UTC
    regime: str
    novelty: float  # NaN where the model has not seen the input


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareTerms:
    """On what terms a share may be traded at a decision, as `signals.terms` finds them out."""

    price_step_rub: float  # as traded then
    lot_size: int
    shortable: bool  # on that day
    halted: bool
    days_to_ex_dividend: int | None  # trading days; None: no dividend is known to be near


def market_state(bars: Bars, *, terms: ShareTerms, label_set: BarrierLabelSet, moment: Moment) -> MarketState:
    """Return the state at the last bar, in prices as traded.

    The half spread is NaN, which is "not measured": bars carry no quotes, so the policy takes its configured one. The
    spread is that which labels estimate of the same bar.

    Units:  as in `modeling.contracts.MarketState`.
    NaN:    an ATR of too short a history is NaN and counts against a trade.
    Causal: reads the bars given and nothing else.
    Raises: ValueError for no bars.
    """
    if len(bars) == 0:
        raise ValueError(f"{bars.secid} must have at least one bar, had none")
    factor = float(bars.split_factor[-1])
    average_range = (
        atr(bars.high, bars.low, bars.close, window=ATR_BARS) if len(bars) > ATR_BARS else [math.nan]
    )
    close = float(bars.close[-1])
    take_profit_frac, stop_loss_frac = label_set.levels_frac(float(average_range[-1]) / close)
    return MarketState(
        close_rub=as_traded(close, factor),
        price_step_rub=terms.price_step_rub,
        lot_size=terms.lot_size,
        atr_rub=float(average_range[-1]) / factor,
        half_spread_frac=math.nan,
        median_turnover_rub=float(np.median(bars.turnover_rub[-TURNOVER_BARS:])),
        bars_known=len(bars),
        data_age_s=float(moment.decision_s - int(bars.known_s[-1])),
        regime=moment.regime,
        shortable=terms.shortable,
        halted=terms.halted,
        novelty=moment.novelty,
        take_profit_frac=take_profit_frac,
        stop_loss_frac=stop_loss_frac,
        hour=int(moscow_hours(np.array([moment.decision_s]))[0]),
        session=int(bars.session[-1]),
        spread_frac=_spread_frac(bars),
        days_to_ex_dividend=terms.days_to_ex_dividend,
    )


def _spread_frac(bars: Bars) -> float:
    """Return the spread of the last bar's row, which reads one bar more than it has pairs of them."""
    last = slice(-(SPREAD_BARS + 1), None)
    spread_bp = corwin_schultz_spread_bp(
        bars.high[last], bars.low[last], bars.close[last], window=SPREAD_BARS
    )
    return float(spread_bp[-1]) / 1e4


def as_traded(adjusted: float, factor: float) -> float:
    """Return an adjusted price in today's roubles, without the dust of the division."""
    return round(adjusted / factor, 9)
