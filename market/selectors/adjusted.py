"""Reading candles adjusted backward: in the shares of the moment asked for, for charts and comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np

from market.contracts import AdjustedCandles, Bars, InstrumentFacts, Timeframe
from market.kernels.adjustment import dividend_factors_backward
from market.models import CorporateAction, TradingDay
from market.selectors.bars_many import bars_load_many
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
    instrument = instrument_get(secid=secid)
    found = candles_adjusted_many(
        instruments=(instrument,), timeframe=timeframe, as_of=as_of, dividends=dividends, since=since
    )
    return found[instrument.secid]


def candles_adjusted_many(
    *,
    instruments: Sequence[InstrumentFacts],
    timeframe: Timeframe,
    as_of: datetime,
    dividends: bool,
    since: datetime | None = None,
) -> dict[str, AdjustedCandles]:
    """Return by ticker what `candles_adjusted` returns of each, in as many queries as for one."""
    loaded = bars_load_many(
        instruments=instruments,
        timeframe=timeframe,
        as_of=as_of,
        since_by_id={facts.id: since for facts in instruments},
    )
    scales = _shares_today_per_first(instruments, as_of)
    return {
        facts.secid: _in_todays_shares(
            loaded[facts.secid], scales[facts.id], timeframe=timeframe, as_of=as_of, dividends=dividends
        )
        for facts in instruments
    }


def _in_todays_shares(
    bars: Bars, scale: float, *, timeframe: Timeframe, as_of: datetime, dividends: bool
) -> AdjustedCandles:
    # On the scale of the first shares a price was multiplied by every split so far; today's share is that many.
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


def _shares_today_per_first(instruments: Sequence[InstrumentFacts], as_of: datetime) -> dict[int, float]:
    today = as_of.astimezone(MOSCOW).date()
    day_of = {
        simulated: _trading_date(today, simulated=simulated)
        for simulated in {facts.is_simulated for facts in instruments}
    }
    splits = CorporateAction.objects.filter(
        instrument_id__in=[facts.id for facts in instruments],
        kind=CorporateAction.Kind.SPLIT,
        known_at__lte=as_of,
    ).order_by("ex_date", "source")
    # Two sources that tell of one split tell of one split: the one that bars count.
    once: dict[int, dict[date, float]] = {facts.id: {} for facts in instruments}
    last_day = {facts.id: day_of[facts.is_simulated] for facts in instruments}
    for row in splits:
        if row.ex_date <= last_day[row.instrument_id]:
            once[row.instrument_id][row.ex_date] = row.shares_after_per_before or 1.0
    return {key: math.prod(own.values()) for key, own in once.items()}


def _trading_date(day: date, *, simulated: bool) -> date:
    """Return in which trading day's shares is traded on a day: a weekend session goes before its own."""
    if simulated:
        row = TradingDay.objects.filter(date=day, is_simulated=True).first()
        return day if row is None else row.trading_date
    return calendar_days(since=day, until=day + timedelta(days=1))[0].trading_date or day
