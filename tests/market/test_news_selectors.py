"""News, verdicts and alerts as they were known at a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.contracts import InstrumentFacts, TriggerColumns
from market.kernels.news_windows import strongest_in_window
from market.models import NewsTrigger, RiskAlert
from market.models.news import EVENT_TYPES
from market.selectors.news import alerts_at, news_list, trigger_columns, triggers_at
from market.services.news_write import news_write
from market.sources.records import NewsRecord, RecordPage
from tests.market.make import instrument
from traderai.common.clock import to_epoch_s
from traderai.common.errors import NotFoundError

AT = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def lukoil(db: None) -> InstrumentFacts:
    return instrument("LKOH", sector="oil_gas")


def trigger(hours: float, score: float, **changed: object) -> NewsTrigger:
    at = AT + hours * HOUR
    values = {"at": at, "known_at": at, "direction": 1, "event_type": "report", "scorer": "rules"}
    values |= {"scorer_version": "1", "external_id": f"{hours} {score} {changed}", "score": score}
    return NewsTrigger.objects.create(**{**values, **changed})


def moments(*hours: float) -> np.ndarray:
    return np.array([to_epoch_s(AT + hour * HOUR) for hour in hours], dtype=np.int64)


def test_verdicts_in_force_on_a_share_its_sector_and_the_market(lukoil: InstrumentFacts):
    other = instrument("SBER", sector="finance")
    trigger(0, 50.0, instrument_id=lukoil.id)
    trigger(1, 70.0, sector="oil_gas", direction=-1)
    trigger(2, 60.0, is_market=True)
    trigger(2, 99.0, sector="finance")
    trigger(2, 99.0, instrument_id=other.id)
    trigger(2, 99.0, instrument_id=lukoil.id, scorer="stranger")
    trigger(2, 0.0, is_market=True)

    def seen(hours: float, window: float = 24) -> list[tuple[str, float]]:
        found = triggers_at(secid="LKOH", as_of=AT + hours * HOUR, window=window * HOUR)
        return [(one.scope, one.score) for one in found]

    assert seen(2) == [("sector", 70.0), ("market", 60.0), ("instrument", 50.0)]
    assert seen(0.99) == [("instrument", 50.0)]
    assert seen(2, window=1.5) == [("sector", 70.0), ("market", 60.0)]
    assert seen(-1) == []
    assert (
        triggers_at(secid="LKOH", as_of=AT + 2 * HOUR, window=HOUR * 3, scorers=("stranger",))[0].score
        == 99.0
    )
    with pytest.raises(NotFoundError):
        triggers_at(secid="NOPE", as_of=AT, window=HOUR)


def columns(hours: np.ndarray, as_of_h: float = 1e4, scope: str = "instrument") -> TriggerColumns:
    return trigger_columns(
        secid="LKOH", moments_s=hours, window=6 * HOUR, as_of=AT + as_of_h * HOUR, scope=scope
    )


def test_columns_give_the_strongest_in_the_window_and_its_age(lukoil: InstrumentFacts):
    trigger(0, 50.0, instrument_id=lukoil.id)
    trigger(2, 30.0, instrument_id=lukoil.id, direction=-1, event_type="accident")
    found = columns(moments(-1, 0, 1, 3, 5.9, 6.1, 9))
    assert found.score.tolist() == [0, 50, 50, 50, 50, 30, 0]
    assert found.direction.tolist() == [0, 1, 1, 1, 1, -1, 0]
    codes = [-1 if code < 0 else EVENT_TYPES[code] for code in found.event_code]
    assert codes == [-1, "report", "report", "report", "report", "accident", -1]
    np.testing.assert_allclose(found.age_s / 3600, [np.nan, 0, 1, 3, 5.9, 4.1, np.nan])
    assert columns(moments(1), scope="market").score.tolist() == [0]
    assert columns(moments(1), scope="sector").score.tolist() == [0]
    assert columns(moments()).score.shape == (0,)


def test_columns_know_nothing_that_became_known_later(lukoil: InstrumentFacts):
    for hour in range(12):
        trigger(hour, 10.0 + (hour * 7) % 60, instrument_id=lukoil.id, direction=(hour % 3) - 1)
    grid = moments(*np.arange(0, 14, 0.5))
    whole = columns(grid)
    for cut in (0, 5, 13, 27):
        part = columns(grid[: cut + 1], as_of_h=cut / 2)
        np.testing.assert_array_equal(part.score, whole.score[: cut + 1])
        np.testing.assert_array_equal(part.age_s, whole.age_s[: cut + 1])
    # News of an earlier day that came late count from when they were known.
    before = columns(moments(3)).score[0]
    trigger(0, 99.0, instrument_id=lukoil.id, known_at=AT + 4 * HOUR, external_id="late")
    assert columns(moments(3)).score[0] == before
    assert columns(moments(4)).score[0] == 99.0


def test_columns_agree_with_the_list(lukoil: InstrumentFacts):
    for hour in range(8):
        trigger(hour * 0.7, 5.0 + (hour * 13) % 40, instrument_id=lukoil.id)
    for hour in np.arange(0, 12, 0.9):
        listed = [
            one.score
            for one in triggers_at(secid="LKOH", as_of=AT + float(hour) * HOUR, window=6 * HOUR)
            if one.scope == "instrument"
        ]
        assert columns(moments(float(hour))).score[0] == max(listed, default=0.0)


def test_a_verdict_known_within_a_second_counts_from_the_next_one(lukoil: InstrumentFacts):
    trigger(0, 50.0, instrument_id=lukoil.id, known_at=AT + timedelta(milliseconds=500))
    assert columns(np.array([to_epoch_s(AT), to_epoch_s(AT) + 1])).score.tolist() == [0, 50]


def test_columns_ask_the_database_once_however_many_moments(
    lukoil: InstrumentFacts, django_assert_max_num_queries
):
    with django_assert_max_num_queries(2):
        columns(moments(*range(500)))


def test_alerts_in_force(lukoil: InstrumentFacts):
    base = {"cause": "c", "source": "s", "starts_at": AT, "known_at": AT}
    RiskAlert.objects.create(**base, instrument_id=lukoil.id, severity="warning", ends_at=AT + HOUR)
    RiskAlert.objects.create(**base, sector="oil_gas", severity="critical")
    RiskAlert.objects.create(**base, sector="finance", severity="critical")
    RiskAlert.objects.create(**{**base, "known_at": AT + 3 * HOUR}, is_market=True, severity="info")

    def seen(hours: float) -> list[tuple[str, str]]:
        return [(one.scope, one.severity) for one in alerts_at(secid="LKOH", as_of=AT + hours * HOUR)]

    assert seen(-0.1) == []
    assert seen(0) == [("sector", "critical"), ("instrument", "warning")]
    assert seen(1) == [("sector", "critical")]
    assert seen(3) == [("sector", "critical"), ("market", "info")]


def test_news_known_at_a_moment_newest_first(lukoil: InstrumentFacts):
    records = tuple(
        NewsRecord(
            source="table", external_id=str(hour), title=f"t{hour}", body="", published_at=AT + hour * HOUR,
            fetched_at=AT, tickers=("LKOH",) if hour % 2 else (),
        )
        for hour in range(4)
    )  # fmt: skip
    news_write(page=RecordPage(place="t", records=records), now=AT + 9 * HOUR)
    titles = [one.title for one in news_list(as_of=AT + 2.5 * HOUR, limit=10)]
    assert titles == ["t2", "t1", "t0"]
    assert [one.title for one in news_list(secid="LKOH", as_of=AT + 9 * HOUR, limit=1)] == ["t3"]
    assert news_list(as_of=AT + 9 * HOUR, since=AT + 2 * HOUR, limit=10)[-1].title == "t2"
    assert news_list(secid="LKOH", as_of=AT + 9 * HOUR)[0].secids == ("LKOH",)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 5)), max_size=25),
    st.lists(st.integers(-5, 80), max_size=25),
    st.integers(1, 30),
)
def test_the_window_kernel_agrees_with_looking_at_every_event(
    events: list[tuple[int, int]], asked: list[int], window: int
):
    events.sort(key=lambda event: event[0])
    known = np.array([event[0] for event in events], dtype=np.int64)
    strength = np.array([event[1] for event in events], dtype=np.float64)
    found = strongest_in_window(np.array(asked, dtype=np.int64), known, strength, window)
    for moment, place in zip(asked, found.tolist(), strict=True):
        inside = [i for i, event in enumerate(events) if moment - window < event[0] <= moment]
        best = max(inside, key=lambda i: (events[i][1], i), default=-1)
        assert place == best


def test_the_window_kernel_refuses_what_it_cannot_use():
    one, two = np.zeros(1, np.int64), np.array([2, 1], np.int64)
    with pytest.raises(ValueError, match="window_s"):
        strongest_in_window(one, one, np.ones(1), 0)
    with pytest.raises(ValueError, match="sort"):
        strongest_in_window(one, two, np.ones(2), 5)
    with pytest.raises(ValueError, match="NaN"):
        strongest_in_window(one, one, np.array([np.nan]), 5)
    with pytest.raises(ValueError, match="alike"):
        strongest_in_window(one, two, np.ones(1), 5)
