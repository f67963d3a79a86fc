"""Styles of entry on the orders of held-out rows: the same orders, and no style that pays without an edge."""

from __future__ import annotations

import numpy as np
import pytest

from modeling.contracts.policy import StyleRules
from modeling.fitting.dataset import TEST
from modeling.fitting.entry_styles import STYLES, style_figures, styled_orders
from modeling.fitting.evaluation import DayBootstrap
from modeling.fitting.trading import part_days
from modeling.fitting.walk import walk_wanted
from modeling.kernels.entry_fills import style_result
from tests.modeling.fitting.walk_maker import Reported, planted

RULES = StyleRules()


def orders_of(own: Reported, name: str = "lightgbm"):
    dataset = own.walk.dataset
    wanted = walk_wanted(own.walk.by_forecaster[name], own.rules, cost_bp=None, horizons=dataset.horizons)
    return wanted.orders(dataset, own.rules.policy)


def bootstrap_of(own: Reported) -> DayBootstrap:
    return DayBootstrap.draw(
        part_days(own.walk.dataset, TEST), resamples=400, mean_block_days=5.0, level=0.95, seed=1
    )


def test_entering_now_makes_what_the_labels_of_the_rows_say():
    own = planted()
    dataset, orders = own.walk.dataset, orders_of(own)
    styled = styled_orders(orders, dataset)
    found = style_result(dataset.market.path, styled, style="enter_now", rules=RULES)
    wanted = walk_wanted(
        own.walk.by_forecaster["lightgbm"], own.rules, cost_bp=None, horizons=dataset.horizons
    )
    taken = wanted.side != 0
    row, h, side = wanted.row[taken], wanted.horizon[taken], wanted.side[taken]
    gross = np.where(side > 0, dataset.targets.long_gross[row, h], dataset.targets.short_gross[row, h])
    np.testing.assert_allclose(found.net_frac, gross - dataset.cost_frac[row], atol=1e-9)


def test_what_styles_make_of_the_same_orders():
    own = planted()
    found = style_figures(orders_of(own), own.walk.dataset, RULES, bootstrap_of(own))
    assert set(found) == set(STYLES)
    for style, one in found.items():
        gain, net = one["gain_bp"], one["net_bp"]
        print(f"{style}: {one['orders']} orders, filled {one['filled']:.2f}, net bp {net}, more {gain}")
        assert one["orders"] == found["enter_now"]["orders"] > 0
        assert gain["value"] == pytest.approx(net["value"] - found["enter_now"]["net_bp"]["value"])
    assert found["enter_now"]["filled"] == 1.0
    assert found["enter_now"]["gain_bp"]["value"] == 0.0
    half = (found["enter_now"]["net_bp"]["value"] + found["wait_pullback"]["net_bp"]["value"]) / 2
    assert found["scale_in"]["net_bp"]["value"] == pytest.approx(half)


def test_waiting_costs_where_the_price_runs_away():
    """A planted drift is met at once or missed: what waits for a better price gets the worse trades."""
    own = planted()
    found = style_figures(orders_of(own), own.walk.dataset, RULES, bootstrap_of(own))
    for style in ("limit", "wait_pullback", "scale_in"):
        assert found[style]["gain_bp"]["high"] < 0.0
