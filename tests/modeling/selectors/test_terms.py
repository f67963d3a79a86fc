"""Steps, lots and short sales on the terms of the day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from market.contracts import Bars, InstrumentFacts
from modeling.selectors.terms import trading_terms
from tests.modeling.synthetic import bars

PRICES = ("open", "high", "low", "close")
ITEM = InstrumentFacts(
    id=1, secid="SHR", name_ru="", name_en="", sector="", lot_size=10, price_step_rub=0.02, shortable=True,
    decimals=2, active=True, is_simulated=False, issue_size_shares=None,
)  # fmt: skip


def on_grid(secid: str, step: float) -> Bars:
    own = bars(secid, days=20, seed=1)
    return replace(own, **{name: np.round(getattr(own, name) / step) * step for name in PRICES})


def test_before_a_split_steps_and_lots_are_in_its_proportion():
    own = on_grid("SHR", 2.0)
    n = len(own)
    # 100 new shares for one old: prices as traded were a hundred times as high, on steps a hundred times as wide.
    factor = np.where(np.arange(n) < n // 2, 1.0, 100.0)
    split = replace(own, split_factor=factor)
    found = trading_terms(ITEM, split)
    np.testing.assert_allclose(found.price_step_rub[n // 2 :], 0.02)
    np.testing.assert_allclose(found.price_step_rub[: n // 2], 2.0)
    assert set(found.lot_size[: n // 2]) == {1}  # a tenth of a share is none
    assert set(found.lot_size[n // 2 :]) == {10}
    # 5,000 old shares for one new: a lot held as much money.
    merged = trading_terms(ITEM, replace(own, split_factor=np.where(np.arange(n) < n // 2, 1.0, 1 / 5000)))
    assert set(merged.lot_size[: n // 2]) == {50_000}


def test_a_step_is_no_coarser_than_the_prices_show():
    own = bars("SHR", days=20, seed=1)
    cheap = replace(
        own, **{name: np.round(getattr(own, name) / 1e4, 5) for name in ("open", "high", "low", "close")}
    )
    assert np.allclose(trading_terms(ITEM, cheap).price_step_rub, 1e-5)


def test_short_sales_stopped_with_the_ban_of_2022():
    own = bars("SHR", days=20, seed=1)
    shift = 1_645_650_000 - int(own.begin_s[0])  # 2022-02-24
    banned = trading_terms(ITEM, replace(own, begin_s=own.begin_s + shift))
    assert not banned.shortable[:5].any()
    assert trading_terms(ITEM, replace(own, begin_s=own.begin_s + shift + 150 * 86_400)).shortable.all()
    assert not trading_terms(replace(ITEM, shortable=False), own).shortable.any()
