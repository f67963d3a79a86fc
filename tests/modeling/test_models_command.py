"""`manage.py models` and the admin's actions: how versions stand, and each switch between them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from modeling.models import ModelVersion, Promotion
from modeling.selectors.versions import champion_get, emission_paused, version_get
from modeling.services.registry import emission_pause
from tests.modeling.registry.maker import NOW, passed, serving, shadowing
from tests.modeling.registry_config import registry_yaml
from traderai.accounts.models import User

pytestmark = pytest.mark.django_db
LIST = "admin:modeling_modelversion_changelist"


@pytest.fixture(autouse=True)
def two_days(lake: Path) -> Iterator[None]:
    with registry_yaml(min_days=2):
        yield


def said(*words: str) -> str:
    out = io.StringIO()
    call_command("models", *words, stdout=out)
    return out.getvalue()


def test_the_list_tells_slot_kind_state_grade_and_progress():
    assert "no model versions yet" in said("list")
    serving("toy", is_simulated=True)
    serving("old", grade="trade")
    shadowing("new", grade="trade")
    lines = {line.split()[0]: line for line in said("list").splitlines()}
    assert lines["old"].split()[1:5] == ["forecast", "global", "champion", "trade"]
    assert lines["new"].endswith("0 of 2 days, 0 trades, not judged yet")
    assert lines["toy"].split()[3] == "retired" and lines["toy"].endswith("SIMULATED")
    emission_pause(version_id=champion_get().id, by="t", reason="r", now=NOW)
    assert "silent: model_degraded" in said("list")


def test_a_council_tells_whether_it_reads_the_daily_rank(client: Client):
    serving("old")
    facts = passed("wise", kind="council")
    figures = {"trades": 40, "net_expectancy_frac": 0.001, "mean_daily_net": 0.0}
    pair = [{**figures, "way": way, "better_bound": low} for way, low in (("meta", 0.0), ("meta_rank", 2e-5))]
    told = {"kept": "meta_rank", "choices": pair, "ranks": {"kept": True, "choices": pair}}
    ModelVersion.objects.filter(pk=facts.id).update(metrics={"council": told})
    words = "daily rank kept: 40 trades at 10.0 bp with it, 40 at 10.0 bp without; a day better by at least 0.20 bp"
    lines = {line.split()[0]: line for line in said("list").splitlines()}
    assert lines["wise"].endswith(words) and "rank" not in lines["old"]
    client.force_login(User.objects.create_superuser("boss"))
    shown = client.get(reverse("admin:modeling_modelversion_change", args=[facts.id])).content.decode()
    assert "the council decides by: meta with daily rank" in shown and words in shown


def test_each_switch_from_the_command_line():
    serving("old")
    passed("new")
    with pytest.raises(CommandError, match=r"run manage\.py models shadow new"):
        said("promote", "new", "--reason", "r")
    assert said("shadow", "new", "--reason", "r") == "new answers in shadow as inform\n"
    with pytest.raises(CommandError, match="still in shadow: 0 of 2 trading days"):
        said("promote", "new", "--reason", "r")
    with registry_yaml(min_days=0):
        assert said("promote", "new", "--reason", "r") == "new is in service as inform\n"
    with pytest.raises(CommandError, match="nothing to resume"):
        said("resume", "--reason", "r")
    emission_pause(version_id=champion_get().id, by="t", reason="r", now=NOW)
    assert said("resume", "--reason", "looked") == "new is heard again as inform\n"
    assert said("rollback", "--reason", "r") == "old is back in service as inform\n"
    with pytest.raises(CommandError, match="did you mean 'forecast'"):
        said("rollback", "--slot", "forcast", "--reason", "r")
    assert [row.action for row in Promotion.objects.order_by("pk")] == [
        "promote", "shadow", "promote", "pause", "resume", "rollback",
    ]  # fmt: skip
    assert set(Promotion.objects.values_list("by", flat=True)) == {"t", "command line"}


def act(client: Client, action: str, *names: str) -> str:
    chosen = list(ModelVersion.objects.filter(version__in=names).values_list("pk", flat=True))
    answer = client.post(reverse(LIST), {"action": action, "_selected_action": chosen}, follow=True)
    return answer.content.decode()


def test_each_switch_from_the_admin(client: Client, django_assert_max_num_queries):
    client.force_login(User.objects.create_superuser("boss"))
    serving("old")
    passed("new")
    assert "has not been in shadow" in act(client, "promote", "new")
    assert "Select exactly one version." in act(client, "shadow", "new", "old")
    assert "new answers in shadow." in act(client, "shadow", "new")
    with django_assert_max_num_queries(20):
        listed = client.get(reverse(LIST)).content.decode()
    assert "0 of 2 days, 0 trades, not judged yet" in listed
    emission_pause(version_id=champion_get().id, by="t", reason="r", now=NOW)
    assert "silent: model_degraded" in client.get(reverse(LIST)).content.decode()
    assert "old is heard again." in act(client, "resume", "old")
    assert not emission_paused()
    assert "there is no earlier champion" in act(client, "roll_back", "old")
    with registry_yaml(min_days=0):
        assert "new is now in service." in act(client, "promote", "new")
    assert "old is back in service." in act(client, "roll_back", "new")
    assert set(Promotion.objects.values_list("by", flat=True)) == {"t", "boss"}


def test_who_may_only_look_switches_nothing(client: Client):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(clerk)
    serving("old")
    passed("new")
    act(client, "shadow", "new")
    assert version_get(version="new").state == "candidate"
    page = client.get(reverse("admin:modeling_shadowreport_changelist"))
    assert page.status_code == 200
    assert (
        reverse("admin:modeling_shadowreport_changelist")
        in client.get(reverse("admin:index")).content.decode()
    )
