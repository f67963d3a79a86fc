"""`POST /analyze_portfolio`: the answer, every error as a problem, languages, and whose positions are read."""

from __future__ import annotations

from datetime import datetime

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from market.models import Instrument
from portfolio.api import analysis_examples
from portfolio.api.analysis_serializers import PortfolioAnalysisSerializer
from portfolio.models import Account, Trade
from tests.portfolio.daily_market import NOW, market
from traderai.accounts.models import User
from traderai.common.clock import MOSCOW

PATH = "/api/v1/analyze_portfolio"
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stored(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        market()
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def daily_bars(stored, db):
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def user(db) -> User:
    return User.objects.create_user("trader", password="x", capital_rub=100_000)


@pytest.fixture
def client(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def position(secid: str, qty: object = 10, **fields: object) -> dict[str, object]:
    return {"secid": secid, "qty": qty, "qty_unit": "lots", "side": "long", "avg_price": 90.0} | fields


def ask(client: Client, **body: object):
    headers = {"Accept-Language": str(body.pop("language", "en"))}
    return client.post(PATH, body, content_type="application/json", headers=headers)


def test_the_whole_answer(client):
    answer = ask(client, positions=[position("shr0", 30, stop=50.0), position("SHR3")])
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (
        body["capital_rub"] == 100_000 and body["weights_of"] == "capital" and body["profile"] == "balanced"
    )
    assert [one["action"] for one in body["positions"]] == ["REDUCE", "HOLD"]
    assert body["positions"][0]["price_as_of"].endswith("+03:00")
    assert body["proposals"]["trades"][0]["lots"] == 15
    assert body["risk"]["days"] == 399 and len(body["stress"]) == 4
    assert set(body) == set(PortfolioAnalysisSerializer().fields) == set(analysis_examples.ANALYSIS)
    for name, example in analysis_examples.ANALYSIS.items():
        if isinstance(example, dict):
            assert set(body[name]) == set(example), name
    for name in ("positions", "stress", "sectors", "warnings"):
        assert set(body[name][0]) == set(analysis_examples.ANALYSIS[name][0]), name


def test_the_capital_of_the_request_goes_before_the_users(client, user):
    assert ask(client, positions=[position("SHR0")], capital=50_000).json()["capital_rub"] == 50_000
    user.capital_rub = None
    user.save()
    body = ask(client, positions=[position("SHR0")]).json()
    assert body["capital_rub"] is None and body["proposals"]["verdict"] is None
    assert "capital_needed" in [one["code"] for one in body["warnings"]]


def test_the_words_and_the_limits_are_the_users(client, user):
    user.risk_profile, user.language = "bold", "ru"
    user.save()
    plain = client.post(PATH, {"positions": [position("SHR0", 20)]}, content_type="application/json").json()
    assert plain["profile"] == "bold" and plain["proposals"]["verdict"] == "no_change"
    assert plain["positions"][0]["name"] == "Акция SHR0"
    other = ask(client, positions=[position("SHR0", 20)], risk_profile="cautious").json()
    assert other["proposals"]["verdict"] == "rebalance" and other["positions"][0]["name"] == "Share SHR0"


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({"positions": []}, 422, ["positions"]),
        ({"positions": [position(f"S{n}") for n in range(501)]}, 422, ["positions"]),
        ({"positions": [position("X")] * 2001}, 400, ["positions"]),
        ({"positions": [position("SRH0"), position("SHR1", 0)]}, 422, ["positions.0.secid", "positions.1.qty"]),
        ({"positions": [position("SHR1", side="short")]}, 422, ["positions.0.side"]),
        ({"positions": [position("SHR1", "ten")]}, 400, ["positions.0.qty"]),
        ({"positions": [position("SHR1", 1.5)]}, 400, ["positions.0.qty"]),
        ({"positions": [position("SHR0"), {"secid": "SHR1"}]}, 400, ["positions.1.qty", "positions.1.side"]),
        ({"positions": [position("SHR1", side="up")]}, 400, ["positions.0.side"]),
        ({"positions": [position("SHR1", avg_price=-1)]}, 422, ["positions.0.avg_price"]),
        ({"positions": [position("SHR1")], "capital": -5}, 422, ["capital"]),
        ({"positions": [position("SHR1")], "capital": "NaN"}, 400, ["capital"]),
        ({"positions": [position("SHR1")], "risk_profile": "brave"}, 400, ["risk_profile"]),
        ({"positions": [position("SHR1")], "horizon": "4d"}, 422, ["horizon"]),
        ({}, 422, ["account_id"]),
    ],
)  # fmt: skip
def test_errors_are_problems_that_name_every_field(client, body, status, fields):
    answer = ask(client, **body)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert [problem["field"] for problem in answer.json()["errors"]] == fields
    assert all(problem["detail"] and problem["code"] for problem in answer.json()["errors"])


def test_partial_lists_what_was_refused(client):
    positions = [position("SHR0"), position("SRH0"), position("SHR1", -1)]
    assert ask(client, positions=positions).status_code == 422
    body = ask(client, positions=positions, partial=True).json()
    assert [one["secid"] for one in body["positions"]] == ["SHR0"]
    assert [one["field"] for one in body["refused"]] == ["positions.1.secid", "positions.2.qty"]


def test_a_stranger_gets_nothing(db):
    assert Client().post(PATH, {}, content_type="application/json").status_code == 401


def bought(user: User, secid: str, qty: int, **account: object) -> Account:
    own, _ = Account.objects.get_or_create(user=user, **{"name": "Broker"} | account)
    Trade.objects.create(
        account=own, instrument=Instrument.objects.get(secid=secid), side="BUY", qty_shares=qty, price_rub=80.0,
        traded_at=datetime(2024, 6, 3, 12, tzinfo=MOSCOW), known_at=datetime(2024, 6, 3, 13, tzinfo=MOSCOW),
        origin="manual", stop_rub=85.0,
    )  # fmt: skip
    return own


def test_the_saved_positions_of_the_only_account(client, user):
    bought(user, "SHR0", 300)
    body = ask(client).json()
    (one,) = body["positions"]
    assert (one["secid"], one["qty_shares"], one["avg_price_rub"]) == ("SHR0", 300, 80)
    assert one["stop_rub"] == 85 and one["pnl_rub"] == pytest.approx(6_000)
    assert body["capital_rub"] == 100_000, "of one account the user's capital is its own"
    bought(user, "SHR3", 10, name="Second")
    answer = ask(client)
    assert answer.status_code == 422 and answer.json()["code"] == "which_account"
    second = Account.objects.get(name="Second")
    body = ask(client, account_id=second.pk).json()
    assert [own["secid"] for own in body["positions"]] == ["SHR3"] and body["capital_rub"] is None


def test_a_virtual_account_is_worth_its_cash_and_its_positions(client, user):
    own = bought(user, "SHR0", 300, kind="virtual", capital_rub=50_000)
    body = ask(client).json()
    assert body["capital_rub"] == pytest.approx(50_000 - 300 * 80 + 300 * 100)
    assert body["exposure"]["cash_rub"] == pytest.approx(50_000 - 300 * 80)
    assert ask(client, account_id=own.pk, capital=1e6).json()["capital_rub"] == 1e6, (
        "what is asked goes before"
    )


def test_another_users_account_is_not_there(client, user):
    stranger = User.objects.create_user("other", password="x")
    theirs = bought(stranger, "SHR0", 300)
    answer = ask(client, account_id=theirs.pk)
    assert answer.status_code == 404 and "SHR0" not in answer.content.decode()
    assert ask(client).status_code == 422, "nor is it found without its name"


def test_the_number_of_queries_does_not_grow_with_the_positions(client):
    def queries(*secids: str) -> int:
        with CaptureQueriesContext(connection) as context:
            assert ask(client, positions=[position(secid) for secid in secids]).status_code == 200
        return len(context)

    queries("SHR0")
    assert queries("SHR0") == queries(*(f"SHR{number}" for number in range(6)))
