"""What the ledger says and takes: words for each code, a checked configuration, pages for staff."""

from __future__ import annotations

import pytest
from django.test import Client

from portfolio.ledger_contracts import REFUSALS, LedgerConfig, Remark
from portfolio.ledger_phrases import PHRASES, remark_text
from portfolio.models import StopChange, VirtualOrder
from portfolio.selectors.configuration import ledger_config_get
from tests.portfolio import ledger_maker as make
from traderai.accounts.models import User
from traderai.common.config import parse
from traderai.common.errors import InputError

VALUES = {"commission_rub": 1.5, "low_rub": 98.01, "high_rub": 102.0}


@pytest.mark.parametrize("code", PHRASES)
def test_every_code_has_words_in_both_languages(code):
    told = {
        language: remark_text(Remark(code=code, params=VALUES), language=language)
        for language in ("ru", "en")
    }
    assert told["ru"] != told["en"] and "%(" not in told["ru"] + told["en"]
    assert not any("a" <= letter <= "z" for letter in told["ru"].lower())


def test_every_refusal_has_words():
    assert set(REFUSALS) <= set(PHRASES)


def test_the_configuration_is_checked():
    config = ledger_config_get()
    values = {name: getattr(config, name) for name in LedgerConfig.__dataclass_fields__}
    assert parse(values, LedgerConfig, where="ledger.yaml") == config
    for broken in ({"max_import_rows": 0}, {"price_remark_frac": 1.0}, {"price_refuse_factor": 1.0}):
        with pytest.raises(InputError):
            parse(values | broken, LedgerConfig, where="ledger.yaml")


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["account", "trade", "stopchange", "virtualorder"])
def test_staff_look_and_change_nothing(page, django_assert_max_num_queries):
    staff = User.objects.create_superuser("staff", password="x")
    own = make.account(make.user())
    for number in range(5):
        share = make.share(f"S{number}")
        make.trade(own, share, "BUY", 10, 100.0, "2024-03-04T11:00")
        StopChange.objects.create(account=own, instrument=share, stop_rub=90.0)
        VirtualOrder.objects.create(account=own, instrument=share, side="BUY", qty_shares=10)
    client = Client()
    client.force_login(staff)
    with django_assert_max_num_queries(12):
        assert client.get(f"/admin/portfolio/{page}/").status_code == 200
    assert client.get(f"/admin/portfolio/{page}/add/").status_code == 403


def test_numbers_are_written_as_the_language_writes_them():
    said = Remark(code="price_outside_of_day", params={"low_rub": 6540.5, "high_rub": 12.0})
    assert "6\xa0540,5 до 12 ₽" in remark_text(said, language="ru").replace("\u202f", "\xa0")
    assert "6,540.5 to 12 RUB" in remark_text(said, language="en")
    tiny = Remark(code="commission_reckoned", params={"commission_rub": 0.0125})
    assert "0.0125 RUB" in remark_text(tiny, language="en")
