from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.contracts import ISS_ORIGIN, SIMULATOR_ORIGIN, CandleOrigin, CandleWriteReport, Timeframe
from market.models import Candle, CandleCoverage, CandleDisagreement, CandleSource, TradingDay
from market.selectors.bars import bars_load
from market.services.candle_sources import candle_source_ensure
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


def test_trading_on_a_closed_day_leaves_trading_days_in_the_order_of_dates():
    """9 March 2026 is a Monday without trading by rule: its weekend belongs to Tuesday, and so does what is seen of it."""
    facts = make.instrument()
    for day in ("2026-03-06", "2026-03-07", "2026-03-09", "2026-03-10"):
        make.write(facts, make.columns(make.hours(day)))
    make.write(facts, make.columns(make.hours("2020-01-02")))  # before there were weekend sessions
    friday, tuesday = date(2026, 3, 6), date(2026, 3, 10)
    assert list(TradingDay.objects.order_by("date").values_list("date", "trading_date")) == [
        (date(2020, 1, 2), date(2020, 1, 2)),
        (friday, friday),
        (date(2026, 3, 7), tuesday),
        (date(2026, 3, 9), tuesday),
        (tuesday, tuesday),
    ]
    bars = bars_load(secid="TEST", timeframe=Timeframe.H1, as_of=make.moscow("2026-03-11"))
    assert np.all(np.diff(bars.trading_day) >= 0)


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


NAMES = ("open", "high", "low", "close", "volume_shares", "value_rub")
ORIGINS = (
    CandleOrigin(name="a.csv", kind="file", priority=2),
    CandleOrigin(name="b.csv", kind="file", priority=2),
    CandleOrigin(name="resampled", kind="resampled", priority=50),
    ISS_ORIGIN,
)
RANK = {origin.name: (origin.priority, origin.name) for origin in ORIGINS}
ROWS = st.dictionaries(
    st.integers(0, 5), st.tuples(st.integers(1, 3), st.one_of(st.none(), st.integers(1, 2))), min_size=1
)
BEGIN = make.moscow("2024-01-03T10:00")


class SlowTable:
    """What candles_write promises, row by row, in dicts."""

    def __init__(self):
        self.rows = {}  # begin: (source, close, value)
        self.lost = {}  # (begin, loser): (winner, close, value)

    def write(self, source, told):
        counts = dict.fromkeys(("new", "changed", "unchanged", "outranked", "disagreements"), 0)
        for begin, (close, value) in told.items():
            self.lost.pop((begin, source), None)
            held = self.rows.get(begin)
            won = held is None or RANK[held[0]] <= RANK[source]
            differs = held is not None and otherwise(held[1:], (close, value))
            if held is None:
                counts["new"] += 1
            elif won:
                counts["changed" if held != (source, close, value) else "unchanged"] += 1
            else:
                counts["outranked" if differs else "unchanged"] += 1
            if held is not None and held[0] != source and differs:
                counts["disagreements"] += 1
                loser, said = (held[0], held[1:]) if won else (source, (close, value))
                self.lost[begin, loser] = (source if won else held[0], *said)
            if won:
                self.rows[begin] = (source, close, value)
                for key in [key for key in self.lost if key[0] == begin]:
                    said = self.lost[key][1:]
                    if otherwise(said, (close, value)):
                        self.lost[key] = (source, *said)
                    else:
                        del self.lost[key]
        return counts


def otherwise(one, other):
    return one[0] != other[0] or (None not in {one[1], other[1]} and one[1] != other[1])


def write_told(facts, origin, told):
    begins = [BEGIN + timedelta(minutes=minute) for minute in told]
    bars = make.columns(begins, [float(close) for close, _ in told.values()])
    bars.value_rub[:] = [np.nan if value is None else value for _, value in told.values()]
    return candles_write(instrument_id=facts.id, timeframe=Timeframe.M1, columns=bars, origin=origin)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes=st.lists(st.tuples(st.sampled_from(ORIGINS), ROWS), min_size=1, max_size=6), data=st.data())
def test_any_writes_leave_what_a_slow_table_leaves(writes, data):
    facts, slow = make.instrument("SLOW"), SlowTable()
    Candle.objects.filter(instrument_id=facts.id).delete()
    CandleDisagreement.objects.filter(instrument_id=facts.id).delete()
    for origin, told in writes:
        report = write_told(facts, origin, told)
        expected = slow.write(origin.name, told)
        assert {name: getattr(report, name) for name in expected} == expected
        assert sum(expected[name] for name in ("new", "changed", "unchanged", "outranked")) == len(told)
    assert stored(facts) == slow.rows
    assert lost(facts) == slow.lost
    # Each source's last word in any other order gives the same table.
    last = {}
    for origin, told in writes:
        last[origin] = last.get(origin, {}) | told
    other = make.instrument("OTHER")
    Candle.objects.filter(instrument_id=other.id).delete()
    for origin in data.draw(st.permutations(list(last))):
        write_told(other, origin, last[origin])
    assert stored(other) == slow.rows
    for origin, told in last.items():
        assert (write_told(other, origin, told).new, write_told(other, origin, told).changed) == (0, 0)


def minute_of(begin):
    return int((begin - BEGIN).total_seconds() // 60)


def stored(facts):
    rows = Candle.objects.filter(instrument_id=facts.id)
    return {
        minute_of(begin): (name, close, value)
        for begin, name, close, value in rows.values_list("begin", "source__name", "close", "value_rub")
    }


def lost(facts):
    rows = CandleDisagreement.objects.filter(instrument_id=facts.id)
    return {
        (minute_of(begin), loser): (winner, close, value)
        for begin, loser, winner, close, value in rows.values_list(
            "begin", "loser__name", "winner__name", "close", "value_rub"
        )
    }


def test_the_report_names_who_stands_against_the_bar_that_counts():
    facts = make.instrument()
    low, middle = ORIGINS[0], ORIGINS[2]
    write_told(facts, low, {0: (1, None), 1: (1, None)})
    write_told(facts, middle, {0: (2, None), 1: (2, None)})
    assert lost(facts) == {(0, low.name): (middle.name, 1.0, None), (1, low.name): (middle.name, 1.0, None)}
    write_told(facts, ISS_ORIGIN, {0: (1, None), 1: (3, None)})
    assert lost(facts) == {
        (0, middle.name): ("iss", 2.0, None),  # ISS says what the lowest source had said
        (1, middle.name): ("iss", 2.0, None),
        (1, low.name): ("iss", 1.0, None),
    }


def test_days_of_the_moscow_clock_before_it_stood_still():
    facts = make.instrument()
    # 23:30 in Moscow was 19:30 UTC in the winter of 2012 and 19:30 UTC in the summer of 2010; 00:30 is the next day.
    moments = ["2010-07-01T23:30", "2012-01-10T23:30", "2012-01-12T00:30"]
    make.write(facts, make.columns([make.moscow(moment) for moment in moments]))
    assert [f"{day:%m-%d}" for day in TradingDay.objects.order_by("date").values_list("date", flat=True)] == [
        "07-01", "01-10", "01-12",
    ]  # fmt: skip


def test_more_rows_than_one_block_of_the_copy(monkeypatch):
    monkeypatch.setattr("market.services.candle_write._COPY_ROWS", 3)
    facts = make.instrument()
    bars = make.columns(make.hours("2024-01-03", count=10))
    assert make.write(facts, bars).new == 10
    assert list(Candle.objects.order_by("begin").values_list("close", flat=True)) == bars.close.tolist()


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"low": 101.0}, "market_candle_low_high"),
        ({"high": 99.0}, "market_candle_low_high"),
        ({"low": 0.0}, "market_candle_low_high"),
        ({"high": float("inf")}, "market_candle_low_high"),
        ({"open": float("nan")}, "market_candle_low_high"),
        ({"volume_shares": -1.0}, "market_candle_volume_not_negative"),
        ({"volume_shares": float("inf")}, "market_candle_volume_not_negative"),
    ],
)
def test_the_database_refuses_a_candle_that_cannot_be(changes, constraint):
    facts = make.instrument()
    bars = make.columns(make.hours("2024-01-03", count=1), [100.0])
    for name, value in changes.items():
        getattr(bars, name)[:] = value
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make.write(facts, bars)
    assert not Candle.objects.exists()


def test_the_tables_beside_the_candles_keep_their_constraints():
    facts, source = make.instrument(), candle_source_ensure(origin=make.FILE)
    with pytest.raises(IntegrityError, match="market_candlesource_kind_known"), transaction.atomic():
        CandleSource.objects.create(name="rumour", kind="hearsay", priority=1)
    span = {"instrument_id": facts.id, "timeframe_min": 1, "source": source, "started_at": BEGIN}
    CandleCoverage.objects.create(**span, covered_from=BEGIN, covered_till=BEGIN)
    with pytest.raises(IntegrityError, match="market_candlecoverage_once"), transaction.atomic():
        CandleCoverage.objects.create(**span, covered_from=BEGIN, covered_till=BEGIN)
    with pytest.raises(IntegrityError, match="market_candlecoverage_span"), transaction.atomic():
        CandleCoverage.objects.update(covered_till=BEGIN - timedelta(seconds=1))
    row = {
        "instrument_id": facts.id, "timeframe_min": 1, "begin": BEGIN, "winner": source, "loser": source,
        **dict.fromkeys(NAMES, 1.0),
    }  # fmt: skip
    CandleDisagreement.objects.create(**row)
    with pytest.raises(IntegrityError, match="market_candledisagreement_once"), transaction.atomic():
        CandleDisagreement.objects.create(**row)


BEFORE_SOURCES = [("market", "0002_candle_instrument_check")]


@pytest.mark.soak  # two ways through every migration since; each new one makes it longer
@pytest.mark.django_db(transaction=True)
def test_candles_of_the_first_layout_keep_their_sources_forth_and_back():
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        MigrationExecutor(connection).migrate(BEFORE_SOURCES)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO market_instrument (secid, isin, name_ru, name_en, kind, board, lot_size, price_step_rub, "
                "decimals, sector, active, shortable, is_simulated) "
                "VALUES ('OLD', '', 'x', 'x', 'share', 'TQBR', 1, 0.01, 2, '', true, false, false)"
            )
            cursor.execute(
                "INSERT INTO market_candle SELECT i.id, 60, '2024-01-03 07:00+00'::timestamptz + n * interval '1 hour', "
                "'TQBR', 1, 1, 1, 1, n, NULL, (ARRAY['iss', 'files', 'simulator'])[n] "
                "FROM market_instrument i, generate_series(1, 3) n"
            )
            before = _first_layout(cursor)
        MigrationExecutor(connection).migrate(newest)
        told = Candle.objects.order_by("begin").values_list(
            "source__name", "source__kind", "source__priority"
        )
        assert list(told) == [("iss", "iss", 1000), ("files", "file", 2), ("simulator", "simulator", 1)]
        MigrationExecutor(connection).migrate(BEFORE_SOURCES)
        with connection.cursor() as cursor:
            assert _first_layout(cursor) == before
        assert [row[-1] for row in before] == ["iss", "files", "simulator"]
    finally:
        MigrationExecutor(connection).migrate(newest)
    assert Candle.objects.count() == 3
    # The flush after this test does not know the candles, which no model of Django's made.
    Candle.objects.all().delete()


def _first_layout(cursor):
    cursor.execute("SELECT begin, open, volume_shares, value_rub, source FROM market_candle ORDER BY begin")
    return cursor.fetchall()
