from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from market.contracts import RESAMPLED_ORIGIN, SIMULATOR_ORIGIN, Timeframe
from market.models import CorporateAction, TradingDay
from market.selectors.bars import bars_load, newest_bars
from market.selectors.candles import (
    candle_list,
    closed_after,
    last_begin,
    last_closes,
    market_newest,
    newest_begins,
)
from market.selectors.instruments import instrument_get, instrument_list
from market.services.candle_write import candles_write
from market.services.resample import series_resample
from tests.market import make
from traderai.common.clock import midnight, to_epoch_s
from traderai.common.errors import InvariantError, NotFoundError

pytestmark = pytest.mark.django_db
H1 = Timeframe.H1


def action(facts, kind, day, **figure):
    CorporateAction.objects.create(
        instrument_id=facts.id, kind=kind, ex_date=day, known_at=midnight(day), source="t", **figure
    )


@pytest.fixture
def facts():
    made = make.instrument()
    for day, close in (
        ("2024-04-04", 1000.0),
        ("2024-04-05", 1000.0),
        ("2024-04-08", 10.0),
        ("2024-04-09", 9.0),
    ):
        make.write(made, make.columns(make.hours(day), [close] * 3))
    action(made, "split", date(2024, 4, 8), shares_after_per_before=100.0)
    action(made, "dividend", date(2024, 4, 5), amount_rub=30.0)
    action(made, "dividend", date(2024, 4, 9), amount_rub=0.5)
    return made


def test_bars_are_forward_adjusted(facts):
    bars = bars_load(secid="TEST", timeframe=H1, as_of=make.moscow("2024-05-01"))
    assert bars.split_factor.tolist() == [1.0] * 6 + [100.0] * 6
    assert bars.close.tolist() == [1000.0] * 9 + [900.0] * 3
    assert bars.volume_shares.tolist() == [100.0] * 6 + [1.0] * 6
    assert bars.turnover_rub.tolist() == [100_000.0] * 6 + [1000.0] * 3 + [900.0] * 3
    assert bars.dividend_rub.tolist() == [0.0] * 3 + [30.0] + [0.0] * 5 + [50.0, 0.0, 0.0]
    assert (bars.trading_day - bars.trading_day[0]).tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3


def test_every_look_back_is_a_prefix_of_a_later_one(facts):
    whole = bars_load(secid="TEST", timeframe=H1, as_of=make.moscow("2024-05-01"))
    for stop in range(len(whole) + 1):
        as_of = make.moscow("2024-04-01") if stop == 0 else None
        moment = as_of or make.moscow("1970-01-01T03:00") + timedelta(seconds=int(whole.known_s[stop - 1]))
        seen = bars_load(secid="TEST", timeframe=H1, as_of=moment)
        cut = whole.cut(stop)
        assert len(seen) == stop
        for name in (
            "begin_s",
            "open",
            "close",
            "volume_shares",
            "split_factor",
            "dividend_rub",
            "trading_day",
        ):
            assert np.array_equal(getattr(seen, name), getattr(cut, name)), name


DIVIDEND_BARS = (("1h", "2024-04-09T11:00"), ("1d", "2024-04-10"), ("1w", "2024-04-15"))


@pytest.mark.parametrize(("code", "ends_at"), DIVIDEND_BARS)
@pytest.mark.parametrize("late_s", [0, 1])
def test_a_dividend_known_after_its_bar_changes_nothing_that_was_told_of_it(facts, code, ends_at, late_s):
    timeframe = Timeframe.parse(code)
    for feed, target in ((H1, Timeframe.D1), (Timeframe.D1, Timeframe.W1)):
        series_resample(
            instrument_id=facts.id, timeframe_from=feed, timeframe_to=target, now=make.moscow("2024-05-01")
        )
    known_at = make.moscow(ends_at) + timedelta(seconds=late_s)
    CorporateAction.objects.filter(ex_date=date(2024, 4, 9)).update(known_at=known_at)
    whole = bars_load(secid="TEST", timeframe=timeframe, as_of=make.moscow("2024-05-01"))
    assert (50.0 in whole.dividend_rub) is (late_s == 0)
    then = bars_load(secid="TEST", timeframe=timeframe, as_of=make.moscow(ends_at))
    assert np.array_equal(then.dividend_rub, whole.dividend_rub[: len(then)])
    assert len(then) > 0


def test_a_bar_is_known_at_its_end_not_a_second_before(facts):
    end = make.moscow("2024-04-09T13:00")
    assert len(bars_load(secid="TEST", timeframe=H1, as_of=end)) == 12
    assert len(bars_load(secid="TEST", timeframe=H1, as_of=end - timedelta(seconds=1))) == 11
    assert len(candle_list(secid="TEST", timeframe=H1, as_of=end - timedelta(seconds=1))) == 11


def test_a_look_ahead_would_be_seen(facts):
    """Sabotage: an action known later than its day must not be used before it is known."""
    CorporateAction.objects.filter(kind="split").update(known_at=make.moscow("2024-04-20"))
    early = bars_load(secid="TEST", timeframe=H1, as_of=make.moscow("2024-04-10"))
    late = bars_load(secid="TEST", timeframe=H1, as_of=make.moscow("2024-04-21"))
    assert set(early.split_factor) == {1.0}
    assert late.split_factor[-1] == 100.0


def test_since_leaves_bars_out_and_changes_no_number(facts):
    as_of = make.moscow("2024-05-01")
    whole = bars_load(secid="TEST", timeframe=H1, as_of=as_of)
    for start in range(len(whole)):
        since = make.moscow("1970-01-01T03:00") + timedelta(seconds=int(whole.begin_s[start]))
        part = bars_load(secid="TEST", timeframe=H1, as_of=as_of, since=since)
        for name in ("begin_s", "close", "split_factor", "dividend_rub", "trading_day"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[start:]), (start, name)


def test_the_bar_before_tells_which_dividends_are_the_first_bars_however_long_ago_it_was(facts):
    make.write(facts, make.columns(make.hours("2024-06-20"), [8.0] * 3))
    action(facts, "dividend", date(2024, 5, 10), amount_rub=0.25)
    as_of = make.moscow("2024-07-01")
    whole = bars_load(secid="TEST", timeframe=H1, as_of=as_of)
    part = bars_load(secid="TEST", timeframe=H1, as_of=as_of, since=make.moscow("2024-06-20"))
    assert part.dividend_rub.tolist() == whole.dividend_rub.tolist()[-3:] == [25.0, 0.0, 0.0]


def test_candles_are_the_newest_as_traded_oldest_first(facts):
    rows = candle_list(secid="TEST", timeframe=H1, as_of=make.moscow("2024-05-01"), limit=4)
    assert [row.close for row in rows] == [10.0, 9.0, 9.0, 9.0]
    assert rows[0].begin < rows[-1].begin
    since = make.moscow("2024-04-09T11:00")
    assert len(candle_list(secid="TEST", timeframe=H1, as_of=make.moscow("2024-05-01"), since=since)) == 2


def test_newest_begins_are_those_of_the_bars_up_to_a_bar(facts):
    begins = [row.begin for row in candle_list(secid="TEST", timeframe=H1, as_of=make.moscow("2024-05-01"))]
    asked = [(facts.id, begins[-1]), (facts.id, begins[1]), (facts.id + 1, begins[1])]
    newest = newest_begins(timeframe=H1, asked=asked, count=3)
    assert newest == ((begins[-1], begins[-2], begins[-3]), (begins[1], begins[0]), ())
    between = [(facts.id, begins[1] + timedelta(minutes=1))]
    assert newest_begins(timeframe=H1, asked=between, count=1) == ((begins[1],),)


@pytest.mark.parametrize("after", [timedelta(0), timedelta(days=20), timedelta(days=900)])
def test_the_newest_begin_is_found_however_long_ago_it_was(facts, after):
    end = make.moscow("2024-04-09T13:00")
    begins = [row.begin for row in candle_list(secid="TEST", timeframe=H1, as_of=end + after)]
    assert market_newest(timeframe=H1, as_of=end + after, simulated=False) == begins[-1]
    assert last_begin(instrument_id=facts.id, timeframe=H1, as_of=end + after) == begins[-1]
    closed = {"instrument_id": facts.id, "timeframe": H1, "as_of": end + after}
    assert not closed_after(**closed, begin=begins[-1])
    assert closed_after(**closed, begin=begins[-2])


def test_a_bar_closes_when_the_next_may_begin(facts):
    begins = [row.begin for row in candle_list(secid="TEST", timeframe=H1, as_of=make.moscow("2024-05-01"))]
    bars = {"instrument_id": facts.id, "timeframe": H1}
    second = timedelta(seconds=1)
    for before, begin in pairwise(begins):
        end = begin + H1.duration
        assert last_begin(**bars, as_of=end) == begin and last_begin(**bars, as_of=end - second) == before
        assert closed_after(**bars, begin=before, as_of=end)
        assert not closed_after(**bars, begin=before, as_of=end - second)
    assert last_begin(**bars, as_of=begins[0]) is None
    assert market_newest(timeframe=H1, as_of=end, simulated=True) is None


def test_last_closes_compare_days_in_the_same_shares(facts):
    make.instrument("EMPTY")
    at_split = last_closes(timeframe=H1, as_of=make.moscow("2024-04-08T20:00"))["TEST"]
    assert (at_split.close, at_split.previous_close) == (10.0, 10.0)
    assert at_split.turnover_rub == 3000.0
    newest = last_closes(timeframe=H1, as_of=make.moscow("2024-04-09T11:30"))
    assert set(newest) == {"TEST"}
    assert (newest["TEST"].close, newest["TEST"].previous_close) == (9.0, 10.0)
    assert newest["TEST"].turnover_rub == 900.0
    first = last_closes(timeframe=H1, as_of=make.moscow("2024-04-04T20:00"))["TEST"]
    assert first.previous_close is None


def test_a_split_that_two_sources_tell_counts_once_in_last_closes(facts):
    before = last_closes(timeframe=H1, as_of=make.moscow("2024-04-09"))
    split = CorporateAction.objects.get(kind="split")
    split.pk, split.source = None, "staff:ann"
    split.save()
    assert last_closes(timeframe=H1, as_of=make.moscow("2024-04-09")) == before
    assert [one.previous_close for one in before.values()] != [None]


def test_a_weekend_session_and_monday_are_one_trading_day():
    facts = make.instrument()
    for day, close in (("2025-03-07", 1.0), ("2025-03-08", 2.0), ("2025-03-09", 3.0), ("2025-03-10", 4.0)):
        make.write(facts, make.columns(make.hours(day), [close] * 3))
    bars = bars_load(secid="TEST", timeframe=H1, as_of=make.moscow("2025-04-01"))
    assert (bars.trading_day - bars.trading_day[0]).tolist() == [0] * 3 + [1] * 9
    last = last_closes(timeframe=H1, as_of=make.moscow("2025-04-01"))["TEST"]
    assert (last.close, last.previous_close, last.turnover_rub) == (4.0, 1.0, 2700.0)


def test_a_week_belongs_to_its_first_trading_day():
    facts = make.instrument()
    for day in ("2024-01-09", "2024-01-10", "2024-01-15"):  # no trading on Monday the 8th
        make.write(facts, make.columns(make.hours(day)))
    candles_write(
        instrument_id=facts.id,
        timeframe=Timeframe.W1,
        columns=make.columns([make.moscow("2024-01-08"), make.moscow("2024-01-15")]),
        origin=RESAMPLED_ORIGIN,
        marks_trading_days=False,
    )
    weeks = bars_load(secid="TEST", timeframe=Timeframe.W1, as_of=make.moscow("2024-02-01"))
    assert weeks.trading_day.tolist() == [0, 2]


def test_simulated_days_do_not_count_for_real_shares():
    real, simulated = make.instrument(), make.instrument("SIM01", is_simulated=True)
    for day in ("2024-01-03", "2024-01-05"):
        make.write(real, make.columns(make.hours(day)))
    for day in ("2024-01-03", "2024-01-04", "2024-01-05"):
        make.write(simulated, make.columns(make.hours(day)), SIMULATOR_ORIGIN)
    as_of = make.moscow("2024-02-01")
    assert np.ptp(bars_load(secid="TEST", timeframe=H1, as_of=as_of).trading_day) == 1
    assert np.ptp(bars_load(secid="SIM01", timeframe=H1, as_of=as_of).trading_day) == 2


def test_a_bar_without_a_trading_day_is_our_mistake(facts):
    TradingDay.objects.all().delete()
    with pytest.raises(InvariantError, match="trading day"):
        bars_load(secid="TEST", timeframe=H1, as_of=make.moscow("2024-05-01"))


def test_instruments_and_the_newest_bars(facts):
    make.instrument("SLEEPS", active=False)
    assert [one.secid for one in instrument_list()] == ["TEST"]
    assert [one.secid for one in instrument_list(active_only=False)] == ["SLEEPS", "TEST"]
    assert to_epoch_s(newest_bars(timeframe=H1)["TEST"]) == to_epoch_s(make.moscow("2024-04-09T12:00"))
    with pytest.raises(NotFoundError, match="did you mean 'TEST'") as caught:
        instrument_get(secid="TST")
    assert caught.value.code == "unknown_ticker"
    assert len(bars_load(secid="SLEEPS", timeframe=H1, as_of=make.moscow("2024-05-01"))) == 0
