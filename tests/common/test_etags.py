"""Weak ETags: the same content gives 304, another the content."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from traderai.common.etags import conditional, etag_of

CONTENT = {
    "as_of": "2024-03-01",
    "rows": [{"secid": "SIM01", "age_s": 5, "at": datetime(2024, 3, 1, tzinfo=UTC)}],
}


def asked(held: str | None) -> Request:
    headers = {} if held is None else {"If-None-Match": held}
    return Request(APIRequestFactory().get("/rows", headers=headers))


@pytest.mark.parametrize("held", ["{etag}", 'W/"x", {etag}', 'W/"x",{etag}', "*", "{strong}"])
def test_who_holds_it_gets_no_body(held: str):
    etag = etag_of(CONTENT)
    answer = conditional(asked(held.format(etag=etag, strong=etag.removeprefix("W/"))), CONTENT)
    assert answer.status_code == 304 and answer.data is None
    assert answer.headers["ETag"] == etag and answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("held", [None, "", 'W/"x"', "{bare}", '"'])
def test_who_holds_another_gets_the_content(held: str | None):
    bare = etag_of(CONTENT).removeprefix("W/").strip('"')
    answer = conditional(asked(held and held.format(bare=bare)), CONTENT)
    assert answer.status_code == 200 and answer.data == CONTENT and "ETag" in answer.headers


def test_what_only_ages_does_not_count():
    older = {**CONTENT, "rows": [{**CONTENT["rows"][0], "age_s": 6}]}
    assert etag_of(CONTENT) != etag_of(older)
    assert etag_of(CONTENT, aging=("age_s",)) == etag_of(older, aging=("age_s",))
    other = {**older, "rows": [{**older["rows"][0], "secid": "SIM02"}]}
    assert etag_of(other, aging=("age_s",)) != etag_of(older, aging=("age_s",))
    assert etag_of({"a": Decimal("1.5")}).startswith('W/"')
