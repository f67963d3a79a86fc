"""A user's journals with what was shown and what the market did; reads only what was known at the moment asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.contrib.auth import get_user_model

from behavior.contracts.journal import (
    Journal,
    PricePath,
    RiskLimits,
    ShownSignal,
    SignalInForce,
    TradeContext,
)
from behavior.kernels.context import prior_move_sigma
from behavior.models import SignalShown
from behavior.selectors.configuration import thresholds_get
from features.contracts import RegimeFacts
from features.selectors.regime import regime_at, regime_days
from market.contracts import InstrumentFacts, SplitFacts, Timeframe
from market.selectors.adjusted import candles_adjusted_many
from market.selectors.instruments import instruments_named
from market.selectors.splits import splits_get
from modeling.selectors.configuration import policy_get
from portfolio.contracts import AccountFacts, RoundTrip, TradeFacts
from portfolio.kernels.fifo import fifo_fold
from portfolio.selectors.journal import accounts_get, stops_get, trades_get
from signals.contracts import SignalFacts
from signals.selectors.configuration import asked_for
from signals.selectors.in_force import signals_in_force
from signals.selectors.stored import signal_latest
from traderai.common.errors import NotFoundError, NotReadyError

PATH_BEFORE = timedelta(days=100)  # so far back a day's usual move is looked for


def user_zone(*, user_id: int) -> ZoneInfo:
    """Return a user's time zone.

    Raises: NotFoundError for a user who is not there.
    """
    name = get_user_model().objects.filter(pk=user_id).values_list("time_zone", flat=True).first()
    if name is None:
        raise NotFoundError(f"user must be one that we know, was {user_id}")
    return ZoneInfo(name)


def accounts_counted(*, user_id: int) -> tuple[AccountFacts, ...]:
    """Return the accounts that the coach looks at: the real ones, and the virtual ones of who has no real one."""
    accounts = accounts_get(user_id=user_id)
    return tuple(one for one in accounts if one.kind == "real") or accounts


def capital_told(*, user_id: int, capital_rub: float | None) -> float | None:
    """Return a user's capital, else that of the accounts together where each names its own; None where it is not told."""
    if capital_rub is not None:
        return capital_rub
    own = [account.capital_rub for account in accounts_counted(user_id=user_id)]
    known = [one for one in own if one is not None]
    return sum(known) if known and len(known) == len(own) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalQuestion:
    """Whose journal, of which time, as it was known when."""

    user_id: int
    since: datetime
    until: datetime
    as_of: datetime  # trades told by then count: an export is often imported after the week is over
    capital_rub: float | None  # of accounts that name none


def journals_get(question: JournalQuestion, *, in_detail: bool = True) -> tuple[Journal, ...]:
    """Return a journal for each account that has trades.

    `in_detail` reads prices and signals around the trades; without it only frequency, sizes and
    realised results are known, which is all that the tilt needs.
    """
    since, until, policy = question.since, question.until, policy_get()
    zone = user_zone(user_id=question.user_id)
    shown = signals_shown(user_id=question.user_id, until=until) if in_detail else ()
    journals = []
    for account in accounts_counted(user_id=question.user_id):
        known = trades_get(account_id=account.id, as_of=question.as_of)
        trades = tuple(trade for trade in known if trade.traded_at < until)
        if not trades:
            continue
        secids = sorted({trade.secid for trade in trades})
        splits = splits_get(secids=secids, as_of=until)
        stops = stops_get(account_id=account.id, as_of=until)
        shares = instruments_named(secids=secids) if in_detail else {}
        touched = [shares[secid] for secid in _touched(trades, since)] if in_detail else []
        paths = price_paths(instruments=touched, since=since - PATH_BEFORE, until=until)
        journals.append(
            Journal(
                since=since,
                until=until,
                zone=zone,
                trades=trades,
                round_trips=_made(fifo_fold(trades, splits, stops)[0], trades),
                limits=RiskLimits(risk_frac=policy.risk_frac, max_position_frac=policy.max_position_frac),
                stops=stops,
                shown=shown,
                contexts=_contexts(trades, question, shares, paths, splits) if in_detail else {},
                paths=paths,
                splits=splits,
                capital_rub=account.capital_rub if account.capital_rub is not None else question.capital_rub,
            )
        )
    return tuple(journals)


def trades_told(*, user_id: int, as_of: datetime) -> tuple[TradeFacts, ...]:
    """Return all trades of the accounts that the coach looks at, as known at a moment, in their order."""
    accounts = accounts_counted(user_id=user_id)
    told = [trade for one in accounts for trade in trades_get(account_id=one.id, as_of=as_of)]
    return tuple(sorted(told, key=lambda trade: (trade.traded_at, trade.id)))


def signals_shown(*, user_id: int, until: datetime) -> tuple[ShownSignal, ...]:
    """Return the signals that a user had seen by a moment, in their order."""
    rows = SignalShown.objects.filter(user_id=user_id, at__lte=until).order_by("at", "id")
    return tuple(
        ShownSignal(signal_id=key, secid=secid, action=action, strength=strength or None, shown_at=at)
        for key, secid, action, strength, at in rows.values_list(
            "signal_id", "signal__instrument__secid", "signal__action", "signal__strength", "at"
        )
    )


def signal_in_force(*, secid: str, at: datetime) -> SignalFacts | None:
    """Return the call of a share of the horizon in service that held at a moment, None without one."""
    timeframe, horizon = asked_for(timeframe=None, horizon=None)
    try:
        signal = signal_latest(secid=secid, timeframe=timeframe, horizon=horizon, as_of=at)
    except (NotReadyError, NotFoundError):
        return None
    return signal if signal.valid_until >= at else None


def in_force_of(signal: SignalFacts | None) -> SignalInForce | None:
    """Return a stored signal as detectors read it."""
    if signal is None or signal.id is None:
        return None
    return SignalInForce(signal_id=signal.id, action=signal.action, strength=signal.strength)


def regime_known(*, at: datetime, simulated: bool) -> str | None:
    """Return the market's regime at a moment, None where none is known that is young enough."""
    regime = regime_at(as_of=at, simulated=simulated)
    oldest = at - timedelta(days=thresholds_get().check.regime_max_age_days)
    return regime.name if regime is not None and regime.as_of >= oldest else None


def price_paths(
    *, instruments: Sequence[InstrumentFacts], since: datetime, until: datetime
) -> dict[str, PricePath]:
    """Return by ticker the hourly closes of shares up to a moment, of daily bars where one has no others."""
    paths: dict[str, PricePath] = {}
    for timeframe in (Timeframe.H1, Timeframe.D1):
        left = [facts for facts in instruments if facts.secid not in paths]
        if not left:
            break
        found = candles_adjusted_many(
            instruments=left, timeframe=timeframe, as_of=until, dividends=False, since=since
        )
        step_s = int(timeframe.duration.total_seconds())
        paths |= {
            secid: PricePath(at_s=candles.begin_s + step_s, close_rub=np.asarray(candles.close))
            for secid, candles in found.items()
            if len(candles.close)
        }
    return paths


def _touched(trades: Sequence[TradeFacts], since: datetime) -> list[str]:
    """Return the shares traded in the reported time or held when it began."""
    held: dict[str, int] = {}
    for trade in trades:
        if trade.traded_at < since:
            held[trade.secid] = held.get(trade.secid, 0) + trade.qty_shares * (
                1 if trade.side == "BUY" else -1
            )
    touched = {secid for secid, qty in held.items() if qty}
    return sorted(touched | {trade.secid for trade in trades if trade.traded_at >= since})


def _contexts(
    trades: Sequence[TradeFacts],
    question: JournalQuestion,
    shares: Mapping[str, InstrumentFacts],
    paths: Mapping[str, PricePath],
    splits: Mapping[str, Sequence[SplitFacts]],
) -> dict[int, TradeContext]:
    """Return what was said and what the market was like at each trade of the time in which habits are looked for."""
    begin = min(question.since, question.until - timedelta(days=thresholds_get().signals.window_days))
    recent = [trade for trade in trades if trade.traded_at >= begin]
    timeframe, horizon = asked_for(timeframe=None, horizon=None)
    calls = signals_in_force(
        asked=[(shares[trade.secid].id, trade.traded_at) for trade in recent],
        timeframe=timeframe,
        horizon=horizon,
    )
    max_age = timedelta(days=thresholds_get().check.regime_max_age_days)
    regimes = {
        simulated: regime_days(as_of=question.until, since=begin - max_age, simulated=simulated)
        for simulated in {shares[trade.secid].is_simulated for trade in recent}
    }
    return {
        trade.id: TradeContext(
            regime=_regime_then(regimes[shares[trade.secid].is_simulated], trade.traded_at, max_age),
            signal=call,
            prior_move_sigma=_prior_move(trade, paths, splits) if trade.traded_at >= question.since else None,
        )
        for trade, call in zip(recent, calls, strict=True)
    }


def _regime_then(days: Sequence[RegimeFacts], at: datetime, max_age: timedelta) -> str | None:
    known = [day for day in days if at - max_age <= day.as_of <= at]
    return known[-1].name if known else None


def _prior_move(
    trade: TradeFacts, paths: Mapping[str, PricePath], splits: Mapping[str, Sequence[SplitFacts]]
) -> float | None:
    path = paths.get(trade.secid)
    if path is None:
        return None
    price_rub = trade.price_rub / _shares_since(splits.get(trade.secid, ()), trade.traded_at)
    return prior_move_sigma(path, price_rub=price_rub, at_s=int(trade.traded_at.timestamp()))


def _shares_since(splits: Sequence[SplitFacts], at: datetime) -> float:
    return math.prod(split.shares_after_per_before for split in splits if at < split.begins_at)


def _made(trips: tuple[RoundTrip, ...], trades: tuple[TradeFacts, ...]) -> tuple[RoundTrip, ...]:
    """Return the round trips that a trade has closed; one that an adjusting entry closes in the book was not made."""
    entries = {trade.id for trade in trades if trade.origin == "adjustment"}
    return tuple(trip for trip in trips if trip.closing_trade_id not in entries)
