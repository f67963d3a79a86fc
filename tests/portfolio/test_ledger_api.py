"""The ledger over HTTP: each path, each refusal, and nobody sees another's."""

from __future__ import annotations

import base64

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from market.models import Instrument
from portfolio.api import ledger_examples as examples
from portfolio.api import ledger_serializers as shapes
from portfolio.models import Account, StopChange, Trade, VirtualOrder, WatchItem
from portfolio.services.virtual import virtual_orders_fill
from tests.portfolio import ledger_maker as make
from traderai.accounts.models import User
from traderai.common import clock
from traderai.site.models import KeptAnswer

pytestmark = pytest.mark.django_db
API = "/api/v1"
TRADE = {
    "secid": "aaaa", "side": "BUY", "qty": 2, "qty_unit": "lots", "price": 100.0, "commission": 1.5,
    "traded_at": "2024-03-04T11:30:00+03:00", "stop": 95.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def market(db):
    make.share()
    make.candles("AAAA", "2024-03-04", [99.0, 100.0, 101.0])


def post(client: APIClient, path: str, body: dict, **headers: str):
    return client.post(f"{API}{path}", body, format="json", headers=headers)


def told(client: APIClient, **changed: object) -> dict:
    answer = post(client, "/actions", TRADE | changed)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_trade_becomes_a_position(anna):
    body = told(anna)
    assert body["created"] and body["order"] is None and body["remarks"] == []
    trade = body["trade"]
    assert (trade["secid"], trade["qty"], trade["price"], trade["origin"]) == ("AAAA", 20, 100.0, "api")
    (row,) = anna.get(f"{API}/positions").json()["results"]
    assert row["id"] == f"{trade['account_id']}-AAAA" and row["trade_ids"] == [trade["id"]]
    assert (row["name"], row["side"], row["qty"], row["stop"]) == ("Share AAAA", "long", 20.0, 95.0)
    assert (row["price"], row["value"]) == (101.0, 2020.0)
    assert row["pnl"] == pytest.approx(20 - 1.5) and row["pnl_frac"] == pytest.approx(18.5 / 2000)
    assert anna.get(f"{API}/positions/{row['id'].lower()}").json() == row
    assert anna.get(f"{API}/positions?account_id={trade['account_id']}").json()["results"] == [row]


def test_a_short_loses_when_the_price_rises(anna):
    told(anna, side="SELL", stop=None)
    (row,) = anna.get(f"{API}/positions").json()["results"]
    assert (row["side"], row["value"]) == ("short", -2020.0)
    assert row["pnl"] == pytest.approx(-20 - 1.5)


def test_a_remark_is_in_the_asker_s_language(anna):
    body = TRADE | {"commission": None}
    assert post(anna, "/actions", body).json()["remarks"] == [
        {"code": "commission_reckoned", "text": "No commission was given; 1.4 RUB was reckoned."}
    ]
    answer = post(anna, "/actions", body, **{"Accept-Language": "ru"})
    assert answer.json()["remarks"][0]["text"] == "Комиссия не указана; посчитано 1,4 ₽."


def test_a_key_makes_a_trade_once(anna):
    first = post(anna, "/actions", TRADE, **{"Idempotency-Key": "one"})
    again = post(anna, "/actions", TRADE, **{"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code) == (201, 201) and first.content == again.content
    other = post(anna, "/actions", TRADE | {"qty": 3}, **{"Idempotency-Key": "one"})
    assert other.status_code == 422 and other.json()["code"] == "key_used"
    # Its answer is kept for a day, the trade bears the key for good.
    KeptAnswer.objects.all().delete()
    again = post(anna, "/actions", TRADE, **{"Idempotency-Key": "one"})
    assert again.status_code == 200
    assert first.json()["trade"] == again.json()["trade"] and Trade.objects.count() == 1
    KeptAnswer.objects.all().delete()
    other = post(anna, "/actions", TRADE | {"qty": 3}, **{"Idempotency-Key": "one"})
    assert other.status_code == 409 and other.json()["code"] == "key_used"
    assert post(anna, "/actions", TRADE, **{"Idempotency-Key": "x" * 101}).status_code == 422


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"secid": "AAAB"}, 404, "secid"),
        ({"side": "HOLD"}, 400, "side"),
        ({"qty": 1.5}, 400, "qty"),
        ({"qty": 0}, 422, "qty"),
        ({"qty_unit": "boxes"}, 400, "qty_unit"),
        ({"price": 1000.0}, 422, "price"),
        ({"traded_at": "yesterday"}, 400, "traded_at"),
        ({"traded_at": "2999-01-01T00:00:00+03:00"}, 422, "traded_at"),
        ({"stop": 101.0}, 422, "stop"),
        ({"account_id": 10**9}, 404, "account_id"),
        ({"account_id": 10**30}, 422, "account_id"),
        ({"signal_id": 2**62}, 422, "signal_id"),
        ({"signal_id": 10**30}, 422, "signal_id"),
        ({"traded_at": "0001-01-01T00:00:00Z"}, 422, "traded_at"),
    ],
)
def test_what_is_wrong_names_its_field(anna, changed, status, field):
    answer = post(anna, "/actions", TRADE | changed)
    assert answer.status_code == status
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert not Trade.objects.exists()


@pytest.mark.parametrize("left_out", ["secid", "side", "qty", "qty_unit"])
def test_the_unit_and_the_rest_must_be_said(anna, left_out):
    answer = post(anna, "/actions", {name: value for name, value in TRADE.items() if name != left_out})
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == left_out


def test_pages_hold_every_trade_once_also_when_one_is_added_meanwhile(anna):
    for minute in (10, 10, 20, 30, 40):
        told(anna, traded_at=f"2024-03-04T11:{minute}:00+03:00")
    page = anna.get(f"{API}/actions?page_size=2")
    seen = page.json()["results"]
    told(anna, traded_at="2024-03-04T11:50:00+03:00")
    while page.json()["next"]:
        page = anna.get(page.json()["next"])
        assert page.status_code == 200
        seen += page.json()["results"]
    ids = [row["id"] for row in seen]
    assert len(ids) == len(set(ids)) == 5
    assert [row["traded_at"] for row in seen] == sorted((row["traded_at"] for row in seen), reverse=True)
    assert anna.get(f"{API}/actions?secid=bbbb").json()["results"] == []


@pytest.mark.parametrize(
    "place",
    [
        None,
        "2024-03-04",
        "x|1",
        "2024-03-04|1",
        "2024-03-04T10:00:00+03:00|" + "9" * 30,
        "0001-01-01T00:00:00+14:00|1",
    ],
)
def test_a_broken_cursor_is_refused(anna, place):
    cursor = "x" if place is None else base64.urlsafe_b64encode(place.encode()).decode()
    answer = anna.get(f"{API}/actions", {"cursor": cursor})
    assert answer.status_code == 422 and answer.json()["code"] == "bad_cursor"


def test_positions_are_told_of_changed_and_taken_off(anna):
    body = {"secid": "AAAA", "side": "short", "qty": 20, "qty_unit": "shares", "avg_price": 101.0}
    made = post(anna, "/positions", body)
    assert made.status_code == 201 and made.json()["trade"]["side"] == "SELL"
    assert post(anna, "/positions", body).status_code == 409
    place = f"{API}/positions/{made.json()['trade']['account_id']}-AAAA"
    changed = anna.patch(place, {"qty": 3, "qty_unit": "lots", "stop": 105.0}, format="json")
    assert changed.status_code == 200, changed.content
    position = changed.json()["position"]
    assert (position["qty"], position["stop"], position["side"]) == (30.0, 105.0, "short")
    assert anna.patch(place, {"stop": None}, format="json").json()["position"]["stop"] is None
    for broken, status in (({}, 422), ({"qty": 3}, 422), ({"stop": "high"}, 400)):
        assert anna.patch(place, broken, format="json").status_code == status
    assert anna.patch(place, {"avg_price": -1}, format="json").status_code == 422
    gone = anna.delete(place)
    assert gone.json() == {"position": None, "order": None}
    assert anna.delete(place).status_code == 404 and anna.get(place).status_code == 404
    assert anna.get(f"{API}/positions").json()["results"] == []


def test_a_virtual_account_takes_orders(anna):
    opened = post(anna, "/accounts", {"kind": "virtual", "name": "paper", "capital": 10000})
    assert opened.status_code == 200, opened.content
    account_id = opened.json()["id"]
    order = {"account_id": account_id, "secid": "AAAA", "side": "BUY", "qty": 2, "qty_unit": "lots"}
    refused = post(anna, "/actions", order | {"price": 100.0})
    assert refused.status_code == 422 and refused.json()["code"] == "virtual_fills_itself"
    made = post(anna, "/actions", order)
    assert made.status_code == 201 and made.json()["trade"] is None
    (row,) = anna.get(f"{API}/orders?account_id={account_id}").json()["results"]
    assert row == made.json()["order"] and row["state"] == "pending"
    VirtualOrder.objects.update(ordered_at=make.moscow("2024-03-04T10:30"))
    virtual_orders_fill(now=clock.now())
    (held,) = anna.get(f"{API}/positions").json()["results"]
    assert held["avg_price"] == 100.0 and held["commission"] > 0
    (account,) = anna.get(f"{API}/accounts").json()["results"]
    assert account["cash"] == pytest.approx(10000 - 2000 - held["commission"])
    first, again = anna.delete(f"{API}/positions/{held['id']}"), anna.delete(f"{API}/positions/{held['id']}")
    assert first.json()["order"]["side"] == "SELL" and first.json() == again.json(), (
        "asked twice, closed once"
    )


def test_a_refused_order_says_why(anna):
    own = make.account(user_of(anna), "paper", kind="virtual", capital_rub=10)
    VirtualOrder.objects.create(
        account=own,
        instrument_id=instrument(),
        side="BUY",
        qty_shares=10,
        state="refused",
        refusal="no_money",
    )
    (row,) = anna.get(f"{API}/orders").json()["results"]
    assert row["refusal_text"] == "The account had too little money for it."


def test_accounts(anna):
    assert anna.get(f"{API}/accounts").json() == {"results": []}
    body = {"kind": "real", "name": "broker", "capital": 1500.50}
    opened = post(anna, "/accounts", body).json()
    assert (opened["capital"], opened["cash"]) == (1500.5, None)
    assert post(anna, "/accounts", body).status_code == 409
    assert post(anna, "/accounts", {"kind": "virtual", "name": "p"}).status_code == 422
    assert post(anna, "/accounts", {"kind": "loan", "name": "p"}).status_code == 400
    assert [row["name"] for row in anna.get(f"{API}/accounts").json()["results"]] == ["broker"]


def test_an_account_is_changed_in_part_or_not_at_all(anna, boris):
    own = make.account(user_of(anna), "broker", capital_rub=1500)
    make.account(user_of(anna), "other")
    paper = make.account(user_of(anna), "paper", kind="virtual", capital_rub=1000)

    def change(body: dict, account: Account = own, by: APIClient = anna):
        return by.patch(f"{API}/accounts/{account.pk}", body, format="json")

    assert change({"name": " bank "}).json()["name"] == "bank"
    assert change({"capital": 2000.5}).json()["capital"] == 2000.5
    assert change({"capital": None}).json() == change({}).json()
    assert change({}).json()["capital"] is None and change({}).json()["name"] == "bank"
    assert change({"name": "sheet"}, paper).json()["cash"] == 1000
    before = list(Account.objects.order_by("id").values())
    for answer, code in (
        (change({"name": "other", "capital": 5}), 409),
        (change({"name": "new", "capital": 0}), 422),
        (change({"name": "new", "capital": "NaN"}), 400),
        (change({"name": "  ", "capital": 5}), 400),
        (change({"name": "new", "capital": 5}, paper), 422),
        (change({"name": "x" * 61}), 400),
        (change({"name": "new"}, by=boris), 404),
        (anna.patch(f"{API}/accounts/999999999999999999", {"name": "new"}, format="json"), 404),
    ):
        assert answer.status_code == code, answer.content
        assert answer.json()["errors"][0]["field"] in ("name", "capital", "account_id")
    assert list(Account.objects.order_by("id").values()) == before


def test_the_watch_list(anna):
    make.share("BBBB")
    put = anna.put(f"{API}/watchlist", {"secids": ["BBBB", "aaaa"]}, format="json")
    assert [row["secid"] for row in put.json()["results"]] == ["BBBB", "AAAA"]
    assert anna.get(f"{API}/watchlist").json() == put.json()
    assert anna.put(f"{API}/watchlist", {"secids": ["WRONG"]}, format="json").status_code == 404
    too_many = {"secids": ["AAAA"] * 201}
    assert anna.put(f"{API}/watchlist", too_many, format="json").status_code == 422
    assert len(anna.get(f"{API}/watchlist").json()["results"]) == 2


def user_of(client: APIClient):
    return User.objects.get(pk=client.session["_auth_user_id"])


def instrument() -> int:
    return Instrument.objects.get(secid="AAAA").pk


def test_nobody_sees_or_touches_another_s(anna, boris):
    trade = told(anna)["trade"]
    account_id = trade["account_id"]
    paper = post(anna, "/accounts", {"kind": "virtual", "name": "paper", "capital": 10000}).json()["id"]
    post(
        anna, "/actions", {"account_id": paper, "secid": "AAAA", "side": "BUY", "qty": 1, "qty_unit": "lots"}
    )
    anna.put(f"{API}/watchlist", {"secids": ["AAAA"]}, format="json")
    place, mine = f"{API}/positions/{account_id}-AAAA", {"account_id": account_id}
    before = snapshot()
    for answer in (
        boris.get(place),
        boris.patch(place, {"stop": 90.0}, format="json"),
        boris.delete(place),
        boris.get(f"{API}/positions?account_id={account_id}"),
        boris.get(f"{API}/actions?account_id={account_id}"),
        boris.get(f"{API}/orders?account_id={paper}"),
        post(boris, "/actions", TRADE | mine),
        post(boris, "/positions", {"secid": "AAAA", "side": "long", "qty": 1, "qty_unit": "shares", "avg_price": 100.0} | mine),
    ):  # fmt: skip
        assert answer.status_code == 404, answer.content
    for path in ("accounts", "positions", "actions", "orders", "watchlist"):
        assert boris.get(f"{API}/{path}").json()["results"] == [], path
        assert anna.get(f"{API}/{path}").json()["results"] != [], path
    boris.put(f"{API}/watchlist", {"secids": []}, format="json")
    assert snapshot() == before


def snapshot() -> list[int]:
    return [model.objects.count() for model in (Account, Trade, StopChange, VirtualOrder, WatchItem)]


@pytest.mark.parametrize(
    "path", ["accounts", "positions", "positions/1-AAAA", "actions", "orders", "watchlist"]
)
def test_who_has_not_signed_in_gets_nothing(path):
    assert APIClient(REMOTE_ADDR="10.0.0.7").get(f"{API}/{path}").status_code == 401


def queries(client: APIClient, path: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(f"{API}/{path}").status_code == 200
    return len(caught)


# Session and user are two of each. Accounts: themselves, virtual ones and their trades. Positions: trades, splits, stops, names, champion, closes.
QUERIES = {"accounts": 5, "positions": 8, "actions": 3, "orders": 3, "watchlist": 3}


def test_lists_take_the_same_few_queries_whatever_their_length(anna):
    user = user_of(anna)
    own = make.account(user, capital_rub=1000)
    seen: dict[str, list[int]] = {path: [] for path in QUERIES}
    for size in (1, 12):
        for number in range(size):
            share = make.share(f"S{size:02d}{number:02d}")
            make.trade(own, share, "BUY", 10, 100.0, "2024-03-04T11:00")
            WatchItem.objects.create(user=user, instrument=share, place=number)
            VirtualOrder.objects.create(account=own, instrument=share, side="BUY", qty_shares=10)
        for path in QUERIES:
            seen[path].append(queries(anna, path))
    assert {path: max(counts) for path, counts in seen.items()} == QUERIES
    assert {path: min(counts) for path, counts in seen.items()} == QUERIES


@pytest.mark.parametrize(
    ("shape", "example"),
    [
        (shapes.AccountListSerializer, examples.ACCOUNTS),
        (shapes.RecordedSerializer, examples.RECORDED),
        (shapes.TradePageSerializer, examples.TRADES),
        (shapes.OrderListSerializer, examples.ORDERS),
        (shapes.PositionListSerializer, examples.POSITIONS),
        (shapes.ChangedPositionSerializer, examples.POSITION_CHANGED),
        (shapes.WatchlistSerializer, examples.WATCHLIST),
    ],
)
def test_the_document_s_examples_have_the_fields_of_their_answers(shape, example):
    def fields(own, told) -> None:
        assert set(told) == set(own.fields)
        for name, field in own.fields.items():
            inner = getattr(field, "child", field)
            values = told[name] if hasattr(field, "child") and told[name] else [told[name]]
            if hasattr(inner, "fields"):
                for value in values:
                    if value is not None:
                        fields(inner, value)

    fields(shape(), example)


@pytest.mark.parametrize(
    ("shape", "example"),
    [
        (shapes.AccountRequestSerializer, examples.ACCOUNT_ASKED),
        (shapes.TradeRequestSerializer, examples.TRADE_ASKED),
        (shapes.PositionRequestSerializer, examples.POSITION_ASKED),
        (shapes.PositionChangeSerializer, examples.POSITION_CHANGE),
        (shapes.WatchlistRequestSerializer, examples.WATCHLIST_ASKED),
    ],
)
def test_the_document_s_questions_can_be_asked(shape, example):
    assert shape(data=example).is_valid()
