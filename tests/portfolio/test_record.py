"""Writing trades and positions down, and what is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from portfolio.ledger_contracts import PositionChange, Said
from portfolio.models import Account, StopChange, Trade, WatchItem
from portfolio.selectors.journal import positions_get
from portfolio.services.accounts import account_create, account_meant
from portfolio.services.positions import position_adjust, position_delete, position_open
from portfolio.services.record import trade_record
from portfolio.services.watchlist import watchlist_replace
from tests.portfolio import ledger_maker as make
from traderai.common.errors import ConflictError, InputError, NotFoundError

pytestmark = pytest.mark.django_db
NOW = make.moscow("2024-03-05T12:00")
SAID = Said(
    secid="AAAA", side="BUY", qty=20, unit="shares", origin="api", price_rub=100.0, commission_rub=1.0,
    traded_at=make.moscow("2024-03-04T11:00"),
)  # fmt: skip


@pytest.fixture
def own():
    make.share()
    make.candles("AAAA", "2024-03-04", [99.0, 100.0, 101.0])
    return make.account(make.user())


def record(own, now=NOW, **changed):
    said = replace(SAID, **changed)
    return trade_record(user_id=own.user_id, account_id=own.pk, said=said, now=now)


def test_a_trade_is_written_down(own):
    done = record(own, secid="aaaa ", stop_rub=95.0)
    assert done.created and done.remarks == ()
    assert (done.trade.secid, done.trade.qty_shares, done.trade.known_at) == ("AAAA", 20, NOW)
    assert done.trade.stop_rub == 95.0 and Trade.objects.count() == 1


def test_a_lot_is_that_of_the_day(own):
    assert record(own, qty=3, unit="lots").trade.qty_shares == 30


def test_no_trade_is_free(own):
    done = record(own, commission_rub=None)
    assert done.trade.commission_rub == pytest.approx(20 * 100 * 0.0007)
    assert [each.code for each in done.remarks] == ["commission_reckoned"]


@pytest.mark.parametrize(
    ("price", "codes"),
    [
        (102.01, []),  # the highest is 102.01
        (103.5, ["price_outside_of_day"]),
        (60.0, ["price_outside_of_day"]),
    ],
)
def test_a_price_outside_of_the_day_is_remarked_on(own, price, codes):
    assert [each.code for each in record(own, price_rub=price).remarks] == codes


def test_a_day_without_candles_is_remarked_on(own):
    at = make.moscow("2024-03-01T11:00")
    assert [each.code for each in record(own, traded_at=at).remarks] == ["price_not_checked"]


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"qty": 0}, "qty", "above 0"),
        ({"qty": -5}, "qty", "above 0"),
        ({"price_rub": 0.0}, "price", "above 0"),
        ({"price_rub": float("nan")}, "price", "above 0"),
        ({"price_rub": None}, "price", "must be given"),
        ({"price_rub": 1000.0}, "price", "98.01 to 102.01"),
        ({"price_rub": 10.0}, "price", "98.01 to 102.01"),
        ({"commission_rub": -1.0}, "commission", "0 or more"),
        ({"commission_rub": 5000.0}, "commission", "at most the value"),
        ({"traded_at": NOW + timedelta(seconds=1)}, "traded_at", "future"),
        ({"stop_rub": 100.0}, "stop", "below its price"),
        ({"side": "SELL", "stop_rub": 99.0}, "stop", "above its price"),
        ({"signal_id": 999}, "signal_id", "a signal of AAAA"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(own, changed, field, words):
    with pytest.raises(InputError, match=words) as caught:
        record(own, **changed)
    assert caught.value.field == field and not Trade.objects.exists()


def test_an_unknown_ticker_names_the_closest(own):
    with pytest.raises(NotFoundError, match="did you mean 'AAAA'"):
        record(own, secid="AAAB")


def test_an_index_is_not_traded(own):
    make.share("IMOEX", kind="index")
    with pytest.raises(InputError, match="was the index IMOEX"):
        record(own, secid="IMOEX")


def test_a_short_where_none_is_possible(own):
    make.share("BBBB", shortable=False)
    sale = {"secid": "BBBB", "side": "SELL"}
    with pytest.raises(InputError, match="tell of the purchases first") as caught:
        record(own, **sale)
    assert caught.value.code == "not_shortable" and not Trade.objects.exists()
    record(own, secid="BBBB", side="BUY", traded_at=make.moscow("2024-03-04T10:00"))
    assert record(own, **sale).created
    with pytest.raises(InputError):
        record(own, **sale, qty=1)
    assert record(own, side="SELL").created, "AAAA can be borrowed"


def test_a_key_names_one_trade(own):
    first = record(own, external_id="key:1")
    again = record(own, external_id="key:1")
    assert (first.created, again.created) == (True, False) and first.trade == again.trade
    later = record(own, external_id="key:1", traded_at=None, now=NOW + timedelta(hours=1))
    assert later.trade == first.trade
    with pytest.raises(ConflictError, match="another key"):
        record(own, external_id="key:1", qty=21)
    other = make.account(make.user("boris"))
    assert record(other, external_id="key:1").created, "a key is the account's"


def test_another_s_account_is_not_there(own):
    with pytest.raises(NotFoundError):
        trade_record(user_id=make.user("boris").pk, account_id=own.pk, said=SAID, now=NOW)
    assert not Trade.objects.exists()


def test_who_has_no_account_gets_one(db):
    user = make.user()
    assert account_meant(user_id=user.pk, account_id=None, now=NOW).kind == "real"
    account_meant(user_id=user.pk, account_id=None, now=NOW)
    assert Account.objects.count() == 1
    make.account(user, "second")
    with pytest.raises(InputError, match="name one"):
        account_meant(user_id=user.pk, account_id=None, now=NOW)


def test_accounts_are_opened_once(db):
    user = make.user()
    opened = account_create(user_id=user.pk, kind="virtual", name=" paper ", capital_rub=1000, now=NOW)
    assert (opened.name, opened.capital_rub) == ("paper", 1000.0)
    with pytest.raises(ConflictError):
        account_create(user_id=user.pk, kind="real", name="paper", capital_rub=None, now=NOW)
    for broken in ({"name": " "}, {"capital_rub": None}, {"capital_rub": 0}):
        values = {"kind": "virtual", "name": "new", "capital_rub": 5, **broken}
        with pytest.raises(InputError):
            account_create(user_id=user.pk, now=NOW, **values)
    assert Account.objects.count() == 1


def held(own, now=NOW + timedelta(days=9)):
    return next(iter(positions_get(account_id=own.pk, as_of=now)), None)


def adjust(own, **change):
    return position_adjust(
        user_id=own.user_id, account_id=own.pk, secid="AAAA", change=PositionChange(**change), now=NOW
    )


def test_a_position_is_told_of_once(own):
    said = replace(SAID, origin="manual")
    done = position_open(user_id=own.user_id, account_id=own.pk, said=said, now=NOW)
    assert done.trade.origin == "manual"
    for again in (said, replace(said, external_id="key:new")):
        with pytest.raises(ConflictError, match="held already"):
            position_open(user_id=own.user_id, account_id=own.pk, said=again, now=NOW)


def test_a_position_is_told_of_once_by_its_key(own):
    said = replace(SAID, origin="manual", external_id="key:1")
    first = position_open(user_id=own.user_id, account_id=own.pk, said=said, now=NOW)
    again = position_open(user_id=own.user_id, account_id=own.pk, said=said, now=NOW)
    assert first.trade == again.trade and not again.created


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize(
    ("change", "qty", "price", "entries"),
    [
        ({"qty": 30}, 30, 100.0, 1),
        ({"qty": 5}, 5, 100.0, 1),
        ({"qty": 5, "unit": "lots"}, 50, 100.0, 1),
        ({"qty": 20}, 20, 100.0, 0),
        ({"qty": 20, "avg_price_rub": 100.0}, 20, 100.0, 0),
        ({"avg_price_rub": 90.0}, 20, 90.0, 2),
        ({"qty": 30, "avg_price_rub": 90.0}, 30, 90.0, 2),
    ],
)
def test_a_position_is_set_right_by_entries(own, side, change, qty, price, entries):
    record(own, side=side)
    position = adjust(own, **change)
    assert (position.qty_shares, position.avg_price_rub) == (qty, pytest.approx(price))
    assert position.is_long == (side == "BUY")
    assert Trade.objects.filter(origin="adjustment").count() == entries
    assert adjust(own, **change) == position, "repeating changes nothing"
    assert Trade.objects.filter(origin="adjustment").count() == entries


def test_a_stop_is_moved_and_taken_away(own):
    record(own, stop_rub=95.0)
    assert adjust(own, sets_stop=True, stop_rub=97.0).stop_rub == 97.0
    assert adjust(own, avg_price_rub=90.0).stop_rub == 97.0, "the stop stays"
    assert adjust(own, sets_stop=True).stop_rub is None
    assert adjust(own, sets_stop=True).stop_rub is None
    assert StopChange.objects.count() == 3
    with pytest.raises(InputError, match="above 0"):
        adjust(own, sets_stop=True, stop_rub=-1.0)


def test_a_position_is_taken_off_the_book(own):
    record(own)
    assert position_delete(user_id=own.user_id, account_id=own.pk, secid="AAAA", now=NOW) is None
    assert held(own) is None and Trade.objects.count() == 2
    with pytest.raises(NotFoundError):
        position_delete(user_id=own.user_id, account_id=own.pk, secid="AAAA", now=NOW)


def test_a_broken_adjustment_changes_nothing(own):
    record(own)
    for broken in ({"qty": 0}, {"avg_price_rub": -1.0}, {"qty": 5, "sets_stop": True, "stop_rub": 0.0}):
        with pytest.raises(InputError):
            adjust(own, **broken)
    assert Trade.objects.count() == 1 and not StopChange.objects.exists()


def test_the_watch_list_is_replaced_whole(own):
    make.share("BBBB")
    first = watchlist_replace(user_id=own.user_id, secids=["AAAA", "bbbb", "AAAA"], now=NOW)
    assert [each.secid for each in first] == ["AAAA", "BBBB"]
    later = NOW + timedelta(days=1)
    turned = watchlist_replace(user_id=own.user_id, secids=["BBBB", "AAAA"], now=later)
    assert [(each.secid, each.added_at) for each in turned] == [("BBBB", NOW), ("AAAA", NOW)]
    with pytest.raises(NotFoundError):
        watchlist_replace(user_id=own.user_id, secids=["AAAA", "WRONG"], now=later)
    assert WatchItem.objects.count() == 2
    assert watchlist_replace(user_id=own.user_id, secids=[], now=later) == ()


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_make_one_trade(own):
    """The lock of the account lets one in after the other; what is held is sold once."""
    share = make.share("BBBB", shortable=False)
    make.trade(own, share, "BUY", 20, 100.0, "2024-03-04T10:00")
    sale = {"secid": "BBBB", "side": "SELL"}
    gate = threading.Barrier(2)

    def send(key: str) -> str:
        try:
            gate.wait(timeout=10)
            return str(record(own, **sale, external_id=key).created)
        except InputError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        same = sorted(threads.map(send, ["one", "one"]))
        assert same == ["False", "True"]
    make.trade(own, share, "BUY", 20, 100.0, "2024-03-04T10:00")
    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(send, ["two", "three"])) == ["True", "not_shortable"]
