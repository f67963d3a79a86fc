"""The staff's view of the ledger: facts are read, hypotheses are opened and decided through the services."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from modeling.models import Experiment, Trial
from modeling.services.ledger import trial_record
from tests.modeling.ledger_maker import NOW, WORDS, new_trial, opened
from traderai.accounts.models import User
from traderai.common import clock

pytestmark = pytest.mark.django_db
FIGURES = [{"name": "net_per_trade_bp", "value": 4.0, "low": 1.0, "high": 7.0, "level": 0.95, "trades": 812}]
ADD = "admin:modeling_experiment_add"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


def clerk(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def page(row: Experiment) -> str:
    return reverse("admin:modeling_experiment_change", args=[row.pk])


def verdict(**changes: object) -> dict[str, object]:
    plain = {
        "verdict": "confirmed",
        "reason": "Lower in all folds.",
        "figures": json.dumps(FIGURES),
        "runs": [],
    }
    return plain | changes


def test_trials_are_facts_and_listed_without_their_days(staff: Client, django_assert_max_num_queries):
    for number in range(3):
        trial_record(trial=new_trial(number), now=NOW)
    with django_assert_max_num_queries(12):
        listed = staff.get(reverse("admin:modeling_trial_changelist"), {"label_family": "swing"})
    assert b"+66.0" in listed.content and listed.context["cl"].result_count == 3
    row = Trial.objects.first()
    shown = staff.get(reverse("admin:modeling_trial_change", args=[row.pk]))
    assert row.config_sha256 in shown.content.decode() and "daily_net" not in shown.content.decode()
    assert staff.get(reverse("admin:modeling_trial_add")).status_code == 403
    assert (
        staff.post(reverse("admin:modeling_trial_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    )


def test_staff_open_a_hypothesis(staff: Client):
    assert staff.get(reverse(ADD)).status_code == 200
    answer = staff.post(reverse(ADD), {"name": "network-beats-base", **WORDS})
    assert answer.status_code == 302
    row = Experiment.objects.get()
    assert (row.opened_by, row.verdict, row.hypothesis) == ("boss", "open", WORDS["hypothesis"])
    assert LogEntry.objects.get().object_id == str(row.pk)
    listed = staff.get(reverse("admin:modeling_experiment_changelist"), {"verdict": "open"})
    assert b"network-beats-base" in listed.content


def test_a_name_that_is_not_plain_is_refused(staff: Client):
    answer = staff.post(reverse(ADD), {"name": "Two Words", **WORDS}, follow=True)
    assert answer.status_code == 200 and not Experiment.objects.exists()
    assert "small letters, digits and single hyphens" in answer.content.decode()


def test_staff_decide_once(staff: Client):
    opened()
    row = Experiment.objects.get()
    trial_record(trial=new_trial(), now=NOW)
    shown = staff.get(page(row)).content.decode()
    assert WORDS["hypothesis"] in shown and 'name="hypothesis"' not in shown and 'name="verdict"' in shown
    form = verdict(trials=[Trial.objects.get().pk], hypothesis="Another one.")
    assert staff.post(page(row), form).status_code == 302
    row.refresh_from_db()
    assert (row.verdict, row.decided_by, row.figures) == ("confirmed", "boss", FIGURES)
    assert (row.hypothesis, row.trials.count()) == (WORDS["hypothesis"], 1)
    shown = staff.get(page(row)).content.decode()
    assert "Lower in all folds." in shown and 'name="verdict"' not in shown
    assert staff.post(page(row), verdict(verdict="rejected")).status_code == 403
    row.refresh_from_db()
    assert row.verdict == "confirmed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"figures": "[]"}, "at least one figure"),
        ({"figures": '[{"name": "n", "value": 4.0}]'}, "is missing"),
        ({"figures": "not JSON"}, "JSON"),
        ({"reason": ""}, "needs its reason"),
        ({"verdict": "open"}, "must be one of"),
    ],
)
def test_a_form_that_is_not_whole_decides_nothing(staff: Client, change: dict[str, object], said: str):
    opened()
    row = Experiment.objects.get()
    answer = staff.post(page(row), verdict(**change))
    told = " ".join(text for texts in answer.context["adminform"].form.errors.values() for text in texts)
    assert answer.status_code == 200 and said in told
    row.refresh_from_db()
    assert row.verdict == "open"


def test_what_the_service_refuses_is_told_and_nothing_is_logged(staff: Client):
    opened(now=clock.now() + timedelta(days=2))
    row = Experiment.objects.get()
    answer = staff.post(page(row), verdict(), follow=True)
    assert "no experiment &#x27;network-beats-base&#x27;" in answer.content.decode()
    assert not LogEntry.objects.exists()
    assert Experiment.objects.get().verdict == "open"


def test_who_may_only_look_neither_opens_nor_decides(client: Client):
    opened()
    row = Experiment.objects.get()
    looking = clerk(client, "view_experiment")
    assert looking.get(page(row)).status_code == 200
    assert looking.post(page(row), verdict()).status_code == 403
    assert looking.post(reverse(ADD), {"name": "x", **WORDS}).status_code == 403
    assert list(Experiment.objects.values_list("verdict", flat=True)) == ["open"]
