"""Reading candles adjusted backward: in the shares of the moment asked for, for charts and comparisons."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta

import numpy as np

from market.contracts import AdjustedCandles, InstrumentFacts, Timeframe
from market.kernels.adjustment import dividend_factors_backward
from market.models import CorporateAction, TradingDay
from market.selectors.bars import bars_load
from market.selectors.calendar import calendar_days
from market.selectors.instruments import instrument_get
from traderai.common.clock import MOSCOW

# A price that went to another scale and back is the one traded again: 87.14, not 87.14000000000001.
_DECIMALS = 9


def candles_adjusted(
    *,
    secid: str,
    timeframe: Timeframe,
    as_of: datetime,
    dividends: bool,
    since: datetime | None = None,
) -> AdjustedCandles:
    """Return the candles that had closed at `as_of` in the shares of that day.

    Only splits and dividends known at `as_of` count, and of splits only those whose day had come. With `dividends`
    the gap of each dividend is taken out of the prices before it, in proportion. `since` leaves out candles that
    begin earlier and changes no other number.

    Raises: NotFoundError for a ticker that we do not hold.
    """
    bars = bars_load(secid=secid, timeframe=timeframe, as_of=as_of, since=since)
    # On the scale of the first shares a price was multiplied by every split so far; today's share is that many.
    scale = _shares_today_per_first(instrument_get(secid=secid), as_of)
    factor = np.full(len(bars), 1.0 / scale)
    if dividends:
        factor *= dividend_factors_backward(bars.close, bars.dividend_rub)
    return AdjustedCandles(
        secid=bars.secid,
        timeframe=timeframe,
        as_of=as_of,
        dividends=dividends,
        begin_s=bars.begin_s,
        open=np.round(bars.open * factor, _DECIMALS),
        high=np.round(bars.high * factor, _DECIMALS),
        low=np.round(bars.low * factor, _DECIMALS),
        close=np.round(bars.close * factor, _DECIMALS),
        volume_shares=bars.volume_shares * scale,
        turnover_rub=bars.turnover_rub,
        price_factor=bars.split_factor * factor,
    )


def _shares_today_per_first(instrument: InstrumentFacts, as_of: datetime) -> float:
    splits = CorporateAction.objects.filter(
        instrument_id=instrument.id,
        kind=CorporateAction.Kind.SPLIT,
        known_at__lte=as_of,
        ex_date__lte=_trading_date(as_of.astimezone(MOSCOW).date(), simulated=instrument.is_simulated),
    ).order_by("ex_date", "source")
    # Two sources that tell of one split tell of one split: the one that bars count.
    once = {row.ex_date: row.shares_after_per_before or 1.0 for row in splits}
    return math.prod(once.values())


def _trading_date(day: date, *, simulated: bool) -> date:
    """Return in which trading day's shares is traded on a day: a weekend session goes before its own."""
    if simulated:
        row = TradingDay.objects.filter(date=day, is_simulated=True).first()
        return day if row is None else row.trading_date
    return calendar_days(since=day, until=day + timedelta(days=1))[0].trading_date or day
