"""Storing news and scoring them: when they are known, revisions, links, verdicts, alerts; the tables' constraints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from market.contracts import InstrumentFacts
from market.models import Instrument, NewsItem, NewsLink, NewsSource, NewsTrigger, RiskAlert
from market.news.scorer import NewsText, Target, Verdict
from market.services.news_alerts import STAFF
from market.services.news_score import NewsScoreReport, news_score
from market.services.news_sources import news_sources_ensure
from market.services.news_write import news_write
from market.services.reference_write import ticker_changes_write
from market.services.write_report import RecordWriteReport
from market.sources.records import NewsRecord, RecordPage, TickerChangeRecord
from tests.market.make import instrument
from traderai.common.errors import TransientError

pytestmark = pytest.mark.django_db

AT = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)
NOW = datetime(2024, 3, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DIVIDENDS = "Совет директоров Лукойла рекомендовал дивиденды 100 рублей на акцию"


def record(external_id: str = "1", **changed: object) -> NewsRecord:
    base = NewsRecord(
        source="table", external_id=external_id, title=DIVIDENDS, body="", published_at=AT, fetched_at=NOW
    )
    return replace(base, **changed)


def write(*records: NewsRecord, now: datetime = NOW) -> RecordWriteReport:
    return news_write(page=RecordPage(place="t", records=records), now=now)


@pytest.fixture
def lukoil() -> InstrumentFacts:
    return instrument("LKOH", sector="oil_gas")


class Said:
    """A scorer that says what it is told to."""

    name = "rules"
    version = "v1"

    def __init__(self, *verdicts: Verdict, version: str = "v1") -> None:
        self.verdicts = verdicts
        self.version = version
        self.asked = 0

    def score(self, text: NewsText) -> tuple[Verdict, ...]:
        self.asked += 1
        return self.verdicts


def verdict(**changed: object) -> Verdict:
    values = {"target": Target(secid="LKOH"), "score": 70.0, "direction": 1, "event_type": "dividends"}
    return Verdict(**{**values, **changed})


# Writing


def test_a_second_writing_changes_nothing():
    page = [record(str(number)) for number in range(5)]
    assert (write(*page).new, write(*page).unchanged) == (5, 5)
    assert NewsItem.objects.count() == 5


def test_an_archive_is_known_after_publication_and_delay_a_feed_not_before_it_was_fetched():
    fetched_at = AT + timedelta(hours=3)
    write(record("a", fetched_at=fetched_at), record("b", source="interfax", fetched_at=fetched_at))
    known = dict(NewsItem.objects.values_list("external_id", "known_at"))
    assert known == {"a": AT + MINUTE, "b": fetched_at}


def test_staff_set_how_late_a_source_is_used():
    news_sources_ensure()
    NewsSource.objects.filter(code="table").update(delay_s=3600)
    write(record())
    assert NewsItem.objects.get().known_at == AT + timedelta(hours=1)
    news_sources_ensure()
    assert NewsSource.objects.get(code="table").delay_s == 3600


def test_a_revised_item_is_known_at_its_modification_and_never_earlier():
    write(record())
    modified_at = AT + timedelta(hours=5)
    revised = record(title="Совет директоров Лукойла не рекомендовал дивиденды", modified_at=modified_at)
    assert write(revised).changed == 1
    item = NewsItem.objects.get()
    assert (item.title, item.known_at) == (revised.title, modified_at + MINUTE)
    # A text that changed without saying when is known when we saw it.
    later = NOW + timedelta(days=1)
    assert write(replace(revised, title="Иной текст про Лукойл"), now=later).changed == 1
    assert NewsItem.objects.get().known_at == later
    assert write(replace(revised, title="Иной текст про Лукойл"), now=later).changed == 0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"source": "nobody"}, "unknown_news_source"),
        ({"external_id": ""}, "bad_external_id"),
        ({"external_id": "x" * 121}, "bad_external_id"),
        ({"title": " "}, "no_title"),
        ({"published_at": datetime(2024, 3, 1)}, "time_without_zone"),  # noqa: DTZ001
        ({"published_at": NOW + timedelta(days=1)}, "published_in_future"),
    ],
)
def test_a_bad_item_is_refused_with_its_reason_and_the_others_are_kept(
    changed: dict[str, object], reason: str
):
    report = write(record("good"), record(**{"external_id": "bad", **changed}))
    assert (report.new, [one.reason for one in report.rejected]) == (1, [reason])


def test_an_id_twice_in_a_page_is_told():
    report = write(record("1", title="a"), record("1", title="b"))
    assert (report.new, [one.reason for one in report.rejected]) == (1, ["same_id_twice"])


def test_trusted_tickers_link_by_the_day_and_untrusted_ones_do_not():
    share = instrument("YNDX")
    change = TickerChangeRecord(old_secid="YNDX", new_secid="YDEX", changed_on=AT.date(), source="t")
    ticker_changes_write(page=RecordPage(place="t", records=(change,)), now=NOW)
    write(
        record("old", tickers=("yndx",), published_at=AT - timedelta(days=30)),
        record("new", tickers=("YDEX",)),
        record("none", tickers=("NOPE",)),
        record("untrusted", source="investopit", tickers=("YDEX",)),
    )
    links = NewsLink.objects.values_list("item__external_id", "instrument_id")
    assert sorted(links) == [("new", share.id), ("old", share.id)]


def test_nul_characters_do_not_stop_a_page():
    assert write(record(title="a\x00b", body="\x00")).new == 1
    assert NewsItem.objects.get().title == "ab"


# Scoring


def test_scoring_stores_verdicts_links_and_what_it_left_alone(lukoil: InstrumentFacts):
    write(record("a"), record("b", title="Погода хорошая"))
    report = news_score(now=NOW)
    assert (report.items, report.verdicts) == (2, 1)
    trigger = NewsTrigger.objects.get(score__gt=0)
    assert (trigger.instrument_id, trigger.event_type, trigger.direction) == (lukoil.id, "dividends", 1)
    assert (trigger.at, trigger.known_at) == (AT, AT + MINUTE)
    assert trigger.why[0]["code"] == "event"
    silent = NewsTrigger.objects.get(score=0)
    assert (silent.event_type, silent.why) == ("other", [{"code": "abstains"}])
    assert NewsLink.objects.get().instrument_id == lukoil.id
    assert news_score(now=NOW) == NewsScoreReport()


def test_news_of_a_company_that_is_not_held_become_no_verdict():
    write(record())
    assert news_score(now=NOW).verdicts == 0
    assert NewsTrigger.objects.get().why[0]["code"] == "no_known_target"


def test_the_limit_holds_and_the_rest_follows(lukoil: InstrumentFacts):
    write(*(record(str(number)) for number in range(7)))
    assert [news_score(now=NOW, limit=3).items for _ in range(4)] == [3, 3, 1, 0]


def test_news_are_not_scored_before_they_are_known(lukoil: InstrumentFacts):
    write(record())
    assert news_score(now=AT).items == 0
    assert news_score(now=AT + MINUTE).items == 1


def test_a_revision_is_scored_anew_and_the_earlier_verdict_stays(lukoil: InstrumentFacts):
    write(record())
    news_score(now=NOW)
    modified_at = AT + timedelta(hours=5)
    write(record(title="Совет директоров Лукойла не рекомендовал дивиденды за год", modified_at=modified_at))
    news_score(now=NOW)
    rows = NewsTrigger.objects.filter(score__gt=0).order_by("known_at")
    assert [(row.known_at, row.direction) for row in rows] == [(AT + MINUTE, 1), (modified_at + MINUTE, -1)]


def test_a_new_version_replaces_what_the_old_one_said(lukoil: InstrumentFacts):
    write(record())
    news_score(now=NOW, scorer=Said(verdict(event_type="accident", direction=-1)))
    assert RiskAlert.objects.get().severity == "warning"
    news_score(now=NOW, scorer=Said(verdict(), version="v2"))
    assert [row.event_type for row in NewsTrigger.objects.all()] == ["dividends"]
    assert RiskAlert.objects.count() == 0


def test_an_alert_that_staff_edited_is_never_replaced(lukoil: InstrumentFacts):
    write(record())
    news_score(now=NOW, scorer=Said(verdict(event_type="accident", direction=-1)))
    RiskAlert.objects.update(source=STAFF, severity="critical")
    news_score(now=NOW, scorer=Said(version="v2"))
    assert RiskAlert.objects.get().severity == "critical"


@pytest.mark.parametrize(
    ("said", "severity", "hours"),
    [
        ({"event_type": "trading_halt", "direction": -1, "score": 20.0}, "critical", 24),
        ({"event_type": "sanctions", "direction": -1, "score": 60.0}, "critical", 72),
        ({"event_type": "accident", "direction": -1, "score": 40.0}, "warning", 48),
        ({"event_type": "report", "direction": -1, "score": 60.0}, "warning", 24),
        ({"event_type": "report", "direction": -1, "score": 40.0}, None, 0),
        ({"event_type": "sanctions", "direction": 1, "score": 90.0}, None, 0),
        ({"event_type": "report", "direction": 1, "score": 90.0}, None, 0),
    ],
)
def test_alerts_follow_the_rules(
    lukoil: InstrumentFacts, said: dict[str, object], severity: str | None, hours: int
):
    write(record())
    news_score(now=NOW, scorer=Said(verdict(**said)))
    alert = RiskAlert.objects.first()
    assert (None if alert is None else alert.severity) == severity
    if alert is not None:
        assert alert.known_at == alert.starts_at == AT + MINUTE
        assert alert.ends_at == alert.starts_at + timedelta(hours=hours)
        assert alert.instrument_id == lukoil.id


def test_verdicts_on_a_sector_and_on_the_market_keep_their_target(lukoil: InstrumentFacts):
    write(record("a"))
    news_score(
        now=NOW,
        scorer=Said(
            verdict(target=Target(sector="oil_gas")), verdict(target=Target(is_market=True)), verdict()
        ),
    )
    found = set(NewsTrigger.objects.values_list("instrument_id", "sector", "is_market"))
    assert found == {(None, "oil_gas", False), (None, "", True), (lukoil.id, "", False)}


def test_of_two_verdicts_on_one_target_the_stronger_stays(lukoil: InstrumentFacts):
    write(record())
    news_score(now=NOW, scorer=Said(verdict(score=10.0), verdict(score=30.0), verdict(score=20.0)))
    assert NewsTrigger.objects.get().score == 30.0


def test_a_scorer_that_is_away_is_asked_once_and_the_news_wait(lukoil: InstrumentFacts):
    class Away(Said):
        def score(self, text: NewsText) -> tuple[Verdict, ...]:
            super().score(text)
            raise TransientError("away")

    write(*(record(str(number)) for number in range(5)))
    away = Away()
    assert news_score(now=NOW, scorer=away) == NewsScoreReport(failed=1)
    assert (away.asked, NewsTrigger.objects.count()) == (1, 0)
    assert news_score(now=NOW, scorer=Said()).items == 5


def test_a_text_revised_while_its_scorer_thinks_is_not_given_the_old_verdict(lukoil: InstrumentFacts):
    class Slow(Said):
        def score(self, text: NewsText) -> tuple[Verdict, ...]:
            if not self.asked:
                write(record(title="Новый текст", modified_at=AT + timedelta(hours=1)))
            return super().score(text)

    write(record())
    slow = Slow(verdict())
    assert news_score(now=NOW, scorer=slow).items == 1
    assert slow.asked == 2
    assert NewsTrigger.objects.get().known_at == AT + timedelta(hours=1) + MINUTE


def test_shares_outside_the_lexicon_are_found_by_ticker_and_by_their_name_in_quotes():
    zavod = Instrument.objects.create(secid="ZVDX", name_ru="Выдуманзавод ПАО ао", name_en="Zavod")
    write(
        record("tag", title="\U0001f1f7\U0001f1fa#ZVDX чистая прибыль по МСФО выросла на 5%"),
        record("quoted", title="«Выдуманзавод» увеличил чистую прибыль по МСФО на 5%"),
        record("loose", title="Погода: выдуманзавод ничего не сказал про дивиденды 5 рублей"),
    )
    news_score(now=NOW)
    rows = NewsTrigger.objects.filter(instrument_id=zavod.pk).values_list("item__external_id", flat=True)
    assert sorted(rows) == ["quoted", "tag"]


# Constraints


@pytest.fixture
def item() -> NewsItem:
    write(record())
    return NewsItem.objects.get()


def _trigger(item: NewsItem | None, **changed: object) -> NewsTrigger:
    values: dict[str, object] = {
        "item": item, "is_market": True, "at": AT, "known_at": AT, "score": 1.0, "direction": 0,
        "event_type": "other", "scorer": "s", "scorer_version": "1",
    }  # fmt: skip
    return NewsTrigger(**{**values, **changed})


def _alert(**changed: object) -> RiskAlert:
    values: dict[str, object] = {
        "is_market": True, "severity": "info", "starts_at": AT, "known_at": AT, "cause": "c", "source": "s",
    }  # fmt: skip
    return RiskAlert(**{**values, **changed})


def _item(item: NewsItem, **changed: object) -> NewsItem:
    values: dict[str, object] = {
        "source": item.source, "external_id": "2", "title": "t", "published_at": AT, "fetched_at": AT, "known_at": AT,
    }  # fmt: skip
    return NewsItem(**{**values, **changed})


WRONG: list[tuple[str, Callable[[NewsItem], Iterator[object]]]] = [
    ("market_newssource_kind_known", lambda item: iter([NewsSource(code="x", kind="gues")])),
    ("market_newssource_trust_range", lambda item: iter([NewsSource(code="x", kind="rss", trust_frac=1.5)])),
    ("market_newsitem_once", lambda item: iter([_item(item, external_id=item.external_id)])),
    ("market_newsitem_known_after_published", lambda item: iter([_item(item, known_at=AT - MINUTE)])),
    ("market_newslink_one_target", lambda item: iter([NewsLink(item=item, sector="it", is_market=True)])),
    ("market_newslink_one_target", lambda item: iter([NewsLink(item=item)])),
    (
        "market_newslink_once",
        lambda item: iter([NewsLink(item=item, sector="it"), NewsLink(item=item, sector="it")]),
    ),
    ("market_newstrigger_one_target", lambda item: iter([_trigger(item, sector="it")])),
    ("market_newstrigger_one_target", lambda item: iter([_trigger(item, is_market=False)])),
    ("market_newstrigger_score_range", lambda item: iter([_trigger(item, score=100.5)])),
    ("market_newstrigger_direction_known", lambda item: iter([_trigger(item, direction=2)])),
    ("market_newstrigger_event_type_known", lambda item: iter([_trigger(item, event_type="rumour")])),
    ("market_newstrigger_known_after_published", lambda item: iter([_trigger(item, known_at=AT - MINUTE)])),
    ("market_newstrigger_has_origin", lambda item: iter([_trigger(None)])),
    ("market_newstrigger_once", lambda item: iter([_trigger(item), _trigger(item)])),
    ("market_riskalert_one_target", lambda item: iter([_alert(sector="it")])),
    ("market_riskalert_severity_known", lambda item: iter([_alert(severity="bad")])),
    ("market_riskalert_span", lambda item: iter([_alert(ends_at=AT)])),
]


@pytest.mark.parametrize(("constraint", "rows"), WRONG)
def test_the_database_refuses(
    item: NewsItem, constraint: str, rows: Callable[[NewsItem], Iterator[NewsItem]]
):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        for row in rows(item):
            row.save()


def test_what_the_constraints_allow_is_stored(item: NewsItem):
    for row in (
        _item(item),
        NewsLink(item=item, sector="it"),
        _trigger(item),
        _trigger(None, external_id="pushed"),
        _alert(ends_at=AT + MINUTE),
        _alert(),
    ):
        row.save()
