"""What happens on the simulated market: news, jumps, splits, dividends, the index and planted faults."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from market.configs import simulator_config
from market.contracts import Timeframe
from market.kernels.validation import candle_faults
from market.models import CalendarDay, CorporateAction, Instrument, NewsLink
from market.selectors.bars import bars_load
from market.services.actions_write import actions_write
from market.services.calendar_write import calendar_write
from market.services.ingest import ingest_candles, ingest_instruments
from market.services.instruments_write import instruments_write
from market.services.news_write import news_write
from market.services.reference_write import (
    boards_write,
    index_members_write,
    index_weights_write,
    terms_write,
)
from market.simulator.calendar import bar_clock, day_of
from market.simulator.events import CHATTER, EVENT, MARKET, REPORT, UNTOLD
from market.simulator.faults import FAULT_KINDS, plant_fault
from market.simulator.index import index_basis
from market.simulator.innovations import months_of
from market.simulator.news import MARK, simulated_news
from market.simulator.paths import panel_minutes, simulated_panel
from market.simulator.series import index_hours, index_minutes, share_hours
from market.sources.records import CandleRequest
from market.sources.simulator import SimulatorSource
from tests.market import make
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError

NOW = make.moscow("2026-11-20T17:30")
CONFIG = simulator_config()
SECIDS = [share.secid for share in CONFIG.shares]


@pytest.fixture(scope="module")
def panel():
    return simulated_panel(CONFIG, bar_clock(CONFIG, closed_by_s=to_epoch_s(NOW)))


@pytest.fixture(scope="module")
def news(panel):
    return simulated_news(CONFIG, panel, now_s=to_epoch_s(NOW))


@pytest.fixture(scope="module")
def source():
    return SimulatorSource(config=CONFIG, as_of=NOW)


def test_news_are_marked_and_name_simulated_shares_only(news):
    assert len(news) > 500
    assert len({item.external_id for item in news}) == len(news)
    for item in news:
        assert item.title.startswith(MARK)
        assert item.secids and set(item.secids) <= set(SECIDS)
        assert all(secid in item.title and secid in item.body for secid in item.secids)
    assert any(len(item.secids) > 10 for item in news)  # of the whole market, share by share


def test_later_news_only_append(news):
    now_s = to_epoch_s(make.moscow("2025-06-03T12:41"))
    earlier = simulated_news(
        CONFIG, simulated_panel(CONFIG, bar_clock(CONFIG, closed_by_s=now_s)), now_s=now_s
    )
    hour_s = now_s // 3600 * 3600  # what moves the running hour comes out with its bar
    assert [item for item in news if item.published_s <= hour_s] == [
        item for item in earlier if item.published_s <= hour_s
    ]
    assert set(earlier) <= set(news)
    assert all(item.published_s <= now_s for item in earlier)


def test_news_come_with_the_jump_and_say_its_direction(panel):
    events = panel.events
    told = np.isin(events.told, (EVENT, REPORT, MARKET))
    jump = events.gap_jump + events.move_jump
    assert told.sum() > 200
    named = told & (events.tone != 0) & (events.told != MARKET)
    assert (np.sign(jump[named]) == events.tone[named]).all()
    assert (jump[events.told == CHATTER] == 0).all()
    assert (events.told == CHATTER).sum() > 100
    untold = (events.told == UNTOLD) & (jump != 0)
    assert untold.sum() > 50  # some jumps nobody explains


def test_who_waits_for_the_news_comes_too_late():
    """The minute of the news moves its way; from the next but one on, when it may be used, nothing is left."""
    at_once, after = [], []
    for seed in (CONFIG.seed, 1, 2):
        config = replace(CONFIG, seed=seed)
        panel = simulated_panel(config, bar_clock(config, closed_by_s=to_epoch_s(NOW)))
        for month, rows in months_of(panel.clock):
            minute, tone = panel.events.minute[rows], panel.events.direction[rows]
            told = (tone != 0) & (panel.events.move_jump[rows] != 0) & (minute > 0) & (minute < 50)
            path = panel_minutes(config, panel, month, rows).path
            row, share = np.nonzero(told)
            at, sign = minute[row, share], tone[row, share]
            at_once += (sign * (path[row, at, share] - path[row, at - 1, share])).tolist()
            after += (sign * (path[row, -1, share] - path[row, at + 1, share])).tolist()
    t_at_once, t_after = (np.mean(x) / np.std(x) * np.sqrt(len(x)) for x in (at_once, after))
    print(f"{len(after)} news: t of the minute {t_at_once:.1f}, of the rest of the hour {t_after:.1f}")
    assert len(after) > 400
    assert t_at_once > 10
    assert abs(t_after) < 3.5


def test_reports_are_told_of_before(news, source):
    notices = {item.secids[0]: item for item in news if item.external_id.startswith("n-")}
    assert set(notices) == set(SECIDS)
    records = next(source.news(since=make.moscow("2026-10-01"), now=NOW)).records
    assert records and all(record.published_at >= make.moscow("2026-10-01") for record in records)
    assert all(record.published_at < record.fetched_at for record in records)
    assert {record.source for record in records} == {"simulator"}


def test_a_dividend_is_announced_before_and_falls_out_of_the_price(panel, source):
    actions = source.actions(secids=["SIM01"])
    told = {one.ex_date: one for one in actions.dividends if one.announced_on is not None}
    paid = [one for one in actions.dividends if one.announced_on is None]
    assert len(paid) == len(told) >= 4
    gaps = []
    for at, secid in enumerate(SECIDS):
        hours = share_hours(panel, at)
        days = (hours.begin_s + 10_800) // 86_400
        for one in source.actions(secids=[secid]).dividends:
            if one.announced_on is None:
                continue
            assert one.announced_on + timedelta(days=20) < one.ex_date <= one.registry_close
            first = int(np.searchsorted(days, (one.ex_date - date(1970, 1, 1)).days))
            if first < len(days):
                share = one.amount_rub / hours.close[first - 1]
                gaps.append((share, 1.0 - hours.open[first] / hours.close[first - 1]))
    shares, drops = np.array(gaps).T
    assert len(gaps) > 25 and shares.min() > 0.005
    spread = (drops - shares).std() / np.sqrt(len(gaps))
    assert abs((drops - shares).mean()) < 4 * spread  # the price falls by the dividend, no more and no less
    assert spread < 0.25 * shares.mean()


def test_a_split_divides_the_price_and_not_the_turnover(panel, source):
    at = SECIDS.index("SIM16")
    splits = source.actions(secids=["SIM16"]).splits
    assert [(one.ex_date, one.shares_after_per_before) for one in splits] == [
        (date(2024, 9, 16), 5.0),
        (date(2025, 10, 20), 0.1),
    ]
    hours = share_hours(panel, at)
    days = (hours.begin_s + 10_800) // 86_400
    for one in splits:
        first = int(np.searchsorted(days, (one.ex_date - date(1970, 1, 1)).days))
        ratio = hours.close[first - 1] / hours.open[first]
        assert ratio == pytest.approx(one.shares_after_per_before, rel=0.08)
        around = [hours.value_rub[first - 150 : first].mean(), hours.value_rub[first : first + 150].mean()]
        assert 0.4 < around[1] / around[0] < 2.5


@pytest.mark.django_db
def test_actions_reach_the_bars_by_the_simulated_calendar(source):
    now = make.moscow("2025-11-01T17:30")
    own = SimulatorSource(config=CONFIG, as_of=now)
    wanted = ["SIM16", "SIM01"]
    ingest_instruments(source=own, secids=wanted, now=now)
    since, until = make.moscow("2025-07-01"), make.moscow("2025-10-31")
    ingest_candles(source=own, secids=wanted, since=since, until=until, now=now)
    page = own.actions(secids=wanted)
    report = actions_write(page=page, trust=())
    again = actions_write(page=page, trust=())
    assert (again.new, again.changed, len(again.rejected)) == (0, 0, len(report.rejected))
    dividend = CorporateAction.objects.get(kind="dividend")
    announced = next(
        one.announced_on for one in page.dividends if one.announced_on and one.ex_date == dividend.ex_date
    )
    assert dividend.known_at.date() == announced  # the end of that day in Moscow
    bars = bars_load(secid="SIM16", timeframe=Timeframe.H1, as_of=now)
    jumps = np.abs(np.log(bars.close[1:] / bars.close[:-1]))
    assert set(np.round(bars.split_factor, 9)) == {5.0, 0.5}
    assert jumps.max() < 0.35  # 2.3 at the split, if it were missed
    paid = bars_load(secid="SIM01", timeframe=Timeframe.H1, as_of=now)
    first = np.flatnonzero(paid.dividend_rub)
    assert first.size == 1
    assert day_of(int(paid.begin_s[first[0]] + 10_800) // 86_400) == dividend.ex_date


@pytest.mark.django_db
def test_reference_data_and_the_index_are_stored_like_real_ones(source):
    instruments_write(records=(*source.instruments(secids=SECIDS).records, *source.indices().records))
    delisted = Instrument.objects.get(secid="SIM16")
    assert (delisted.active, delisted.delisted_on) == (False, date(2026, 6, 30))
    written = (
        boards_write(page=source.boards(secids=SECIDS)),
        terms_write(page=source.terms(secids=SECIDS)),
        index_members_write(page=source.index_members()),
        index_weights_write(page=source.index_weights()),
        calendar_write(page=source.calendar(since=date(2024, 1, 1), until=date(2024, 3, 1))),
    )
    assert [report.rejected for report in written] == [()] * 5
    assert min(report.new for report in written[:4]) >= 15
    assert not CalendarDay.objects.exists()  # the simulator says nothing of the exchange's days
    for report in (
        boards_write(page=source.boards(secids=SECIDS)),
        index_weights_write(page=source.index_weights()),
    ):
        assert (report.new, report.changed) == (0, 0)


@pytest.mark.django_db
def test_simulated_news_are_never_linked_to_real_shares(source):
    """Whatever the writer makes of them: a text about SIM01 is about no share that exists."""
    make.instrument("SBER")
    instruments_write(records=source.instruments(secids=SECIDS).records)
    for page in source.news(since=make.moscow("2026-08-01"), now=NOW):
        assert page.records
        news_write(page=page, now=NOW)
    assert set(NewsLink.objects.values_list("instrument__is_simulated", flat=True)) <= {True}


def test_the_index_is_its_members_capitalisation(panel):
    basis = index_basis(CONFIG, panel)
    bars = index_hours(CONFIG, panel)
    assert bars.open[0] == 1000.0
    rng = np.random.default_rng(7)
    for row in sorted({0, 17, *rng.integers(0, len(panel), 300).tolist()}):
        level = 0.0
        for at in np.flatnonzero(basis.member[row]):
            done = np.flatnonzero(panel.traded[: row + 1, at])[-1]
            price = panel.close[done, at]
            issued = CONFIG.shares[at].issue_size_shares
            for split in panel.corporate.splits:
                if split.share == at and split.row <= row:
                    issued *= split.shares_after_per_before
                if split.share == at and done < split.row <= row:
                    price /= split.shares_after_per_before
            level += price * issued
        assert bars.close[row] == pytest.approx(level / basis.divisor[row], abs=0.0051)
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.high > np.maximum(bars.open, bars.close)).mean() > 0.8
    assert np.allclose(basis.weights_frac.sum(axis=1), 1.0)


def test_a_change_of_members_moves_no_index(panel):
    basis = index_basis(CONFIG, panel)
    bars = index_hours(CONFIG, panel)
    changed = np.flatnonzero((basis.member[1:] != basis.member[:-1]).any(axis=1)) + 1
    assert changed.size >= 4
    members = [set(np.flatnonzero(basis.member[row])) for row in (0, len(panel) - 1)]
    assert SECIDS.index("SIM12") in members[1] - members[0]
    assert SECIDS.index("SIM16") in members[0] - members[1]
    assert SECIDS.index("SIM14") not in members[0] | members[1]
    moves = np.abs(np.log(bars.open[1:] / bars.close[:-1]))
    assert moves[changed - 1].max() < 0.04
    splits = [split.row for split in panel.corporate.splits]
    assert moves[np.array(splits) - 1].max() < 0.04


def test_minutes_of_the_index_make_its_hours(panel):
    since_s, until_s = (to_epoch_s(make.moscow(day)) for day in ("2025-03-17", "2025-04-04"))
    minutes = index_minutes(CONFIG, panel, since_s=since_s, until_s=until_s)
    hours = index_hours(CONFIG, panel)
    hours = hours.take((hours.begin_s >= since_s) & (hours.begin_s < until_s))
    first = np.flatnonzero(np.diff(minutes.begin_s // 3600, prepend=-1))
    assert np.array_equal(minutes.begin_s[first], hours.begin_s)
    assert np.array_equal(minutes.open[first], hours.open)
    assert np.array_equal(np.maximum.reduceat(minutes.high, first), hours.high)
    assert np.array_equal(np.minimum.reduceat(minutes.low, first), hours.low)
    assert np.array_equal(np.add.reduceat(minutes.value_rub, first).round(2), hours.value_rub)


def test_the_index_as_a_source(source, panel):
    record = source.indices().records[0]
    assert (record.secid, record.kind, record.is_simulated) == ("SIMIDX", "index", True)
    request = CandleRequest(secid="SIMIDX", timeframe=Timeframe.D1, now=NOW)
    page = next(source.index_candles(request=request))
    assert page.board == "SNDX" and len(page.columns) > 700 and (page.columns.volume_shares == 0).all()
    with pytest.raises(InputError, match="was IMOEX"):
        next(source.index_candles(request=replace(request, secid="IMOEX")))
    members = {record.secid: record for record in source.index_members().records}
    assert members["SIM16"].member_till == date(2026, 6, 18)
    assert members["SIM12"].member_from == date(2025, 3, 21)
    assert "SIM14" not in members
    days = {}
    for record in source.index_weights().records:
        days.setdefault(record.day, []).append(record.weight_pct)
    assert len(days) == 35 and all(sum(weights) == pytest.approx(100.0) for weights in days.values())
    before = SimulatorSource(config=CONFIG, as_of=make.moscow("2025-02-01"))
    assert {record.member_till for record in before.index_members().records} == {None}
    assert "SIM12" not in {record.secid for record in before.index_members().records}
    terms = source.terms(secids=["SIM06"]).records
    assert [(one.lot_size, one.price_step_rub) for one in terms] == [(1, 0.5)]
    assert source.ticker_changes().records == ()


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_planted_faults_are_where_they_say(panel, kind):
    good = share_hours(panel, 2)
    stream = np.random.default_rng(3)
    bad, begins = plant_fault(good, kind, count=5, size=3.0, stream=stream)
    again, _ = plant_fault(good, kind, count=5, size=3.0, stream=np.random.default_rng(3))
    assert np.array_equal(bad.close, again.close)
    where = np.isin(good.begin_s, begins)
    if kind == "gap":
        assert np.array_equal(bad.begin_s, good.begin_s[~where]) and where.sum() == 5
        return
    if kind == "duplicate":
        assert len(bad) == len(good) + 5
        assert np.array_equal(np.unique(bad.begin_s, return_counts=True)[1] == 2, where)
        return
    prices = np.column_stack([bad.open, bad.high, bad.low, bad.close])
    faults = candle_faults(
        bad.begin_s, prices, bad.volume_shares, bad.value_rub, step_s=3600, now_s=to_epoch_s(NOW)
    )
    if kind == "ohlc":
        assert np.array_equal(faults > 0, where)
        return
    assert not faults.any()  # each bar is sound by itself: only its neighbours betray it
    if kind == "zero_volume":
        assert np.array_equal(bad.volume_shares == 0, where)
    if kind == "spike":
        assert np.array_equal(bad.close != good.close, where)
        assert bad.close[where] == pytest.approx(3.0 * good.close[where])
    if kind == "missed_split":
        assert begins.size == 1
        assert np.array_equal(bad.close != good.close, good.begin_s >= begins[0])


def test_faults_need_room(panel):
    few = share_hours(panel, 2).take(np.arange(4))
    stream = np.random.default_rng(1)
    for count, size in ((3, 2.0), (0, 2.0), (1, 1.0)):
        with pytest.raises(ValueError, match="count must lie"):
            plant_fault(few, "gap", count=count, size=size, stream=stream)
