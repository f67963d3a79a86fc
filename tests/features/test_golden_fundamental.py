"""Every fundamental feature equals a second, slow implementation on the rows of the database."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest

from features.families.fundamental import FEATURES
from features.sources.base import MonthBars
from tests.features.companies import columns_of, company_market, scope_of
from tests.features.golden_fundamental import GOLDEN, SlowCompanies
from traderai.common.arrays import F64
from traderai.common.clock import MOSCOW

pytestmark = pytest.mark.django_db
NAMES = [spec.name for spec in FEATURES]
SPAN = (date(2022, 11, 1), date(2023, 9, 1))
EVERY = 9


def assert_equals_golden(
    found: dict[tuple[str, str], tuple[MonthBars, F64]], slow: SlowCompanies, names: dict[str, str]
) -> dict[str, int]:
    """Compare every ninth bar of each month; return how many values of each feature are known."""
    known = dict.fromkeys(names, 0)
    for (secid, month), (bars, values) in found.items():
        for row in range(len(month) % 2, bars.rows, EVERY):
            day = datetime.fromtimestamp(int(bars.known_s[row]), MOSCOW).date()
            for name, slow_name in names.items():
                fast, told = values[row, NAMES.index(name)], slow.feature(slow_name, secid, day)
                assert np.isfinite(fast) == np.isfinite(told), (name, secid, day, fast, told)
                np.testing.assert_allclose(
                    fast, told, rtol=2e-5, atol=2e-6, equal_nan=True, err_msg=f"{name} {secid} {day}"
                )
                known[name] += int(np.isfinite(told))
    return known


def test_every_feature_has_a_second_implementation() -> None:
    assert set(GOLDEN) == set(NAMES)


def test_the_features_equal_their_second_implementations() -> None:
    company_market()
    found, slow = columns_of(scope_of(*SPAN)), SlowCompanies()
    known = assert_equals_golden(found, slow, {name: name for name in NAMES})
    assert min(known.values()) > 20, known
    for name, mistaken_for in (
        ("fund_pe", "fund_pb"),
        ("fund_profit_yoy", "fund_profit_step"),
        ("fund_value_score", "fund_quality_score"),
        ("fund_key_rate_change_90", "fund_key_rate_change_365"),
        ("fund_days_to_dividend", "fund_days_since_dividend"),
    ):
        with pytest.raises(AssertionError):
            assert_equals_golden(found, slow, {name: mistaken_for})
