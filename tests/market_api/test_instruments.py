"""Instruments over HTTP."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from market.models import Instrument


def secids(response) -> list[str]:
    assert response.status_code == 200
    return [row["secid"] for row in response.json()["results"]]


def test_active_instruments_are_listed_by_ticker(api: APIClient, shares: list[Instrument]):
    response = api.get("/api/v1/instruments")
    assert secids(response) == ["SIM01", "SIM02"]
    assert response.json()["next"] is None
    assert response.json()["results"][0] == {
        "secid": "SIM01",
        "name_ru": "Симулированная 1",
        "name_en": "Simulated 1",
        "sector": "finance",
        "lot_size": 1,
        "price_step_rub": 0.01,
        "decimals": 2,
        "active": True,
        "shortable": False,
        "is_simulated": True,
        "issue_size_shares": None,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("active_only=false", ["OLD", "SIM01", "SIM02"]),
        ("sector=it", ["SIM02"]),
        ("sector=nothing", []),
        ("q=sim", ["SIM01", "SIM02"]),
        ("q=СИМУЛИРОВАННАЯ 2", ["SIM02"]),
        ("q=simulated 1", ["SIM01"]),
        ("q=xyz", []),
    ],
)
def test_filters(api: APIClient, shares: list[Instrument], query: str, found: list[str]):
    assert secids(api.get(f"/api/v1/instruments?{query}")) == found


def test_pages_hold_every_instrument_once_also_when_one_is_added_meanwhile(
    api: APIClient, shares: list[Instrument]
):
    for number in range(3, 8):
        Instrument.objects.create(secid=f"SIM{number:02d}", name_ru="н", name_en="n")
    page = api.get("/api/v1/instruments?page_size=3")
    seen = secids(page)
    Instrument.objects.create(secid="AAA", name_ru="н", name_en="n")
    while page.json()["next"]:
        page = api.get(page.json()["next"])
        seen += secids(page)
    assert seen == [f"SIM{number:02d}" for number in range(1, 8)]


@pytest.mark.parametrize("query", ["page_size=0", "page_size=201", "page_size=many", "active_only=perhaps"])
def test_a_wrong_query_is_400_and_names_the_field(api: APIClient, shares: list[Instrument], query: str):
    response = api.get(f"/api/v1/instruments?{query}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == query.split("=")[0]


@pytest.mark.parametrize("cursor", ["%25%25%25", "abc", "gICA"])
def test_a_made_up_cursor_is_422(api: APIClient, shares: list[Instrument], cursor: str):
    response = api.get(f"/api/v1/instruments?cursor={cursor}")
    assert response.status_code == 422
    assert response.json()["code"] == "bad_cursor"


def test_who_holds_the_list_gets_it_anew_only_when_it_has_changed(api: APIClient, shares: list[Instrument]):
    etag = api.get("/api/v1/instruments").headers["ETag"]
    again = api.get("/api/v1/instruments", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    Instrument.objects.filter(pk=shares[0].pk).update(lot_size=7)
    assert api.get("/api/v1/instruments", headers={"If-None-Match": etag}).status_code == 200


def test_one_instrument_by_any_case(api: APIClient, shares: list[Instrument]):
    response = api.get("/api/v1/instruments/sim02")
    assert response.status_code == 200 and response.json()["name_en"] == "Simulated 2"


def test_an_unknown_ticker_is_404_with_the_closest_one(api: APIClient, shares: list[Instrument]):
    response = api.get("/api/v1/instruments/SIM1")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "unknown_ticker"
    assert "did you mean 'SIM01'" in response.json()["detail"]


def test_nothing_is_written_over_this_path(api: APIClient, shares: list[Instrument]):
    for method in (api.post, api.put, api.patch, api.delete):
        assert method("/api/v1/instruments/SIM01", {}, format="json").status_code == 405
    assert Instrument.objects.count() == 3


def test_a_page_takes_one_query(api: APIClient, shares: list[Instrument], django_assert_max_num_queries):
    api.get("/api/v1/instruments")
    with django_assert_max_num_queries(2):  # who asks, and the rows
        api.get("/api/v1/instruments")
