"""The history over HTTP: every signal once, losers beside winners, in pages that new rows do not shift."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from signals.api import history_examples as examples
from signals.models import Emission, Outcome, Review, Signal
from signals.services.outcomes import outcomes_resolve
from tests.signals import builders
from tests.signals.test_outcomes import history
from tests.signals.told_maker import told
from traderai.accounts.models import User

NOW = builders.last_moment() + timedelta(days=400)
LIST = "/api/v1/signals"
pytestmark = pytest.mark.django_db


@pytest.fixture
def client(db) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(User.objects.create_user("trader", password="x", capital_rub=1_000_000))
    return client


def tell(
    secid: str, *, rows: slice, horizon: str = "5d", action: str = "BUY", **fields: object
) -> list[Signal]:
    item, bars, spec, _ = history(secid, horizon)
    return told(item, bars.begin_s[rows].tolist(), spec, horizon=horizon, action=action, at=NOW, **fields)


@pytest.fixture
def said(bars_alone) -> list[Signal]:
    rows = tell("SHR0", rows=slice(100, 300, 20)) + tell("SHR1", rows=slice(100, 300, 20), action="SELL")
    rows += tell("SHR2", rows=slice(650, 690, 20), action="HOLD", source="live")
    outcomes_resolve(now=NOW)
    untold = tell("SHR3", rows=slice(100, 200, 50), horizon="3d")
    Emission.objects.filter(signal__in=untold).delete()
    return rows + untold


def rows_of(client: Client, query: str = "") -> list[dict]:
    """Return all rows of all pages."""
    found, address = [], f"{LIST}?page_size=7{query}"
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.content
        found += answer.json()["results"]
        address = answer.json()["next"]
    return found


def test_every_signal_stands_there_once_newest_first_with_what_came_of_it(client, said):
    shown = rows_of(client)
    order = sorted(said, key=lambda row: (row.as_of, row.pk), reverse=True)
    assert [row["id"] for row in shown] == [row.pk for row in order]
    assert set(shown[0]) == set(examples.SAID)
    outcomes = {one.signal_id: one for one in Outcome.objects.all()}
    traded = 0
    for row in shown:
        came, own = row["outcome"], outcomes.get(row["id"])
        assert row["told"] is (row["secid"] != "SHR3") and (came is None) is (own is None)
        assert row["entry"] is None and row["probability"] is None and row["break_even_probability"] == 0.4
        if own is None:
            continue
        if own.state == "traded":
            traded += 1
            assert came["result"] == own.exit_reason and came["r"] == own.r_multiple
            assert came["return_net"] == own.net_frac
            assert came["entered_at"] and came["closed_at"]
        else:
            assert came["result"] == own.state and came["void_reason"] == (own.void_reason or None)
            assert came["r"] is came["return_net"] is None
    nets = [row["outcome"]["return_net"] for row in shown if row["outcome"]]
    assert traded > 10 and min(net for net in nets if net is not None) < 0.0


def test_pages_are_stable_while_signals_are_added(client, said):
    first = client.get(f"{LIST}?page_size=5").json()
    seen = [row["id"] for row in first["results"]]
    later = tell("SHR4", rows=slice(680, 690, 5))  # newer than all
    older = tell("SHR4", rows=slice(101, 103))  # a replay fills the past in
    address = first["next"]
    while address:
        page = client.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) and set(seen) == {row.pk for row in [*said, *older]}
    assert not set(seen) & {row.pk for row in later}


def test_filters_leave_exactly_what_fits(client, said):
    middle = sorted(row.as_of for row in said)[len(said) // 2]
    for query, fits in (
        ("secid=shr0", lambda row: row.instrument.secid == "SHR0"),
        ("signal=SELL", lambda row: row.action == "SELL"),
        ("horizon=3d", lambda row: row.horizon == "3d"),
        ("timeframe=1h", lambda row: True),
        ("timeframe=5m", lambda row: False),
        ("source=live", lambda row: row.source == "live"),
        ("told=true", lambda row: row.instrument.secid != "SHR3"),
        ("told=false", lambda row: row.instrument.secid == "SHR3"),
        (f"since={middle:%Y-%m-%dT%H:%M:%SZ}", lambda row: row.as_of >= middle),
        (f"until={middle:%Y-%m-%dT%H:%M:%SZ}&signal=BUY", lambda row: row.as_of <= middle and row.action == "BUY"),
    ):  # fmt: skip
        assert {row["id"] for row in rows_of(client, f"&{query}")} == {row.pk for row in said if fits(row)}, (
            query
        )


def test_what_staff_withdrew_is_hidden(client, said):
    Review.objects.create(signal=said[0], verdict="rejected", note="?", by="anna")
    assert said[0].pk not in {row["id"] for row in rows_of(client)}
    assert client.get(f"{LIST}/{said[0].pk}").status_code == 404


def test_bad_questions_are_told_so(client, said):
    for query, status, code in (
        ("signal=BYE", 400, "invalid"),
        ("since=yesterday", 400, "invalid"),
        ("page_size=0", 400, "invalid"),
        ("cursor=abc", 422, "bad_cursor"),
        ("secid=NOPE", 404, "unknown_ticker"),
    ):
        answer = client.get(f"{LIST}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), query
    missing = client.get(f"{LIST}/999999999999999999999")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_signal")
    assert Client().get(LIST).status_code == 401


def test_a_page_takes_few_queries_however_long(client, said):
    counts = []
    for size in (2, 20):
        with CaptureQueriesContext(connection) as queries:
            client.get(f"{LIST}?page_size={size}&secid=SHR0&told=true")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4  # session, user, share, signals
