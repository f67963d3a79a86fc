"""A market to play on, built once for a module; each test works in a savepoint of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction

from tests.training_game import game_maker
from traderai.accounts.models import User


@pytest.fixture(scope="module")
def stored_market(django_db_setup, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        game_maker.market()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def user(stored_market, db) -> User:
    """A player on the market."""
    return game_maker.player()
