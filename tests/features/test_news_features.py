"""News are joined by the moment they were known: late ones, early events, revisions, gaps, other markets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from features.families.news import FEATURES, SPANS_MIN
from features.sources.base import BuildScope
from features.sources.news import NewsSource
from features.spec import FeatureSpec
from market.contracts import InstrumentFacts, Timeframe
from market.kernels.news_arrays import ByTarget, VerdictArrays
from market.models import NewsItem, NewsLink, NewsTrigger, RiskAlert
from market.models.news import EVENT_TYPES
from market.selectors.news import alerts_at, trigger_columns
from market.selectors.news_columns import news_read_moments
from tests.features.news_world import (
    AS_OF,
    BARS,
    BEGIN,
    DAYS,
    NAMES,
    Maker,
    alert,
    busy_market,
    columns_of,
    empty_market,
    item,
    quiet_flow,
    real_shares,
    share,
    verdict,
)
from traderai.common.arrays import F64
from traderai.common.clock import from_epoch_s, to_epoch_s

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
ROW = 300  # a bar in the middle, weeks after the first news
KNOWN = from_epoch_s(int(BARS.known_s[ROW]))
Shares = dict[str, InstrumentFacts]


@pytest.fixture
def quiet() -> Shares:
    """A market that is told of every six hours, and nothing of these shares."""
    shares = empty_market()
    quiet_flow()
    return shares


def column(found: F64, name: str) -> F64:
    return found[:, NAMES.index(name)]


def changed_rows(before: dict[str, F64], after: dict[str, F64]) -> dict[str, list[int]]:
    """Name by ticker the rows of which any bit differs."""
    return {
        secid: np.flatnonzero(
            (before[secid].view(np.int64) != after[secid].view(np.int64)).any(axis=1)
        ).tolist()
        for secid in before
    }


def nowhere(shares: Shares) -> dict[str, list[int]]:
    return {secid: [] for secid in shares}


def test_the_catalogue_lists_a_column_for_every_type_span_and_scope() -> None:
    for event in EVENT_TYPES:
        wanted = {f"news_event_type_{event}"}
        wanted |= {
            f"news_{event}_{sign}_{what}_1440" for sign in ("bull", "bear") for what in ("sum", "count")
        }
        assert wanted <= set(NAMES)
        codes = {spec.parameters["event"] for spec in FEATURES if f"news_{event}_bull" in spec.name}
        assert codes == {EVENT_TYPES.index(event)}
    for prefix in ("news", "news_sector", "news_market"):
        assert {f"{prefix}_sum_{span}" for span in SPANS_MIN} <= set(NAMES)


def test_no_news_of_a_share_is_zero_where_news_flow_and_unknown_where_they_do_not(quiet: Shares) -> None:
    found = columns_of(quiet)["LKOH"]
    first_known = BEGIN + 12 * HOUR + timedelta(minutes=1440)  # the third text, and the span of the column
    day = (BARS.known_s >= to_epoch_s(first_known)) & (
        BARS.known_s < to_epoch_s(BEGIN + timedelta(days=DAYS))
    )
    hour = (BARS.known_s >= to_epoch_s(BEGIN + 13 * HOUR)) & (
        BARS.known_s < to_epoch_s(BEGIN + timedelta(days=DAYS))
    )
    np.testing.assert_array_equal(np.isnan(column(found, "news_sum_1440")), ~day)
    np.testing.assert_array_equal(np.isnan(column(found, "news_sum_60")), ~hour)
    assert not (day & ~hour).any()
    assert (column(found, "news_sum_1440")[day] == 0.0).all()
    assert (column(found, "news_embedding_07")[day] == 0.0).all()
    month = BARS.known_s >= to_epoch_s(first_known + timedelta(days=30))
    np.testing.assert_array_equal(np.isnan(column(found, "news_market_intensity_1440")), ~(day & month))
    assert column(found, "news_market_intensity_1440")[day & month].tolist() == [1.0] * int(
        (day & month).sum()
    )


def test_values_are_unknown_in_a_gap_and_until_it_lies_before_the_span(quiet: Shares) -> None:
    begin, end = KNOWN, KNOWN + timedelta(days=8)
    gone = NewsItem.objects.filter(known_at__gt=begin, known_at__lt=end)
    last = NewsItem.objects.filter(known_at__lte=begin).order_by("-known_at")[2].known_at
    again = NewsItem.objects.filter(known_at__gte=end).order_by("known_at")[2].known_at
    gone.delete()
    unknown = np.isnan(column(columns_of(quiet)["LKOH"], "news_sum_60"))
    flow_ends, flow_begins = to_epoch_s(last + timedelta(days=3)), to_epoch_s(again + HOUR)
    inside = (BARS.known_s >= flow_ends) & (BARS.known_s < flow_begins)
    assert inside.sum() > 20
    np.testing.assert_array_equal(unknown[250:450], inside[250:450])


def test_texts_that_no_scorer_has_read_tell_how_many_there_are_and_nothing_else(quiet: Shares) -> None:
    NewsTrigger.objects.all().delete()
    found = columns_of(quiet)["LKOH"]
    known = {name for j, name in enumerate(NAMES) if np.isfinite(found[:, j]).any()}
    assert known == {"news_market_intensity_60", "news_market_intensity_1440"}


def test_nothing_stored_is_nothing_known() -> None:
    found = columns_of(empty_market())
    assert all(np.isnan(values).all() for values in found.values())


def test_a_share_without_a_known_sector_has_no_sector_columns(quiet: Shares) -> None:
    found = columns_of(quiet)
    for j, name in enumerate(NAMES):
        is_known = bool(np.isfinite(found["NOSE"][:, j]).any())
        assert is_known == ("sector" not in name)
        assert np.isfinite(found["SBER"][:, j]).any()


# By the moment it was known


def plant(
    secid: str, known_at: datetime, *, at: datetime, text: str = "дивиденды", **changed: Any
) -> NewsItem:
    """Store a text with a link and a verdict."""
    target = {"instrument": NewsTrigger._meta.get_field("instrument").related_model.objects.get(secid=secid)}
    one = item(known_at, text=text, late_h=(known_at - at) / HOUR)
    NewsLink.objects.create(item=one, **target)
    verdict(one, known_at, at=at, **{**target, **changed})
    return one


class ByEventTime(NewsSource):
    """The leak: verdicts count from when the news were published."""

    def __init__(self, scope: BuildScope, specs: tuple[FeatureSpec, ...]) -> None:
        super().__init__(scope, specs)
        rows = NewsTrigger.objects.filter(instrument__isnull=False, score__gt=0).order_by("at")
        self._verdicts = ByTarget(
            instruments={
                facts.id: VerdictArrays(
                    known_s=np.array([to_epoch_s(row.at) for row in own], dtype=np.int64),
                    score=np.array([row.score for row in own]),
                    direction=np.array([row.direction for row in own], dtype=np.int8),
                    event_code=np.array([EVENT_TYPES.index(row.event_type) for row in own], dtype=np.int8),
                )
                for facts in scope.universe
                if (own := [row for row in rows if row.instrument_id == facts.id])
            },
            sectors=self._verdicts.sectors,
            market=self._verdicts.market,
        )


def assert_counts_from_when_it_was_known(shares: Shares, source: Maker) -> None:
    """Fail if a verdict on an earlier event shows before it was known."""
    before = columns_of(shares, source=source)
    plant("LKOH", KNOWN + HOUR, at=KNOWN - 5 * HOUR)
    after = columns_of(shares, source=source)
    changed = changed_rows(before, after)["LKOH"]
    assert changed, "the planted news show nowhere"
    assert from_epoch_s(int(BARS.known_s[min(changed)])) >= KNOWN + HOUR, "the planted news show before known"
    for name in ("news_sum_60", "news_trigger_score", "news_event_type_report", "news_bull_count_1440"):
        assert column(after["LKOH"], name)[min(changed)] > 0


def test_news_of_an_earlier_event_show_from_when_they_were_known(quiet: Shares) -> None:
    assert_counts_from_when_it_was_known(quiet, NewsSource)


def test_news_by_event_time_are_caught(quiet: Shares) -> None:
    with pytest.raises(AssertionError, match="before known"):
        assert_counts_from_when_it_was_known(quiet, ByEventTime)


def test_late_news_change_exactly_what_was_computed_from_their_known_time_on(quiet: Shares) -> None:
    """They are stored long after, and known in the middle: a day of this share, a month of the market's count."""
    before = columns_of(quiet)
    known_at = KNOWN - timedelta(minutes=20)
    plant("LKOH", known_at, at=known_at - HOUR)
    after = columns_of(quiet)
    reached = (BARS.known_s >= to_epoch_s(known_at)) & (BARS.known_s < to_epoch_s(known_at) + 86_400)
    share_columns = [j for j, name in enumerate(NAMES) if "_market_" not in name]
    own = {secid: np.ascontiguousarray(values[:, share_columns]) for secid, values in before.items()}
    new = {secid: np.ascontiguousarray(values[:, share_columns]) for secid, values in after.items()}
    changed = changed_rows(own, new)
    assert changed == {**nowhere(quiet), "LKOH": np.flatnonzero(reached).tolist()}
    everywhere = changed_rows(before, after)
    assert min(everywhere["SBER"]) >= ROW
    last_s = int(BARS.known_s[max(everywhere["SBER"])])
    assert last_s < to_epoch_s(known_at + timedelta(days=32))


def test_an_earlier_as_of_gives_the_same_bits_up_to_it() -> None:
    shares = real_shares(busy_market())
    whole = columns_of(shares)
    for row in (120, 300, 301, 555):
        part = columns_of(shares, BARS.cut(row + 1), as_of=from_epoch_s(int(BARS.known_s[row])))
        for secid in shares:
            assert part[secid].tobytes() == np.ascontiguousarray(whole[secid][: row + 1]).tobytes()


def test_bars_after_the_moment_asked_about_see_what_was_known_at_it(quiet: Shares) -> None:
    before = columns_of(quiet, as_of=KNOWN - HOUR)
    one = plant("LKOH", KNOWN, at=KNOWN)
    verdict(one, KNOWN, is_market=True)
    verdict(None, KNOWN, sector="oil_gas")
    alert(KNOWN, hours=30, severity="info", instrument_id=quiet["LKOH"].id)
    assert changed_rows(before, columns_of(quiet, as_of=KNOWN - HOUR)) == nowhere(quiet)
    assert changed_rows(before, columns_of(quiet, as_of=KNOWN))["LKOH"]


def test_whatever_is_stored_later_about_later_moments_changes_nothing_before(quiet: Shares) -> None:
    plant("LKOH", KNOWN - HOUR, at=KNOWN - HOUR)
    before = columns_of(quiet)
    later = KNOWN + timedelta(seconds=1)
    for hours in range(0, 200, 3):
        one = plant("LKOH", later + hours * HOUR, at=KNOWN - 3 * HOUR, direction=-1, event_type="accident")
        verdict(one, one.known_at, sector="oil_gas", direction=-1)
        verdict(one, one.known_at, is_market=True)
        alert(later + hours * HOUR, hours=9, severity="critical", is_market=True)
    RiskAlert.objects.update(starts_at=KNOWN - timedelta(days=9))  # begun before it was known
    after = columns_of(quiet)
    for secid, rows in changed_rows(before, after).items():
        assert min(rows) == ROW + 1, secid


def test_a_revised_text_has_been_known_twice(quiet: Shares) -> None:
    one = plant("LKOH", KNOWN - 2 * HOUR, at=KNOWN - 2 * HOUR)
    before = columns_of(quiet)["LKOH"]
    # A feed revised the text; the scorer read it anew and its verdict on the first reading stays.
    NewsItem.objects.filter(pk=one.pk).update(known_at=KNOWN + HOUR, title="дивидендов не будет")
    again = {"instrument_id": quiet["LKOH"].id, "direction": -1, "score": 40.0, "event_type": "dividends"}
    verdict(one, KNOWN + HOUR, **again)
    after = columns_of(quiet)["LKOH"]
    for name in ("news_sum_240", "news_bull_count_1440", "news_market_intensity_60"):
        np.testing.assert_array_equal(column(before, name)[: ROW + 1], column(after, name)[: ROW + 1])
    assert column(after, "news_dividends_bear_count_1440")[ROW : ROW + 2].tolist() == [0.0, 1.0]
    assert column(after, "news_bull_count_1440")[ROW + 1] == 1.0


def test_a_verdict_known_within_a_second_counts_from_the_next_one(quiet: Shares) -> None:
    plant("LKOH", KNOWN - HOUR + timedelta(microseconds=1), at=KNOWN - 2 * HOUR)
    found = column(columns_of(quiet)["LKOH"], "news_bull_count_1440")
    assert found[ROW - 1 : ROW + 1].tolist() == [0.0, 1.0]


# Who counts


def test_only_the_configured_scorers_count_and_a_pushed_verdict_needs_no_text(quiet: Shares) -> None:
    target = {"instrument_id": quiet["LKOH"].id}
    verdict(None, KNOWN, scorer="stranger", score=90.0, **target)
    assert column(columns_of(quiet)["LKOH"], "news_trigger_score")[ROW] == 0.0
    verdict(None, KNOWN, score=70.0, **target)
    found = columns_of(quiet)
    assert column(found["LKOH"], "news_trigger_score")[ROW - 1 : ROW + 1].tolist() == [0.0, 70.0]
    assert column(found["ROSN"], "news_trigger_score")[ROW] == 0.0


def test_a_sector_and_the_market_count_for_each_of_their_shares_and_apart(quiet: Shares) -> None:
    verdict(None, KNOWN, score=60.0, sector="oil_gas", direction=-1)
    verdict(None, KNOWN, score=30.0, is_market=True)
    found = columns_of(quiet)
    seen = {
        secid: tuple(
            float(column(found[secid], f"{prefix}_sum_60")[ROW])
            for prefix in ("news", "news_sector", "news_market")
        )
        for secid in ("LKOH", "ROSN", "SBER")
    }
    assert seen == {"LKOH": (0.0, 0.6, 0.3), "ROSN": (0.0, 0.6, 0.3), "SBER": (0.0, 0.0, 0.3)}


def test_the_simulated_market_and_the_real_one_do_not_hear_each_other(quiet: Shares) -> None:
    simulated = {"SIMA": share("SIMA", "oil_gas", simulated=True)}
    quiet_flow(begin=BEGIN + timedelta(days=2), source="simulator")
    alone = columns_of(quiet), columns_of(simulated)
    one = item(KNOWN, source="simulator")
    verdict(one, KNOWN, instrument_id=simulated["SIMA"].id)
    verdict(None, KNOWN, instrument_id=simulated["SIMA"].id)
    alert(KNOWN, hours=5, severity="info", instrument_id=simulated["SIMA"].id)
    assert changed_rows(alone[0], columns_of(quiet)) == nowhere(quiet)
    assert column(columns_of(simulated)["SIMA"], "news_bull_count_1440")[ROW] == 2.0
    told = columns_of(simulated)
    for target in ({"sector": "oil_gas"}, {"is_market": True}, {"instrument_id": quiet["LKOH"].id}):
        verdict(item(KNOWN), KNOWN, **target)
        verdict(None, KNOWN, **target)
        alert(KNOWN, hours=5, severity="critical", **target)
    assert changed_rows(told, columns_of(simulated)) == {"SIMA": []}
    assert column(columns_of(quiet)["LKOH"], "news_market_bull_count_1440")[ROW] == 2.0
    assert column(columns_of(quiet)["LKOH"], "news_sector_alert_severity")[ROW] == 3.0


def test_a_verdict_pushed_on_a_share_is_read_in_its_own_market_alone() -> None:
    shares = empty_market() | {"SIMA": share("SIMA", simulated=True)}
    for seconds, secid in enumerate(("SIMA", "LKOH", "LKOH")):
        verdict(None, KNOWN + timedelta(seconds=seconds), instrument_id=shares[secid].id)
    verdict(None, KNOWN + timedelta(seconds=3), is_market=True)
    verdict(None, KNOWN + timedelta(seconds=4), sector="oil_gas")

    def read(*, simulated: bool) -> list[int]:
        known_s = to_epoch_s(KNOWN)
        span = {"since_s": known_s - 1, "until_s": known_s + 60, "as_of": AS_OF}
        return (news_read_moments(**span, simulated=simulated) - known_s).tolist()

    assert (read(simulated=True), read(simulated=False)) == ([0], [1, 2, 3, 4])


def test_an_old_alert_of_staff_is_in_force_until_it_ends(quiet: Shares) -> None:
    begun = BEGIN - timedelta(days=400)
    alert(begun, hours=None, severity="warning", instrument_id=quiet["LKOH"].id)
    ended = alert(begun, hours=None, severity="critical", instrument_id=quiet["LKOH"].id)
    RiskAlert.objects.filter(pk=ended.pk).update(ends_at=KNOWN)
    found = columns_of(quiet)["LKOH"]
    assert column(found, "news_alert_severity")[ROW - 1 : ROW + 1].tolist() == [3.0, 2.0]
    assert column(found, "news_alerts_active")[ROW - 1 : ROW + 1].tolist() == [2.0, 1.0]
    assert column(found, "news_alert_count_1440")[ROW] == 0.0


def test_columns_agree_with_what_the_selectors_tell_of_one_moment() -> None:
    shares = real_shares(busy_market())
    found = columns_of(shares)["LKOH"]
    rows = np.flatnonzero(np.isfinite(column(found, "news_trigger_score")))
    told = trigger_columns(secid="LKOH", moments_s=BARS.known_s[rows], window=timedelta(days=1), as_of=AS_OF)
    np.testing.assert_array_equal(column(found, "news_trigger_score")[rows], told.score)
    np.testing.assert_array_equal(column(found, "news_direction")[rows], told.direction)
    for row in rows[::40]:
        now = alerts_at(secid="LKOH", as_of=from_epoch_s(int(BARS.known_s[row])))
        assert column(found, "news_alerts_active")[row] == sum(one.scope == "instrument" for one in now)
        assert column(found, "news_market_alerts_active")[row] == sum(one.scope == "market" for one in now)


# Months


def test_a_month_built_alone_has_the_same_bits() -> None:
    shares = busy_market()
    for group in (real_shares(shares), {"SIMA": shares["SIMA"]}):
        whole, at = columns_of(group), 0
        for month in range(3):
            alone = columns_of(group, months=slice(month, month + 1))
            for secid, values in alone.items():
                assert values.tobytes() == whole[secid][at : at + len(values)].tobytes()
            at += len(values)
        assert at == len(BARS)
        for secid, facts in group.items():
            assert columns_of({secid: facts})[secid].tobytes() == whole[secid].tobytes()


def test_a_build_asks_the_database_as_often_for_many_shares_and_months_as_for_one(
    quiet: Shares, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_max_num_queries(7):
        columns_of(quiet)
    with django_assert_max_num_queries(7):
        columns_of({"LKOH": quiet["LKOH"]}, months=slice(0, 1))


@pytest.mark.parametrize("timeframe", [Timeframe.D1, Timeframe.W1])
def test_a_long_bar_reads_the_news_up_to_its_end(quiet: Shares, timeframe: Timeframe) -> None:
    """A bar is known at its end, in the month after it where it is the month's last."""
    length = timedelta(minutes=timeframe.minutes)
    end = (
        datetime(2024, 2, 29, 21, tzinfo=UTC)
        if timeframe is Timeframe.D1
        else datetime(2024, 3, 3, 21, tzinfo=UTC)
    )
    begins = [to_epoch_s(end - (back + 1) * length) for back in range(3, -1, -1)]
    bars = replace(BARS.cut(4), begin_s=np.array(begins, dtype=np.int64), timeframe=timeframe)
    plant("LKOH", end - timedelta(minutes=1), at=end - HOUR)
    found = column(columns_of(quiet, bars)["LKOH"], "news_bull_count_1440")
    assert found.tolist()[-2:] == [0.0, 1.0]
