"""Levels of orders by excursions: within their bounds, on the right side, and one arithmetic for arrays and one order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.contracts import QUANTILE_LEVELS, Excursions
from modeling.contracts.order_levels import LevelPair, NetByEdge, OrderLevelConfig, OrderLevels
from modeling.kernels.order_levels import (
    OrderRows,
    expected_drawdown,
    expected_net_r,
    order_choice,
    order_scales,
    pair_scales,
)
from modeling.kernels.policy import decide
from modeling.kernels.policy_sides import cost_of
from tests.modeling.kernels.policy_maker import evidence, market, markets, policy, prediction

PAIR = LevelPair(take_profit=0.75, stop_loss=0.25)
CLIP = (0.5, 2.0)
PAYS = NetByEdge(trades=300, knots=(0.0, 0.1), net_r=(-0.1, 0.3), low_r=(-0.2, 0.1), high_r=(0.1, 0.5))
OWN = OrderLevels(pair=PAIR, clip=CLIP, long=PAYS, short=PAYS)
MOVES = Excursions(
    long_mfe=(0.001, 0.004, 0.01, 0.02, 0.05, 0.08, 0.1),
    long_mae=(-0.07, -0.05, -0.03, -0.012, -0.006, -0.002, -0.001),
    short_mfe=(0.001, 0.002, 0.006, 0.012, 0.03, 0.05, 0.07),
    short_mae=(-0.1, -0.08, -0.05, -0.02, -0.01, -0.004, -0.001),
)
moves = st.lists(st.floats(0.0, 0.3), min_size=7, max_size=7).map(sorted)


def rows(side: list[int], best: np.ndarray, worst: np.ndarray, *, edge: float = 0.08) -> OrderRows:
    n = len(side)
    return OrderRows(
        side=np.array(side, dtype=np.int8), edge=np.full(n, edge), best=best, worst=worst,
        take_profit_frac=np.full(n, 0.04), stop_loss_frac=np.full(n, 0.02), least_gain_frac=np.full(n, 0.003),
    )  # fmt: skip


def test_levels_by_hand():
    best, worst = np.array([MOVES.long_mfe] * 2), np.array([MOVES.long_mae] * 2)
    found = pair_scales(rows([1, 1], best, worst), PAIR, CLIP)
    np.testing.assert_allclose(found, [[0.05 / 0.04, 0.03 / 0.02]] * 2)
    # Clipped on either end.
    near = pair_scales(rows([1], best[:1] / 50, worst[:1] / 50), PAIR, CLIP)
    far = pair_scales(rows([1], best[:1] * 9, worst[:1] * 9), PAIR, CLIP)
    np.testing.assert_array_equal(np.concatenate([near, far]), [[0.5, 0.5], [2.0, 2.0]])


@given(moves, moves, st.floats(0.002, 0.6), st.floats(0.002, 0.6), st.floats(0.0, 0.05))
def test_levels_stay_within_their_bounds_and_pay_the_round_trip(best, worst, take_profit, stop, least):
    one = rows([1], np.array([best]), -np.array([worst[::-1]]))
    one = one._replace(
        take_profit_frac=np.array([take_profit]), stop_loss_frac=np.array([stop]), least_gain_frac=np.array([least])
    )  # fmt: skip
    (found,) = pair_scales(one, PAIR, CLIP)
    assert (found >= 0.5).all() and (found <= 2.0).all()
    if not (found == 1.0).all():
        assert least < found[0] * take_profit < 1.0 and found[1] * stop < 1.0
    # A further quantile never draws a nearer level, where both may be.
    wide = pair_scales(one, LevelPair(take_profit=0.95, stop_loss=0.05), CLIP)[0]
    if not (wide == 1.0).all() and not (found == 1.0).all():
        assert (wide >= found).all()


def test_unknown_levels_stay_the_label_sets():
    one = rows([1], np.array([MOVES.long_mfe]), np.array([MOVES.long_mae]))
    for change in ({"take_profit_frac": np.array([np.nan])}, {"best": np.full((1, 7), np.nan)}):
        np.testing.assert_array_equal(pair_scales(one._replace(**change), PAIR, CLIP), [[1.0, 1.0]])


def test_where_nothing_is_expected_the_label_sets_levels_stand():
    best, worst = np.array([MOVES.long_mfe] * 4), np.array([MOVES.long_mae] * 4)
    four = rows([1, 1, -1, 0], best, worst)._replace(edge=np.array([0.02, 0.09, 0.09, 0.09]))
    own = replace(OWN, short=None)
    np.testing.assert_allclose(expected_net_r(own, four.side, four.edge), [-0.02, 0.26, -np.inf, -np.inf])
    changed = (order_scales(four, own) != 1.0).any(axis=1)
    np.testing.assert_array_equal(changed, [False, True, False, False])


def test_rows_do_not_know_of_one_another():
    """Causality: what comes after a row does not change its levels."""
    rng = np.random.default_rng(0)
    best = np.sort(rng.uniform(0, 0.1, (40, 7)), axis=1)
    many = rows([1, -1] * 20, best, -best[:, ::-1])._replace(edge=rng.uniform(-0.05, 0.15, 40))
    first = OrderRows(*(column[:25] for column in many))
    np.testing.assert_array_equal(order_scales(many, OWN)[:25], order_scales(first, OWN))
    # Sabotage: levels drawn from the quantiles of all rows would.
    pooled = many._replace(best=np.quantile(best, 0.9, axis=0) * np.ones_like(best))
    assert not np.array_equal(order_scales(pooled, OWN)[:25], order_scales(first, OWN))


@pytest.mark.parametrize("side", ["long", "short"])
def test_one_order_is_drawn_as_rows_are(side):
    state, rule = market(), policy(order_levels=OWN)
    said, cost = prediction(excursions=MOVES), cost_of(market(), policy())
    found = order_choice(side, 0.08, said, state, rule, cost)
    best, worst = MOVES.of(side)
    scales = order_scales(rows([1 if side == "long" else -1], np.array([best]), np.array([worst])), OWN)[0]
    assert found.take_profit_frac == pytest.approx(0.04 * scales[0], rel=1e-12)
    assert found.stop_loss_frac == pytest.approx(0.02 * scales[1], rel=1e-12)
    assert found.expected_net_frac == pytest.approx(0.02 * 0.22)
    with pytest.raises(ValueError, match="need a prediction with excursions"):
        order_choice(side, 0.08, prediction(), state, rule, cost)


def test_a_decision_has_its_own_levels_and_names_those_that_p_speaks_of():
    said, own = prediction(excursions=MOVES, p_long=0.5), policy(order_levels=OWN)
    plain, found = decide(said, evidence(), market(), policy()), decide(said, evidence(), market(), own)
    assert plain.action == found.action == "BUY"
    assert (found.take_profit_rub, found.stop_loss_rub) == (284.89, 263.19)  # 271.33 and 5 % up, 3 % down
    assert (found.label_take_profit_rub, found.label_stop_loss_rub) == (
        plain.take_profit_rub, plain.stop_loss_rub,
    )  # fmt: skip
    for name in ("side", "p", "p_break_even", "edge", "confidence", "strength", "reasons", "entry_low_rub"):
        assert getattr(found, name) == getattr(plain, name), name
    gain, loss = (284.89 - 271.33) / 271.33, (271.33 - 263.19) / 271.33
    assert found.risk_reward == pytest.approx((gain - found.cost_frac) / (loss + found.cost_frac))
    assert found.expected_net_frac == pytest.approx(0.02 * 0.3)
    assert found.expected_r == pytest.approx(0.02 * 0.3 / 0.03)
    # The median of the worst excursion, at most to the stop.
    assert (found.expected_drawdown_frac, plain.expected_drawdown_frac) == (0.012, 0.012)
    assert expected_drawdown("long", said, 0.01) == 0.01
    assert plain.label_take_profit_rub is None
    # Where the expectation at the edge is not above 0, all is said as before.
    lost = replace(PAYS, net_r=(-0.3, -0.1))
    assert decide(said, evidence(), market(), policy(order_levels=replace(OWN, long=lost))) == plain
    assert decide(replace(said, excursions=None), evidence(), market(), policy()) == replace(
        plain, expected_drawdown_frac=None
    )


@given(markets(), moves, moves, st.booleans())
def test_prices_of_own_levels_lie_on_the_step_and_on_their_sides(state, best, worst, is_long):
    up, down = tuple(best), tuple(-x for x in reversed(worst))
    said = prediction(
        p_long=0.9 if is_long else 0.1, p_short=0.1 if is_long else 0.9,
        excursions=Excursions(long_mfe=up, long_mae=down, short_mfe=up, short_mae=down),
    )  # fmt: skip
    found = decide(said, evidence(), state, policy(order_levels=OWN))
    if found.take_profit_rub is None:
        return
    for price in (found.take_profit_rub, found.stop_loss_rub, found.entry_low_rub):
        assert abs(price / state.price_step_rub - round(price / state.price_step_rub)) < 1e-6
    sign = 1.0 if found.side == "long" else -1.0
    assert (
        sign * (found.take_profit_rub - state.close_rub) > 0 > sign * (found.stop_loss_rub - state.close_rub)
    )
    assert found.risk_reward > 0
    assert (found.label_take_profit_rub is None) == (found.label_stop_loss_rub is None)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: LevelPair(take_profit=0.6, stop_loss=0.25), "must be of 0.05"),
        (lambda: OrderLevelConfig(candidates=()), "candidates must be pairs"),
        (lambda: OrderLevelConfig(candidates=(PAIR, PAIR)), "each once"),
        (lambda: OrderLevelConfig(candidates=(PAIR,), clip=(1.1, 2.0)), "around 1"),
        (lambda: OrderLevelConfig(candidates=(PAIR,), min_trades=5), "at least 20"),
        (lambda: replace(PAYS, knots=(0.1, 0.0)), "knots must rise"),
        (lambda: replace(PAYS, low_r=(np.nan, 0.0)), "finite"),
        (lambda: replace(MOVES, long_mae=MOVES.long_mfe), "of its own side of 0"),
        (lambda: replace(MOVES, long_mfe=MOVES.long_mfe[::-1]), "must rise"),
    ],
)
def test_what_cannot_be_is_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_pairs_are_of_the_levels_that_networks_say():
    assert {PAIR.take_profit, PAIR.stop_loss} <= set(QUANTILE_LEVELS)
