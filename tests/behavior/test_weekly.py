"""The weekly report from rows: figures by hand, stored once, made again safely, due on the user's own Monday."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from behavior.models import WeeklyReport
from behavior.services.record import signal_shown
from behavior.services.weekly import (
    week_last,
    week_of,
    weekly_report_get,
    weekly_report_make,
    weekly_reports_due,
)
from behavior.wording import report_worded
from portfolio.models import Account, StopChange
from tests.behavior import coach_maker as make
from tests.portfolio import ledger_maker as ledger
from traderai.common.clock import MOSCOW
from traderai.common.errors import InputError, NotReadyError

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    user = make.user(capital_rub=1_000_000)
    make.week_of_trades(ledger.account(user), make.share())
    return user


def test_the_queries_do_not_grow_with_the_shares(anna, django_assert_num_queries):
    week = week_of(make.WEEK, zone=MOSCOW)
    weekly_report_make(
        user_id=anna.pk, week=week, now=make.NOW
    )  # what is stored already is updated by the next ones
    with CaptureQueriesContext(connection) as one:
        weekly_report_make(user_id=anna.pk, week=week, now=make.NOW)
    account = ledger.account(anna, "second")
    Account.objects.exclude(pk=account.pk).delete()
    for number in range(4):
        make.week_of_trades(account, make.share(f"SHR{number}", seed=number))
    with django_assert_num_queries(len(one)):
        weekly_report_make(user_id=anna.pk, week=week, now=make.NOW)


def kinds(report):
    return {one["kind"]: one for one in report.payload["mistakes"]}


def test_a_week_by_hand(anna):
    report = weekly_report_get(user_id=anna.pk, week=make.WEEK, now=make.NOW)
    body = report.payload
    # 1000 lost 8 each, 500 lost 3 each, and 105 of commissions.
    assert body["pnl_rub"] == pytest.approx(-8000 - 1500 - 105)
    assert body["own"]["decisions"] == 2 and body["followed"]["decisions"] == 0
    averaged = kinds(report)["averaging_down"]
    # What the second entry lost: 3 each, its own commission of 10, and a third of the sale's 45.
    assert averaged["cost_rub"] == pytest.approx(1500 + 10 + 15)
    assert averaged["findings"][0]["params"]["drop_frac"] == pytest.approx(0.05)
    assert body["total_cost_rub"] == pytest.approx(sum(one["cost_rub"] for one in body["mistakes"]))
    assert body["worst"]["pnl_rub"] == pytest.approx(-8000 - 50 - 30) and body["best"] is None
    assert body["advice"][0]["code"] in kinds(report)
    assert body["capital_known"] is True


def test_a_followed_signal_and_a_stop_moved_away(anna):
    account = ledger.account(anna, "second")
    row = make.share("BBBB", seed=2)
    call = make.signal(row, at=ledger.moscow("2024-03-05T11:00"))
    signal_shown(user_id=anna.pk, signal_id=call.pk, place="ticker", now=ledger.moscow("2024-03-05T11:02"))
    ledger.trade(account, row, "BUY", 100, 100.0, "2024-03-05T11:05", stop_rub=98.0)
    StopChange.objects.create(
        account=account, instrument=row, stop_rub=90.0, set_at=ledger.moscow("2024-03-05T15:00")
    )
    ledger.trade(account, row, "SELL", 100, 95.0, "2024-03-06T11:05")
    report = weekly_report_get(user_id=anna.pk, week=make.WEEK, now=make.NOW)
    assert report.payload["followed"]["decisions"] == 1
    assert kinds(report)["stop_moved"]["cost_rub"] == pytest.approx(300)


def test_a_signal_that_stood_against_the_trade(anna):
    account = ledger.account(anna, "second")
    row = make.share("BBBB", seed=2)
    make.regime("panic", day=datetime(2024, 3, 4, tzinfo=MOSCOW).date())
    make.signal(row, "SELL", at=ledger.moscow("2024-03-05T11:00"))
    ledger.trade(account, row, "BUY", 100, 100.0, "2024-03-05T11:05")
    ledger.trade(account, row, "SELL", 100, 97.0, "2024-03-06T16:05")
    found = kinds(weekly_report_get(user_id=anna.pk, week=make.WEEK, now=make.NOW))
    assert (
        found["panic_trade"]["cost_alone_rub"]
        == found["traded_against"]["cost_alone_rub"]
        == pytest.approx(300)
    )
    assert found["panic_trade"]["cost_rub"] == pytest.approx(300) and found["traded_against"]["cost_rub"] == 0


def test_what_was_said_afterwards_counts_for_nothing(anna):
    account = ledger.account(anna, "second")
    row = make.share("BBBB", seed=2)
    make.signal(row, "SELL", at=ledger.moscow("2024-03-05T11:00"), created_at=make.NOW)
    ledger.trade(account, row, "BUY", 100, 100.0, "2024-03-05T11:05")
    assert "traded_against" not in kinds(weekly_report_get(user_id=anna.pk, week=make.WEEK, now=make.NOW))


def test_trades_before_the_week_that_followed_calls_are_no_own_ideas(anna):
    """Ten trades of February went with the call in force: the two own ideas of the week are no habit."""
    account = ledger.account(anna, "second")
    row = make.share("BBBB", seed=2)
    for day in range(12, 22):
        make.signal(row, at=ledger.moscow(f"2024-02-{day}T11:00"))
        ledger.trade(account, row, "BUY", 10, 100.0, f"2024-02-{day}T11:05")
        ledger.trade(account, row, "SELL", 10, 100.5, f"2024-02-{day}T15:05")
    found = kinds(weekly_report_get(user_id=anna.pk, week=make.WEEK, now=make.NOW))
    assert "trade_without_signal" not in found


def test_it_is_stored_once_and_made_again_safely(anna):
    first = weekly_report_get(user_id=anna.pk, week=None, now=make.NOW)
    assert first.week == make.WEEK
    assert (
        weekly_report_get(user_id=anna.pk, week=None, now=make.NOW + timedelta(hours=1)).made_at == make.NOW
    )
    week = week_of(make.WEEK, zone=MOSCOW)
    again = weekly_report_make(user_id=anna.pk, week=week, now=make.NOW + timedelta(hours=2))
    assert again.payload == first.payload and WeeklyReport.objects.count() == 1


def test_trades_told_of_late_make_the_report_again(anna):
    first = weekly_report_get(user_id=anna.pk, week=make.WEEK, now=make.NOW)
    late = make.NOW + timedelta(hours=2)
    row = make.share("BBBB", seed=2)
    ledger.trade(
        ledger.account(anna, "imported"),
        row,
        "BUY",
        10,
        100.0,
        "2024-03-05T11:05",
        known_at=late,
        origin="csv",
    )
    assert weekly_report_get(user_id=anna.pk, week=make.WEEK, now=late - timedelta(hours=1)) == first
    again = weekly_report_get(user_id=anna.pk, week=make.WEEK, now=late)
    assert again.payload["decisions"] == first.payload["decisions"] + 1
    assert WeeklyReport.objects.filter(week=make.WEEK).count() == 1


def test_weeks_that_nobody_asked_for_are_made_to_compare_with(anna):
    account = ledger.account(anna, "older")
    row = make.share("BBBB", seed=2)
    ledger.trade(account, row, "BUY", 10, 100.0, "2024-02-21T11:05")
    ledger.trade(account, row, "SELL", 10, 101.0, "2024-02-22T11:05")
    weekly_report_get(user_id=anna.pk, week="2023-W40", now=make.NOW)  # asked for once, and no neighbour
    report = weekly_report_get(user_id=anna.pk, week=make.WEEK, now=make.NOW)
    assert [(one["week"], one["decisions"]) for one in report.payload["earlier"]] == [
        ("2024-W08", 1),
        ("2024-W09", 0),
    ]


def test_a_week_without_trades_is_a_report_too():
    report = weekly_report_get(user_id=make.user("calm").pk, week=None, now=make.NOW)
    assert report.score is None and report.payload["advice"][0]["code"] == "nothing_done"
    assert report_worded(report, language="ru")["advice"][0]["text"].startswith("Неделя без сделок")


def test_nobody_sees_another_s_journal(anna):
    report = weekly_report_get(user_id=make.user("boris").pk, week=make.WEEK, now=make.NOW)
    assert report.payload["decisions"] == 0


@pytest.mark.parametrize("name", ["2024-10", "2024-W54", "week", "2024-W00", "9999-W60", ""])
def test_what_is_no_week_is_refused(anna, name):
    with pytest.raises(InputError, match="ISO week"):
        weekly_report_get(user_id=anna.pk, week=name, now=make.NOW)


def test_a_week_that_is_not_over_is_not_ready(anna):
    with pytest.raises(NotReadyError, match="ends at"):
        weekly_report_get(user_id=anna.pk, week="2024-W11", now=make.NOW)
    assert not WeeklyReport.objects.exists()


def test_weeks_are_those_of_the_user_s_calendar():
    zone = ZoneInfo("Asia/Vladivostok")
    # Sunday 18:00 of Moscow is Monday 01:00 there: their week is over.
    sunday = ledger.moscow("2024-03-10T18:00")
    assert week_last(now=sunday, zone=zone).name == "2024-W10"
    assert week_last(now=sunday, zone=MOSCOW).name == "2024-W09"
    assert week_last(now=ledger.moscow("2025-01-01T12:00"), zone=MOSCOW).name == "2024-W52"


def test_reports_are_due_at_eight_on_the_user_s_monday(anna):
    far = make.user("vera", time_zone="Asia/Vladivostok")
    ledger.account(far)
    make.user("nobody")
    at_eight_there = ledger.moscow("2024-03-11T01:00")
    assert weekly_reports_due(limit=10, now=at_eight_there - timedelta(minutes=1)) == 0
    assert weekly_reports_due(limit=10, now=at_eight_there) == 1
    assert weekly_reports_due(limit=10, now=at_eight_there) == 0
    assert weekly_reports_due(limit=10, now=ledger.moscow("2024-03-11T08:00")) == 1
    assert {(row.user_id, row.week) for row in WeeklyReport.objects.all()} == {
        (anna.pk, "2024-W10"),
        (far.pk, "2024-W10"),
    }
    # A missed Monday is made up for later. Weeks to compare with are made at once.
    WeeklyReport.objects.all().delete()
    assert weekly_reports_due(limit=1, now=ledger.moscow("2024-03-13T03:00")) == 1


def test_a_week_that_only_closes_says_what_it_closed():
    user = make.user(capital_rub=1_000_000)
    account, row = ledger.account(user), make.share()
    ledger.trade(account, row, "BUY", 300, 100.0, "2024-02-28T11:05", commission_rub=6.0)
    ledger.trade(account, row, "SELL", 100, 90.0, "2024-03-05T11:05", commission_rub=2.0)
    ledger.trade(account, row, "SELL", 100, 110.0, "2024-03-06T11:05", commission_rub=2.0)
    body = weekly_report_get(user_id=user.pk, week=make.WEEK, now=make.NOW).payload
    assert body["decisions"] == 0 and body["pnl_rub"] == 0.0
    # Each sale: a thousand one way or the other, its own 2 and a third of the purchase's 6.
    assert body["closed"] == {"exits": 2, "winners": 1, "pnl_rub": pytest.approx(-1004 + 996)}
    assert "nothing_done" not in {one["code"] for one in body["advice"]}
    before = weekly_report_get(user_id=user.pk, week="2024-W09", now=make.NOW).payload
    assert before["decisions"] == 1 and before["closed"]["exits"] == 0


def test_an_adjusting_entry_is_nobody_s_decision():
    user = make.user(capital_rub=1_000_000)
    account, row = ledger.account(user), make.share()
    ledger.trade(account, row, "BUY", 300, 100.0, "2024-03-05T11:05")
    plain = weekly_report_get(user_id=user.pk, week=make.WEEK, now=make.NOW).payload
    # The book is set right: closed at its own price and opened at another.
    for side, price in (("SELL", 100.0), ("BUY", 98.0)):
        ledger.trade(
            account, row, side, 300, price, "2024-03-06T11:05", origin="adjustment", known_at=make.NOW
        )
    after = timedelta(minutes=1)
    body = weekly_report_get(user_id=user.pk, week=make.WEEK, now=make.NOW + after).payload
    assert body["decisions"] == plain["decisions"] == 1 and body["closed"]["exits"] == 0
    assert {one["kind"] for one in body["mistakes"]} == {one["kind"] for one in plain["mistakes"]}
