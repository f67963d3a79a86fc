"""Where nothing is proven, ranges and volatility of a network are those of the recent volatility, not constants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from modeling.contracts import QUANTILE_LEVELS, HeadTrust
from modeling.fitting.calibration import Chooser, Slice, trust_fit
from modeling.kernels.metrics import rank_correlation
from modeling.registry.outputs import Outputs, trusted
from tests.modeling.synthetic import tiny_recipe
from tests.modeling.trust_maker import trust

ROWS, DAYS = 4_000, 100
UNIT = ndtri(np.asarray(QUANTILE_LEVELS))


def calm_slice(seed: int, *, said: np.ndarray | None = None, width: float = 0.01) -> Slice:
    """Rows of a market whose volatility hardly changes; a network that says noise unless told otherwise."""
    rng = np.random.default_rng(seed)
    true = 0.02 * np.exp(width * rng.standard_normal(ROWS))
    own = 0.02 * np.exp(0.5 * rng.standard_normal(ROWS)) if said is None else said * true
    moved = true * np.sqrt(rng.chisquare(10, ROWS) / 10)
    outputs = Outputs(
        p_long_logit=np.zeros(ROWS), p_short_logit=np.zeros(ROWS), return_quantiles=own[:, None] * UNIT,
        volatility=own, direction_logits=np.zeros((ROWS, 5)),
    )  # fmt: skip
    targets = {
        "p_long": (rng.random(ROWS) < 0.3).astype(np.float64), "p_short": (rng.random(ROWS) < 0.3).astype(np.float64),
        "direction": np.full(ROWS, 2.0), "forward_return": true * rng.standard_normal(ROWS), "forward_volatility": moved,
    }  # fmt: skip
    base = trust(
        base_quantiles=tuple(0.02 * UNIT), unit_quantiles=tuple(UNIT), base_volatility=0.02,
        volatility_per_unit=1.0,
    )  # fmt: skip
    day = np.arange(ROWS) * DAYS // ROWS
    return Slice(outputs=outputs, recent=true.copy(), day=day, targets=targets, base=base)


def fitted(own: Slice) -> HeadTrust:
    return trust_fit([own], Chooser(rules=tiny_recipe().evaluation, seed=0))


def test_a_network_that_proves_nothing_in_a_calm_goes_with_the_volatility_into_a_storm():
    found = fitted(calm_slice(1))
    assert found.volatility_weights == (0.0, 1.0, 0.0)
    assert found.quantile_weights == (0.0, 1.0, 0.0)
    storm = calm_slice(2, width=1.0)
    said = trusted(storm.outputs, storm.recent, found)
    assert rank_correlation(said.volatility, storm.targets["forward_volatility"]) > 0.9
    # A constant, which nothing in the calm speaks against, would tell nothing of it.
    constant = trusted(storm.outputs, storm.recent, replace(found, volatility_weights=(1.0, 0.0, 0.0)))
    assert np.ptp(constant.volatility) == pytest.approx(0.0)


def test_what_says_the_recent_volatility_alone_is_chosen_as_before():
    """Regressions and trees have no volatility of their own: where nothing is proven their constants stay."""
    own = calm_slice(1)
    recent = own.recent * own.base.volatility_per_unit
    found = fitted(
        replace(own, outputs=replace(own.outputs, volatility=recent, return_quantiles=recent[:, None] * UNIT))
    )
    assert found.volatility_weights[0] >= 0.7  # of the recent one as much as is proven
    assert found.quantile_weights == (1.0, 0.0, 0.0)


def test_a_network_that_knows_more_than_the_recent_volatility_is_heard():
    own = calm_slice(3, said=np.ones(ROWS), width=0.5)
    blurred = own.recent * np.exp(0.5 * np.random.default_rng(4).standard_normal(ROWS))
    found = fitted(replace(own, recent=blurred))
    assert found.volatility_weights[2] >= 0.8
    assert found.quantile_weights[2] >= 0.8
