"""The models in service over HTTP: their held-out figures beside base rates, the gate's questions, what came since."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from modeling.api import service_examples
from modeling.models import GateVerdict, ModelVersion
from modeling.services.registry import emission_pause
from tests.modeling.registry.maker import NOW, passed, serving, shadowing
from tests.modeling.registry_config import registry_yaml
from tests.modeling.services.test_live_floor import report
from traderai.accounts.models import User

PATH = "/api/v1/models"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(lake: Path):
    with registry_yaml(min_days=0):
        yield


@pytest.fixture
def client(db) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(User.objects.create_user("trader", password="x"))
    return client


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def row(loss: float) -> dict[str, object]:
    return {"log_loss": interval(loss), "roc_auc": interval(0.55), "ece": 0.02, "brier": interval(0.2)}


HEAD = {
    "rows": 900, "days": 80, "positive_frac": 0.23,
    "models": {"network": row(0.51), "base_rate": row(0.54), "lightgbm": row(0.5)},
}  # fmt: skip
TRADED = {
    "trades": 120, "days": 80, "hit_rate": interval(0.4), "net_expectancy_frac": interval(-0.001), "sharpe": -0.4,
    "max_drawdown_frac": 0.2, "net_total_frac": -0.1,
}  # fmt: skip
METRICS = {
    "fallen_back_to_base": ["log_loss"],
    "test": {
        "interval_level": 0.95,
        "days": 80,
        "heads": {"p_long_3d": HEAD, "p_short_3d": HEAD, "q_3d": {"rows": 1}},
        "policy": {"configured_cost": TRADED, "configured_cost_3d": TRADED, "configured_cost_5d": {"trades": 0}, "cost_5_bp": TRADED},
    }
}  # fmt: skip


def test_who_serves_with_what_was_validated_and_what_came_since(client, django_assert_max_num_queries):
    passed("candidate")
    facts = serving("own", minute=1)
    shadowing("unheard", minute=2)
    ModelVersion.objects.filter(pk=facts.id).update(metrics=METRICS)
    checks = [{"name": "profit_above_zero", "value": -0.002, "limit": 0.0, "passed": False}]
    GateVerdict.objects.create(
        version_id=facts.id,
        verdict="inform",
        numbers={"checks": checks, "grade": "inform"},
        at=NOW + timedelta(hours=1),
    )
    report(facts, 1.0, 2.0)
    with django_assert_max_num_queries(8):
        (one,) = client.get(PATH).json()["results"]
    assert set(one) == set(service_examples.SERVED)
    assert (one["version"], one["slot"], one["grade"], one["verdict"]) == (
        "own",
        "forecast",
        "inform",
        "inform",
    )
    assert one["checks"] == checks and one["silent"] is False and one["serves_since"]
    assert [(head["horizon"], head["side"]) for head in one["heads"]] == [("3d", "long"), ("3d", "short")]
    assert (one["level"], one["held_out_days"], one["base_rates_of"]) == (0.95, 80, ["log_loss"])
    assert [own["code"] for own in one["limits"]] == [
        "base_rates", "paper", "own_bars", "own_time", "overlap", "no_advice",
    ]  # fmt: skip
    assert not any("%(" in own["text"] for own in one["limits"]) and "(log_loss)" in one["limits"][0]["text"]
    few = {**METRICS["test"], "policy": {"configured_cost": TRADED | {"hit_rate": interval(0.005)}}}
    ModelVersion.objects.filter(pk=facts.id).update(metrics={"test": few})
    ((told,),) = (served["policy"] for served in client.get(PATH).json()["results"])
    assert told["hit_rate"] == {"value": 0.005, "low": 0.0, "high": 0.015}  # no share lies below 0
    head = one["heads"][0]
    assert head["base_rate"] == 0.23 and head["log_loss"] == interval(0.51) and head["rows"] == 900
    assert head["base_log_loss"] == interval(0.54)
    assert [(own["name"], own["log_loss"]["value"]) for own in head["compared"]] == [("lightgbm", 0.5)]
    assert [(own["horizon"], own["trades"]) for own in one["policy"]] == [(None, 120), ("3d", 120)]
    assert one["policy"][0]["net_expectancy"] == interval(-0.001) and one["policy"][0]["max_drawdown"] == 0.2
    assert one["drift_grade"] == "ok" and [own["outcomes"] for own in one["live"]] == [57, 57]
    assert (one["live"][0]["hit_rate"], one["live"][0]["expected"]) == (0.31, 0.4)


def test_a_silenced_one_says_so_and_one_without_figures_has_none(client):
    facts = serving("own")
    emission_pause(version_id=facts.id, by="t", reason="its hits are gone", now=NOW)
    (one,) = client.get(PATH).json()["results"]
    assert one["silent"] is True
    assert one["heads"] == one["policy"] == one["checks"] == one["live"] == []
    assert one["drift_grade"] is one["drift_day"] is None


def test_without_a_champion_there_is_none(client):
    assert client.get(PATH).json() == {"results": []}
    assert Client(REMOTE_ADDR="10.0.0.7").get(PATH).status_code == 401
