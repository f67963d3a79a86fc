"""Dated tables of costs and prohibitions."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import yaml

from market.selectors.trading_rules import (
    blackout_reason,
    borrow_rate_frac,
    data_lag,
    fees_at,
    may_short,
    price_band,
)
from market.trading_rules import TradingRules, trading_rules
from modeling.selectors.configuration import cost_model_get
from modeling.selectors.label_sets import label_set_get
from traderai.common.config import PACKAGED_DIR, parse
from traderai.common.errors import InputError

D = date.fromisoformat
TODAY = date(2026, 11, 21)


def plain():
    return yaml.safe_load((PACKAGED_DIR / "trading_rules.yaml").read_text(encoding="utf-8"))


def test_fees_by_day_and_plan():
    before, after = fees_at(day=D("2022-10-31")), fees_at(day=D("2022-11-01"))
    assert (before.taker_frac, before.maker_frac, before.broker_frac) == (0.0003, 0.0003, 0.0004)
    assert (after.taker_frac, after.maker_frac, after.broker_frac) == (0.0003, 0.0, 0.0004)
    assert fees_at(day=TODAY, plan="dearest").broker_frac == 0.003
    with pytest.raises(InputError, match="did you mean 'standard'"):
        fees_at(day=TODAY, plan="standart")


def test_the_cost_model_and_the_dated_table_say_the_same():
    """Two files name the fees: costs.yaml for the policy, this table by date. They may not part."""
    costs, fees = cost_model_get(), fees_at(day=TODAY)
    assert (costs.exchange_fee_frac, costs.broker_fee_frac) == (fees.taker_frac, fees.broker_frac)
    for row in trading_rules().exchange_fees:
        assert row.taker_frac == costs.exchange_fee_frac, "the policy reckons with one fee for all days"


def test_the_data_lag_and_the_labels_lag_are_the_same():
    assert data_lag(day=TODAY) == timedelta(minutes=label_set_get(name="swing_v1").data_lag_min)


@pytest.mark.parametrize(
    ("day", "secid", "shortable", "allowed"),
    [
        ("2022-02-23", "SBER", True, True),
        ("2022-02-24", "SBER", True, False),
        ("2022-05-31", "SBER", True, False),
        ("2022-06-01", "SBER", True, True),
        ("2022-06-01", "SBER", False, False),
        ("2024-07-23", "YDEX", True, False),
        ("2024-07-24", "YDEX", True, True),
    ],
)
def test_short_sales(day, secid, shortable, allowed):
    found = may_short(secid=secid, day=D(day), shortable=shortable)
    assert found.allowed is allowed
    assert bool(found.reason) is not allowed


def test_price_bands():
    evening = price_band(day=D("2024-01-10"), session="evening", reference_price_rub=200.0)
    assert (evening.low_rub, evening.high_rub) == pytest.approx((180.0, 220.0))
    assert (evening.lowest_rub, evening.highest_rub) == pytest.approx((180.0, 220.0))
    main = price_band(day=D("2024-01-10"), session="main", reference_price_rub=200.0, tier=2)
    assert (main.low_rub, main.highest_rub) == pytest.approx((180.0, 280.0))
    assert price_band(day=D("2024-01-10"), session="weekend", reference_price_rub=200.0) is None
    weekend = price_band(day=D("2025-03-01"), session="weekend", reference_price_rub=200.0)
    assert (weekend.low_rub, weekend.high_rub) == pytest.approx((194.0, 206.0))
    with pytest.raises(InputError, match="reference_price_rub"):
        price_band(day=TODAY, session="main", reference_price_rub=0.0)


def test_a_tiers_own_row_goes_before_the_one_for_all(tmp_path, monkeypatch):
    content = plain()
    content["price_bands"].append({"session": "main", "tier": 3, "sure_frac": 0.05, "widest_frac": 0.2})
    (tmp_path / "trading_rules.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    trading_rules.cache_clear()
    try:
        band = price_band(day=TODAY, session="main", reference_price_rub=100.0, tier=3)
        assert (band.low_rub, band.highest_rub) == pytest.approx((95.0, 120.0))
        other = price_band(day=TODAY, session="main", reference_price_rub=100.0, tier=1)
        assert other.low_rub == pytest.approx(90.0)
    finally:
        trading_rules.cache_clear()


def test_borrowing_and_blackouts():
    assert borrow_rate_frac(day=D("2024-07-31")) == 0.27
    assert borrow_rate_frac(day=D("2024-08-01")) == 0.41
    assert "after the closure" in blackout_reason(day=D("2022-03-24"))
    assert blackout_reason(day=D("2022-03-31")) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(default_plan="none"), "default_plan must be one of"),
        (lambda c: c.update(exchange_fees=c["exchange_fees"][1:]), "must hold from the start"),
        (lambda c: c["exchange_fees"].append(c["exchange_fees"][0]), "two rows begin on one day"),
        (lambda c: c["exchange_fees"][0].update(taker_frac=0.3), "below 0.05"),
        (lambda c: c["broker_plans"]["standard"][0].update(fee_frac=-0.1), "at least 0"),
        (lambda c: c["price_bands"][0].update(widest_frac=0.01), "widest_frac must be at least"),
        (lambda c: c["borrow_rates"][0].update(year_frac=27.0), "below 5.0"),
        (lambda c: c["short_bans"][0].update(until="2022-01-01"), "until must not lie before"),
        (lambda c: c["short_flags"][0].update(until="2022-01-01"), "until must not lie before"),
        (lambda c: c["data_lags"][0].update(minutes=-1), "minutes must be at least 0"),
    ],
)
def test_tables_that_cannot_be_are_refused(change, message):
    content = plain()
    parse(content, TradingRules, where="t")
    change(content)
    with pytest.raises(InputError, match=message):
        parse(content, TradingRules, where="t")
