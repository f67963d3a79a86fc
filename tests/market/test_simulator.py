from __future__ import annotations

import functools
from dataclasses import fields, replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.configs import simulator_config
from market.contracts import Timeframe
from market.kernels.validation import candle_faults
from market.models import Candle, Instrument, QuarantinedRow
from market.selectors.bars import bars_load
from market.services.ingest import ingest_all
from market.services.resample import series_resample
from market.simulator.calendar import bar_clock
from market.simulator.config import SimulatedShare, SimulatedSplit
from market.simulator.minutes import minute_bars, shared_out
from market.simulator.paths import simulated_panel
from market.simulator.series import share_hours, share_minutes
from market.sources.records import CandleRequest
from market.sources.simulator import SimulatorSource
from tests.market import make
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError

NOW = make.moscow("2026-11-20T17:30")
FIGURES = ("open", "high", "low", "close", "volume_shares", "value_rub", "traded")
FINER = [Timeframe.M1, Timeframe.M5, Timeframe.M10, Timeframe.M15, Timeframe.M30]
LONGER = [Timeframe.H4, Timeframe.D1, Timeframe.W1]


def panel_at(moment, config=None):
    config = config or simulator_config()
    return simulated_panel(config, bar_clock(config, closed_by_s=to_epoch_s(moment)))


@functools.cache
def whole_panel(planted):
    return panel_at(make.moscow("2025-10-25T13:10"), simulator_config().planting(*planted))


def bars_of(source, secid, timeframe, now=NOW, **span):
    pages = source.candles(request=CandleRequest(secid=secid, timeframe=timeframe, now=now, **span))
    return next(pages).columns


@pytest.fixture(scope="module")
def panel():
    return panel_at(NOW)


@pytest.fixture(scope="module")
def source():
    return SimulatorSource(config=simulator_config(), as_of=NOW)


@pytest.fixture(scope="module")
def earlier_source():
    return SimulatorSource(config=simulator_config())


def test_it_is_long_and_wide_enough_and_ends_at_the_last_closed_bar(panel):
    begin_s = panel.clock.begin_s
    assert panel.close.shape[1] >= 16
    assert begin_s[-1] == to_epoch_s(make.moscow("2026-11-20T16:00"))
    assert begin_s[-1] - begin_s[0] > 2.5 * 365 * 86_400
    assert (np.diff(begin_s) > 0).all()


@pytest.mark.parametrize(
    "moment", ["2024-01-08T10:00", "2024-02-01T00:00", "2025-03-05T13:10", "2025-10-20T12:00"]
)
@pytest.mark.parametrize("planted", [(), ("volume_momentum", "gap_reversion", "sector_lead", "news_drift")])
def test_time_only_appends(moment, planted):
    config = simulator_config().planting(*planted)
    whole = whole_panel(planted)
    earlier = panel_at(make.moscow(moment), config)
    n = len(earlier)
    assert 0 < n < len(whole)
    assert np.array_equal(whole.clock.begin_s[:n], earlier.clock.begin_s)
    for name in FIGURES:
        assert np.array_equal(getattr(whole, name)[:n], getattr(earlier, name)), name
    for one, other in zip(whole.patterns, earlier.patterns, strict=True):
        assert np.array_equal(one[:n], other)
    known = [one for one in whole.corporate.dividends if one in earlier.corporate.dividends]
    assert tuple(known) == earlier.corporate.dividends  # what was announced stays as it was announced


def test_another_seed_is_another_market(panel):
    other = panel_at(make.moscow("2024-03-05"), replace(simulator_config(), seed=1))
    assert not np.array_equal(other.close, panel.close[: len(other.close)])


def test_bars_are_sound_and_on_their_steps(panel):
    assert (panel.low > 0).all()
    assert (panel.low <= np.minimum(panel.open, panel.close)).all()
    assert (panel.high >= np.maximum(panel.open, panel.close)).all()
    for at, share in enumerate(simulator_config().shares):
        steps = panel.close[:, at] / share.price_step_rub
        assert np.abs(steps - np.round(steps)).max() < 1e-5
        assert (panel.volume_shares[:, at] % share.lot_size == 0).all()
        paid = panel.value_rub[:, at] / panel.volume_shares[:, at]
        assert ((paid > panel.low[:, at] * 0.9999) & (paid < panel.high[:, at] * 1.0001)).all()


@pytest.mark.parametrize("secid", ["SIM01", "SIM14", "SIM16"])
def test_minutes_make_the_hours_exactly(source, secid):
    since, until = make.moscow("2025-10-06"), make.moscow("2025-11-08")
    hours = bars_of(source, secid, Timeframe.H1, since=since, until=until)
    minutes = bars_of(source, secid, Timeframe.M1, since=since, until=until)
    hour_of = minutes.begin_s // 3600 * 3600
    first = np.flatnonzero(np.diff(hour_of, prepend=-1))
    last = np.append(first[1:], len(minutes)) - 1
    assert np.array_equal(hour_of[first], hours.begin_s)
    assert np.array_equal(minutes.open[first], hours.open)
    assert np.array_equal(minutes.close[last], hours.close)
    assert np.array_equal(np.maximum.reduceat(minutes.high, first), hours.high)
    assert np.array_equal(np.minimum.reduceat(minutes.low, first), hours.low)
    assert np.array_equal(np.add.reduceat(minutes.volume_shares, first), hours.volume_shares)
    assert np.array_equal(np.add.reduceat(minutes.value_rub, first).round(2), hours.value_rub)
    assert len(minutes) > 50 * len(hours)


@pytest.mark.parametrize("timeframe", [*FINER, *LONGER])
def test_every_timeframe_holds_the_same_market(source, timeframe):
    since, until = make.moscow("2025-09-29"), make.moscow("2025-10-27")
    hours = bars_of(source, "SIM05", Timeframe.H1, since=since, until=until)
    bars = bars_of(source, "SIM05", timeframe, since=since, until=until)
    faults = candle_faults(
        bars.begin_s,
        np.column_stack([bars.open, bars.high, bars.low, bars.close]),
        bars.volume_shares,
        bars.value_rub,
        step_s=timeframe.minutes * 60,
        now_s=to_epoch_s(NOW),
    )
    assert not faults.any()
    assert (bars.open[0], bars.close[-1]) == (hours.open[0], hours.close[-1])
    assert (bars.high.max(), bars.low.min()) == (hours.high.max(), hours.low.min())
    assert bars.volume_shares.sum() == hours.volume_shares.sum()
    assert bars.value_rub.sum() == pytest.approx(hours.value_rub.sum(), abs=0.01)
    days = np.unique((hours.begin_s + 10_800) // 86_400).size
    assert {Timeframe.D1: days, Timeframe.W1: 4}.get(timeframe, len(bars)) == len(bars)


@pytest.mark.parametrize("timeframe", [*FINER, Timeframe.H1, *LONGER])
def test_no_timeframe_has_a_bar_before_its_end_and_earlier_ones_stay(source, earlier_source, timeframe):
    earlier_now = make.moscow("2025-10-15T15:20")
    begin = make.moscow("2025-10-01")
    whole = bars_of(source, "SIM03", timeframe, since=begin)
    earlier = bars_of(earlier_source, "SIM03", timeframe, now=earlier_now, since=begin)
    n = len(earlier)
    for field in fields(whole):
        assert np.array_equal(getattr(whole, field.name)[:n], getattr(earlier, field.name)), field.name
    assert earlier.begin_s[-1] + timeframe.minutes * 60 <= to_epoch_s(earlier_now)
    next_end_s = whole.begin_s[n] + timeframe.minutes * 60
    # Whole hours are made of minutes: shorter bars come with the hour that holds them.
    assert next_end_s > to_epoch_s(earlier_now) // 3600 * 3600


@pytest.mark.parametrize(
    ("moment", "hours"), [("2024-01-08T09:30", 0), ("2024-01-08T10:00", 1), ("2024-01-09T03:00", 15)]
)
def test_the_first_day_begins_with_nothing(moment, hours):
    now, source = make.moscow(moment), SimulatorSource(config=simulator_config())
    for timeframe in (*FINER, Timeframe.H1):
        bars = bars_of(source, "SIM01", timeframe, now=now)
        assert len(bars) == hours * 60 // timeframe.minutes
    request = CandleRequest(secid="SIMIDX", timeframe=Timeframe.H1, now=now)
    assert len(next(source.index_candles(request=request)).columns) == hours
    assert source.actions(secids=["SIM01"]).dividends == ()
    assert source.index_weights().records == ()
    assert next(source.news(since=None, now=now)).records == ()


def test_a_span_changes_no_bar(source):
    config = simulator_config()
    panel = panel_at(make.moscow("2025-03-10"), config)
    whole = share_minutes(config, panel, 4, since_s=0, until_s=2**40)
    since_s = to_epoch_s(make.moscow("2025-01-31T15:07"))
    part = share_minutes(config, panel, 4, since_s=since_s, until_s=since_s + 86_400 * 5)
    rows = (whole.begin_s >= since_s) & (whole.begin_s < since_s + 86_400 * 5)
    assert rows.any()
    for field in fields(part):
        assert np.array_equal(getattr(whole, field.name)[rows], getattr(part, field.name))
    five = bars_of(source, "SIM05", Timeframe.M5, since=make.moscow("2025-01-31T15:07"))
    assert five.begin_s[0] == to_epoch_s(make.moscow("2025-01-31T15:10"))
    cut = bars_of(source, "SIM05", Timeframe.M30, until=make.moscow("2025-01-31T15:10"))
    kept = bars_of(source, "SIM05", Timeframe.M30)
    assert (
        cut.close[-1] == kept.close[len(cut) - 1]
        and cut.volume_shares[-1] == kept.volume_shares[len(cut) - 1]
    )


@pytest.mark.django_db
def test_longer_bars_are_those_that_stored_hours_are_resampled_to():
    """The split in the middle of a week and the weekend sessions included."""
    config = simulator_config()
    split = SimulatedSplit(date="2025-04-09", shares_after_per_before=4.0)
    share = replace(config.shares[3], splits=(split,))
    config = replace(
        config, start="2025-02-24", weekend_from="2025-03-15", shares=(*config.shares[:3], share), planted=()
    )
    now = make.moscow("2025-05-05T11:30")
    source = SimulatorSource(config=config, as_of=now)
    ingest_all(source=source, secids=["SIM04"], now=now)
    instrument = Instrument.objects.get(secid="SIM04")
    for target, feed in (
        (Timeframe.H4, Timeframe.H1),
        (Timeframe.D1, Timeframe.H1),
        (Timeframe.W1, Timeframe.D1),
    ):
        series_resample(instrument_id=instrument.pk, timeframe_from=feed, timeframe_to=target, now=now)
        stored = Candle.objects.filter(instrument=instrument, timeframe_min=target.minutes).order_by("begin")
        rows = np.array(
            [
                (
                    to_epoch_s(row.begin),
                    row.open,
                    row.high,
                    row.low,
                    row.close,
                    row.volume_shares,
                    row.value_rub,
                )
                for row in stored
            ]
        )
        bars = bars_of(source, "SIM04", target, now=now)
        made = np.column_stack([getattr(bars, field.name) for field in fields(bars)])
        assert len(rows) > 5 and rows.shape == made.shape
        assert np.array_equal(rows, made), target


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 90), st.integers(1, 30))
def test_hours_of_few_lots_leave_minutes_out_and_lose_nothing(seed, lots, hours):
    rng = np.random.default_rng(seed)
    path = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.001, (hours, 61)), axis=1))
    opened, close = path[:, :-1].round(2), path[:, 1:].round(2)
    high = (np.maximum(opened, close) + rng.exponential(0.02, opened.shape)).round(2)
    low = (np.minimum(opened, close) - rng.exponential(0.02, opened.shape)).round(2)
    volume = rng.integers(1, lots + 1, hours) * 10.0
    value = (volume * close.mean(axis=1)).round(2)
    bars = minute_bars(
        (opened, high, low, close), rng.exponential(size=close.shape), volume, value, lot_size=10
    )
    for hour in range(hours):
        at = np.flatnonzero(bars.traded[hour])
        assert 1 <= at.size <= volume[hour] / 10
        assert bars.open[hour, at[0]] == opened[hour, 0] and bars.close[hour, at[-1]] == close[hour, -1]
        assert bars.high[hour, at].max() == high[hour].max() and bars.low[hour, at].min() == low[hour].min()
        assert (
            bars.volume_shares[hour, at].sum() == volume[hour] and (bars.volume_shares[hour, at] >= 10).all()
        )
        assert bars.value_rub[hour, at].sum() == pytest.approx(value[hour], abs=1e-6)
        assert (bars.low[hour, at] <= np.minimum(bars.open, bars.close)[hour, at]).all()
        assert (bars.high[hour, at] >= np.maximum(bars.open, bars.close)[hour, at]).all()
        assert (bars.open[hour, at[1:]] == bars.close[hour, at[:-1]]).all()


def test_an_hour_without_a_lot_is_refused():
    flat = np.ones((1, 60))
    with pytest.raises(ValueError, match="at least one lot"):
        minute_bars((flat, flat, flat, flat), flat, np.zeros(1), np.zeros(1), lot_size=10)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0.001, 50.0), min_size=1, max_size=60), st.integers(0, 10**9))
def test_what_is_shared_out_adds_up(parts, whole):
    row = np.array([parts])
    shared = shared_out(row, np.array([[float(whole)]]))
    assert shared.sum() == whole and (shared >= 0).all() and (shared == np.round(shared)).all()
    assert np.abs(shared - row / row.sum() * whole).max() <= 1.0 + 1e-6 * whole


def test_shares_come_and_go(panel, source):
    config = simulator_config()
    boards = {record.secid: record for record in source.boards(secids=source.default_secids()).records}
    actives = {r.secid: r.active for r in source.instruments(secids=source.default_secids()).records}
    first, last = (
        {share.secid: share_hours(panel, at).begin_s[row] for at, share in enumerate(config.shares)}
        for row in (0, -1)
    )
    assert first["SIM15"] >= to_epoch_s(make.moscow("2024-04-02"))
    assert last["SIM16"] < to_epoch_s(make.moscow("2026-07-01"))
    assert boards["SIM15"].traded_from == date(2024, 4, 2)
    assert boards["SIM16"].traded_till == date(2026, 6, 30)
    assert [secid for secid, active in actives.items() if not active] == ["SIM16"]
    assert source.instruments(secids=["SIM16"]).records[0].delisted_on == date(2026, 6, 30)
    before = SimulatorSource(config=config, as_of=make.moscow("2026-06-30T12:00"))
    assert next(iter(before.boards(secids=["SIM16"]).records)).traded_till is None
    still = before.instruments(secids=["SIM16"]).records[0]
    assert still.active and still.delisted_on is None


def test_halts_and_idle_hours_leave_bars_out(panel):
    config = simulator_config()
    whole = len(panel)
    missing = whole - panel.traded.sum(axis=0)
    untouched = [
        at
        for at, share in enumerate(config.shares)
        if not (share.listed_on or share.delisted_on or share.idle_frac)
    ]
    assert (missing[untouched] > 0).all() and (missing[untouched] < whole / 50).all()
    idle = missing[[share.secid for share in config.shares].index("SIM14")]
    assert whole / 8 < idle < whole / 2
    everybody = (~panel.traded[:, untouched]).all(axis=1)
    assert everybody.any()  # the market itself was halted once


def test_the_config_refuses_what_makes_no_market():
    config = simulator_config()
    share = config.shares[0]
    for changed, words in (
        ({"weekend_from": "2025-02-01"}, "weekend_from"),
        ({"sessions": {"main": (10, 19)}}, "hour 9"),
        ({"planted": ("nothing",)}, "planted must name"),
        ({"hours": {10: (0.5, 1.0)}}, "variance"),
        ({"degrees_of_freedom": 2.0}, "above 2"),
    ):
        with pytest.raises(ValueError, match=words):
            replace(config, **changed)
    for changed in ({"idle_frac": 1.0}, {"lot_size": 0}, {"dividend_months": (13,)}, {"listed_on": "soon"}):
        with pytest.raises(ValueError):
            replace(share, **changed)
    assert isinstance(share, SimulatedShare)
    for changed in (
        {"halt_bars": (3, 1)},
        {"told_frac": 1.5},
        {"jump_scale": -1.0},
        {"volume_spike_factor": 0.5},
    ):
        with pytest.raises(ValueError):
            replace(config.events, **changed)
    for changed in ({"window_bars": 0}, {"threshold": 0.0}):
        with pytest.raises(ValueError):
            replace(config.edges["news_drift"], **changed)


def test_weekend_sessions_can_be_held():
    config = replace(simulator_config(), weekend_from="2025-03-01", start="2025-02-17")
    panel = panel_at(make.moscow("2025-04-01"), config)
    weekend = panel.clock.trading_day != panel.clock.date
    assert weekend.sum() == 9 * 9  # March 2025 has ten such days, the eighth is a holiday; nine hours each
    assert set(np.unique(panel.clock.trading_day[weekend] - panel.clock.date[weekend])) == {1, 2}
    assert panel.value_rub[weekend].mean() < 0.3 * panel.value_rub[~weekend].mean()
    source = SimulatorSource(config=config)
    weeks = bars_of(source, "SIM01", Timeframe.W1, now=make.moscow("2025-04-01"))
    assert (np.diff(weeks.begin_s) == 7 * 86_400).all()
    day = source.own_days(since=date(2025, 3, 1), until=date(2025, 3, 2)).records[0]
    assert (day.is_open, day.trading_date) == (True, date(2025, 3, 3))
    assert [code for code, _, _ in day.sessions] == ["weekend"]


def test_its_calendar_is_its_own(source, panel):
    exchange = source.calendar(since=date(2024, 1, 1), until=date(2024, 6, 1))
    assert (exchange.records, exchange.outside) == (
        (),
        152,
    )  # nothing that could enter the exchange's calendar
    days = source.own_days(since=date(2024, 1, 1), until=date(2024, 6, 1)).records
    assert days[0].day == date(2024, 1, 8)
    open_days = {record.day for record in days if record.is_open}
    bars = {date(1970, 1, 1) + timedelta(days=int(day)) for day in np.unique(panel.clock.date)}
    assert open_days == {day for day in bars if day < date(2024, 6, 1)}
    assert {record.source for record in days} == {"simulator"}
    monday = next(record for record in days if record.day == date(2024, 1, 15))
    assert [code for code, _, _ in monday.sessions] == ["morning", "main", "evening"]
    assert monday.sessions[1][1] == make.moscow("2024-01-15T10:00")
    closed = next(record for record in days if record.day == date(2024, 5, 9))
    assert (closed.is_open, closed.trading_date, closed.sessions) == (False, None, ())


@pytest.mark.django_db
def test_it_is_a_source_like_the_others():
    source = SimulatorSource(config=simulator_config())
    now = make.moscow("2024-02-01T17:30")
    report = ingest_all(source=source, now=now, secids=source.default_secids())
    assert not QuarantinedRow.objects.exists()
    assert report.rows_new >= 16 + Candle.objects.count()
    assert set(Instrument.objects.values_list("is_simulated", flat=True)) == {True}
    bars = bars_load(secid="SIM01", timeframe=Timeframe.H1, as_of=now)
    assert bars.known_s[-1] == to_epoch_s(make.moscow("2024-02-01T17:00"))
    stored = Candle.objects.count()
    again = ingest_all(
        source=SimulatorSource(config=simulator_config()), now=now, secids=source.default_secids()
    )
    assert (Candle.objects.count(), again.rows_changed) == (stored, 0)
    later = make.moscow("2024-02-01T18:30")
    ingest_all(source=SimulatorSource(config=simulator_config()), now=later, secids=source.default_secids())
    assert 0 < Candle.objects.count() - stored <= 16
    with pytest.raises(InputError, match="starts on"):
        ingest_all(source=source, now=make.moscow("2023-02-01"))
    with pytest.raises(InputError, match="was SBER"):
        bars_of(source, "SBER", Timeframe.H1)
    unknown = source.instruments(secids=["SBER"])
    assert unknown.records == () and [row.reason for row in unknown.rejected] == ["unknown_ticker"]
