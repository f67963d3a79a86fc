"""Day ranges, last closes and first candles of shares: closed bars only."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from market.contracts import CandleColumns, Timeframe
from market.selectors.closes import closes_get
from market.selectors.day_ranges import day_ranges
from market.selectors.first_candles import first_candle
from market.services.candle_write import candles_write
from tests.market import make

pytestmark = pytest.mark.django_db
DAY = date(2024, 3, 4)
LATE = make.moscow("2024-06-01T00:00")


@pytest.fixture
def share():
    facts = make.instrument("AAAA")
    make.write(facts, make.columns(make.hours("2024-03-04"), [100.0, 104.0, 102.0]))
    return facts


def test_a_range_is_that_of_the_bars_that_had_closed(share):
    def at(text: str):
        return day_ranges(asked=[(share.id, DAY)], as_of=make.moscow(text))

    assert at("2024-03-04T10:59") == {}
    assert at("2024-03-04T11:00") == {(share.id, DAY): (99.0, 101.0)}
    assert at("2024-03-05T00:00") == {(share.id, DAY): (99.0, pytest.approx(105.04))}


def test_days_and_shares_without_bars_are_left_out(share):
    asked = [(share.id, DAY), (share.id, DAY + timedelta(days=1)), (make.instrument("BBBB").id, DAY)]
    assert set(day_ranges(asked=asked, as_of=LATE)) == {(share.id, DAY)}
    assert day_ranges(asked=[], as_of=LATE) == {}


def test_a_bar_of_the_day_goes_before_those_of_hours(share):
    begin = make.moscow("2024-03-04T00:00")
    columns = make.columns([begin], [200.0])
    candles_write(instrument_id=share.id, timeframe=Timeframe.D1, columns=columns, origin=make.FILE)
    assert day_ranges(asked=[(share.id, DAY)], as_of=LATE) == {(share.id, DAY): (198.0, 202.0)}


def test_the_last_close_is_of_a_bar_that_had_closed(share):
    def at(text: str):
        return closes_get(secids=["AAAA", "NONE"], timeframe=Timeframe.H1, as_of=make.moscow(text))

    assert at("2024-03-04T10:30") == {}
    told = at("2024-03-04T12:30")["AAAA"]
    assert (told.close, told.begin) == (104.0, make.moscow("2024-03-04T11:00"))


def test_the_first_candle_has_trades_begins_after_and_has_closed(share):
    quiet = make.columns(make.hours("2024-03-05"), [105.0, 106.0, 107.0])
    values = {name: getattr(quiet, name) for name in quiet.__dataclass_fields__}
    make.write(share, CandleColumns(**(values | {"volume_shares": np.array([0.0, 5.0, 5.0])})))

    def first(since: str, as_of: str):
        return first_candle(
            instrument_id=share.id, timeframe=Timeframe.H1, since=make.moscow(since), as_of=make.moscow(as_of)
        )

    assert first("2024-03-04T11:00", "2024-03-04T12:00").open == 104.0
    assert first("2024-03-04T11:00", "2024-03-04T11:59") is None
    assert first("2024-03-04T12:01", "2024-06-01T00:00").open == 106.0, "nobody traded in the one before"
    assert first("2024-04-01T00:00", "2024-06-01T00:00") is None
