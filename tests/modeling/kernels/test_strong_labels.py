from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.kernels.label_windows import row_inputs
from modeling.kernels.labels import barrier_labels
from modeling.kernels.strong_labels import strong_cut, strong_labels
from tests.modeling.kernels.bars_maker import random_bars, spec


def outcomes(seed=3, **changes):
    bars = random_bars(seed, n=200, eventful=False)
    rules = spec(**changes)
    return rules, barrier_labels(bars, rules, "2d", row_inputs(bars, cost_frac=0.002))


@given(st.lists(st.integers(-30, 30), min_size=1, max_size=80), st.floats(0.01, 0.49), st.integers(0, 2**32))
def test_the_cut_is_the_value_that_the_best_share_reaches(values, frac, seed):
    r = np.array(values) / 7.0
    training = np.random.default_rng(seed).random(r.size) < 0.7
    training[0] = True
    cut = strong_cut(r, training, strong_frac=frac)
    ranked = sorted((float(x) for x in r[training]), reverse=True)
    assert cut == ranked[max(1, round(frac * len(ranked))) - 1]


@given(st.integers(0, 2**32))
def test_other_rows_and_null_rows_do_not_move_the_cut(seed):
    rng = np.random.default_rng(seed)
    r, training = rng.standard_normal(100), rng.random(100) < 0.5
    training[:2] = True, False
    cut = strong_cut(r, training, strong_frac=0.1)
    changed = r.copy()
    changed[~training] = 1e9 * rng.standard_normal((~training).sum())
    assert strong_cut(changed, training, strong_frac=0.1) == cut
    with_nulls = strong_cut(np.append(r, [np.nan] * 50), np.append(training, [True] * 50), strong_frac=0.1)
    assert with_nulls == cut
    # Sabotage: a cut over all rows would differ.
    changed[~training] = 1e9
    assert strong_cut(changed, np.ones(100, dtype=bool), strong_frac=0.1) != cut


@pytest.mark.parametrize("side", ["long", "short"])
def test_labels_equal_a_look_at_each_row(side):
    rules, got = outcomes(strong_min_mfe_r=1.0, strong_max_mae_r=0.5)
    own = getattr(got, side)
    training = np.arange(200) < 120
    cut = strong_cut(own.r_multiple, training, strong_frac=rules.strong_frac)
    in_stops = own.mfe_frac / got.stop_loss_frac, own.mae_frac / got.stop_loss_frac
    found = strong_labels(own.r_multiple, *in_stops, rules, cut_r=cut)
    for t in range(200):
        if own.label[t] < 0:
            assert np.isnan(found[t]), t
        else:
            stop = got.stop_loss_frac[t]
            wanted = int(
                own.r_multiple[t] >= cut - 1e-9
                and own.mfe_frac[t] / stop >= 1.0 - 1e-9
                and -own.mae_frac[t] / stop <= 0.5 + 1e-9
            )
            assert found[t] == wanted, t
    assert {0.0, 1.0} == set(found[~np.isnan(found)].tolist()) and np.isnan(found).any()
    plain = strong_labels(own.r_multiple, *in_stops, spec(), cut_r=cut)
    assert np.nansum(plain) > np.nansum(found)


def test_equal_results_are_strong_together_in_spite_of_rounding():
    rules, got = outcomes()
    wins = got.long.label == 1
    r = got.long.r_multiple
    exits = np.unique(r[wins & (np.abs(r - (0.04 - 0.002) / 0.02) < 1e-9)])
    assert exits.size > 1  # the same win, differently rounded
    found = strong_labels(r, got.long.mfe_frac, got.long.mae_frac, rules, cut_r=float(exits.max()))
    assert np.all(found[wins] == 1)


def test_wrong_requests_are_refused():
    rules = spec()
    with pytest.raises(ValueError, match=r"strong_frac must lie within \(0, 0.5\), was 0.5"):
        strong_cut(np.zeros(3), np.ones(3, dtype=bool), strong_frac=0.5)
    with pytest.raises(ValueError, match="training"):
        strong_cut(np.zeros(3), np.ones(3), strong_frac=0.1)
    with pytest.raises(ValueError, match="needs a labelled training row"):
        strong_cut(np.array([1.0, math.nan]), np.array([False, True]), strong_frac=0.1)
    with pytest.raises(ValueError, match="cut_r must be a number"):
        strong_labels(*np.zeros((3, 5)), rules, cut_r=math.nan)
    with pytest.raises(ValueError, match="must have one shape"):
        strong_labels(np.zeros(3), np.zeros(3), np.zeros(4), rules, cut_r=1.0)
