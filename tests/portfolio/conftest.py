"""Two users, each signed in."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.portfolio import ledger_maker as make
from traderai.accounts.models import User


def signed_in(user: User) -> APIClient:
    client = APIClient(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def anna(db) -> APIClient:
    return signed_in(make.user("anna"))


@pytest.fixture
def boris(db) -> APIClient:
    return signed_in(make.user("boris"))
