"""A market with features, built once for a module; each test works in a savepoint of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import override_settings

from modeling.contracts import ModelVersionFacts
from tests.signals import builders


@pytest.fixture(scope="module")
def built_market(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[None]:
    lake = f"file://{tmp_path_factory.mktemp('lake')}"
    # The module's transaction stays open: what each test adds is a savepoint of it, all of it is undone.
    with django_db_blocker.unblock(), override_settings(LAKE_URL=lake), transaction.atomic():
        builders.market()
        builders.features()
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def stored_market(django_db_setup, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        builders.market()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def bars_alone(stored_market, db) -> None:
    """A market without features, which take the longest to make."""


@pytest.fixture
def market(built_market, db) -> None:
    """A market with features and no model."""


@pytest.fixture
def champion(market) -> ModelVersionFacts:
    return builders.champion()
