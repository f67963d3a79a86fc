"""The staff's view of the registry: what the guards against leaks found can be read and nothing else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from modeling.models import LeakAudit, ModelVersion
from tests.modeling.ledger_maker import NOW, sha
from traderai.accounts.models import User

pytestmark = pytest.mark.django_db
LIST = "admin:modeling_leakaudit_changelist"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


def audited(name: str, *complaints: str) -> LeakAudit:
    version = ModelVersion.objects.create(
        version=name, kind="global", recipe="r", feature_set_key="f@1", label_set="l", timeframe="1h",
        horizons=["3d"], lookback_bars=8, trained_until=NOW, is_simulated=False, artifact_key=f"models/{name}",
        manifest_sha256=sha(name), created_at=NOW,
    )  # fmt: skip
    checks = [
        {"name": "target_scan", "passed": not complaints, "found": list(complaints) or ["rsi: AUC 0.530"]},
        {"name": "label_shift", "passed": True, "found": ["horizon 3d: AUC 0.540", "horizon 5d: AUC 0.510"]},
    ]
    return LeakAudit.objects.create(version=version, passed=not complaints, checks=checks, at=NOW)


def test_audits_are_listed_and_found_by_version_and_verdict(staff: Client, django_assert_max_num_queries):
    for number in range(3):
        audited(f"clean-{number}")
    audited("leaky", "hint: AUC 0.990")
    with django_assert_max_num_queries(12):
        listed = staff.get(reverse(LIST))
    assert listed.context["cl"].result_count == 4
    assert listed.content.decode().count("target_scan") == 1  # named where it failed, and there alone
    assert staff.get(reverse(LIST), {"passed__exact": "0"}).context["cl"].result_count == 1
    assert staff.get(reverse(LIST), {"q": "clean-1"}).context["cl"].result_count == 1


def test_an_audit_tells_each_guards_word_and_cannot_be_changed(staff: Client):
    row = audited("leaky", "<b>hint</b>: AUC 0.990")
    page = reverse("admin:modeling_leakaudit_change", args=[row.pk])
    shown = staff.get(page).content.decode()
    assert "target_scan: failed. &lt;b&gt;hint&lt;/b&gt;: AUC 0.990" in shown
    assert "label_shift: passed. horizon 3d: AUC 0.540; horizon 5d: AUC 0.510" in shown
    assert staff.post(page, {"passed": "on"}).status_code == 403
    assert staff.get(reverse("admin:modeling_leakaudit_add")).status_code == 403
    delete = reverse("admin:modeling_leakaudit_delete", args=[row.pk])
    assert staff.post(delete, {"post": "yes"}).status_code == 403
    row.refresh_from_db()
    assert not row.passed


def test_the_sidebar_leads_to_audits_those_who_may_see_them(client: Client):
    clerk = User.objects.create_user("clerk", is_staff=True)
    client.force_login(clerk)
    assert reverse(LIST) not in client.get(reverse("admin:index")).content.decode()
    assert client.get(reverse(LIST)).status_code == 403
    clerk.user_permissions.set(Permission.objects.filter(codename="view_leakaudit"))
    assert reverse(LIST) in client.get(reverse("admin:index")).content.decode()
    assert client.get(reverse(LIST)).status_code == 200
