"""What trades made by their edge: one mean of few, a rising map of many, with bounds that hold what is true."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from modeling.kernels.net_by_edge import LEAST_TRADES, net_by_edge
from modeling.kernels.significance import DayDraws, draw_days


def drawn(days: int, *, level: float = 0.95) -> DayDraws:
    rng = np.random.default_rng(1)
    return draw_days(days, level=level, mean_block_days=5.0, resamples=200, rng=rng)


def test_few_trades_have_one_mean_and_fewer_none():
    rng = np.random.default_rng(0)
    edge, net, day = rng.uniform(0, 0.2, 60), rng.normal(0.1, 1.0, 60), np.arange(60)
    found = net_by_edge(edge, net, day, draws=drawn(60), min_map_trades=200)
    assert found.trades == 60 and found.net_r == pytest.approx((net.mean(),))
    assert found.low_r[0] < net.mean() < found.high_r[0]
    few = slice(0, LEAST_TRADES - 1)
    assert net_by_edge(edge[few], net[few], day[few], draws=drawn(60), min_map_trades=200) is None


def test_many_trades_have_a_rising_map_as_a_second_library_fits_it():
    rng = np.random.default_rng(2)
    edge = rng.uniform(0, 0.2, 800)
    net = 5.0 * (edge - 0.1) + rng.normal(0, 0.5, 800)
    day = np.sort(rng.integers(0, 100, 800))
    found = net_by_edge(edge, net, day, draws=drawn(100), min_map_trades=200)
    order = np.argsort(edge)
    groups = np.array_split(order, 20)
    means = [net[group].mean() for group in groups]
    fitted = IsotonicRegression().fit_transform(np.arange(20), means)
    np.testing.assert_allclose(
        np.interp([edge[g].mean() for g in groups], found.knots, found.net_r), fitted, atol=0.06
    )
    assert (np.diff(found.net_r) >= 0).all() and len(found.knots) > 5
    truth = 5.0 * (np.array(found.knots) - 0.1)
    inside = (np.array(found.low_r) <= truth) & (truth <= np.array(found.high_r))
    assert inside.mean() > 0.6
    # Sabotage: results that have lost their edges give no such map.
    flat = net_by_edge(edge, rng.permutation(net), day, draws=drawn(100), min_map_trades=200)
    assert flat.net_r[-1] - flat.net_r[0] < 0.5 * (found.net_r[-1] - found.net_r[0])
