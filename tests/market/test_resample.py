from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from market.contracts import ISS_ORIGIN, SIMULATOR_ORIGIN, Timeframe
from market.models import Candle, CandleCoverage, CandleDisagreement, CorporateAction, TradingDay
from market.resampling_config import ResamplingConfig, resampling_config
from market.selectors.bars import bars_load
from market.services import resample_span
from market.services.candle_coverage import bars_forget, series_of
from market.services.candle_sources import candle_source_ensure
from market.services.candle_write import candles_write
from market.services.resample import series_resample
from market.services.resample_due import candles_recheck, candles_resample, candles_resample_due
from tests.market import make
from traderai.common.errors import InputError, NotFoundError

pytestmark = pytest.mark.django_db
NOW = make.moscow("2026-01-15")


def minutes_of(day, first="10:00", count=120, step=1, seed=0):
    """Return bars of `step` minutes with prices and volumes of their own."""
    rng = np.random.default_rng([seed, *day.encode()])
    begins = [make.moscow(f"{day}T{first}") + timedelta(minutes=step * i) for i in range(count)]
    bars = make.columns(begins, (100 + np.cumsum(rng.integers(-2, 3, count))).astype(float).tolist())
    bars.volume_shares[:] = rng.integers(1, 1000, count)
    bars.value_rub[:] = bars.close * bars.volume_shares
    return bars


def write(facts, bars, timeframe=Timeframe.M1, origin=make.FILE, **options):
    return candles_write(instrument_id=facts.id, timeframe=timeframe, columns=bars, origin=origin, **options)


def run(facts, feed, target, now=NOW, **span):
    return series_resample(
        instrument_id=facts.id,
        timeframe_from=Timeframe.parse(feed),
        timeframe_to=Timeframe.parse(target),
        now=now,
        **span,
    )


def stored(facts, code, *fields):
    rows = Candle.objects.filter(
        instrument_id=facts.id, timeframe_min=Timeframe.parse(code).minutes
    ).order_by("begin")
    return list(
        rows.values_list("begin", *(fields or ("open", "high", "low", "close", "volume_shares", "value_rub")))
    )


def test_ten_minutes_from_one_and_a_second_run_changes_nothing():
    facts = make.instrument()
    bars = minutes_of("2025-03-05", "09:59", 31)
    write(facts, bars)
    report = run(facts, "1m", "10m")
    assert (report.new, report.changed, report.removed) == (4, 0, 0)
    begins = [f"{row[0].astimezone(make.MOSCOW):%H:%M}" for row in stored(facts, "10m")]
    assert begins == ["09:50", "10:00", "10:10", "10:20"]
    _, opened, high, low, close, volume, value = stored(facts, "10m")[1]
    part = slice(1, 11)
    assert (opened, close) == (bars.open[1], bars.close[10])
    assert (high, low) == (bars.high[part].max(), bars.low[part].min())
    assert volume == bars.volume_shares[part].sum()
    assert value == pytest.approx(bars.value_rub[part].sum(), abs=1e-4)
    again = run(facts, "1m", "10m")
    assert (again.new, again.changed, again.unchanged) == (0, 0, 4)
    assert set(Candle.objects.filter(timeframe_min=10).values_list("source__name", "board")) == {
        ("resampled", "TQBR")
    }


def test_a_bar_is_made_once_its_finer_bars_are_whole():
    facts = make.instrument()
    bars = minutes_of("2025-03-05", "10:00", 25)
    write(facts, bars.take(np.arange(25) < 15))
    now = make.moscow("2025-03-05T10:21")
    # The minutes until 10:15 are stored; nobody has said that there were none until 10:20.
    assert run(facts, "1m", "10m", now=now).new == 1
    CandleCoverage.objects.create(
        instrument_id=facts.id,
        timeframe_min=1,
        source=candle_source_ensure(origin=make.FILE),
        covered_from=make.moscow("2025-03-05"),
        covered_till=make.moscow("2025-03-05T10:20"),
        started_at=now,
    )
    assert run(facts, "1m", "10m", now=now).new == 1
    # A source that covers more than time has passed is not believed.
    CandleCoverage.objects.update(covered_till=make.moscow("2025-03-06"))
    assert run(facts, "1m", "10m", now=now).new == 0
    write(facts, bars)
    assert run(facts, "1m", "10m", now=make.moscow("2025-03-05T10:31")).changed == 1


def test_a_feed_that_has_ended_gives_its_last_bars():
    facts = make.instrument()
    write(facts, make.columns(make.hours("2025-03-05", 10, 9)), Timeframe.H1)
    assert run(facts, "1h", "1d", now=make.moscow("2025-03-05T19:00")).new == 0
    assert run(facts, "1h", "1d", now=make.moscow("2025-03-06T12:00")).new == 0
    assert run(facts, "1h", "1d", now=make.moscow("2025-03-20")).new == 1


def test_spans_together_equal_one_whole_run():
    days = ["2025-02-27", "2025-02-28", "2025-03-01", "2025-03-02", "2025-03-03", "2025-03-07"]
    whole, parts = make.instrument("WHOLE"), make.instrument("PARTS")
    for facts in (whole, parts):
        for day in days:
            write(facts, minutes_of(day, "10:00", 9, step=60), Timeframe.H1)
    for code in ("4h", "1d", "1w"):
        feed = "1d" if code == "1w" else "1h"
        run(whole, feed, code)
        for day, after in zip(["2025-01-01", *days], [*days, "2026-01-01"], strict=True):
            run(parts, feed, code, since=make.moscow(day), until=make.moscow(after))
        assert stored(whole, code) == stored(parts, code)
        assert run(whole, feed, code, since=make.moscow("2025-03-03T12:00")).new == 0
    assert [f"{row[0].astimezone(make.MOSCOW):%m-%d}" for row in stored(whole, "1w")] == ["02-24", "03-03"]
    # The weekend's volume stands in the week of its Monday.
    daily = {f"{row[0].astimezone(make.MOSCOW):%m-%d}": row[5] for row in stored(whole, "1d")}
    assert stored(whole, "1w")[1][5] == sum(daily[day] for day in ("03-01", "03-02", "03-03", "03-07"))
    assert not TradingDay.objects.filter(date="2025-02-24").exists()


def test_each_day_has_one_feed_and_the_order_of_loading_changes_nothing():
    first, second = make.instrument("FIRST"), make.instrument("SECOND")
    fine = minutes_of("2025-03-06", "10:00", 60)
    coarse = [minutes_of(day, "09:30", 8, step=10, seed=1) for day in ("2025-03-05", "2025-03-06")]
    write(first, fine)
    run(first, "1m", "30m")
    for bars in coarse:
        write(first, bars, Timeframe.M10)
        write(second, bars, Timeframe.M10)
    assert run(first, "10m", "30m").new == 3
    assert run(second, "10m", "30m").new == 6
    write(second, fine)
    assert run(second, "10m", "30m").changed == 0
    report = run(second, "1m", "30m")
    # The coarse bars told of 09:30, before the minutes begin.
    assert (report.changed, report.removed) == (2, 1)
    assert stored(first, "30m") == stored(second, "30m")
    assert len(stored(first, "30m")) == 5


def test_bars_of_other_sources_stay_and_the_difference_is_kept():
    facts = make.instrument()
    write(facts, minutes_of("2025-03-05", "10:00", 20))
    run(facts, "1m", "10m")
    mine = stored(facts, "10m")
    other = minutes_of("2025-03-05", "10:00", 1, step=10, seed=5)
    write(facts, other, Timeframe.M10, ISS_ORIGIN)
    report = run(facts, "1m", "10m")
    assert (report.unchanged, report.outranked, report.disagreements) == (1, 1, 1)
    assert stored(facts, "10m")[0][4] == other.close[0]
    assert CandleDisagreement.objects.get().close == mine[0][4]


def test_restated_finer_bars_reach_the_longer_ones():
    facts = make.instrument()
    bars = minutes_of("2026-01-12", "10:00", 60)
    write(facts, bars)
    candles_resample(now=NOW)
    before = stored(facts, "1h")
    bars.volume_shares[7] += 5
    write(facts, bars)
    changed = {row.timeframe_to.value for row in candles_recheck(now=NOW) if row.written.changed}
    assert {"5m", "10m", "15m", "30m", "1h"} <= changed
    assert stored(facts, "1h")[0][5] == before[0][5] + 5
    assert sum(row.written.changed + row.written.new for row in candles_recheck(now=NOW)) == 0


def test_a_week_across_a_split_is_in_the_shares_of_its_first_trading_day():
    facts = make.instrument()
    prices = {"2024-04-01": 15_054.0, "2024-04-02": 15_000.0, "2024-04-03": 152.0, "2024-04-08": 153.0}
    for day, price in prices.items():
        bars = make.columns(make.hours(day, 10, 1), [price])
        bars.volume_shares[:] = 1000.0 if price < 1000 else 10.0
        write(facts, bars, Timeframe.H1)
    for source in ("exchange", "by_hand"):  # two sources of one split: it took place once
        CorporateAction.objects.create(
            instrument_id=facts.id, kind="split", ex_date="2024-04-03", shares_after_per_before=100.0,
            known_at=make.moscow("2024-04-01"), source=source,
        )  # fmt: skip
    run(facts, "1h", "1d")
    run(facts, "1d", "1w")
    CorporateAction.objects.filter(source="by_hand").delete()
    (_, opened, _, _, close, volume, _), (_, _, _, _, later, _, _) = stored(facts, "1w")
    assert (opened, close, volume, later) == (15_054.0, 15_200.0, 30.0, 153.0)
    assert [row[4] for row in stored(facts, "1d")] == list(prices.values())
    # Who reads bars finds no jump.
    bars = bars_load(secid=facts.secid, timeframe=Timeframe.W1, as_of=NOW)
    assert bars.close.tolist() == [15_200.0, 15_300.0]


def test_a_split_on_the_first_trading_day_of_a_week_leaves_it_in_new_shares():
    facts = make.instrument()
    # Monday is a holiday: Tuesday is the first day of the week and of the new shares.
    for day, price in {"2024-01-05": 15_000.0, "2024-01-09": 150.0, "2024-01-10": 151.0}.items():
        write(facts, make.columns(make.hours(day, 10, 1), [price]), Timeframe.H1)
    CorporateAction.objects.create(
        instrument_id=facts.id, kind="split", ex_date="2024-01-09", shares_after_per_before=100.0,
        known_at=make.moscow("2024-01-01"), source="exchange",
    )  # fmt: skip
    run(facts, "1h", "1d")
    run(facts, "1d", "1w")
    assert [(row[1], row[4]) for row in stored(facts, "1w")] == [(15_000.0, 15_000.0), (150.0, 151.0)]


def test_bars_of_two_boards_keep_them_and_indices_mark_no_days():
    facts = make.instrument("INDEX", kind="index", board="SNDX")
    write(facts, minutes_of("2025-03-05", "10:00", 20), board="OLD", marks_trading_days=False)
    write(facts, minutes_of("2025-03-06", "10:00", 20), board="SNDX", marks_trading_days=False)
    run(facts, "1m", "10m")
    assert [row[1] for row in stored(facts, "10m", "board")] == ["OLD", "OLD", "SNDX", "SNDX"]
    assert not TradingDay.objects.exists()


def test_the_stage_does_what_is_due_once():
    make.instrument("EMPTY")
    facts = make.instrument()
    bars = minutes_of("2025-03-05", "10:00", 75)
    now = make.moscow("2025-03-05T11:00")
    write(facts, bars.take(np.arange(75) < 60))
    made = candles_resample_due(limit=100, now=now)
    assert {row.timeframe_to.value for row in made if row.written.new} == {"5m", "10m", "15m", "30m", "1h"}
    assert candles_resample_due(limit=100, now=now) == ()
    write(facts, bars)
    later = now + timedelta(minutes=16)
    assert len(candles_resample_due(limit=1, now=later)) == 1
    made = candles_resample_due(limit=100, now=later)
    assert {row.timeframe_to.value for row in made if row.written.new} == {"10m", "15m"}
    rebuilt = make.instrument("REBUILT")
    write(rebuilt, bars)
    candles_resample(secids=["REBUILT"], now=later)
    for target in resampling_config().targets:
        assert stored(facts, target.value) == stored(rebuilt, target.value)


def test_a_day_of_a_chain_waits_for_the_finest_feed():
    facts = make.instrument()
    write(facts, minutes_of("2025-03-05", "10:00", 120))
    night = make.moscow("2025-03-06T00:10")
    candles_resample_due(limit=100, now=night)
    assert stored(facts, "1d") == []
    CandleCoverage.objects.create(
        instrument_id=facts.id, timeframe_min=1, source=candle_source_ensure(origin=ISS_ORIGIN),
        covered_from=make.moscow("2025-03-05"), covered_till=night, started_at=night,
    )  # fmt: skip
    candles_resample_due(limit=100, now=night)
    assert len(stored(facts, "1d")) == 1
    assert stored(facts, "1d")[0][5] == sum(row[5] for row in stored(facts, "1m"))


def test_what_is_not_made_is_refused_by_its_name():
    facts = make.instrument()
    with pytest.raises(InputError, match="5m bars can be made from 1m, was 10m"):
        run(facts, "10m", "5m")
    with pytest.raises(InputError, match="timeframes made from 1h are 4h, 1d, was 5m"):
        candles_resample(timeframe_from=Timeframe.H1, targets=[Timeframe.M5], now=NOW)
    with pytest.raises(NotFoundError, match="NOBODY"):
        candles_resample(secids=["NOBODY"], now=NOW)
    assert run(facts, "1m", "5m").new == 0


@pytest.mark.parametrize(
    ("feeds", "told"),
    [
        ({"10m": ("1m",), "5m": ("1m",)}, "short to long"),
        ({"10m": ("15m",)}, "a part of theirs"),
        ({"10m": ("10m",)}, "a part of theirs"),
    ],
)
def test_a_wrong_table_of_feeds_is_refused(feeds, told):
    with pytest.raises(InputError, match=told):
        ResamplingConfig(feeds=feeds, settle_days=7, recheck_days=40)
    with pytest.raises(InputError, match="at least 1"):
        replace(resampling_config(), settle_days=0)


def test_the_command_prints_an_account():
    facts = make.instrument()
    write(facts, minutes_of("2025-03-05", "10:00", 60))
    out = StringIO()
    call_command("resample", "--secids", "test", "--from", "1m", "--to", "10m,30m", stdout=out)
    assert "1m to 10m: 1 series, new 6, changed 0, unchanged 0" in out.getvalue()
    assert "2 series in" in out.getvalue()
    out = StringIO()
    call_command("resample", "--since", "2025-03-05", "--until", "2025-03-06", stdout=out)
    assert "1m to 10m: 1 series, new 0, changed 0, unchanged 6" in out.getvalue()
    with pytest.raises(CommandError, match="timeframes made are"):
        call_command("resample", "--to", "1m")
    with pytest.raises(CommandError, match="no share of the universe 'core' is held"):
        call_command("resample", "--secids", "core", stderr=StringIO())
    write(make.instrument("SBER"), minutes_of("2025-03-05", "10:00", 60))
    out, err = StringIO(), StringIO()
    call_command("resample", "--secids", "core", "--to", "10m", stdout=out, stderr=err)
    assert "1m to 10m: 1 series, new 6" in out.getvalue()
    assert "not held: GAZP" in err.getvalue()


def test_a_span_that_leaves_a_gap_is_not_remembered():
    facts = make.instrument()
    for day in ("2025-03-04", "2025-03-05", "2025-03-06"):
        write(facts, minutes_of(day, "10:00", 60))
    candles_resample(since=make.moscow("2025-03-06"), now=NOW)
    assert not CandleCoverage.objects.exists()
    candles_resample_due(limit=100, now=NOW)
    assert len(stored(facts, "1h")) == 3
    row = CandleCoverage.objects.get(timeframe_min=60)
    assert (row.covered_from, row.covered_till) == (
        make.moscow("2025-03-04T10:00"), make.moscow("2025-03-06T12:59"),
    )  # fmt: skip
    states = resample_span.feed_states(target=Timeframe.H1)[facts.id]
    late = row.covered_till + timedelta(days=1)
    write(facts, minutes_of("2025-03-10", "10:00", 60))
    states = resample_span.feed_states(target=Timeframe.H1)[facts.id]
    for since, till in ((late, row.covered_till), (row.covered_till, make.moscow("2025-03-10T12:59"))):
        resample_span.span_cover(
            instrument_id=facts.id, target=Timeframe.H1, states=states, since=since, now=NOW
        )
        assert CandleCoverage.objects.get(timeframe_min=60).covered_till == till


def test_older_bars_that_come_later_are_due():
    facts = make.instrument()
    write(facts, minutes_of("2025-03-06", "10:00", 60))
    candles_resample_due(limit=100, now=NOW)
    write(facts, minutes_of("2025-03-04", "10:00", 60))
    candles_resample_due(limit=100, now=NOW)
    assert len(stored(facts, "1h")) == len(stored(facts, "1d")) == 2
    assert candles_resample_due(limit=100, now=NOW) == ()


def test_finer_bars_that_change_far_back_make_the_longer_ones_due():
    facts = make.instrument()
    write(facts, minutes_of("2025-03-04", "10:00", 60))
    bars = minutes_of("2025-03-05", "10:00", 60)
    write(facts, bars)
    write(facts, minutes_of("2025-03-06", "10:00", 60))
    candles_resample_due(limit=100, now=NOW)
    before = stored(facts, "1h")
    bars.volume_shares[7] += 5
    write(facts, bars)  # long before the days that the nightly run looks at
    candles_resample_due(limit=100, now=NOW)
    assert [row[5] for row in stored(facts, "1h")] == [before[0][5], before[1][5] + 5, before[2][5]]
    assert stored(facts, "1d")[1][5] == before[1][5] + 5
    assert candles_resample_due(limit=100, now=NOW) == ()


def test_longer_bars_of_a_day_that_has_lost_its_finer_ones_go_too():
    facts = make.instrument()
    write(facts, minutes_of("2025-03-04", "10:00", 60))
    write(facts, minutes_of("2025-03-05", "10:00", 60))
    write(facts, minutes_of("2025-03-06", "10:00", 60))
    candles_resample(now=NOW)
    day = (make.moscow("2025-03-05"), make.moscow("2025-03-06"))
    gone = bars_forget(
        series=series_of(instrument_id=facts.id, timeframe=Timeframe.M1, origin=make.FILE),
        since=day[0],
        till=day[1],
        told=lambda begins: np.zeros(begins.size, dtype=np.bool_),
    )
    assert gone == 60
    candles_resample_due(limit=100, now=NOW)
    left = Candle.objects.filter(instrument_id=facts.id, begin__gte=day[0], begin__lt=day[1])
    assert not left.exists()
    assert len(stored(facts, "1h")) == len(stored(facts, "1d")) == 2
    # A bar of the exchange's own stays, whatever finer bars there are.
    write(facts, make.columns([make.moscow("2025-03-05T10:00")]), Timeframe.H1, origin=ISS_ORIGIN)
    candles_resample(now=NOW)
    assert len(stored(facts, "1h")) == 3


def test_simulated_days_do_not_move_a_weeks_split():
    facts, simulated = make.instrument(), make.instrument("SIM01", is_simulated=True)
    # Monday the 8th is closed; only the simulator trades on it.
    write(simulated, make.columns(make.hours("2024-01-08", 10, 1)), Timeframe.H1, origin=SIMULATOR_ORIGIN)
    for day, price in {"2024-01-05": 15_000.0, "2024-01-09": 150.0, "2024-01-10": 151.0}.items():
        write(facts, make.columns(make.hours(day, 10, 1), [price]), Timeframe.H1)
    CorporateAction.objects.create(
        instrument_id=facts.id, kind="split", ex_date="2024-01-09", shares_after_per_before=100.0,
        known_at=make.moscow("2024-01-01"), source="exchange",
    )  # fmt: skip
    run(facts, "1h", "1d")
    run(facts, "1d", "1w")
    assert [(row[1], row[4]) for row in stored(facts, "1w")] == [(15_000.0, 15_000.0), (150.0, 151.0)]
