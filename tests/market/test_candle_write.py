from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from market.contracts import ISS_ORIGIN, SIMULATOR_ORIGIN, CandleOrigin, CandleWriteReport, Timeframe
from market.models import Candle, CandleDisagreement, TradingDay
from market.services.candle_write import candles_write
from market.services.partitions import default_partition_rows, partitions_ensure
from tests.market import make
from traderai.common.errors import InvariantError

pytestmark = pytest.mark.django_db


def test_a_second_write_changes_nothing_and_a_change_is_one_row():
    facts = make.instrument()
    bars = make.columns(make.hours("2024-01-03", count=5))
    begins = make.hours("2024-01-03", count=5)
    assert make.write(facts, bars) == CandleWriteReport(
        new=5, touched_from=begins[0], touched_till=begins[-1]
    )
    assert make.write(facts, bars) == CandleWriteReport(unchanged=5)
    bars.close[2] += 0.01
    more = make.columns(make.hours("2024-01-03", count=6))
    more.close[2] = bars.close[2]
    assert make.write(facts, more) == CandleWriteReport(
        new=1,
        changed=1,
        unchanged=4,
        touched_from=begins[2],
        touched_till=make.hours("2024-01-03", count=6)[-1],
    )
    assert Candle.objects.get(begin=make.hours("2024-01-03", count=3)[2]).close == bars.close[2]


def test_a_missing_value_is_null_and_gets_filled():
    facts = make.instrument()
    bars = make.columns(make.hours("2024-01-03", count=2))
    make.write(facts, bars)
    assert set(Candle.objects.values_list("value_rub", flat=True)) == {None}
    bars.value_rub[:] = 7.0
    assert make.write(facts, bars).changed == 2


def test_sources_overwrite_themselves_and_lower_ones_in_any_order():
    # Of two files of one priority the one with the later name wins.
    newer = CandleOrigin(name="newer", kind="file", priority=make.FILE.priority)
    origins = (SIMULATOR_ORIGIN, make.FILE, newer, ISS_ORIGIN)
    bars = [make.columns(make.hours("2024-01-03"), [rank + 1.0] * 3) for rank in range(4)]
    for at, order in enumerate(itertools.permutations(range(4))):
        facts = make.instrument(f"T{at}")
        stored = Candle.objects.filter(instrument_id=facts.id)
        best = -1
        for rank in order:
            report = make.write(facts, bars[rank], origins[rank])
            assert report.new + report.changed + report.unchanged + report.outranked == 3
            assert report.outranked == (3 if rank < best else 0)
            assert report.disagreements == (0 if best < 0 else 3)
            best = max(best, rank)
            assert set(stored.values_list("source__name", "close")) == {(origins[best].name, best + 1.0)}
        lost = CandleDisagreement.objects.filter(instrument_id=facts.id)
        assert lost.count() == 9
        assert all(row.close == 1.0 + [o.name for o in origins].index(row.loser.name) for row in lost)


def test_two_sources_that_agree_leave_no_disagreement():
    facts = make.instrument()
    bars = make.columns(make.hours("2024-01-03"))
    make.write(facts, bars, ISS_ORIGIN)
    told = make.write(facts, replace(bars, value_rub=bars.value_rub * 0 + 5.0))
    assert (told.unchanged, told.outranked, told.disagreements) == (3, 0, 0)
    assert make.write(facts, replace(bars, close=bars.close + 0.5)).disagreements == 3
    assert make.write(facts, bars).disagreements == 0
    assert not CandleDisagreement.objects.exists()


def test_a_duplicate_begin_is_refused_whole():
    facts = make.instrument()
    begins = make.hours("2024-01-03")
    with pytest.raises(InvariantError, match="each begin once"):
        make.write(facts, make.columns([*begins, begins[0]]))
    assert Candle.objects.count() == 0


def test_bars_may_come_in_any_order_and_none_is_fine():
    facts = make.instrument()
    bars = make.columns(make.hours("2024-01-03", count=4))
    assert make.write(facts, bars.take(np.array([3, 1, 0, 2]))).new == 4
    assert make.write(facts, bars) == CandleWriteReport(unchanged=4)
    assert make.write(facts, bars.take(np.zeros(4, dtype=np.bool_))) == CandleWriteReport()


def test_the_calendar_follows_the_bars_and_weekends_belong_to_monday_since_2025_03():
    facts = make.instrument()
    for day in ("2024-12-28", "2025-03-01", "2025-03-02", "2025-03-03"):
        make.write(facts, make.columns(make.hours(day)))
    # 23:30 Moscow on the 4th is the 4th, though it is still the 4th in UTC and 02:00 on the 5th is the 4th there.
    make.write(facts, make.columns([make.moscow("2025-03-05T02:00")]))
    made = dict(
        TradingDay.objects.filter(is_real=True, is_simulated=False).values_list("date", "trading_date")
    )
    monday = date(2025, 3, 3)
    assert made == {
        date(2024, 12, 28): date(2024, 12, 28),
        date(2025, 3, 1): monday,
        date(2025, 3, 2): monday,
        monday: monday,
        date(2025, 3, 5): date(2025, 3, 5),
    }
    make.write(make.instrument("SIM"), make.columns(make.hours("2025-03-03")), SIMULATOR_ORIGIN)
    assert TradingDay.objects.get(date=monday).is_simulated


def test_a_missing_year_gets_its_partition_with_its_rows():
    facts = make.instrument()
    candles_write(
        instrument_id=facts.id,
        timeframe=Timeframe.H1,
        columns=make.columns(make.hours("2033-05-03")),
        origin=make.FILE,
    )
    assert default_partition_rows() == 3
    assert partitions_ensure(first_year=2029, last_year=2033) == tuple(
        f"market_candle_y{y}" for y in (2031, 2032, 2033)
    )
    assert default_partition_rows() == 0
    assert Candle.objects.count() == 3
    assert partitions_ensure(first_year=2000, last_year=2033) == ()
