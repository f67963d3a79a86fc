"""Importing exports: good rows are kept, broken ones told, and twice is once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from market.models import Instrument
from portfolio.ledger_contracts import Said
from portfolio.models import Trade
from portfolio.selectors.journal import positions_get
from portfolio.services.csv_import import trades_import
from portfolio.services.record import trade_record
from tests.portfolio import ledger_maker as make
from traderai.common.errors import InputError, NotFoundError

pytestmark = pytest.mark.django_db
NOW = make.moscow("2024-03-10T12:00")
HEADER = "traded_at;secid;side;qty;qty_unit;price;commission\n"
GOOD = HEADER + (
    "2024-03-04T10:30:00;AAAA;BUY;4;lots;99,0;1,5\n2024-03-04T11:30:00;AAAA;SELL;10;shares;100,0;\n"
)
BUY = Said(secid="AAAA", side="BUY", qty=1, unit="lots", origin="api")
PATH = "/api/v1/actions/import"


@pytest.fixture
def own(db):
    make.share()
    make.share("BBBB", shortable=False)
    for secid in ("AAAA", "BBBB"):
        make.candles(secid, "2024-03-04", [99.0, 100.0, 101.0])
    return make.account(make.user("carl"))


def load(own, text: str, **changed: object):
    values = {
        "user_id": own.user_id,
        "account_id": own.pk,
        "unit": None,
        "dry_run": False,
        "now": NOW,
        **changed,
    }
    return trades_import(content=text.encode(), **values)


def counts(report) -> tuple[int, int, int, int]:
    return report.rows, report.added, report.known, len(report.problems)


def test_a_file_becomes_trades(own):
    report = load(own, GOOD)
    assert counts(report) == (2, 2, 0, 0) and report.layout == "own"
    assert [(row.row, row.qty_shares, row.known) for row in report.taken] == [(2, 40, False), (3, 10, False)]
    assert [each.code for each in report.taken[1].remarks] == ["commission_reckoned"]
    assert set(Trade.objects.values_list("origin", flat=True)) == {"csv"}
    (held,) = positions_get(account_id=own.pk, as_of=NOW)
    assert held.qty_shares == 30


def test_a_dry_run_tells_the_same_and_writes_nothing(own):
    preview = load(own, GOOD, dry_run=True)
    assert preview.dry_run and not Trade.objects.exists()
    done = load(own, GOOD)
    assert (done.taken, done.added) == (preview.taken, preview.added)


def test_a_journal_has_an_end(own, monkeypatch, tmp_path):
    text = (settings.BASE_DIR / "traderai" / "config" / "ledger.yaml").read_text()
    (tmp_path / "ledger.yaml").write_text(text.replace("max_trades: 30000", "max_trades: 2"))
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    for dry_run in (True, False):
        with pytest.raises(InputError, match="at most 2 trades") as caught:
            load(own, GOOD + "2024-03-04T12:30:00;AAAA;BUY;1;lots;101,0;1\n", dry_run=dry_run)
        assert caught.value.code == "too_many_trades" and not Trade.objects.exists()
    assert counts(load(own, GOOD)) == (2, 2, 0, 0)
    virtual = make.account(own.user, kind="virtual", name="game", capital_rub=10_000)
    for _ in range(2):
        assert trade_record(user_id=own.user_id, account_id=virtual.pk, said=BUY, now=NOW).created
    with pytest.raises(InputError, match="at most 2 trades or orders"):
        trade_record(user_id=own.user_id, account_id=virtual.pk, said=BUY, now=NOW)


def test_a_file_imported_twice_adds_nothing(own):
    load(own, GOOD)
    again = load(own, GOOD)
    assert counts(again) == (2, 0, 2, 0) and all(row.known for row in again.taken)
    more = load(own, GOOD + "2024-03-04T12:30:00;AAAA;BUY;1;lots;101,0;1\n")
    assert counts(more) == (3, 1, 2, 0) and Trade.objects.count() == 3


def test_equal_rows_are_two_trades_unless_they_have_one_number(own):
    row = "2024-03-04T10:30:00;AAAA;BUY;1;lots;99;1"
    assert counts(load(own, HEADER + f"{row}\n{row}\n")) == (2, 2, 0, 0)
    assert counts(load(own, HEADER + f"{row}\n{row}\n{row}\n")) == (3, 1, 2, 0)
    numbered = HEADER.replace("commission", "commission;id") + f"{row};7\n{row};7\n"
    assert counts(load(own, numbered)) == (2, 1, 1, 0)


def test_broken_rows_are_told_and_the_good_ones_kept(own):
    text = GOOD + (
        "yesterday;AAAA;BUY;1;lots;99;1\n"
        "2024-03-04T10:30:00;AAAB;BUY;1;lots;99;1\n"
        "2024-03-04T10:30:00;AAAA;BUY;1;lots;9900;1\n"
        "2024-03-04T10:30:00;BBBB;SELL;1;lots;99;1\n"
        "2024-04-04T10:30:00;AAAA;BUY;1;lots;99;1\n"
        "2024-03-04T10:30:00;AAAA;BUY;0;lots;99;1\n"
    )
    report = load(own, text)
    assert counts(report) == (8, 2, 0, 6) and Trade.objects.count() == 2
    assert [(each.row, each.field, each.code) for each in report.problems] == [
        (4, "traded_at", "invalid"),
        (5, "secid", "unknown_ticker"),
        (6, "price", "price_out_of_range"),
        (7, "qty", "not_shortable"),
        (8, "traded_at", "invalid"),
        (9, "qty", "invalid"),
    ]
    assert "did you mean 'AAAA'" in report.problems[1].detail


def test_a_file_with_the_newest_first_is_read_in_the_order_of_time(own):
    """Of one minute, too: the purchase stands below the sale, and was before it."""
    text = HEADER + (
        "2024-03-04T12:00:00;BBBB;SELL;5;shares;100;1\n"
        "2024-03-04T11:00:00;BBBB;SELL;5;shares;100;1\n"
        "2024-03-04T11:00:00;BBBB;BUY;10;shares;100;1\n"
    )
    assert counts(load(own, text)) == (3, 3, 0, 0)
    assert positions_get(account_id=own.pk, as_of=NOW) == ()


def test_purchases_of_a_later_file_do_not_make_earlier_sales_short(own):
    sale = HEADER + "2024-03-04T12:00:00;BBBB;SELL;10;shares;100;1\n"
    assert counts(load(own, sale)) == (1, 0, 0, 1)
    whole = sale + "2024-03-04T10:00:00;BBBB;BUY;10;shares;99;1\n"
    assert counts(load(own, whole)) == (2, 2, 0, 0)


def test_what_was_entered_by_hand_is_remarked_on(own):
    make.trade(own, instrument(), "BUY", 40, 99.0, "2024-03-04T10:31")
    report = load(own, GOOD)
    assert [[each.code for each in row.remarks] for row in report.taken] == [
        ["maybe_twice"],
        ["commission_reckoned"],
    ]


def instrument():
    return Instrument.objects.get(secid="AAAA")


@pytest.mark.parametrize(
    ("text", "code"), [("hello", "unreadable_file"), (HEADER + "x" * 2_000_000, "file_too_large")]
)
def test_what_cannot_be_read_is_refused(own, text, code):
    with pytest.raises(InputError) as caught:
        load(own, text)
    assert caught.value.code == code and caught.value.field == "file"


def test_a_virtual_account_and_another_s_take_no_files(own):
    paper = make.account(own.user, "paper", kind="virtual", capital_rub=10)
    with pytest.raises(InputError, match="orders alone"):
        load(own, GOOD, account_id=paper.pk)
    with pytest.raises(NotFoundError):
        load(own, GOOD, user_id=make.user("boris").pk)
    assert not Trade.objects.exists()


def test_a_thousand_rows_take_few_queries(own, django_assert_max_num_queries):
    rows = "".join(
        f"2024-03-04T{10 + number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d};AAAA;BUY;1;lots;99;1\n"
        for number in range(1000)
    )
    with django_assert_max_num_queries(25):
        assert load(own, HEADER + rows).added == 1000


def test_a_year_counted_in_lots_takes_few_queries_and_others_tickers_little_time(
    own, django_assert_max_num_queries
):
    days = [date(2023, 1, 1) + timedelta(days=number) for number in range(200)]
    rows = "".join(f"{day}T11:00:00;AAAA;BUY;1;lots;99;1\n" for day in days)
    rows += "".join(f"2024-03-04T11:00:00;XX{number:04d};BUY;1;lots;99;1\n" for number in range(300))
    with django_assert_max_num_queries(200 * 2 + 100):
        report = load(own, HEADER + rows)
    assert (report.added, len(report.problems)) == (200, 300)
    assert "did you mean" not in report.problems[-1].detail


def test_over_http_as_text_and_as_a_file(own, anna):
    body = {"content": GOOD, "dry_run": True}
    preview = anna.post(PATH, body, format="json")
    assert preview.status_code == 200, preview.content
    assert (preview.json()["added"], preview.json()["dry_run"]) == (2, True) and not Trade.objects.exists()
    report = "Дата,Тикер,Операция,Количество,Цена\n04.03.2024,AAAA,Покупка,10,99\n".encode("cp1251")

    def send(**more: object):
        return anna.post(PATH, {"file": SimpleUploadedFile("t.csv", report), **more}, format="multipart")

    refused = send()
    assert refused.status_code == 422
    assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [("qty_unit", "missing_unit")]
    done = send(qty_unit="shares")
    assert done.json()["added"] == 1 and done.json()["layout"] == "other"
    assert [each["code"] for each in done.json()["taken"][0]["remarks"]] == ["commission_reckoned"]
    assert send(qty_unit="shares").json()["known"] == 1
    for broken in ({}, {"content": ""}, {"content": GOOD, "qty_unit": "boxes"}):
        assert anna.post(PATH, broken, format="json").status_code == 400
    assert anna.post(PATH, {"content": GOOD, "account_id": own.pk}, format="json").status_code == 404
    half = anna.generic("POST", PATH, '{"content": "\\ud800"}', content_type="application/json")
    assert half.status_code == 422
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100):
        assert anna.post(PATH, body, format="json").status_code == 400
