from __future__ import annotations

import pytest

from market.models import CorporateAction
from tests.market.test_actions import bring, dividend, market

pytestmark = pytest.mark.django_db
FILE, SERVER = "dividends.csv:12", "dividends TEST row 3"


def stored():
    return list(CorporateAction.objects.filter(kind="dividend").values_list("amount_rub", "source"))


def test_a_dividend_in_two_files_of_one_source_is_paid_once():
    market()
    assert bring(dividend(25.0, place=FILE), dividend(25.0, place=SERVER)).new == 2
    assert stored() == [(25.0, "moex_iss")]
    assert bring(dividend(25.0, place=SERVER)).unchanged == 1
    assert bring(dividend(25.0, place=FILE), dividend(25.0, place=SERVER)).unchanged == 2


def test_two_payments_of_one_file_add_up_even_if_they_are_equal():
    market()
    bring(*[dividend(amount, place=f"dividends.csv:{line}") for line, amount in enumerate((5.0, 5.0, 7.0))])
    assert stored() == [(17.0, "moex_iss")]


def test_each_file_may_tell_a_payment_that_the_other_lacks():
    market()
    bring(dividend(5.0, place=FILE), dividend(5.0, place=SERVER), dividend(7.0, place="dividends TEST row 4"))
    assert stored() == [(12.0, "moex_iss")]


def test_a_sum_that_was_doubled_before_is_put_right():
    market()
    bring(dividend(50.0, place=FILE))
    report = bring(dividend(25.0, place=FILE), dividend(25.0, place=SERVER))
    assert (report.changed, report.new) == (2, 0)
    assert stored() == [(25.0, "moex_iss")]
