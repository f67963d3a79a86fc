"""The newest rows: published once, with the bits of a whole build, whatever happens between two updates."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from features.live_rows import rows_get
from features.selectors.catalogue import feature_set_get
from features.selectors.latest import feature_rows_latest
from features.services import live
from features.services.live import LiveMarket
from features.sources.higher import HigherSource
from market.contracts import Bars, Timeframe
from market.models import Candle, CorporateAction, Instrument
from tests.features import small_market
from tests.features.conftest import store_candles
from tests.features.longer import begins_of, walk
from tests.features.longer import store as store_longer
from tests.features.small_market import SECTORS, SET, bars_of, computed, make_market
from traderai.common.clock import from_epoch_s
from traderai.common.errors import TransientError

# The mark makes pytest-django set up a database of its own before the fixture below opens it.
pytestmark = pytest.mark.django_db
AT = 14 * 85 + 5  # 15:00 Moscow on Monday 2024-05-13; with it a bar of four hours ends
WIDTH = 4 * len(feature_set_get(name=SET).columns)
BEGIN_S = bars_of("OILA").begin_s


@pytest.fixture(scope="module")
def written(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Write the market and its bars of four hours once, in a transaction that is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_market()
        for place, secid in enumerate(SECTORS):
            candles = walk(begins_of(Timeframe.H4, 900, last=small_market.LAST_DAY), seed=600 + place)
            store_longer(Instrument.objects.get(secid=secid), Timeframe.H4, candles)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def market(written: None) -> Iterator[LiveMarket]:
    """Return a fresh live market with nothing in Redis; what a test writes is taken back."""
    forget_rows()
    with transaction.atomic():
        yield LiveMarket(feature_set=SET, timeframe=Timeframe.H1, simulated=False)
        transaction.set_rollback(True)
    forget_rows()


def forget_rows() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(f"traderai:features:{feature_set_get(name=SET).key}:1h")


def end_of(bar: int) -> datetime:
    """Return when a bar of the calendar is known."""
    return from_epoch_s(int(BEGIN_S[bar])) + timedelta(hours=1)


def soon(bar: int) -> datetime:
    """Return a moment a minute before a bar ends."""
    return end_of(bar) - timedelta(minutes=1)


def share(secid: str) -> Instrument:
    return Instrument.objects.get(secid=secid)


def published() -> Mapping[str, Any]:
    return rows_get(feature_set_get(name=SET), Timeframe.H1, [*SECTORS, "LATE"])


def assert_rows(now: datetime, *, shares: int = len(SECTORS)) -> None:
    """Hold every published row against the last row that a whole build of the same moment gives."""
    whole = computed(as_of=now, since=now - timedelta(hours=1))
    rows = published()
    assert len(rows) == shares
    assert rows.keys() == {secid for secid, _ in whole}
    columns = feature_set_get(name=SET).columns
    for (secid, _), values in whole.items():
        want, got = values.whole[-WIDTH:], rows[secid].values.tobytes()
        wrong = [name for j, name in enumerate(columns) if want[4 * j : 4 * j + 4] != got[4 * j : 4 * j + 4]]
        assert wrong == [], f"{secid} differs in {wrong[:5]}"


def without_bars(secid: str, first: int, stop: int) -> None:
    """Take bars of a share away as if they had not been told yet."""
    begins = [from_epoch_s(int(begin)) for begin in BEGIN_S[first:stop]]
    assert Candle.objects.filter(instrument=share(secid), timeframe_min=60, begin__in=begins).delete()[0]


def bring_bars(secid: str, first: int, stop: int) -> None:
    store_candles(share(secid), bars_of(secid).part(first, stop))


def restated(secid: str, bar: int) -> Bars:
    bars = bars_of(secid)
    close = bars.close.copy()
    close[bar] = (bars.high[bar] + bars.low[bar]) / 2 + 0.001
    return replace(bars, close=close).part(bar, bar + 1)


def test_rows_are_published_once_and_new_bars_add_to_what_is_kept(market: LiveMarket) -> None:
    first = market.update(now=soon(AT))
    assert (first.rows, first.shares, first.reloaded, first.failed) == (5, 5, True, ())
    assert_rows(soon(AT))
    for now in (soon(AT), soon(AT) + timedelta(seconds=30)):
        again = market.update(now=now)
        assert (again.rows, again.reloaded) == (0, False)
    new = market.update(now=end_of(AT))
    assert (new.rows, new.reloaded) == (5, False)
    assert_rows(end_of(AT))
    assert {row.begin_s for row in published().values()} == {int(BEGIN_S[AT])}


def test_a_restated_newest_bar_is_published_anew(market: LiveMarket) -> None:
    market.update(now=soon(AT))
    before = published()
    store_candles(share("OILA"), restated("OILA", AT - 1))
    report = market.update(now=soon(AT) + timedelta(seconds=5))
    assert report.reloaded
    assert_rows(soon(AT))
    changed = {
        secid for secid, row in published().items() if row.values.tobytes() != before[secid].values.tobytes()
    }
    assert changed == set(SECTORS)  # the panel of the others, too


def test_a_late_bar_of_one_share_reaches_the_others(market: LiveMarket) -> None:
    without_bars("OILB", AT, AT + 1)
    market.update(now=soon(AT))
    report = market.update(now=end_of(AT))
    assert (report.rows, report.reloaded) == (4, False)
    assert_rows(end_of(AT))
    bring_bars("OILB", AT, AT + 1)
    report = market.update(now=end_of(AT) + timedelta(seconds=20))
    assert (report.rows, report.reloaded) == (5, False)
    assert_rows(end_of(AT))


def test_a_share_that_is_new_is_seen_at_once(market: LiveMarket) -> None:
    market.update(now=soon(AT))
    made = Instrument.objects.create(secid="LATE", name_ru="l", name_en="l", sector="oil_gas")
    store_candles(made, bars_of("OILA").part(AT - 5, AT + 1))
    report = market.update(now=soon(AT) + timedelta(seconds=5))
    assert (report.reloaded, report.shares) == (True, 6)
    assert_rows(soon(AT), shares=6)
    market.update(now=end_of(AT))
    assert_rows(end_of(AT), shares=6)


def test_the_first_bar_of_the_month_behind_a_hole_has_no_warm_up(market: LiveMarket) -> None:
    """After two months without a bar a share begins anew: in the store, and in the row of its first bar, too."""
    without_bars("OILC", 500, AT)
    market.update(now=soon(AT))
    assert_rows(soon(AT), shares=4)
    report = market.update(now=end_of(AT))
    assert (report.rows, report.reloaded) == (5, False)
    assert_rows(end_of(AT))


def test_the_month_turns(market: LiveMarket) -> None:
    first = int(next(at for at in range(AT) if from_epoch_s(int(BEGIN_S[at])).month == 5))
    market.update(now=end_of(first - 1))
    assert_rows(end_of(first - 1))
    night = end_of(first) - timedelta(hours=3)
    report = market.update(now=night)
    assert (report.rows, report.shares, report.reloaded) == (0, 0, True)
    assert {row.begin_s for row in published().values()} == {int(BEGIN_S[first - 1])}
    assert market.update(now=end_of(first)).rows == 5
    assert_rows(end_of(first))


def test_what_redis_has_lost_is_published_again(market: LiveMarket) -> None:
    market.update(now=soon(AT))
    forget_rows()
    report = market.update(now=soon(AT) + timedelta(seconds=5))
    assert (report.rows, report.reloaded) == (5, False)
    assert_rows(soon(AT))
    assert market.update(now=soon(AT) + timedelta(seconds=9)).rows == 0


def test_without_redis_the_rows_follow_when_it_is_back(
    market: LiveMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.update(now=soon(AT))
    with monkeypatch.context() as patch:
        patch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
        with pytest.raises(TransientError, match="Redis said"):
            market.update(now=end_of(AT))
    report = market.update(now=end_of(AT) + timedelta(seconds=5))
    assert report.rows == 5
    assert_rows(end_of(AT))


@pytest.mark.parametrize("bars", [2, 14, 70])
def test_a_gap_of_hours_and_days_is_read_anew(market: LiveMarket, bars: int) -> None:
    market.update(now=soon(AT))
    report = market.update(now=end_of(AT + bars))
    assert (report.rows, report.reloaded) == (5, True)
    assert_rows(end_of(AT + bars))


def test_a_broken_share_is_named_and_stops_no_other(market: LiveMarket) -> None:
    CorporateAction.objects.create(
        instrument=share("OILC"), kind="dividend", ex_date="2024-05-10", amount_rub=1e6, source="t",
        known_at=end_of(0),
    )  # fmt: skip
    report = market.update(now=soon(AT))
    assert [secid for secid, _ in report.failed] == ["OILC"]
    assert "dividend must be above 0 and below" in report.failed[0][1]
    assert (report.rows, published().keys()) == (4, SECTORS.keys() - {"OILC"})


def test_a_longer_bar_that_was_restated_after_the_first_update_is_joined(market: LiveMarket) -> None:
    """The newest bar of four hours is told again at the moment at which it ends."""
    market.update(now=soon(AT))
    begins = begins_of(Timeframe.H4, 900, last=small_market.LAST_DAY)
    told = walk(begins, seed=600)
    place = begins.index(end_of(AT) - timedelta(hours=8))
    changed = replace(told, close=told.close * 1.0)
    changed.close[place] = (told.high[place] + told.low[place]) / 2 + 0.01
    store_longer(share("OILA"), Timeframe.H4, changed)
    report = market.update(now=end_of(AT))
    assert (report.rows, report.reloaded) == (5, False)
    assert_rows(end_of(AT))


def test_the_comparison_sees_longer_bars_that_were_not_renewed(
    market: LiveMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HigherSource, "renewed", lambda self, scope: self)
    market.update(now=soon(AT))
    market.update(now=end_of(AT))
    with pytest.raises(AssertionError, match="differs in"):
        assert_rows(end_of(AT))


def test_the_newest_row_is_the_published_one_or_the_stores(
    market: LiveMarket, lake: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def latest(as_of: datetime) -> Mapping[str, Any]:
        return feature_rows_latest(
            feature_set=SET, timeframe=Timeframe.H1, secids=["OILA", "BNKB"], as_of=as_of
        )

    assert latest(end_of(AT)) == {}
    small_market.build(end_of(AT - 1))
    market.update(now=end_of(AT))
    whole = computed(as_of=end_of(AT), since=end_of(AT))
    rows = {"published": latest(end_of(AT)), "the store's": latest(end_of(AT) - timedelta(seconds=1))}
    assert [found["OILA"].begin_s for found in rows.values()] == [int(BEGIN_S[AT]), int(BEGIN_S[AT - 1])]
    for secid in ("OILA", "BNKB"):
        values = whole[secid, "2024-05"].whole
        assert rows["published"][secid].values.tobytes() == values[-WIDTH:]
        assert rows["the store's"][secid].values.tobytes() == values[-2 * WIDTH : -WIDTH]
    forget_rows()
    small_market.build(end_of(AT))
    assert latest(end_of(AT))["OILA"].values.tobytes() == rows["published"]["OILA"].values.tobytes()


def test_all_that_is_kept_fresh_is_updated(market: LiveMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_KEPT", {})
    reports = live.live_update(now=soon(AT))
    assert [(one.feature_set_key[:7], one.timeframe, one.rows) for one in reports] == [
        ("tech_v1", "1h", 5),
        ("tech_v1", "1h", 0),
    ]
    assert [one.rows for one in live.live_update(now=soon(AT))] == [0, 0]
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(f"traderai:features:{feature_set_get(name='tech_v1').key}:1h")


def test_one_process_publishes_at_a_time(market: LiveMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_KEPT", {})
    other = connection.copy()
    key = zlib.crc32(b"features live rows")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
            assert live.live_update(now=soon(AT)) == ()
            # by hand: the server frees it only some time after the client has closed its end
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
    finally:
        other.close()
    assert live.live_update(now=soon(AT))[0].rows == 5
