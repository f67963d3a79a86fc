"""The ledger as it was known at a moment, by the door of the app."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from market.models import CorporateAction, TradingDay
from market.selectors.splits import splits_get
from portfolio.models import StopChange, WatchItem
from portfolio.selectors import journal
from portfolio.selectors.privacy import personal_data
from portfolio.selectors.watchlist import watchlist_get
from tests.portfolio import ledger_maker as make
from traderai.common.errors import NotFoundError

pytestmark = pytest.mark.django_db
LATE = make.moscow("2024-06-01T00:00")


@pytest.fixture
def own():
    return make.account(make.user(), capital_rub=1000)


def split(
    instrument, ex_date: str, ratio: float, source: str = "one", known: str = "2024-01-01T00:00"
) -> None:
    CorporateAction.objects.create(
        instrument=instrument, kind="split", ex_date=date.fromisoformat(ex_date), shares_after_per_before=ratio,
        known_at=make.moscow(known), source=source,
    )  # fmt: skip


def test_what_was_told_later_was_not_known(own):
    first, late = make.share(), make.moscow("2024-03-05T00:00")
    make.trade(own, first, "BUY", 10, 100.0, "2024-03-01T12:00", stop_rub=95.0)
    make.trade(own, first, "SELL", 4, 110.0, "2024-03-02T12:00", known_at=late)
    StopChange.objects.create(
        account=own, instrument=first, stop_rub=98.0, set_at=make.moscow("2024-03-03T00:00")
    )

    def seen(text: str):
        as_of = make.moscow(text)
        (position,) = journal.positions_get(account_id=own.pk, as_of=as_of)
        trips = journal.round_trips_get(account_id=own.pk, as_of=as_of)
        return position.qty_shares, position.stop_rub, len(trips)

    assert journal.positions_get(account_id=own.pk, as_of=make.moscow("2024-03-01T11:59")) == ()
    assert seen("2024-03-01T12:00") == (10, 95.0, 0)
    assert seen("2024-03-04T00:00") == (10, 98.0, 0), "the sale was not known yet"
    assert seen("2024-03-05T00:00") == (6, 98.0, 1)
    (bought, sold) = journal.trades_get(account_id=own.pk, as_of=LATE)
    assert (bought.secid, bought.side, bought.qty_shares, bought.stop_rub) == ("AAAA", "BUY", 10, 95.0)
    assert sold.known_at == late and sold.signal_id is None
    assert [each.stop_rub for each in journal.stops_get(account_id=own.pk, as_of=LATE)] == [98.0]


def test_a_split_restates_what_was_held(own):
    first = make.share()
    split(first, "2024-03-04", 10.0)
    split(first, "2024-03-04", 10.0, source="two")
    split(first, "2024-05-06", 2.0, known="2024-05-20T00:00")
    # Saturday's session belongs to Monday: from it on new shares are traded.
    TradingDay.objects.create(date=date(2024, 3, 2), trading_date=date(2024, 3, 4), is_real=True)
    TradingDay.objects.create(date=date(2024, 3, 4), trading_date=date(2024, 3, 4), is_real=True)
    make.trade(own, first, "BUY", 10, 100.0, "2024-03-01T12:00", commission_rub=1.0)
    make.trade(own, first, "SELL", 30, 11.0, "2024-03-02T12:00", commission_rub=0.3)

    def held(text: str) -> float:
        return journal.positions_get(account_id=own.pk, as_of=make.moscow(text))[0].qty_shares

    assert (
        held("2024-03-01T23:00") == 10 and held("2024-03-02T11:00") == 100 and held("2024-03-10T00:00") == 70
    )
    assert held("2024-05-10T00:00") == 70 and held("2024-05-20T00:00") == 140, "known late"
    (trip,) = journal.round_trips_get(account_id=own.pk, as_of=LATE)
    assert (trip.entry_rub, trip.qty_shares) == (10.0, 30)
    assert trip.pnl_rub == pytest.approx(30 * 1.0 - 0.3 - 0.3)
    assert splits_get(secids=["BBBB"], as_of=LATE) == {}


def test_accounts_are_their_users(own):
    other = make.user("boris")
    assert [each.name for each in journal.accounts_get(user_id=own.user_id)] == ["main"]
    assert journal.accounts_get(user_id=other.pk) == ()
    facts = journal.account_get(user_id=own.user_id, account_id=own.pk)
    assert (facts.kind, facts.capital_rub) == ("real", 1000.0)
    with pytest.raises(NotFoundError, match="your accounts"):
        journal.account_get(user_id=other.pk, account_id=own.pk)


def test_the_ledger_takes_three_queries_whatever_its_length(own, django_assert_num_queries):
    for number in range(20):
        instrument = make.share(f"A{number:03d}")
        make.trade(own, instrument, "BUY", 10, 100.0, "2024-03-01T12:00")
    with django_assert_num_queries(3):  # trades, splits, stops
        assert len(journal.positions_get(account_id=own.pk, as_of=LATE)) == 20


def test_all_that_is_held_of_a_user_is_plain_json(own):
    first, other = make.share(), make.account(make.user("boris"))
    make.trade(own, first, "BUY", 10, 100.0, "2024-03-01T12:00")
    make.trade(other, first, "BUY", 77, 100.0, "2024-03-01T12:00")
    StopChange.objects.create(account=own, instrument=first, stop_rub=98.0, set_at=LATE)
    WatchItem.objects.create(user=own.user, instrument=first, place=0, added_at=LATE + timedelta(days=1))
    told = json.loads(json.dumps(personal_data(user_id=own.user_id)))
    assert [each["secid"] for each in told["watchlist"]] == ["AAAA"]
    (account,) = told["accounts"]
    assert account["capital_rub"] == 1000.0 and account["orders"] == []
    assert [each["qty_shares"] for each in account["trades"]] == [10]
    assert [each["stop_rub"] for each in account["stop_changes"]] == [98.0]
    assert [each.secid for each in watchlist_get(user_id=own.user_id)] == ["AAAA"]
    assert watchlist_get(user_id=other.user_id) == ()
