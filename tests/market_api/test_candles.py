"""Candles over HTTP: closed bars only, as traded."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from market.contracts import CandleColumns
from market.models import Instrument
from tests.market_api.conftest import COUNT, FIRST
from traderai.common import clock

ADDRESS = "/api/v1/instruments/SIM01/candles"


def candles_of(response) -> list[dict]:
    assert response.status_code == 200, response.content
    return response.json()["candles"]


def test_all_candles_come_oldest_first_as_stored(api: APIClient, candles: CandleColumns):
    answer = api.get(ADDRESS).json()
    assert (answer["secid"], answer["timeframe"], answer["is_simulated"]) == ("SIM01", "1h", True)
    rows = answer["candles"]
    assert len(rows) == COUNT
    for i, row in enumerate(rows):
        assert clock.to_epoch_s(datetime.fromisoformat(row["begin"])) == candles.begin_s[i]
        for name in ("open", "high", "low", "close", "volume_shares"):
            assert row[name] == getattr(candles, name)[i]
    assert rows[0]["value_rub"] is None and rows[1]["value_rub"] == candles.value_rub[1]
    assert rows[0]["begin"] == "2024-03-01T10:00:00+03:00"


def test_the_newest_are_kept_where_there_are_more(api: APIClient, candles: CandleColumns):
    rows = candles_of(api.get(f"{ADDRESS}?limit=3"))
    assert [row["open"] for row in rows] == [127.0, 128.0, 129.0]


def test_a_bar_is_shown_from_its_end_on(api: APIClient, candles: CandleColumns):
    end = FIRST + timedelta(hours=5)
    before = candles_of(api.get(ADDRESS, {"until": (end - timedelta(seconds=1)).isoformat()}))
    at = candles_of(api.get(ADDRESS, {"until": end.isoformat()}))
    assert (len(before), len(at)) == (4, 5)


def test_the_open_bar_of_now_is_not_shown(api: APIClient, candles: CandleColumns):
    with time_machine.travel(FIRST + timedelta(hours=2, minutes=30), tick=False):
        assert len(candles_of(api.get(ADDRESS))) == 2
        future = api.get(ADDRESS, {"until": (FIRST + timedelta(days=9)).isoformat()})
    assert len(candles_of(future)) == 2
    assert future.json()["as_of"] == "2024-03-01T12:30:00+03:00"


def test_a_chart_that_polls_gets_bars_only_when_another_has_closed(api: APIClient, candles: CandleColumns):
    with time_machine.travel(FIRST + timedelta(hours=2, minutes=30), tick=False) as now:
        etag = api.get(ADDRESS).headers["ETag"]
        now.shift(timedelta(minutes=29))
        assert api.get(ADDRESS, headers={"If-None-Match": etag}).status_code == 304
        now.shift(timedelta(minutes=1))
        assert len(candles_of(api.get(ADDRESS, headers={"If-None-Match": etag}))) == 3


def test_a_share_without_candles_has_none(api: APIClient, shares: list[Instrument]):
    assert candles_of(api.get("/api/v1/instruments/SIM02/candles")) == []


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("timeframe=2h", 422, "timeframe"),
        ("limit=0", 400, "limit"),
        ("limit=1001", 400, "limit"),
        ("limit=x", 400, "limit"),
        ("until=yesterday", 400, "until"),
    ],
)
def test_a_wrong_query_names_its_field(
    api: APIClient, candles: CandleColumns, query: str, status: int, field: str
):
    response = api.get(f"{ADDRESS}?{query}")
    assert response.status_code == status
    assert response.json()["errors"][0]["field"] == field


def test_an_unknown_ticker_is_404(api: APIClient, candles: CandleColumns):
    response = api.get("/api/v1/instruments/SBER/candles")
    assert response.status_code == 404 and response.json()["code"] == "unknown_ticker"


def test_the_answer_takes_few_queries(api: APIClient, candles: CandleColumns, django_assert_max_num_queries):
    api.get(ADDRESS)
    with django_assert_max_num_queries(4):
        api.get(ADDRESS)
