"""What is restated or comes late rebuilds exactly the months that depend on it: all of full_v1, all that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pytest
from django.db import transaction
from django.test import override_settings

from features.kernels.engine import month_slices
from features.models import FeatureSnapshot, RegimeHistory
from features.selectors.catalogue import feature_set_get
from features.services import months
from market.contracts import Timeframe
from market.models import CorporateAction, Instrument, MacroSeries, MacroValue, NewsTrigger, TradeStatistic
from tests.features import companies, news_world
from tests.features.conftest import store_candles
from tests.features.longer import store as store_longer
from tests.features.longer import walk
from tests.features.small_market import (
    DAYS,
    NOW,
    SECTORS,
    SET,
    Place,
    Values,
    bars_of,
    build,
    computed,
    make_market,
    snapshots,
    stored_values,
)
from tests.market.make import moscow
from traderai.common.clock import from_epoch_s

# The mark makes pytest-django set up a database of its own before the fixture below opens it.
pytestmark = pytest.mark.django_db
MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04", "2024-05")
OIL = {"OILA", "OILB", "OILC"}
BANKS = {"BNKA", "BNKB"}
ALL = OIL | BANKS
# The panel reads so many rows of its grid before a month.
PANEL_ROWS = 300


@pytest.fixture(scope="module")
def market(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[dict[Place, Values]]:
    """Write and build the market once, in a transaction that is taken back; return what was computed."""
    lake = tmp_path_factory.mktemp("lake")
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(LAKE_URL=f"file://{lake}"):
        make_market()
        report = build()
        assert (report.failed, report.months_built) == ((), len(MONTHS) * len(SECTORS))
        yield computed()
        transaction.set_rollback(True)


@contextmanager
def taken_back() -> Iterator[None]:
    """Undo what is done to the database inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Change(NamedTuple):
    """What is changed, whose months must follow, and which may."""

    make: Callable[[], object]
    must: set[str]  # shares of which `first` must be rebuilt
    may: set[str]  # shares of which anything may be
    first: str  # the first month that may be rebuilt
    last: str  # the last one
    reads_own_bars: str = ""  # the share whose own bars were changed


def share(secid: str) -> Instrument:
    return Instrument.objects.get(secid=secid)


AT_BAR = 700  # 2024-03-25 10:00 Moscow


def restate_candle() -> None:
    bars = bars_of("OILA")
    close = bars.close.copy()
    close[AT_BAR] = (bars.high[AT_BAR] + bars.low[AT_BAR]) / 2 + 0.001
    store_candles(share("OILA"), replace(bars, close=close))


def bring_late_news() -> None:
    known_at = moscow("2024-03-12 12:20")
    one = news_world.item(known_at, text="акция санкции")
    news_world.verdict(
        one, known_at, instrument=share("OILA"), score=95.0, direction=-1, event_type="sanctions"
    )


def bring_late_market_news() -> None:
    known_at = moscow("2024-03-12 12:20")
    news_world.verdict(news_world.item(known_at), known_at, is_market=True, score=90.0, direction=-1)


def rate_news_again() -> None:
    about = NewsTrigger.objects.filter(instrument=share("BNKB"), known_at__gte=moscow("2024-04-20")).first()
    assert about is not None
    assert about.known_at < moscow("2024-04-25")
    NewsTrigger.objects.filter(pk=about.pk).update(score=99.0, direction=-1)


def bring_late_report() -> None:
    companies.figure(share("OILB"), "profit", "2023Q4", 9e8, moscow("2024-03-06 10:00"))


def announce_dividend() -> None:
    CorporateAction.objects.create(
        instrument=share("OILC"), kind="dividend", ex_date=date(2024, 3, 25), amount_rub=11.0, source="t",
        known_at=moscow("2024-02-14 12:00"),
    )  # fmt: skip


def restate_index() -> None:
    store_longer(Instrument.objects.get(secid="IMOEX"), Timeframe.D1, restated_day(500, 3_000.0))


def restate_day() -> None:
    store_longer(share("BNKA"), Timeframe.D1, restated_day(303, 250.0))


def restated_day(seed: int, level: float) -> Any:
    days = walk(DAYS, seed=seed, level=level)
    place = DAYS.index(moscow("2024-03-13"))
    days.close[place] = (days.high[place] + days.low[place]) / 2 + 0.01
    return days


def tell_regime_anew() -> None:
    even = dict.fromkeys(("uptrend", "downtrend", "flat", "panic", "euphoria", "news_storm"), 1 / 6)
    RegimeHistory.objects.filter(scope="finance", trading_day="2024-03-13").update(probabilities=even)


def restate_flow() -> None:
    TradeStatistic.objects.filter(begin=moscow("2024-04-10 12:05")).update(imbalance=1.0, trades=5_000)


def raise_key_rate() -> None:
    MacroValue.objects.create(
        series=MacroSeries.objects.get(code="key_rate"), date=date(2024, 3, 25), value=21.0, source="t",
        known_at=moscow("2024-03-22 13:00"),
    )  # fmt: skip


CHANGES = {
    "a restated candle": Change(restate_candle, ALL, ALL, "2024-03", "2024-05", "OILA"),
    "late news of a share": Change(bring_late_news, OIL, ALL, "2024-03", "2024-04"),
    "late news of the market": Change(bring_late_market_news, ALL, ALL, "2024-03", "2024-04"),
    "news that is rated anew": Change(rate_news_again, {"BNKB"}, {"BNKB"}, "2024-04", "2024-04"),
    "a late report": Change(bring_late_report, {"OILB"}, ALL, "2024-03", "2024-05"),
    "a dividend": Change(announce_dividend, {"OILC"}, ALL, "2024-02", "2024-05", "OILC"),
    "a restated day of the index": Change(restate_index, ALL, ALL, "2024-03", "2024-05"),
    "a restated day of a share": Change(restate_day, {"BNKA"}, ALL, "2024-03", "2024-05"),
    "another regime of a sector": Change(tell_regime_anew, BANKS, BANKS, "2024-03", "2024-03"),
    "restated order flow": Change(restate_flow, {"OILA"}, {"OILA"}, "2024-04", "2024-05"),
    "another key rate": Change(raise_key_rate, ALL, ALL, "2024-03", "2024-05"),
}


def months_reading(bar: int) -> set[str]:
    """Return the months of whose own bars or warm-up a bar is one."""
    slices = month_slices(bars_of("OILA").begin_s, warmup_bars=feature_set_get(name=SET).warmup_bars)
    return {one.month for one in slices if one.warmup_start <= bar < one.stop}


def rebuilt_since(before: dict[Place, FeatureSnapshot]) -> set[Place]:
    return {
        place
        for place, row in snapshots().items()
        if (row.file_key, row.built_at) != (before[place].file_key, before[place].built_at)
    }


def unequal(one: dict[Place, Values], other: dict[Place, Values], what: str) -> set[Place]:
    assert one.keys() == other.keys()
    return {place for place in one if getattr(one[place], what) != getattr(other[place], what)}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_rebuilds_exactly_what_depends_on_it(market: dict[Place, Values], change: Change) -> None:
    before = snapshots()
    with taken_back():
        change.make()
        now = computed()
        report = build(NOW + timedelta(minutes=1))
        rebuilt = rebuilt_since(before)
        joined = unequal(now, market, "joined")
        own = {(change.reads_own_bars, month) for month in months_reading(AT_BAR) if change.reads_own_bars}
        assert rebuilt == joined | own
        assert unequal(now, market, "whole") <= rebuilt
        assert report.failed == ()
        assert (report.months_built, report.months_unchanged) == (len(rebuilt), len(before) - len(rebuilt))
        assert {(secid, change.first) for secid in change.must} <= rebuilt
        assert {secid for secid, _ in rebuilt} <= change.may
        assert {month for _, month in rebuilt} <= {m for m in MONTHS if change.first <= m <= change.last}
        # What was not rebuilt lies in the files of before, which another test reads.
        assert stored_values(rebuilt) == {place: now[place].whole for place in rebuilt}
        assert build(NOW + timedelta(minutes=2)).months_built == 0


def test_the_bar_of_the_changes_is_read_by_some_months_only() -> None:
    bars = bars_of("OILA")
    assert from_epoch_s(int(bars.begin_s[AT_BAR])) == moscow("2024-03-25 10:00")
    assert months_reading(AT_BAR) == {"2024-03", "2024-04", "2024-05"}


def test_a_restated_candle_of_another_share_is_read_by_the_panel_only(market: dict[Place, Values]) -> None:
    """The first candle of all: the first months of the others, as far as the panel's grid reaches back."""
    before = snapshots()
    with taken_back():
        bars = bars_of("OILA")
        close = bars.close.copy()
        close[0] = (bars.high[0] + bars.low[0]) / 2 + 0.001
        store_candles(share("OILA"), replace(bars, close=close))
        build(NOW + timedelta(minutes=1))
        rebuilt = rebuilt_since(before)
    slices = month_slices(bars.begin_s, warmup_bars=PANEL_ROWS)
    panel = {one.month for one in slices if one.warmup_start == 0}
    assert {month for secid, month in rebuilt if secid == "OILA"} == months_reading(0)
    for secid in ALL - {"OILA"}:
        months = {month for one, month in rebuilt if one == secid}
        assert {"2024-01"} <= months <= panel < months_reading(0)


def test_without_a_change_nothing_is_written(market: dict[Place, Values]) -> None:
    before = snapshots()
    with taken_back():
        report = build(NOW + timedelta(days=2))
        assert (report.months_built, report.rows, report.months_unchanged) == (0, 0, len(before))
        assert rebuilt_since(before) == set()
        assert stored_values() == {place: values.whole for place, values in market.items()}


def test_a_build_in_pieces_writes_the_files_of_one_build(
    market: dict[Place, Values], monkeypatch: pytest.MonkeyPatch
) -> None:
    want = files()
    pieces: list[dict[str, Any]] = [
        {"since": moscow("2024-05-20")},
        {"secids": ("OILB", "BNKA")},
        {"secids": ("OILA",), "since": moscow("2024-04-01")},
        {},
    ]
    with taken_back():
        FeatureSnapshot.objects.all().delete()
        built = []
        for piece in pieces:
            built.append(build(**piece).months_built)
            assert files().items() <= want.items()
        assert (built, files()) == ([5, 8, 1, 11], want)
    with taken_back():
        FeatureSnapshot.objects.all().delete()
        monkeypatch.setattr(months, "CHUNK_BARS_MAX", 1)  # each month is read for itself
        assert (build().months_built, files()) == (25, want)


def files() -> dict[Place, str]:
    return {place: row.file_key for place, row in snapshots().items()}


def test_a_share_that_is_new_rebuilds_the_others_where_it_has_bars(market: dict[Place, Values]) -> None:
    before = files()
    with taken_back():
        made = Instrument.objects.create(secid="NEWS", name_ru="n", name_en="n", sector="oil_gas")
        bars = bars_of("OILA")
        first = int(np.searchsorted(bars.begin_s, int(moscow("2024-05-06").timestamp())))
        store_candles(made, bars.part(first, len(bars)))
        report = build(NOW + timedelta(minutes=1))
        rebuilt = {place for place, key in files().items() if place not in before or key != before[place]}
        assert rebuilt == {(secid, "2024-05") for secid in (*SECTORS, "NEWS")}
        assert report.failed == ()
        assert snapshots()["NEWS", "2024-05"].rows == len(bars) - first


def test_the_check_sees_a_month_that_was_not_rebuilt(
    market: dict[Place, Values], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fingerprint of own bars alone leaves the panel of the others as it was: the comparison must say so."""
    from features.services import month_columns

    honest = month_columns.inputs_fingerprint
    monkeypatch.setattr(
        month_columns, "inputs_fingerprint", lambda bars, place, joined: honest(bars, place, None)
    )
    with taken_back():
        build(NOW)
        with pytest.raises(AssertionError):
            test_a_change_rebuilds_exactly_what_depends_on_it(market, CHANGES["late news of a share"])
