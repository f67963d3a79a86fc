"""News over HTTP: as they were known, with the verdicts of the configured scorers, in pages that new ones do not shift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from market.models import Instrument, NewsItem, NewsLink, NewsSource, NewsTrigger
from market.news_config import news_scoring_config
from traderai.common import clock

PATH = "/api/v1/news"
NOW = datetime(2024, 3, 15, 9, tzinfo=UTC)
SCORER = news_scoring_config().used[0]


@pytest.fixture(autouse=True)
def at_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def item(number: int, *, source: str = "wire", minutes: int | None = None, **more: Any) -> NewsItem:
    """Store a text that was known so many minutes ago."""
    of, _ = NewsSource.objects.get_or_create(code=source, defaults={"kind": "file"})
    at = NOW - timedelta(minutes=number if minutes is None else minutes)
    return NewsItem.objects.create(
        **{
            "source": of, "external_id": str(number), "title": f"text {number}", "published_at": at, "known_at": at,
            "fetched_at": at, "url": f"https://news.example/{number}",
        } | more
    )  # fmt: skip


def verdict(
    of: NewsItem, score: float, *, scorer: str = SCORER, at: datetime | None = None, **about: Any
) -> None:
    NewsTrigger.objects.create(
        item=of, at=of.published_at, known_at=at or of.known_at, score=score, direction=1, event_type="dividends",
        scorer=scorer, scorer_version="1", **(about or {"is_market": True}),
    )  # fmt: skip


def ids(api: APIClient, query: str = "") -> list[int]:
    answer = api.get(f"{PATH}?{query}")
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_a_text_stands_with_the_verdicts_on_it_the_strongest_first(api: APIClient, shares: list[Instrument]):
    one = item(10)
    NewsLink.objects.create(item=one, instrument=shares[0])
    verdict(one, 40.0, instrument=shares[0])
    verdict(one, 64.0, sector="finance")
    verdict(one, 0.0, is_market=True)  # read, and nothing triggered
    verdict(one, 99.0, scorer="somebody")  # of no configured scorer
    verdict(one, 90.0, at=NOW + timedelta(minutes=1), instrument=shares[1])  # not known yet
    made_up = item(11, source="simulator")
    rows = api.get(PATH).json()["results"]
    assert [row["id"] for row in rows] == [one.pk, made_up.pk]
    first, second = rows
    assert (first["title"], first["source"], first["secids"]) == ("text 10", "wire", ["SIM01"])
    assert (first["score"], first["direction"], first["event_type"]) == (64.0, 1, "dividends")
    assert [(own["scope"], own["secid"], own["sector"], own["score"]) for own in first["triggers"]] == [
        ("sector", None, "finance", 64.0),
        ("instrument", "SIM01", None, 40.0),
    ]
    assert (first["is_simulated"], second["is_simulated"]) == (False, True)
    assert second["score"] is second["direction"] is second["event_type"] is None and second["triggers"] == []


def test_filters(api: APIClient, shares: list[Instrument]):
    named, judged, other, late = item(10), item(20), item(30), item(5, minutes=-5)
    NewsLink.objects.create(item=named, instrument=shares[0])
    verdict(judged, 70.0, instrument=shares[0])
    verdict(other, 30.0)
    assert ids(api) == [named.pk, judged.pk, other.pk] and late.pk not in ids(api)
    assert ids(api, "secid=sim01") == [named.pk, judged.pk]
    assert ids(api, "min_score=30") == [judged.pk, other.pk] and ids(api, "min_score=31") == [judged.pk]
    assert ids(api, f"since={(NOW - timedelta(minutes=20)):%Y-%m-%dT%H:%M:%SZ}") == [named.pk, judged.pk]
    assert api.get(f"{PATH}?secid=NOPE").json()["code"] == "unknown_ticker"
    assert api.get(f"{PATH}?min_score=101").status_code == 400
    assert api.get(f"{PATH}?cursor=x").json()["code"] == "bad_cursor"


def test_pages_hold_each_text_once_while_new_ones_come(api: APIClient, shares: list[Instrument]):
    old = [item(number, minutes=number // 2 + 1).pk for number in range(9)]  # two of a minute
    page = api.get(f"{PATH}?page_size=4").json()
    seen = [row["id"] for row in page["results"]]
    item(100, minutes=0)
    while page["next"]:
        page = api.get(page["next"]).json()
        seen += [row["id"] for row in page["results"]]
    assert sorted(seen) == sorted(old) and len(set(seen)) == 9


def test_an_address_that_is_no_web_page_is_not_handed_on(api: APIClient, db: None):
    item(1, url="javascript:alert(1)")
    item(2, url="")
    assert [row["url"] for row in api.get(PATH).json()["results"]] == ["", ""]


def test_a_page_takes_few_queries_however_long(api: APIClient, shares: list[Instrument]):
    counts = []
    api.get(PATH)  # the development user is made by the first request
    for number in range(20):
        verdict(item(number), 50.0, instrument=shares[0])
        if number in (2, 19):
            with CaptureQueriesContext(connection) as queries:
                assert len(ids(api, "secid=SIM01&min_score=10")) == number + 1
            counts.append(len(queries))
    assert counts[0] == counts[1] <= 8
