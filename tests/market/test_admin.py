from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.urls import reverse

from market.models import Instrument
from tests.market import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(get_user_model().objects.create_superuser("boss", password="x"))
    return client


@pytest.mark.parametrize(
    "model",
    sorted(model._meta.model_name for model in admin.site._registry if model._meta.app_label == "market"),
)
def test_every_list_opens(staff, model):
    make.write(make.instrument(), make.columns(make.hours("2024-01-03")))
    assert staff.get(reverse(f"admin:market_{model}_changelist")).status_code == 200


def test_candles_are_shown_up_to_a_day_and_linked(staff):
    facts = make.instrument()
    make.write(facts, make.columns(make.hours("2024-01-03") + make.hours("2024-01-04")))
    page = reverse("admin:market_candles", args=[facts.id])
    assert page in staff.get(reverse("admin:market_instrument_change", args=[facts.id])).content.decode()
    assert staff.get(page).content.decode().count("2024-01-0") == 6
    assert staff.get(page, {"day": "2024-01-03"}).content.decode().count("2024-01-03 1") == 3
    assert "timeframe must be one of" in staff.get(page, {"timeframe": "7h"}).content.decode()
    assert staff.get(page, {"day": "yesterday"}).status_code == 200
    assert staff.get(reverse("admin:market_candles", args=[0])).status_code == 404


def test_a_stranger_sees_no_candles(client):
    assert client.get(reverse("admin:market_candles", args=[make.instrument().id])).status_code == 302


def test_staff_may_change_three_fields_only(staff):
    facts = make.instrument()
    page = reverse("admin:market_instrument_change", args=[facts.id])
    staff.post(page, {"sector": "it", "active": "on", "shortable": "on", "lot_size": "99", "secid": "HACK"})
    row = Instrument.objects.get()
    assert (row.sector, row.shortable, row.lot_size, row.secid) == ("it", True, 1, "TEST")
    assert staff.get(reverse("admin:market_instrument_add")).status_code == 403
