"""A map of probabilities is taken only where crossed halves of the days prove it."""

from __future__ import annotations

import numpy as np

from modeling.fitting.calibration import Chooser, Slice, reduced, trust_fit, upon
from modeling.fitting.recipe import EvaluationConfig
from modeling.kernels.calibration import sigmoid
from modeling.kernels.trust import trusted_probability
from modeling.registry.outputs import Outputs, trusted
from tests.modeling.synthetic import tiny_recipe
from tests.modeling.trust_maker import trust

ROWS, DAYS = 20_000, 200


def evaluation() -> EvaluationConfig:
    return tiny_recipe().evaluation


def slice_with(p_true: np.ndarray, logit: np.ndarray, seed: int) -> Slice:
    rng = np.random.default_rng(seed)
    n = logit.size
    y = (rng.random(n) < p_true).astype(np.float64)
    outputs = Outputs(
        p_long_logit=logit,
        p_short_logit=rng.standard_normal(n) * 0.3,
        return_quantiles=np.tile(np.linspace(-0.05, 0.05, 7), (n, 1)),
        volatility=np.full(n, 0.02),
        direction_logits=np.zeros((n, 5)),
    )
    targets = {
        "p_long": y,
        "p_short": (rng.random(n) < 0.3).astype(np.float64),
        "direction": np.full(n, 2.0),
        "forward_return": rng.standard_normal(n) * 0.02,
        "forward_volatility": np.full(n, 0.02),
    }
    prior = float(np.log(y.mean() / (1 - y.mean())))
    return Slice(
        outputs=outputs,
        recent=np.full(n, 0.004),
        day=np.arange(n) * DAYS // n,
        targets=targets,
        base=trust(p_long_prior=prior, p_short_prior=float(np.log(3 / 7))),
    )


def rare_pattern(seed: int) -> Slice:
    """Scores that are noise but for one row in fifty, where they are right and say too little."""
    rng = np.random.default_rng([seed, 1])
    pattern = rng.random(ROWS) < 0.02
    logit = -1.0 + 0.25 * rng.standard_normal(ROWS) + np.where(pattern, 1.2, 0.0)
    return slice_with(np.where(pattern, 0.75, 0.25), logit, seed)


def test_a_rare_pattern_among_noise_is_mapped():
    own = rare_pattern(3)
    found = trust_fit([own], Chooser(rules=evaluation(), seed=0))
    assert found.p_long_map is not None
    assert found.p_long_trust == 1.0
    p = trusted(own.outputs, own.recent, found).p_long
    pattern = own.outputs.p_long_logit > 0.0
    assert p[pattern].mean() > 0.6
    assert abs(p[~pattern].mean() - 0.25) < 0.02
    assert np.std(p[~pattern]) < 0.05


def test_noise_earns_neither_trust_nor_map():
    rng = np.random.default_rng(5)
    own = slice_with(np.full(ROWS, 0.3), rng.standard_normal(ROWS), 5)
    found = trust_fit([own], Chooser(rules=evaluation(), seed=0))
    assert found.p_long_map is None
    assert found.p_long_trust <= 0.1


def test_scores_that_say_too_little_are_trusted_beyond_one():
    rng = np.random.default_rng(7)
    strength = rng.standard_normal(ROWS)
    own = slice_with(sigmoid(-1.0 + strength), -1.0 + 0.6 * strength, 7)
    found = trust_fit([own], Chooser(rules=evaluation(), seed=0))
    assert found.p_long_map is None
    assert 1.3 < found.p_long_trust < 2.0


def test_maps_go_where_the_trust_goes():
    found = trust_fit([rare_pattern(3)], Chooser(rules=evaluation(), seed=0))
    assert upon(trust(), found).p_long_map == found.p_long_map
    fallen = reduced(found, kinds=("log_loss",))
    assert (fallen.p_long_map, fallen.p_long_trust) == (None, 0.0)
    logits = np.linspace(-3.0, 3.0, 50)
    rising = trusted_probability(logits, prior=-1.0, trust=1.0, by=found.p_long_map)
    assert np.all(np.diff(rising) >= 0)
