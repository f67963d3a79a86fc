"""Which stop of a virtual account was reached first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from market.contracts import InstrumentFacts, SplitFacts, Timeframe
from market.selectors.first_candles import first_candle
from market.selectors.instruments import instrument_get, instruments_on
from market.selectors.splits import splits_get
from portfolio.contracts import PositionFacts, StopChange, TradeFacts
from portfolio.kernels.fifo import fifo_fold
from portfolio.selectors.journal import stops_get, trades_get
from portfolio.services.trade_checks import day_of

_SLACK = 1e-9  # of the stop: that of `modeling.kernels.barriers`, which no web process may load
_STEP_SLACK = 1e-6  # of a step: a stop that lies on the step but for rounding stays where it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A position that its stop closes."""

    position: PositionFacts
    instrument: InstrumentFacts  # on the terms of the day
    begin: datetime  # of the candle that reached the stop
    exit_at: datetime  # its begin where a gap carried the price over the stop, else its end
    price_rub: float

    @property
    def place(self) -> tuple[datetime, int]:
        """Where it comes: gaps leave at the open before orders enter there, all else inside the bar after them."""
        return self.begin, 0 if self.exit_at == self.begin else 2


def stop_touched(*, account_id: int, timeframe: Timeframe, now: datetime) -> Touched | None:
    """Return the stop of an account that was reached first, None where none was.

    A stop is looked at from the bar on at whose open the position was entered, or that begins after it was set. It is
    touched by the rule of the simulator: at a gap out at the open, inside a bar out at the stop, on the price step.
    """
    trades = trades_get(account_id=account_id, as_of=now)
    stops = stops_get(account_id=account_id, as_of=now)
    splits = splits_get(secids=sorted({each.secid for each in trades}), as_of=now)
    touched = [
        _touched(
            position, _watched_since(position, trades, stops, splits.get(position.secid, ())), timeframe, now
        )
        for position in fifo_fold(trades, splits, stops)[1]
        if position.stop_rub is not None and float(position.qty_shares).is_integer()
    ]
    found = [each for each in touched if each is not None]
    return min(found, key=lambda each: (*each.place, each.position.secid), default=None)


def _watched_since(
    position: PositionFacts,
    trades: Sequence[TradeFacts],
    stops: Sequence[StopChange],
    splits: Sequence[SplitFacts],
) -> datetime:
    """Return from when on bars can touch the stop: it is set, no trade is behind it, and it is in today's shares."""
    moments = [each.traded_at for each in trades if each.secid == position.secid]
    moments += [each.set_at for each in stops if each.secid == position.secid]
    return max([*moments, *(split.begins_at for split in splits)])


def _touched(position: PositionFacts, since: datetime, timeframe: Timeframe, now: datetime) -> Touched | None:
    stop, instrument = float(position.stop_rub or 0.0), instrument_get(secid=position.secid)
    bound = (
        {"low_at_most": stop * (1 + _SLACK)} if position.is_long else {"high_at_least": stop * (1 - _SLACK)}
    )
    candle = first_candle(instrument_id=instrument.id, timeframe=timeframe, since=since, as_of=now, **bound)
    if candle is None:
        return None
    instrument = instruments_on(instruments=(instrument,), day=day_of(candle.begin))[0]
    sign = 1.0 if position.is_long else -1.0
    gap = sign * (candle.open - stop) <= _SLACK * stop
    steps = stop / instrument.price_step_rub
    whole = math.floor(steps + _STEP_SLACK) if position.is_long else math.ceil(steps - _STEP_SLACK)
    return Touched(
        position=position,
        instrument=instrument,
        begin=candle.begin,
        exit_at=candle.begin if gap else candle.begin + timeframe.duration,
        price_rub=candle.open if gap else max(whole, 1) * instrument.price_step_rub,
    )
