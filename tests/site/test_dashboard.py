"""The admin's first page says the truth on an empty installation and keeps calls from those who may not see them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from modeling.services.registry import emission_pause
from tests.modeling.registry.maker import serving
from traderai.accounts.models import User
from traderai.common import clock
from traderai.jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_user("staff", password="x", is_staff=True))
    return client


def test_nothing_is_called_by_its_name(staff):
    text = staff.get(reverse("admin:index")).content.decode()
    for said in (
        "nothing has been ingested",
        "every call is NO_TRADE",
        "0 of 0",
        "no unit of work stands failed",
    ):
        assert said in text


def test_failed_jobs_are_counted_with_a_link_to_them(staff):
    now = clock.now()
    for number, state in enumerate((Job.State.FAILED, Job.State.FAILED, Job.State.DONE)):
        Job.objects.create(
            kind="test",
            business_key=str(number),
            state=state,
            error="broken",
            started_at=now,
            finished_at=now,
        )
    response = staff.get(reverse("admin:index"))
    jobs = next(part for part in response.context["health"] if part["title"] == "Failed jobs")
    assert jobs["value"] == "2"
    assert jobs["link"].endswith("?state__exact=failed")


def test_a_silenced_model_is_called_so(staff, tmp_path, settings):
    settings.LAKE_URL = f"file://{tmp_path}"
    facts = serving("global-test-1")
    assert "on paper" in staff.get(reverse("admin:index")).content.decode()
    emission_pause(version_id=facts.id, by="live_floor", reason="CUSUM", now=clock.now())
    response = staff.get(reverse("admin:index"))
    model = next(part for part in response.context["health"] if part["title"] == "Model in service")
    assert (model["value"], "global-test-1 has degraded" in model["note"]) == ("silent", True)


def test_links_and_calls_need_the_permission(staff):
    response = staff.get(reverse("admin:index"))
    assert response.context["strongest"] == []
    assert reverse("admin:modeling_gateverdict_changelist") not in response.content.decode()
    staff.force_login(User.objects.create_superuser("chief", password="x"))
    assert (
        reverse("admin:modeling_gateverdict_changelist") in staff.get(reverse("admin:index")).content.decode()
    )
