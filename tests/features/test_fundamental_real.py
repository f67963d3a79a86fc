"""Features of real companies: known figures, every feature against its second implementation, no jump at a split."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.families.fundamental import FEATURES
from features.sources.base import MonthBars
from market.models import Instrument
from market.services.actions_write import actions_write
from market.services.fundamentals_write import fundamentals_write
from market.services.macro_write import macro_write
from market.sources.corporate_files import announced_dividends_of, dividends_of, manual_splits, splits_of
from market.sources.fundamental_files import market_caps_of, smartlab_of
from market.sources.macro_files import key_rate_of
from market.sources.records import ActionPage, RecordPage
from tests.features.companies import at, columns_of, scope_of
from tests.features.golden_fundamental import SlowCompanies
from tests.features.test_golden_fundamental import assert_equals_golden
from tests.market.test_multiples import SECIDS, daily_market
from traderai.common.arrays import F64
from traderai.common.clock import to_epoch_s

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
NAMES = [spec.name for spec in FEATURES]
Found = dict[tuple[str, str], tuple[MonthBars, F64]]


def companies(folder: Path, tmp_path: Path) -> None:
    """Bring twelve companies of 2017 to 2024 with everything that is told of them."""
    daily_market(folder)
    sectors = {
        row["ticker"]: row["sector"] for row in pl.read_csv(folder / "corporate" / "sectors.csv").to_dicts()
    }
    for secid in SECIDS:
        Instrument.objects.filter(secid=secid).update(sector=sectors.get(secid, ""))
    corporate = folder / "corporate"
    actions_write(
        page=ActionPage(
            splits=(*manual_splits(), *splits_of(corporate / "splits.csv").records),
            dividends=(
                *dividends_of(corporate / "dividends.csv").records,
                *announced_dividends_of(corporate / "dividends_announced_dohod.csv").records,
            ),
        ),
        trust=("moex_iss",),
    )
    caps = pl.scan_parquet(folder / "daily" / "market_cap_2018_2024.parquet")
    caps = caps.filter(pl.col("secid").is_in(SECIDS) & (pl.col("date").dt.year() >= 2022))
    caps.collect().write_parquet(tmp_path / "market_cap.parquet")
    pages = [
        smartlab_of(folder / "fundamentals" / "smartlab_2008_2024.parquet"),
        *market_caps_of(tmp_path / "market_cap.parquet"),
    ]
    for page in pages:
        kept = tuple(record for record in page.records if record.secid in SECIDS)
        fundamentals_write(page=RecordPage(place=page.place, records=kept))
    macro_write(page=key_rate_of(corporate / "key_rate.csv"))


def told(found: Found, secid: str, name: str, day: str) -> float:
    """Return a feature at the last bar that had ended when a day began."""
    month = max(key[1] for key in found if key[0] == secid and key[1] <= day[:7])
    bars, values = found[secid, month]
    row = int(np.searchsorted(bars.known_s, to_epoch_s(at(day)), side="right")) - 1
    return float(values[row, NAMES.index(f"fund_{name}")])


def test_real_companies_have_their_known_figures(real_data: Path, tmp_path: Path) -> None:
    companies(real_data, tmp_path)
    check_known_figures()
    check_against_the_second_implementation()


def check_known_figures() -> None:
    found = columns_of(scope_of(date(2023, 5, 1), date(2024, 8, 1)))
    # In June 2023 the newest twelve months that had been published were 2022: 270.5 bn at 22.6 bn shares, 245 RUB.
    assert told(found, "SBER", "pe", "2023-06-16") == pytest.approx(245.18 * 22.587 / 270.5, rel=0.02)
    # A year later 2023 counted, 1,509 bn: a P/E of 4 to 6.
    assert 4.0 < told(found, "SBER", "pe", "2024-05-16") < 6.0
    assert told(found, "SBERP", "pe", "2024-05-16") == pytest.approx(
        told(found, "SBER", "pe", "2024-05-16"), rel=0.03
    )
    for name in ("roe", "profit_age_days", "equity_yoy", "profit_step", "report_age_days"):
        one, other = (told(found, secid, name, "2024-05-16") for secid in ("SBER", "SBERP"))
        assert one == other and np.isfinite(one), name
    # Lukoil paid 537 and 256 RUB in December 2022 and 438 RUB in June 2023, at 5,124 RUB.
    lkoh = told(found, "LKOH", "dividend_yield", "2023-06-30")
    assert lkoh == pytest.approx(100 * (537 + 256 + 438) / 5124, rel=0.002)
    # Announced on 23 April 2024, ex on 11 July: 33.30 RUB of 309.
    assert np.isnan(told(found, "SBER", "days_to_dividend", "2024-04-23"))
    assert told(found, "SBER", "days_to_dividend", "2024-04-25") == 77
    assert told(found, "SBER", "announced_yield", "2024-04-25") == pytest.approx(100 * 33.3 / 309, rel=0.03)
    assert told(found, "SBER", "days_to_dividend", "2024-07-10") == 1
    assert np.isnan(told(found, "SBER", "days_to_dividend", "2024-07-11"))
    assert told(found, "SBER", "days_since_dividend", "2024-07-12") == 1
    assert told(found, "ROSN", "key_rate", "2023-07-05") == 7.5
    assert told(found, "ROSN", "key_rate_change_90", "2024-01-10") == pytest.approx(16.0 - 13.0)
    for name, split_after in (("pe", 0.09), ("log_market_cap", 0.01)):
        before, after = (told(found, "GMKN", name, day) for day in ("2024-04-03", "2024-04-09"))
        assert after == pytest.approx(before, rel=split_after)


def check_against_the_second_implementation() -> None:
    found, slow = columns_of(scope_of(date(2023, 12, 1), date(2024, 3, 1))), SlowCompanies()
    assert len({secid for secid, _ in found}) == len(SECIDS)
    known = assert_equals_golden(found, slow, {name: name for name in NAMES})
    assert sum(count > 10 for count in known.values()) > 35, known
