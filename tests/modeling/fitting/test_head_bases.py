"""Where nothing is proven, a network's volatility is the recent one, and its ranges go halfway with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from modeling.contracts import QUANTILE_LEVELS, ExcursionTrust, HeadTrust
from modeling.contracts.decisions import EXCURSIONS
from modeling.contracts.heads import EXCURSION_HEADS
from modeling.fitting.calibration import Chooser, Slice, reduced, trust_fit, upon
from modeling.kernels.metrics import pinball_loss, rank_correlation
from modeling.registry.outputs import Outputs, trusted
from tests.modeling.synthetic import tiny_recipe
from tests.modeling.trust_maker import trust

ROWS, DAYS = 4_000, 100
LEVELS = np.asarray(QUANTILE_LEVELS)
UNIT = ndtri(LEVELS)


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


def moving_slice(seed: int, *, network: float) -> Slice:
    """Rows whose best and worst excursions go with the volatility; a network that says so many times their spread."""
    own = calm_slice(seed, width=0.5)
    rng = np.random.default_rng([seed, 1])
    spread = own.recent * np.exp(0.4 * rng.standard_normal(ROWS))  # what the network alone knows
    levels = np.abs(ndtri((1.0 + LEVELS) / 2.0))  # of |N(0, 1)|
    went = np.abs(spread * rng.standard_normal(ROWS))
    rising, falling = spread[:, None] * levels * network, -spread[:, None] * levels[::-1] * network
    more = {head: rising if "mfe" in head else falling for head in EXCURSION_HEADS}
    known = tuple(
        ExcursionTrust(base_quantiles=tuple(0.02 * side), unit_quantiles=tuple(side), weights=(0.0, 1.0, 0.0))
        for side in (levels, -levels[::-1], levels, -levels[::-1])
    )
    targets = own.targets | {name: went if name.endswith("mfe") else -went for name in EXCURSIONS}
    return replace(
        own,
        outputs=replace(own.outputs, more=more),
        targets=targets,
        base=replace(own.base, excursions=known),
    )


def fitted(own: Slice) -> HeadTrust:
    return trust_fit([own], Chooser(rules=tiny_recipe().evaluation, seed=0))


def test_a_network_that_proves_nothing_in_a_calm_goes_with_the_volatility_into_a_storm():
    found = fitted(calm_slice(1))
    assert found.volatility_weights == (0.0, 1.0, 0.0)
    assert found.quantile_weights == (0.5, 0.5, 0.0)
    storm = calm_slice(2, width=1.0)
    said = trusted(storm.outputs, storm.recent, found)
    wide, returns = said.return_quantiles, storm.targets["forward_return"]
    unchanging = np.tile(storm.base.base_quantiles, (ROWS, 1))
    assert (
        pinball_loss(returns, wide, levels=LEVELS).mean()
        < pinball_loss(returns, unchanging, levels=LEVELS).mean()
    )
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


def test_excursions_go_with_the_recent_volatility_unless_the_network_is_proven_better():
    wide = fitted(moving_slice(5, network=4.0))
    assert [own.weights for own in wide.excursions] == [(0.0, 1.0, 0.0)] * len(EXCURSIONS)
    heard = fitted(moving_slice(5, network=1.0))
    assert all(own.weights[2] >= 0.6 for own in heard.excursions)
    # A version whose ranges are worse than their base says nothing of its own of excursions either.
    fallen = reduced(heard, kinds=("quantile_loss",))
    assert [own.weights for own in fallen.excursions] == [(0.0, 1.0, 0.0)] * len(EXCURSIONS)
    assert [own.base_quantiles for own in upon(wide, heard).excursions] == [
        own.base_quantiles for own in wide.excursions
    ]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3))
def test_blended_excursions_rise_and_stay_on_their_side_of_zero(seed, raw):
    own = moving_slice(seed % 50, network=1.5)
    weights = tuple((np.array(raw) / sum(raw)).tolist()) if sum(raw) > 0 else (1.0, 0.0, 0.0)
    trusts = [replace(each, weights=weights) for each in own.base.excursions]
    said = trusted(own.outputs, own.recent, replace(own.base, excursions=tuple(trusts))).excursions
    assert said is not None and said.shape == (ROWS, len(EXCURSIONS), len(QUANTILE_LEVELS))
    assert (np.diff(said, axis=2) >= -1e-12).all()
    for place, name in enumerate(EXCURSIONS):
        assert ((said[:, place] >= 0.0) if name.endswith("mfe") else (said[:, place] <= 0.0)).all()


def test_who_foretells_no_excursions_says_none():
    own = calm_slice(6)
    assert fitted(own).excursions == ()
    assert trusted(own.outputs, own.recent, fitted(own)).excursions is None
