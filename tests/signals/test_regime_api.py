"""The regime over HTTP: the number as it is, each day that was known, sectors that still have one, and what it asks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from features.contracts import REGIMES
from features.models import RegimeHistory
from market.contracts import Timeframe
from market.models import Instrument
from market.services.candle_write import candles_write
from modeling.selectors.configuration import policy_get
from signals.api import regime_examples
from signals.selectors.regime import regime_effect
from tests.market import make
from traderai.accounts.models import User
from traderai.common import clock

PATH = "/api/v1/regime"
NOW = datetime(2024, 3, 15, 9, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def client(db, monkeypatch) -> Client:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(User.objects.create_user("trader", password="x"))
    return client


def day(on: date, name: str = "uptrend", p: float = 0.9996, **more: Any) -> None:
    rest = (1.0 - p) / (len(REGIMES) - 1)
    RegimeHistory.objects.create(
        **{"market": "MOEX", "scope": "", "shares": 9, "source": "level: shares", "config_sha": "x", "built_at": NOW}
        | {"reasons": [["return_20d_pct", 4.2], ["breadth_frac", 0.71]], "spell_began_on": min(on, date(2024, 2, 12))} | more,
        trading_day=on, name=name, probabilities=dict.fromkeys(REGIMES, rest) | {name: p},
        as_of=datetime(on.year, on.month, on.day, 21, tzinfo=UTC),
    )  # fmt: skip


def test_the_newest_regime_with_its_history_and_the_sectors(client):
    for number in range(40):
        day(date(2024, 2, 4) + timedelta(days=number), name="flat" if number < 8 else "uptrend", p=0.6)
    day(date(2024, 3, 15), p=0.1, name="panic")  # not over yet
    day(date(2024, 3, 13), scope="finance", name="flat", p=0.55)
    day(date(2024, 3, 12), scope="finance", name="panic", p=0.5)
    day(date(2023, 3, 12), scope="retail", name="panic", p=0.5)  # it has none now
    day(date(2024, 3, 13), market="SIMULATED", name="panic", p=0.5)
    body = client.get(f"{PATH}?days=10").json()
    assert set(body) == set(regime_examples.REGIME)
    assert set(body["current"]) == set(regime_examples.REGIME["current"])
    assert (body["is_simulated"], body["current"]["name"], body["current"]["breadth"]) == (
        False,
        "uptrend",
        0.71,
    )
    assert body["current"]["since"] == "2024-02-12T00:00:00+03:00"
    assert len(body["history"]) == 10 and body["history"][-1]["as_of"] == body["current"]["as_of"]
    assert [one["as_of"] for one in body["history"]] == sorted(one["as_of"] for one in body["history"])
    assert [(one["sector"], one["name"], one["probability"]) for one in body["sectors"]] == [
        ("finance", "flat", 0.55)
    ]
    assert body["sectors"][0]["sector_name"] != "finance" and body["index"] == []
    russian = client.get(PATH, headers={"Accept-Language": "ru"}).json()
    assert russian["effect"].startswith("Для сделки") and russian["effect"] != body["effect"]
    assert len(russian["history"]) == 40


def test_what_is_nearly_sure_is_told_as_it_is(client):
    """99.96 % rounds to a certainty that there is not."""
    day(date(2024, 3, 14))
    assert client.get(PATH).json()["current"]["probability"] == 0.9996


def test_the_index_is_drawn_by_its_last_closes(client):
    index = Instrument.objects.create(secid="IMOEX", name_ru="Индекс", name_en="Index", kind="index")
    days = make.days_of("2023-11-01", 90)
    begins = [clock.midnight(one) for one in days]
    columns = make.columns(begins, [3000.0 + number for number in range(90)])
    candles_write(instrument_id=index.pk, timeframe=Timeframe.D1, columns=columns, origin=make.FILE)
    day(date(2024, 3, 14))
    found = client.get(PATH).json()["index"]
    closed = [one for one in days if clock.midnight(one) + timedelta(days=1) <= NOW]
    assert [one["date"] for one in found] == [one.isoformat() for one in closed[-60:]]
    assert found[-1]["close"] == 3000.0 + len(closed) - 1


def test_a_simulated_market_is_told_as_such_and_none_as_none(client):
    assert client.get(PATH).json() == {
        "is_simulated": False, "current": None, "effect": "", "history": [], "sectors": [], "index_secid": "IMOEX",
        "index": [],
    }  # fmt: skip
    day(date(2024, 3, 14), market="SIMULATED")
    body = client.get(PATH).json()
    assert body["is_simulated"] is True and body["current"]["name"] == "uptrend" and len(body["history"]) == 1


@pytest.mark.parametrize("name", REGIMES)
def test_what_a_regime_asks_is_what_the_policy_asks(name):
    rule = policy_get().regimes[name]
    words = regime_effect(rule, language="en")
    assert f"{100 * rule.min_edge:.1f} percentage points" in words
    for side, own in (("long", rule.longs_need_edge), ("short", rule.shorts_need_edge)):
        asks_more = own is not None and own > rule.min_edge
        assert (
            f"For a {side} this regime asks an edge of at least {100 * (own or 0):.1f}" in words
        ) is asks_more
    assert ("Positions are cut" in words) is (rule.size_factor < 1)


def test_it_takes_few_queries_however_much_is_asked(client):
    for number in range(30):
        day(date(2024, 2, 4) + timedelta(days=number))
    for days in (1, 1500):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{PATH}?days={days}").status_code == 200
        assert len(queries) <= 8
    assert client.get(f"{PATH}?days=0").status_code == client.get(f"{PATH}?days=1501").status_code == 400
