"""On what terms shares may be traded at a moment: step, lot, short sales, halts and dividends ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from market.contracts import Bars, DividendAhead, InstrumentFacts
from market.selectors.calendar import sessions_of, trading_days
from market.selectors.dividends import dividends_ahead
from market.selectors.instruments import instruments_on
from market.selectors.trading_rules import blackout_reason
from modeling.contracts import BarrierLabelSet
from modeling.selectors.terms import trading_terms
from signals.kernels.state import ShareTerms
from traderai.common.clock import MOSCOW, from_epoch_s

DIVIDENDS_AHEAD = timedelta(days=14)  # calendar days that are looked through for a dividend
STEP_BARS = 200  # the newest bars betray a step finer than the stored one as well as all of them
DECIDED_BEFORE = timedelta(days=7)  # a share may have been decided on so long before the market's newest bar
# The market trades on for so long, within a day, while a share has no bar: its trading is halted.
SILENT = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTerms:
    """What was known at a moment of some shares, read for all of them at once."""

    as_of: datetime
    instruments: dict[int, InstrumentFacts]  # with step and lot of the day
    dividends: dict[int, tuple[DividendAhead, ...]]
    trading_days: tuple[date, ...]  # around its day, rising; none where no dividend is ahead


def known_terms_load(*, instruments: Sequence[InstrumentFacts], as_of: datetime) -> KnownTerms:
    """Return what was known of the shares at a moment, in a handful of queries."""
    day = _day_of(as_of)
    until = day + DIVIDENDS_AHEAD
    dividends = dividends_ahead(instruments=instruments, as_of=as_of, after=day - DECIDED_BEFORE, until=until)
    return KnownTerms(
        as_of=as_of,
        instruments={facts.id: facts for facts in instruments_on(instruments=instruments, day=day)},
        dividends=dividends,
        trading_days=trading_days(since=day - DECIDED_BEFORE, until=until + timedelta(days=1))
        if dividends
        else (),
    )


def share_terms(
    *,
    instrument: InstrumentFacts,
    bars: Bars,
    known: KnownTerms,
    decided_at: datetime,
    label_set: BarrierLabelSet,
) -> ShareTerms:
    """Return one share's terms at its decision, by the arithmetic that its rows were taught on.

    Bars must not be empty; `known` is of the market's newest bar, at or after the decision.
    """
    own = trading_terms(known.instruments[instrument.id], bars.part(max(len(bars) - STEP_BARS, 0), len(bars)))
    return ShareTerms(
        price_step_rub=float(own.price_step_rub[-1]),
        lot_size=int(own.lot_size[-1]),
        shortable=bool(own.shortable[-1]),
        halted=is_halted(
            known_at=from_epoch_s(int(bars.known_s[-1])),
            market_at=known.as_of,
            label_set=label_set,
            simulated=instrument.is_simulated,
        ),
        days_to_ex_dividend=_days_to_ex_dividend(known, instrument, decided_at),
    )


def is_halted(
    *, known_at: datetime, market_at: datetime, label_set: BarrierLabelSet, simulated: bool
) -> bool:
    """Return whether a share whose newest bar ended at `known_at` cannot be traded when the market's ended.

    It is halted on days of which prices tell little; after a longer time without a bar than the label set lets lie
    between two of them, for such rows taught nothing; and where the market has traded for two hours of a day without it.
    """
    day = _day_of(market_at)
    if not simulated and blackout_reason(day=day):
        return True
    silent, same_day = market_at - known_at, _day_of(known_at) == day
    if silent > timedelta(days=label_set.max_gap_days):
        return True
    if same_day and label_set.max_gap_min is not None and silent > timedelta(minutes=label_set.max_gap_min):
        return True
    if silent <= SILENT or simulated:
        return False
    return market_at - max(known_at, _opened(day, market_at)) > SILENT


def _day_of(moment: datetime) -> date:
    """Return the day whose bar ends at a moment: that of the last bar of a day ends at midnight."""
    return (moment - timedelta(seconds=1)).astimezone(MOSCOW).date()


def _opened(day: date, market_at: datetime) -> datetime:
    """Return when the market opened on a day; without sessions of it no time of it has passed."""
    return min((session.begins_at for session in sessions_of(day=day)), default=market_at)


def _days_to_ex_dividend(known: KnownTerms, instrument: InstrumentFacts, decided_at: datetime) -> int | None:
    """Return the trading days from a decision's day to the nearest ex-date that was known when it was made."""
    day = _day_of(decided_at)
    ahead = known.dividends.get(instrument.id, ())
    near = min(
        (one.ex_date for one in ahead if one.known_at <= decided_at and one.ex_date > day), default=None
    )
    if near is None:
        return None
    return sum(day < one <= near for one in known.trading_days)
