"""What a user was shown is remembered once, and only what was shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from behavior.models import SignalShown
from signals.models import Signal
from signals.services.score import signals_score
from tests.signals import builders
from traderai.accounts.models import User

pytestmark = pytest.mark.django_db
ANALYZE = "/api/v1/analyze_ticker"


@pytest.fixture
def scored(champion) -> None:
    signals_score(now=builders.last_moment() + timedelta(days=400))


def asked(client: Client, secid: str) -> int:
    answer = client.post(ANALYZE, {"secid": secid, "horizon": "5d"}, content_type="application/json")
    if answer.status_code == 200:
        assert answer.json()["signal_id"] == Signal.objects.get(instrument__secid=secid, horizon="5d").pk
    return answer.status_code


def test_what_is_shown_is_remembered_once(scored):
    user = User.objects.create_user("anna", password="x")
    client = Client()
    client.force_login(user)
    assert [asked(client, "SHR0"), asked(client, "SHR0"), asked(client, "NONE")] == [200, 200, 404]
    (row,) = SignalShown.objects.all()
    assert (row.user_id, row.signal_id, row.place) == (
        user.pk,
        Signal.objects.get(instrument__secid="SHR0", horizon="5d").pk,
        "ticker",
    )
    assert client.get("/api/v1/market_heatmap").status_code == 200
    assert asked(Client(), "SHR0") == 401
    assert SignalShown.objects.count() == 1
