"""A user takes everything along and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test import Client

from tests.site.people import person
from tests.training_game import game_maker
from traderai.accounts.models import User

pytestmark = pytest.mark.django_db
OF_A_USER = """
SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c JOIN pg_attribute a
ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) WHERE c.contype = 'f' AND c.confrelid = %s::regclass
"""


def rows_of(user_id: int) -> dict[str, int]:
    """Return by table how many rows lead to a user, over any number of foreign keys; by the database's own word."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        waiting = [("accounts_user", [user_id])]
        while waiting:
            table, ids = waiting.pop()
            cursor.execute(OF_A_USER, [table])
            for child, column in cursor.fetchall():
                cursor.execute(f"SELECT * FROM {child} WHERE {column} = ANY(%s)", [ids])
                names = [field.name for field in cursor.description]
                rows = cursor.fetchall()
                if rows and child not in found:
                    found[child] = len(rows)
                    if "id" in names:
                        waiting.append((child, [row[names.index("id")] for row in rows]))
    return found


@pytest.fixture(scope="module")
def stored_market(django_db_setup, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        game_maker.market()
        yield
        transaction.set_rollback(True)


def test_an_export_holds_every_room_and_nothing_of_others(stored_market, db):
    person("boris")
    answer = person("anna").client.get("/api/v1/me/data")
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    held = answer.json()
    assert held["account"]["username"] == "anna" and held["account"]["capital_rub"] == 500_000
    (own,) = held["portfolio"]["accounts"]
    assert [trade["price_rub"] for trade in own["trades"]] == [101.5] and len(own["stop_changes"]) == 1
    assert len(held["portfolio"]["watchlist"]) == 1
    assert [one["comment"] for one in held["behavior"]["feedback"]] == ["mark of anna"]
    assert len(held["behavior"]["signals_shown"]) == 1 and held["training_game"]
    assert "boris" not in answer.content.decode() and "password" not in answer.content.decode()


def test_a_deleted_user_leaves_nothing_and_others_keep_all(stored_market, db):
    anna, boris = person("anna"), person("boris")
    hers, his, anna, boris = anna.client, boris.client, anna.user, boris.user
    before = rows_of(boris.pk)
    assert {"portfolio_account", "portfolio_trade", "behavior_feedback", "training_game_scenario"} <= set(
        rows_of(anna.pk)
    )
    assert (
        hers.delete("/api/v1/me/data", {"confirm": "Anna"}, content_type="application/json").status_code
        == 422
    )
    assert rows_of(anna.pk)
    gone = hers.delete("/api/v1/me/data", {"confirm": "anna"}, content_type="application/json")
    assert gone.status_code == 204 and not User.objects.filter(pk=anna.pk).exists()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what is looked at when the transaction ends
    assert rows_of(anna.pk) == {} and rows_of(boris.pk) == before
    assert hers.get("/api/v1/me/data").status_code == 401 and his.get("/api/v1/me/data").status_code == 200


def test_staff_do_not_delete_themselves(db):
    staff = User.objects.create_user("staff", password="x", is_staff=True)
    client = Client()
    client.force_login(staff)
    answer = client.delete("/api/v1/me/data", {"confirm": "staff"}, content_type="application/json")
    assert answer.status_code == 409 and User.objects.filter(pk=staff.pk).exists()


def test_strangers_get_nothing(client):
    assert client.get("/api/v1/me/data").status_code == 401
    assert client.delete("/api/v1/me/data").status_code == 401
