"""Room below the limits against trying it, and swaps that must pay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from portfolio.kernels.room import limit_states, room_lots
from portfolio.kernels.swaps import Candidate, Leavable, swaps_worth
from portfolio.risk_contracts import SwapRules
from tests.portfolio.kernels.test_rebalance import LOOSE, cases, holdings, keeps

RULES = SwapRules(min_gain_of_cost_times=2.0, min_confidence=65)


@settings(max_examples=100)
@given(cases())
def test_states_agree_with_the_limits_in_rubles(case):
    held, limits, capital = case
    states = limit_states(held, limits, capital_rub=capital)
    assert all(state.is_kept for state in states) == keeps(held, limits, capital, np.zeros(held.lots.size))


@settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])
@given(cases())
def test_room_is_the_most_that_keeps_the_limits(case):
    held, limits, capital = case
    free = holdings(held.lots, held.lot_rub, sector=held.sector, exit_cap_rub=held.exit_cap_rub, odd_rub=held.odd_rub,
                    cost_rub=np.zeros(held.lots.size))  # fmt: skip
    assume(keeps(free, limits, capital, np.zeros(held.lots.size)))
    for at, room in enumerate(room_lots(free, limits, capital_rub=capital)):
        grown = np.zeros(held.lots.size)
        grown[at] = -float(room)  # a trade backwards makes a position larger
        assert keeps(free, limits, capital, grown)
        grown[at] -= 1
        assert not keeps(free, limits, capital, grown)


def test_what_cannot_be_traded_has_no_room():
    held = holdings([1], [10.0], tradable=np.array([False]))
    assert room_lots(held, LOOSE, capital_rub=1000.0).tolist() == [0]


def candidate(**changed) -> Candidate:
    return Candidate(
        **{"secid": "B", "confidence": 70, "expected_net_frac": 0.02, "room_rub": 500.0} | changed
    )


LEAVABLE = Leavable(secid="A", value_rub=1000.0, exit_cost_frac=0.002)


def test_a_swap_that_pays():
    (swap,) = swaps_worth((LEAVABLE,), (candidate(),), rules=RULES)
    assert (swap.leave, swap.enter, swap.value_rub) == ("A", "B", 500.0)
    assert swap.cost_rub == pytest.approx(1.0) and swap.gain_rub == pytest.approx(10.0 - 1.0)


@pytest.mark.parametrize(
    "changed",
    [
        {"confidence": 64},
        {"expected_net_frac": 0.0039},
        {"expected_net_frac": -0.1},
        {"room_rub": 0.0},
        {"secid": "A"},
    ],
)
def test_a_swap_that_does_not(changed):
    assert swaps_worth((LEAVABLE,), (candidate(**changed),), rules=RULES) == ()


def test_no_candidate_no_swap_and_each_share_once():
    assert swaps_worth((LEAVABLE,), (), rules=RULES) == () == swaps_worth((), (candidate(),), rules=RULES)
    both = swaps_worth((LEAVABLE,), (candidate(), candidate(secid="C", expected_net_frac=0.05)), rules=RULES)
    assert [swap.enter for swap in both] == ["C"]


@given(confidence=st.integers(-5, 120), ratio=st.floats(0, 3))
def test_rules_that_would_not_pay_are_refused(confidence, ratio):
    if ratio >= 1 and 0 <= confidence <= 100:
        SwapRules(min_gain_of_cost_times=ratio, min_confidence=confidence)
    else:
        with pytest.raises(ValueError, match="must"):
            SwapRules(min_gain_of_cost_times=ratio, min_confidence=confidence)
