"""Calibrating again: temperature, Platt and map are told apart, what is right is left alone, luck is not kept."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.optimize import minimize

from modeling.contracts import HeadTrust
from modeling.fitting.recalibration import (
    FIELDS,
    HeadVerdict,
    head_losses,
    heads_judged,
    recalibrated,
)
from modeling.kernels.calibration import sigmoid
from modeling.registry.folds import OutOfSample
from modeling.registry.outputs import Outputs, trusted
from tests.modeling.fitting.said_maker import PRIOR, said
from tests.modeling.fitting.walk_maker import rules_of
from tests.modeling.linear_network import whole_trust
from tests.modeling.synthetic import tiny_recipe

STANDING = whole_trust(p_long_prior=PRIOR, p_short_prior=PRIOR)
RULES = rules_of(tiny_recipe())


def shifted(logits: np.ndarray) -> np.ndarray:
    return np.asarray(sigmoid(logits + 0.7))


def flattened(logits: np.ndarray) -> np.ndarray:
    return np.asarray(sigmoid(PRIOR + 0.4 * (logits - PRIOR)))


def stepped(logits: np.ndarray) -> np.ndarray:
    return np.where(logits > PRIOR + 0.8, 0.7, 0.2)


def found(*episodes: OutOfSample, standing: HeadTrust = STANDING) -> HeadTrust:
    return recalibrated(episodes, standing, stretch_days=10.0)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_said_right_moves_by_next_to_nothing(seed: int):
    own = found(said(seed=seed))
    for side in ("p_long", "p_short"):
        slope, shift, by = (getattr(own, name) for name in FIELDS[side])
        assert by is None and abs(slope - 1.0) < 0.1 and abs(shift) < 0.08
    assert abs(own.direction_trust - 1.0) < 0.15


def test_too_few_days_for_two_stretches_leave_it_as_it_stands():
    assert found(said(days=10, curve=shifted)) == STANDING
    assert found(said(days=11, curve=shifted)) != STANDING


def test_a_shift_of_the_base_rate_is_platts_and_no_other_head_moves_much():
    own = found(said(days=120, curve=shifted), said(days=120, first_day=200, curve=shifted))
    assert own.p_long_shift == pytest.approx(0.7, abs=0.08)
    assert own.p_long_trust == pytest.approx(1.0, abs=0.08)
    assert own.p_long_map is None
    assert abs(own.p_short_shift) < 0.08 and abs(own.p_short_trust - 1.0) < 0.1
    others = [f.name for f in fields(HeadTrust) if f.name not in {n for own in FIELDS.values() for n in own}]
    assert {name: getattr(own, name) for name in others} == {name: getattr(STANDING, name) for name in others}


def test_a_change_that_lasts_is_learned_though_it_began_late():
    own = found(said(days=100), said(days=60, first_day=300, curve=shifted))
    assert 0.15 < own.p_long_shift < 0.4


def test_too_much_confidence_is_a_slope_and_a_step_is_a_map():
    flat = found(said(curve=flattened))
    assert flat.p_long_trust == pytest.approx(0.4, abs=0.08)
    assert abs(flat.p_long_shift) < 0.08 and flat.p_long_map is None
    step = found(said(curve=stepped))
    assert step.p_long_map is not None and (step.p_long_trust, step.p_long_shift) == (1.0, 0.0)
    told = trusted_long(said(curve=stepped), step)
    assert np.corrcoef(told, stepped(said().p_long_logit))[0, 1] > 0.9
    direction = found(said(direction_slope=0.5))
    assert direction.direction_trust == pytest.approx(0.5, abs=0.15)


def trusted_long(own: OutOfSample, trust: HeadTrust) -> np.ndarray:
    """What scoring says of the rows."""
    n = own.day.size
    outputs = Outputs(
        p_long_logit=own.p_long_logit,
        p_short_logit=own.p_short_logit,
        return_quantiles=np.zeros((n, 7)),
        volatility=np.ones(n),
        direction_logits=own.direction_logits,
    )
    return np.asarray(trusted(outputs, np.ones(n), trust).p_long)


def test_platt_has_the_least_log_loss_by_another_method():
    own = said(days=300, curve=lambda z: np.asarray(sigmoid(0.3 + 0.7 * z)))

    def loss(figures: np.ndarray) -> float:
        logits = PRIOR + figures[0] * (own.p_long_logit - PRIOR) + figures[1]
        return float(np.mean(np.logaddexp(0.0, logits) - own.p_long * logits))

    wanted = minimize(loss, x0=np.array([1.0, 0.0]), method="Nelder-Mead").x
    trust = found(own)
    assert trust.p_long_map is None
    np.testing.assert_allclose([trust.p_long_trust, trust.p_long_shift], wanted, atol=0.03)


@pytest.mark.parametrize("curve", [shifted, flattened, stepped])
def test_losses_are_those_of_what_scoring_says(curve):
    own = said(curve=curve)
    trust = found(own)
    p = trusted_long(own, trust)
    by_hand = -np.where(own.p_long == 1.0, np.log(p), np.log1p(-p))
    np.testing.assert_allclose(head_losses(own, trust, "p_long")[0], by_hand, rtol=1e-9)


def judged(newest: OutOfSample, proposed: HeadTrust) -> dict[str, HeadVerdict]:
    verdicts = heads_judged({"1d": newest}, {"1d": STANDING}, {"1d": proposed}, RULES)
    return {own.head: own for own in verdicts}


def test_the_newest_rows_prove_a_shift_that_goes_on_and_refuse_one_that_is_over():
    told = found(said(curve=shifted))
    proposed = replace(STANDING, p_long_trust=told.p_long_trust, p_long_shift=told.p_long_shift)
    on = judged(said(days=40, first_day=500, curve=shifted), proposed)
    assert on["p_long"].proven and on["p_long"].better_low > 0.0
    assert on["p_long"].better_low < on["p_long"].log_loss_before - on["p_long"].log_loss_after
    assert (on["p_long"].rows, on["p_long"].days) == (1600, 40)
    over = judged(said(days=40, first_day=500), proposed)
    assert over["p_long"].changed and not over["p_long"].proven
    for own in (on, over):
        for head in ("p_short", "direction"):
            assert not own[head].changed and not own[head].proven and np.isnan(own[head].better_low)


def test_luck_is_kept_no_more_often_than_the_level_allows():
    """A wrong proposal of no size at all is better by luck half of the time, and proven in few of fifty."""
    tiny = replace(STANDING, p_long_shift=0.02)
    proven = sum(judged(said(days=30, first_day=1000 * k, seed=k), tiny)["p_long"].proven for k in range(50))
    assert proven <= 4
    better = sum(
        own.log_loss_after < own.log_loss_before
        for own in (judged(said(days=30, first_day=1000 * k, seed=k), tiny)["p_long"] for k in range(50))
    )
    assert better > 10  # seen to fail: without the bound luck would be kept


def test_slopes_stay_within_what_trusts_may_be():
    own = found(said(curve=lambda z: np.asarray(sigmoid(PRIOR - 2.0 * (z - PRIOR)))))
    assert own.p_long_trust == 0.0 and own.p_long_map is None
