from __future__ import annotations

import pytest
from django.urls import reverse

from traderai.accounts.models import User
from traderai.common import clock
from traderai.jobs.services import job_record


@pytest.mark.django_db
def test_staff_see_units_and_cannot_change_them(client):
    client.force_login(User.objects.create_superuser("staff"))
    job_record(kind="ingest", business_key="SBER/1h", started_at=clock.now(), now=clock.now())
    listing = client.get(reverse("admin:jobs_job_changelist"))
    assert listing.status_code == 200
    assert b"SBER/1h" in listing.content
    assert client.get(reverse("admin:jobs_job_add")).status_code == 403
