"""The check before a trade: gathers what is known, asks the kernel, writes down what was said."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np

from behavior.contracts.check import (
    BadCase,
    CheckResult,
    Known,
    PreTradeAnswer,
    ProposedTrade,
    SaneSize,
    TiltState,
)
from behavior.contracts.journal import Journal, RiskLimits
from behavior.contracts.thresholds import Thresholds
from behavior.kernels.check import bad_case_of_history, is_against_in_heat, trade_check
from behavior.kernels.size_detectors import usual_size_rub
from behavior.kernels.tilt import tilt_state
from behavior.kernels.walk import journal_walk
from behavior.models import PreTradeCheck
from behavior.selectors.configuration import thresholds_get
from behavior.selectors.journal import (
    JournalQuestion,
    accounts_counted,
    capital_told,
    in_force_of,
    journals_get,
    regime_known,
    signal_in_force,
)
from market.contracts import InstrumentFacts, Timeframe
from market.selectors.adjusted import candles_adjusted
from market.selectors.candles import candle_list
from market.selectors.instruments import instrument_get, instrument_terms
from market.selectors.trading_rules import may_short
from modeling.contracts import QUANTILE_LEVELS, Decision, MarketState, PolicyConfig
from modeling.kernels.sizing import position_size_lots
from modeling.selectors.configuration import policy_get
from portfolio.selectors.journal import positions_get
from signals.contracts import SignalFacts
from signals.services.analyze import decision_of, market_of
from traderai.common.clock import MOSCOW
from traderai.common.errors import InputError, NotReadyError

CALM = TiltState(
    score=0,
    loss_part=0.0,
    frequency_part=0.0,
    size_part=0.0,
    losses_rub=0.0,
    losses_in_a_row=0,
    entries=0,
    usual_entries=None,
    size_ratio=None,
)
_MAX_SHARES = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckQuestion:
    """What a user is about to do: either `qty` of the unit, or an amount of rubles."""

    secid: str
    side: Literal["BUY", "SELL"]
    qty: float | None = None
    unit: Literal["shares", "lots"] = "shares"
    amount_rub: float | None = None
    price_rub: float | None = None  # None: the last close
    stop_rub: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Market:
    """What is known of the share now."""

    instrument: InstrumentFacts
    lot_size: int
    price_step_rub: float
    price_rub: float
    price_age_days: float | None
    signal: SignalFacts | None
    regime: str | None
    median_turnover_rub: float


def pre_trade_check(
    *, user_id: int, capital_rub: float | None, question: CheckQuestion, now: datetime
) -> PreTradeAnswer:
    """Return what is to be said before a trade, and store it; each asking makes a row.

    Raises: NotFoundError for an unknown share, InputError for a quantity or stop that cannot be, NotReadyError where no
    price is given and none is stored.
    """
    _check_finite(question)
    thresholds, policy = thresholds_get(), policy_get()
    capital_rub = capital_told(user_id=user_id, capital_rub=capital_rub)
    market = _market(question, now)
    trade = _proposed(question, market)
    known = _known(user_id, capital_rub, trade, market, now)
    result = _checked(trade, known, thresholds)
    sane = _sane_size(trade, market, known, policy, thresholds)
    row = _write(user_id, market.instrument.id, trade, result, known.tilt, now)
    return PreTradeAnswer(
        id=row.pk,
        secid=trade.secid,
        side=trade.side,
        qty_shares=trade.qty_shares,
        price_rub=trade.price_rub,
        price_is_given=question.price_rub is not None,
        stop_rub=trade.stop_rub,
        result=result,
        bad_case=known.bad_case,
        sane_size=sane,
        tilt=known.tilt,
        signal=known.signal,
        regime=market.regime,
        capital_rub=capital_rub,
    )


def _known(
    user_id: int, capital_rub: float | None, trade: ProposedTrade, market: _Market, now: datetime
) -> Known:
    thresholds, policy = thresholds_get(), policy_get()
    asked = JournalQuestion(user_id=user_id, since=now, until=now, as_of=now, capital_rub=capital_rub)
    tilt, usual = _habits(journals_get(asked, in_detail=False), thresholds)
    held, held_avg = _held(user_id, trade.secid, now)
    return Known(
        limits=RiskLimits(risk_frac=policy.risk_frac, max_position_frac=policy.max_position_frac),
        cost_frac=policy.costs.round_trip_frac(
            price_rub=trade.price_rub, price_step_rub=market.price_step_rub
        ),
        tilt=tilt,
        capital_rub=capital_rub,
        regime=market.regime,
        signal=in_force_of(market.signal),
        bad_case=_bad_case(market, trade, thresholds, now),
        held_shares=held,
        held_avg_rub=held_avg,
        usual_size_rub=usual,
        may_short=may_short(
            secid=trade.secid, day=now.astimezone(MOSCOW).date(), shortable=market.instrument.shortable
        ).allowed,
        price_age_days=market.price_age_days,
    )


def _checked(trade: ProposedTrade, known: Known, thresholds: Thresholds) -> CheckResult:
    try:
        return trade_check(trade, known, thresholds)
    except ValueError as error:
        raise InputError(str(error), field="qty" if trade.stop_rub is None else "stop") from error


def _check_finite(question: CheckQuestion) -> None:
    """Refuse what is no number, and a price of nothing, before anything is reckoned with it."""
    for name in ("qty", "amount_rub", "price_rub", "stop_rub"):
        given, field = getattr(question, name), name.removesuffix("_rub")
        if given is not None and not (math.isfinite(given) and given > 0):
            raise InputError(f"{field} must be a number above 0, was {given}", field=field)


def _market(question: CheckQuestion, now: datetime) -> _Market:
    instrument = instrument_get(secid=question.secid)
    terms = instrument_terms(secid=instrument.secid, day=now.astimezone(MOSCOW).date())
    candles = candle_list(secid=instrument.secid, timeframe=Timeframe.H1, as_of=now, limit=100)
    candles = candles or candle_list(secid=instrument.secid, timeframe=Timeframe.D1, as_of=now, limit=100)
    price = question.price_rub
    if price is None:
        price = candles[-1].close if candles else None
    if price is None:
        raise NotReadyError(
            f"no price of {instrument.secid} is stored; give the price yourself", field="price"
        )
    turnover = [one.value_rub or one.close * one.volume_shares for one in candles]
    return _Market(
        instrument=instrument,
        lot_size=terms.lot_size,
        price_step_rub=terms.price_step_rub,
        price_rub=price,
        price_age_days=None if question.price_rub else (now - candles[-1].begin) / timedelta(days=1),
        signal=signal_in_force(secid=instrument.secid, at=now),
        regime=regime_known(at=now, simulated=instrument.is_simulated),
        median_turnover_rub=float(np.median(turnover)) if turnover else 0.0,
    )


def _proposed(question: CheckQuestion, market: _Market) -> ProposedTrade:
    if (question.qty is None) == (question.amount_rub is None):
        raise InputError("either qty or amount must be given, and not both", field="qty")
    if question.qty is not None:
        shares = question.qty * (market.lot_size if question.unit == "lots" else 1)
    else:
        # A broker sells whole lots: an amount buys as many as it pays for.
        lots = (question.amount_rub or 0.0) / (market.price_rub * market.lot_size)
        shares = math.floor(min(lots, 2 * _MAX_SHARES)) * market.lot_size
        if shares < 1:
            raise InputError(
                f"amount must pay for one lot, {market.price_rub * market.lot_size:.2f} RUB, was {question.amount_rub}",
                field="amount",
            )
    if not 0 < shares <= _MAX_SHARES or shares != int(shares):
        raise InputError(f"qty must be a whole number of shares above 0, was {shares:g}", field="qty")
    return ProposedTrade(
        secid=market.instrument.secid,
        side=question.side,
        qty_shares=shares,
        price_rub=market.price_rub,
        stop_rub=question.stop_rub,
    )


def _habits(journals: tuple[Journal, ...], thresholds: Thresholds) -> tuple[TiltState, float | None]:
    """Return the tilt of the account that is worst off, and the usual size of an entry in it."""
    walks = [journal_walk(journal, thresholds) for journal in journals]
    told = [
        (tilt_state(walk, thresholds), usual_size_rub(walk.decisions, thresholds.sizes)) for walk in walks
    ]
    tilt, usual = max(told, key=lambda pair: pair[0].score, default=(CALM, math.nan))
    return tilt, None if math.isnan(usual) else usual


def _held(user_id: int, secid: str, now: datetime) -> tuple[float, float | None]:
    """Return the signed shares that a user has, and what they cost on average."""
    own = [
        position
        for account in accounts_counted(user_id=user_id)
        for position in positions_get(account_id=account.id, as_of=now)
        if position.secid == secid
    ]
    net = sum(position.qty_shares * (1 if position.is_long else -1) for position in own)
    same = [position for position in own if position.is_long == (net > 0)]
    qty = sum(position.qty_shares for position in same)
    return net, sum(one.qty_shares * one.avg_price_rub for one in same) / qty if net and qty else None


def _bad_case(market: _Market, trade: ProposedTrade, thresholds: Thresholds, now: datetime) -> BadCase | None:
    """Return the 95 % scenario of the stored signal, else of the share's own moves."""
    side, own = (1 if trade.side == "BUY" else -1), thresholds.check
    prediction = None if market.signal is None else market.signal.payload["prediction"]
    if (
        market.signal is not None
        and prediction is not None
        and market.signal.payload["break_even"] is not None
    ):
        level = QUANTILE_LEVELS.index(0.05 if side > 0 else 0.95)
        loss = max(-side * float(prediction["return_quantiles"][level]), 0.0)
        days = int(market.signal.horizon.removesuffix("d"))
        return BadCase(loss_frac=loss, basis="signal", days=days, n_moves=None)
    since = now - timedelta(days=round(own.history_days * 7 / 5))
    candles = candles_adjusted(
        secid=market.instrument.secid, timeframe=Timeframe.D1, as_of=now, dividends=True, since=since
    )
    close = np.asarray(candles.close, dtype=np.float64)
    return bad_case_of_history(close, side=side, days=own.horizon_days, min_days=own.min_history_days)


def _sane_size(
    trade: ProposedTrade, market: _Market, known: Known, policy: PolicyConfig, thresholds: Thresholds
) -> SaneSize | None:
    """Return the policy's own size for the trade at its stop, else at the signal's, else at the bad scenario."""
    if known.capital_rub is None:
        return None
    if is_against_in_heat(trade, known, thresholds):
        return SaneSize(lots=0, shares=0)
    signal = market.signal
    decision = decision_of(signal.payload) if signal is not None and signal.action == trade.side else None
    stop = trade.stop_rub if trade.stop_rub is not None else decision.stop_loss_rub if decision else None
    if stop is None and known.bad_case is not None and known.bad_case.loss_frac > 0:
        stop = trade.price_rub * (1 - known.bad_case.loss_frac * (1 if trade.side == "BUY" else -1))
    if stop is None:
        return None
    asked = _asked(trade, stop, known.cost_frac)
    lots = position_size_lots(
        decision=asked, market=_state(market, policy), policy=policy, capital_rub=known.capital_rub
    )
    return SaneSize(lots=lots, shares=lots * market.lot_size)


def _asked(trade: ProposedTrade, stop_rub: float, cost_frac: float) -> Decision:
    """Return the user's trade as a decision, for its size alone: it says nothing of probabilities."""
    nothing = {field.name: None for field in dataclasses.fields(Decision)}
    values: dict[str, Any] = {
        **nothing,
        "action": trade.side,
        "reasons": (),
        "cost_frac": cost_frac,
        "entry_low_rub": trade.price_rub,
        "entry_high_rub": trade.price_rub,
        "stop_loss_rub": stop_rub,
    }
    return Decision(**values)


def _state(market: _Market, policy: PolicyConfig) -> MarketState:
    """Return the state of the market for a size: the signal's own where there is one.

    A regime that is not known counts as the one with the smallest positions.
    """
    careful = min(policy.regimes, key=lambda name: policy.regimes[name].size_factor)
    regime = market.regime if market.regime in policy.regimes else careful
    if market.signal is not None:
        stored = market_of(market.signal.payload)
        return dataclasses.replace(
            stored, close_rub=market.price_rub, lot_size=market.lot_size, regime=regime or careful
        )
    return MarketState(
        close_rub=market.price_rub,
        price_step_rub=market.price_step_rub,
        lot_size=market.lot_size,
        atr_rub=math.nan if policy.volatility_target_frac is not None else 0.0,
        half_spread_frac=math.nan,
        median_turnover_rub=market.median_turnover_rub,
        bars_known=0,
        data_age_s=0.0,
        regime=regime or careful,
        shortable=market.instrument.shortable,
        halted=False,
        novelty=0.0,
        take_profit_frac=math.nan,
        stop_loss_frac=math.nan,
    )


def _write(
    user_id: int,
    instrument_id: int,
    trade: ProposedTrade,
    result: CheckResult,
    tilt: TiltState,
    now: datetime,
) -> PreTradeCheck:
    said = {
        **{
            name: getattr(result, name)
            for name in ("value_rub", "cost_rub", "loss_at_stop_rub", "loss_bad_case_rub", "position_pct")
        },
        "reasons": [
            {"code": one.code, "level": one.level, "params": dict(one.params)} for one in result.reasons
        ],
        "tilt": tilt.score,
    }
    return PreTradeCheck.objects.create(
        user_id=user_id,
        instrument_id=instrument_id,
        side=trade.side,
        qty_shares=trade.qty_shares,
        price_rub=trade.price_rub,
        stop_rub=trade.stop_rub,
        verdict=result.verdict,
        said=said,
        at=now,
    )
