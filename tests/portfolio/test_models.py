"""Each rule of the tables is tried, and facts can neither be changed nor lost."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction

from portfolio.models import Account, StopChange, Trade, VirtualOrder, WatchItem
from tests.portfolio import ledger_maker as make

NOON = make.moscow("2024-03-01T12:00")
pytestmark = pytest.mark.django_db


@pytest.fixture
def rows() -> dict[type, object]:
    own, instrument = make.account(make.user()), make.share()
    both = {"account": own, "instrument": instrument}
    return {
        Account: Account(user=own.user, name="second", kind="virtual", capital_rub=1000),
        Trade: Trade(
            **both, side="BUY", qty_shares=1, price_rub=1.0, traded_at=NOON, known_at=NOON, origin="api", external_id="a"
        ),
        StopChange: StopChange(**both, stop_rub=1.0, set_at=NOON),
        VirtualOrder: VirtualOrder(**both, side="BUY", qty_shares=1, ordered_at=NOON, external_id="a"),
        WatchItem: WatchItem(user=own.user, instrument=instrument, place=0),
    }  # fmt: skip


INFINITY = float("inf")
BROKEN = [
    ("portfolio_account_name_once", Account, {"name": "main"}),
    ("portfolio_account_kind_known", Account, {"kind": "lent"}),
    ("portfolio_account_has_a_name", Account, {"name": ""}),
    ("portfolio_account_capital_positive", Account, {"capital_rub": 0}),
    ("portfolio_account_virtual_has_capital", Account, {"capital_rub": None}),
    ("portfolio_trade_side_known", Trade, {"side": "HOLD"}),
    ("portfolio_trade_origin_known", Trade, {"origin": "dream"}),
    ("portfolio_trade_quantity_positive", Trade, {"qty_shares": 0}),
    ("portfolio_trade_price_positive", Trade, {"price_rub": 0.0}),
    ("portfolio_trade_price_positive", Trade, {"price_rub": INFINITY}),
    ("portfolio_trade_commission_not_negative", Trade, {"commission_rub": -0.01}),
    ("portfolio_trade_stop_positive", Trade, {"stop_rub": 0.0}),
    ("portfolio_trade_not_of_the_future", Trade, {"traded_at": NOON + timedelta(seconds=1)}),
    ("portfolio_stopchange_stop_positive", StopChange, {"stop_rub": -1.0}),
    ("portfolio_virtualorder_side_known", VirtualOrder, {"side": "HOLD"}),
    ("portfolio_virtualorder_quantity_positive", VirtualOrder, {"qty_shares": 0}),
    ("portfolio_virtualorder_stop_positive", VirtualOrder, {"stop_rub": 0.0}),
    ("portfolio_virtualorder_state_is_whole", VirtualOrder, {"state": "filled"}),
    ("portfolio_virtualorder_state_is_whole", VirtualOrder, {"state": "refused"}),
    ("portfolio_virtualorder_state_is_whole", VirtualOrder, {"refusal": "no_cash"}),
]
TWICE = {
    "portfolio_trade_external_id_once": Trade,
    "portfolio_virtualorder_external_id_once": VirtualOrder,
    "portfolio_watchitem_once": WatchItem,
}


@pytest.mark.parametrize(("name", "model", "changed"), BROKEN)
def test_the_database_refuses(rows, name, model, changed):
    for field, value in changed.items():
        setattr(rows[model], field, value)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        rows[model].save(force_insert=True)


@pytest.mark.parametrize("name", TWICE)
def test_the_database_refuses_it_twice(rows, name):
    row = rows[TWICE[name]]
    row.save()
    row.pk = None
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        row.save(force_insert=True)


def test_without_a_name_elsewhere_a_trade_may_come_twice(rows):
    for _ in range(2):
        rows[Trade].pk, rows[Trade].external_id = None, ""
        rows[Trade].save(force_insert=True)
    assert Trade.objects.count() == 2


def test_every_constraint_is_tried():
    tried = {name for name, *_ in BROKEN} | set(TWICE)
    models = (Account, Trade, StopChange, VirtualOrder, WatchItem)
    assert {each.name for model in models for each in model._meta.constraints} == tried


@pytest.mark.parametrize(("model", "field"), [(Trade, "price_rub"), (StopChange, "stop_rub")])
def test_a_fact_is_never_changed(rows, model, field):
    rows[model].save()
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        model.objects.update(**{field: 2.0})
    assert getattr(model.objects.get(), field) == 1.0


@pytest.mark.parametrize("model", [Trade, StopChange])
def test_a_fact_is_not_taken_away_while_its_account_is_there(rows, model):
    rows[model].save()
    with pytest.raises(IntegrityError, match="goes with its account alone"), transaction.atomic():
        model.objects.all().delete()
        check_now()
    assert model.objects.count() == 1


def test_all_of_a_user_goes_with_the_user(rows):
    for row in rows.values():
        row.save()
    other = make.account(make.user("boris"))
    rows[Account].user.delete()
    check_now()
    assert list(Account.objects.all()) == [other]
    assert not Trade.objects.exists() and not StopChange.objects.exists() and not WatchItem.objects.exists()


def check_now() -> None:
    """Look at once at what is otherwise looked at when the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_rows_say_what_they_are(rows):
    for row in rows.values():
        row.save()
    share = rows[Trade].instrument_id
    user = rows[Account].user_id
    assert [str(row) for row in rows.values()] == [
        f"second (virtual) of user {user}",
        f"BUY 1 of {share} at 1.0",
        f"stop of {share} at 1.0",
        f"BUY 1 of {share}: pending",
        f"{share} watched by user {user}",
    ]


def test_the_migration_goes_back_and_forth():
    """Its own SQL is run both ways; of the other operations the framework says that they can be."""
    migration = import_module("portfolio.migrations.0001_ledger")
    assert all(operation.reversible for operation in migration.Migration.operations)

    def functions() -> int:
        cursor.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'portfolio%'")
        return int(cursor.fetchone()[0])

    with connection.cursor() as cursor:
        assert functions() == 4
        cursor.execute(migration.FREE_FACTS)
        assert functions() == 0
        cursor.execute(migration.KEEP_FACTS)
        assert functions() == 4
