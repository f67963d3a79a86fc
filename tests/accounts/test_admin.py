"""Staff can look after users."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from traderai.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def test_the_index_opens(staff: Client):
    response = staff.get("/admin/")
    assert response.status_code == 200
    assert b"TraderAI" in response.content


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=lambda model: model._meta.label), ids=str)
def test_every_list_opens(staff: Client, model: type):
    meta = model._meta  # type: ignore[attr-defined]
    response = staff.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))
    assert response.status_code == 200


def test_a_user_is_shown_and_changed(staff: Client):
    vera = User.objects.create_user("vera")
    address = reverse("admin:accounts_user_change", args=[vera.pk])
    page = staff.get(address)
    assert page.status_code == 200 and b"risk_profile" in page.content
    form = {
        name: value for name, value in page.context["adminform"].form.initial.items() if value is not None
    }
    form |= {"language": "en", "capital_rub": "250000", "groups": [], "user_permissions": []}
    form["date_joined_0"], form["date_joined_1"] = "2024-03-01", "10:00:00"
    saved = staff.post(address, form)
    assert saved.status_code == 302
    vera.refresh_from_db()
    assert (vera.language, str(vera.capital_rub)) == ("en", "250000.00")
