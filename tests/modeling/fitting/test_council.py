"""The council: strategies vote where their setup is, votes are joined by what was learned out of fold, one way is kept."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from modeling.contracts.council import META, META_RANK
from modeling.contracts.heads import strategy_heads
from modeling.fitting.calibration import base_of
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.folds import Fold, earlier_datasets
from modeling.fitting.forecasts import Provenance, Raw
from modeling.fitting.head_targets import strategy_targets
from modeling.fitting.meta import contexts_of, meta_fit, meta_said
from modeling.fitting.recipe import CouncilConfig, Recipe, SetupConfig
from modeling.fitting.strategies import recipe_strategies
from modeling.fitting.votes import ballots_of, simple_votes
from modeling.kernels.ballots import Ballots
from tests.modeling.council_maker import COLUMN, CONTEXT, COUNCIL, council_data, council_recipe, ranked_data
from tests.modeling.synthetic import tiny_recipe
from traderai.common.errors import InputError, InvariantError


@pytest.fixture(scope="module")
def data() -> Dataset:
    return council_data()


def said(own: Dataset, rows: np.ndarray, seed: int) -> Raw:
    """Return the outputs of a network whose trend strategy has found the planted hint, and whose own word is noise."""
    rng = np.random.default_rng([seed, int(rows[0])])
    n, h = rows.size, len(own.horizons)
    noise = {name: rng.standard_normal((n, h)) for name in ("long", "short", "back_long", "back_short")}
    hint = own.values[rows, 0][:, None] * np.ones(h)
    base = base_of(own, h=0, column=COLUMN)
    more = dict(zip(strategy_heads("trend"), (1.5 * hint - 1.0, -1.5 * hint - 1.0), strict=True))
    more |= dict(
        zip(strategy_heads("mean_reversion"), (noise["back_long"], noise["back_short"]), strict=True)
    )
    recent = own.values[rows, COLUMN].astype(np.float64)
    return Raw(
        provenance=Provenance.of_fit("hand-made", own),
        rows=rows,
        p_long_logit=noise["long"] - 1.0,
        p_short_logit=noise["short"] - 1.0,
        return_quantiles=np.repeat(np.outer(recent, base.unit_quantiles)[:, None, :], h, axis=1),
        volatility=np.repeat(base.volatility_per_unit * recent[:, None], h, axis=1),
        direction_logits=np.zeros((n, h, 5)),
        more=more,
    )


def folds_of(data: Dataset, recipe: Recipe) -> list[tuple[Fold, Ballots]]:
    """Return the folds, newest first, with the votes of their networks."""
    found = []
    for own in (data, *earlier_datasets(data, recipe)):
        raw = said(own, own.rows_of(VALIDATION), seed=1)
        votes = ballots_of(raw, own, recipe_strategies(recipe, own), column=COLUMN)
        found.append((Fold(dataset=own, raw=raw), votes))
    return found


def test_a_strategy_without_its_features_is_left_out_and_named(data: Dataset):
    found = recipe_strategies(council_recipe(), data)
    assert found.names == ("trend", "mean_reversion")
    assert found.left_out == {"news": "the features have no news"}
    assert {own.name: own.columns for own in found.shapes} == {"trend": (0,), "mean_reversion": (2,)}
    alone = replace(
        council_recipe(), council=replace(COUNCIL, strategies={"news": COUNCIL.strategies["news"]})
    )
    with pytest.raises(InputError, match="needs a strategy whose features are there; news"):
        recipe_strategies(alone, data)


def test_setups_are_bounded_by_training_rows_alone(data: Dataset):
    later = (data.part != TRAIN).all(axis=1)
    values = data.values.copy()
    values[later, 2] += 100.0
    changed = recipe_strategies(council_recipe(), replace(data, values=values)).present["mean_reversion"]
    before = recipe_strategies(council_recipe(), data).present["mean_reversion"]
    np.testing.assert_array_equal(changed[~later], before[~later])
    assert before[later].any() and not changed[later].any()
    trend = recipe_strategies(council_recipe(), data).present["trend"]
    known = np.isfinite(data.values[:, 0])
    np.testing.assert_array_equal(trend[known], np.abs(data.values[known, 0]) == 1.0)
    assert not trend[~known].any()


def test_strategies_learn_from_the_rows_of_their_setup(data: Dataset):
    strategies = recipe_strategies(council_recipe(), data)
    found = strategy_targets(data, strategies.present)
    assert set(found) == {head for name in strategies.names for head in strategy_heads(name)}
    target, rows = found["trend_long_logit"], strategies.present["trend"]
    assert np.isnan(target[~rows]).all()
    np.testing.assert_array_equal(target[rows], data.targets.p_long[rows])


def test_an_abstention_says_what_the_training_part_knows(data: Dataset):
    recipe = council_recipe()
    strategies = recipe_strategies(recipe, data)
    raw = said(data, data.rows_of(TEST), seed=2)
    votes = ballots_of(raw, data, strategies, column=COLUMN)
    assert votes.voters == ("global", "trend", "mean_reversion")
    ways = simple_votes(votes)
    assert tuple(ways) == (*votes.voters, "average")
    away = ~votes.present[1]
    prior = base_of(data, h=0, column=COLUMN).p_long_prior
    assert away.any() and (ways["trend"][0, away, 0] == prior).all()
    np.testing.assert_array_equal(ways["global"][0], raw.p_long_logit)
    for row in (0, 7, 100):
        present = [0, *(1 + np.flatnonzero(votes.present[1:, row]))]
        wanted = votes.logits[present, 1, row, 1].mean()
        assert ways["average"][1, row, 1] == pytest.approx(wanted)
    with pytest.raises(InvariantError, match="must have the heads trend_long_logit"):
        ballots_of(replace(raw, more={}), data, strategies, column=COLUMN)
    with pytest.raises(InvariantError, match="voter must be one of"):
        votes.alone("news")


def test_the_aggregator_learns_whom_to_believe_and_is_plain_numbers(data: Dataset):
    recipe = council_recipe()
    folds = folds_of(data, recipe)
    assert len(folds) == 3
    meta = meta_fit(folds[1:], CONTEXT, seed=0)
    weights = meta.weights("p_long")
    assert weights["trend long"] > 3 * abs(weights["global long"])
    assert weights["trend long"] > 3 * abs(weights["mean_reversion long"])
    fold, votes = folds[0]
    logits = meta_said(meta, CONTEXT, fold.raw, votes, data)
    for h in range(2):
        own = data.part[fold.raw.rows, h] == VALIDATION
        y = data.targets.p_long[fold.raw.rows[own], h]
        right = logits.p_long_logit[own, h]
        assert right[y == 1].mean() > right[y == 0].mean() + 0.2
    assert meta == meta_fit(folds[1:], CONTEXT, seed=0)
    assert json.loads(json.dumps(asdict(meta)))["columns"][0] == "global long"


def test_an_aggregator_that_reads_the_rank_learns_what_it_tells():
    data, recipe = ranked_data(), council_recipe()
    contexts = contexts_of(recipe, data)
    assert list(contexts) == [META, META_RANK]
    assert (
        contexts[META]
        == replace(contexts[META_RANK], rank_features=())
        == contexts_of(recipe, council_data())[META]
    )
    folds = [(fold, blind(votes)) for fold, votes in folds_of(data, recipe)]
    without, reads = (meta_fit(folds[1:], own, seed=0) for own in contexts.values())
    assert without.columns == tuple(name for name in reads.columns if name != "daily_rank_5d")
    weight = reads.weights("p_long")["daily_rank_5d"]
    assert weight > 3 * max(abs(own) for own in without.weights("p_long").values())
    assert reads.weights("p_short")["daily_rank_5d"] < 0
    # A share that nobody ranks is decided as if it stood in the middle.
    fold, votes = folds[0]
    said_with = meta_said(reads, contexts[META_RANK], fold.raw, votes, data).p_long_logit
    assert np.isfinite(said_with).all()
    alone = data.instrument[fold.raw.rows] == 2
    hint = data.values[fold.raw.rows, 0]
    assert np.abs(np.corrcoef(said_with[alone, 0], hint[alone])[0, 1]) < 0.2
    assert np.corrcoef(said_with[~alone, 0], hint[~alone])[0, 1] > 0.8


def test_a_rank_that_no_lesson_knows_weighs_nothing():
    data, recipe = ranked_data(), council_recipe()
    assert data.ranks is not None
    context = contexts_of(recipe, data)[META_RANK]
    nobody = replace(data, ranks=replace(data.ranks, place=np.full(data.decision_s.size, np.nan)))
    meta = meta_fit(folds_of(nobody, recipe)[1:], context, seed=0)
    assert meta.weights("p_long")["daily_rank_5d"] == 0.0
    assert np.isfinite(meta.mean).all() and np.isfinite(meta.std).all()
    plain = meta_fit(folds_of(nobody, recipe)[1:], replace(context, rank_features=()), seed=0)
    for name, weight in plain.weights("p_short").items():
        assert meta.weights("p_short")[name] == pytest.approx(weight, abs=1e-4)


def blind(votes: Ballots) -> Ballots:
    """Return the votes of strategies that have nothing to say, so that the rank alone tells of the hint."""
    present = votes.present.copy()
    present[1:] = False
    logits = np.where(present[:, None, :, None], votes.logits, votes.prior[None, :, None, :])
    return replace(votes, logits=logits, present=present)


def test_the_aggregator_sees_no_vote_that_knew_its_row(data: Dataset):
    recipe = council_recipe()
    folds = folds_of(data, recipe)
    # Votes of a network on its own training rows: no fold can be made of them, and without a fold nothing is learned.
    raw = said(data, data.rows_of(TRAIN), seed=3)
    inside = replace(data, part=np.where(data.part == TRAIN, VALIDATION, data.part).astype(np.int8))
    with pytest.raises(InvariantError, match="learned until"):
        Fold(dataset=inside, raw=raw)
    with pytest.raises(InvariantError, match="needs out-of-fold votes"):
        meta_fit([], CONTEXT, seed=0)
    # What the aggregator says counts as having seen all that it learned from: its own lessons cannot judge it.
    fold, votes = folds[1]
    meta = meta_fit(folds[1:], CONTEXT, seed=0)
    with pytest.raises(InvariantError, match="learned until"):
        Fold(dataset=fold.dataset, raw=meta_said(meta, CONTEXT, fold.raw, votes, fold.dataset))
    newest, own = folds[0]
    Fold(
        dataset=newest.dataset, raw=meta_said(meta, CONTEXT, newest.raw, own, newest.dataset)
    )  # rows after all its lessons
    with pytest.raises(InvariantError, match="votes must be those of the fold's"):
        meta_fit([(folds[1][0], folds[0][1])], CONTEXT, seed=0)


def test_later_parts_do_not_reach_the_aggregator(data: Dataset):
    recipe = council_recipe()
    targets = replace(
        data.targets, p_long=np.where(data.part == TEST, 1 - data.targets.p_long, data.targets.p_long)
    )
    changed = folds_of(replace(data, targets=targets), recipe)
    assert meta_fit(changed[1:], CONTEXT, seed=0) == meta_fit(folds_of(data, recipe)[1:], CONTEXT, seed=0)


def test_a_setup_says_one_thing():
    with pytest.raises(ValueError, match="either quantiles or not_zero"):
        SetupConfig(feature="rsi_14")
    with pytest.raises(ValueError, match="must rise within"):
        SetupConfig(feature="rsi_14", quantiles=((0.5, 0.2),))
    with pytest.raises(ValueError, match="a council must have strategies"):
        CouncilConfig(strategies={}, loss_weight=1.0, liquidity_feature="amihud_20")
    with pytest.raises(ValueError, match="of kind council has a council"):
        replace(tiny_recipe(), council=COUNCIL)
