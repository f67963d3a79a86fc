"""What the toolkit does to rows and batches before anything is fitted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION
from modeling.systems.neural.draws import Draws
from modeling.systems.neural.relabel import relabelled
from modeling.systems.neural.taught import Taught, scaler_of, taught_rows
from modeling.systems.neural.toolkit import OPTIONS, PRESETS, TEN, RowFilter, Smote, Toolkit
from modeling.systems.rows import SystemRows
from tests.modeling.synthetic import FEATURES
from tests.modeling.systems.maker import parted
from tests.modeling.systems.neural.maker import rare, toolkit
from traderai.common.errors import InputError

NOTHING = np.zeros(0, dtype=np.int64)


def taught(*options: Any, rows: SystemRows | None = None, **parameters: Any) -> Taught:
    rows = rare() if rows is None else rows
    return taught_rows(rows, scaler_of(rows), toolkit(*options, **parameters), seed=3)


def draws(*options: Any, batch_rows: int = 100, limit: int = 10_000, **parameters: Any) -> Draws:
    return Draws(
        taught=taught(*options, **parameters), toolkit=toolkit(*options, **parameters), batch_rows=batch_rows,
        limit=limit, seed=5,
    )  # fmt: skip


def test_presets_grow_with_their_cost_and_the_last_is_all_ten():
    assert PRESETS["none"] < PRESETS["A"] < PRESETS["B"] < PRESETS["C"] == set(TEN)
    assert len(TEN) == 10
    own = Toolkit(preset="A", options=("ranking_loss",))
    assert set(own.switched()) == PRESETS["A"] | {"ranking_loss"}
    assert own.only(("focal",)).switched() == ("focal",)
    assert set(TEN) < set(OPTIONS)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"reweighting_step": 0.0}, "reweighting_step"), ({"views": ()}, "views"), ({"least_entropy": 1.0}, "least_entropy"),
        ({"most_ticker_weight": 0.5}, "most_ticker_weight"), ({"threshold_factors": (0.0,)}, "threshold_factors"),
    ],
)  # fmt: skip
def test_a_toolkit_that_cannot_be_is_refused(parameters, text):
    with pytest.raises(ValueError, match=text):
        Toolkit(**parameters)
    with pytest.raises(ValueError, match="each of 2 classes"):
        Toolkit(quotas=(0.3, 0.4, 0.3)).quotas_of(2)
    with pytest.raises(ValueError, match="to_frac"):
        Smote(to_frac=2.0)


@pytest.mark.parametrize("hard_share", [0, 40])
def test_batches_that_a_fit_draws_meet_their_quotas_to_one_row(hard_share):
    own = draws("quota_batches", "hard_negatives", quotas=(0.3, 0.4, 0.3))
    hard = np.arange(hard_share, dtype=np.int64)
    for batch in own.epoch(1, hard):
        counts = np.bincount(own.taught.label[batch], minlength=3)
        assert np.abs(counts - [30, 40, 30]).max() <= 1
    plain = draws()
    counts = np.bincount(plain.taught.label[plain.epoch(1, NOTHING)[0]], minlength=3)
    assert np.abs(counts - [30, 40, 30]).max() > 20


def test_an_epoch_is_drawn_again_to_the_same_rows_and_the_next_to_others():
    own = draws("quota_batches")
    np.testing.assert_array_equal(own.epoch(2, NOTHING), own.epoch(2, NOTHING))
    assert not np.array_equal(own.epoch(2, NOTHING), own.epoch(3, NOTHING))


def test_hard_rows_take_their_share_of_each_batch():
    own = draws("hard_negatives")
    hard = np.arange(50, dtype=np.int64)
    mixed = np.isin(own.epoch(0, hard), hard).mean(axis=1)
    assert np.all(mixed >= 0.2)
    assert np.isin(own.epoch(0, NOTHING), hard).mean() < 0.1


def test_ticker_sampling_gives_every_share_the_same_rows():
    rows = rare()
    train = rows.rows_of(TRAIN)
    part = rows.part.copy()
    part[train[(rows.instrument[train] == 0)][50:]] = -1  # the first share has hardly a row
    few = replace(rows, part=part)
    own = Draws(
        taught=taught("ticker_sampling", rows=few), toolkit=toolkit("ticker_sampling"), batch_rows=90, limit=900, seed=5
    )  # fmt: skip
    drawn = np.bincount(own.taught.ticker[own.epoch(0, NOTHING).ravel()])[1:]
    assert np.ptp(drawn) <= 3
    plain = Draws(taught=taught(rows=few), toolkit=toolkit(), batch_rows=90, limit=900, seed=5)
    assert np.ptp(np.bincount(plain.taught.ticker[plain.epoch(0, NOTHING).ravel()])[1:]) > 100


def test_ticker_weights_lift_rare_classes_in_each_share_and_keep_the_mean():
    own = taught("ticker_weights")
    assert own.weight.mean() == pytest.approx(1.0)
    rare_rows = own.label != own.commonest
    for ticker in np.unique(own.ticker):
        here = own.ticker == ticker
        assert own.weight[here & rare_rows].sum() == pytest.approx(own.weight[here & ~rare_rows].sum())
    assert np.all(taught().weight == 1.0)


def test_the_commonest_class_is_thinned_out_alone():
    whole, thin = taught(), taught("downsampling", keep_frac=0.25)
    before, after = (np.bincount(each.label) for each in (whole, thin))
    assert after[1] == round(0.25 * before[1])
    assert after[[0, 2]].tolist() == before[[0, 2]].tolist()
    assert (thin.keep_frac, thin.commonest) == (0.25, 1)


def test_a_row_filter_leaves_out_illiquid_rows_and_named_regimes():
    rows = replace(rare(), median_turnover_rub=np.arange(1.0, rare().label.size + 1.0))
    train, feature = rows.rows_of(TRAIN), FEATURES[1]
    own = taught("row_filter", rows=rows, row_filter=RowFilter(turnover=(0.5, 1.0)))
    assert own.rows.size == (train.size + 1) // 2
    assert own.rows.min() >= np.quantile(train, 0.5)
    mild = RowFilter(turnover=(0.0, 1.0), volatility_feature=feature, volatility=(0.1, 0.9))
    assert taught("row_filter", row_filter=mild).rows.size == pytest.approx(0.8 * train.size, abs=2)
    values = rows.values.copy()
    values[::3, rows.features.index(feature)] = 0.5  # a regime that is as likely as not
    calm = RowFilter(turnover=(0.0, 1.0), without_regimes=(feature,))
    own = taught("row_filter", rows=replace(rows, values=values), row_filter=calm)
    assert own.rows.tolist() == train[train % 3 != 0].tolist()
    with pytest.raises(InputError, match="did you mean"):
        taught("row_filter", row_filter=RowFilter(volatility_feature=feature + "x"))


def test_a_filter_that_leaves_a_class_without_rows_is_refused():
    rows = rare()
    label = rows.label.copy()
    first = rows.rows_of(TRAIN)
    label[first] = 1
    with pytest.raises(DatasetRefusedError, match="a class has none"):
        taught(rows=replace(rows, label=label))


def test_synthetic_rows_are_made_of_training_rows_alone():
    rows = rare()
    own = taught("smote")
    counts = np.bincount(own.label)
    assert own.synthetic.shape[0] == own.label.size - own.rows.size > 0
    np.testing.assert_allclose(counts[[0, 2]] / counts[1], 0.5, atol=0.05)
    assert np.all(own.ticker[own.rows.size :] == 0)
    values = rows.values.copy()
    first = rows.decision_s[rows.part == VALIDATION].min()
    values[rows.decision_s >= first] = 1e6
    label = rows.label.copy()
    label[(rows.part == VALIDATION) | (rows.part == TEST)] = 0
    np.testing.assert_array_equal(
        own.synthetic, taught("smote", rows=replace(rows, values=values, label=label)).synthetic
    )
    last = own.label.size - 1
    np.testing.assert_array_equal(own.windows(np.array([last, 0]))[0], own.synthetic[-1])


def test_searched_thresholds_label_the_training_part_anew_and_no_other():
    rows = rare()
    found = relabelled(rows, factors=(0.3, 0.6, 1.0, 1.5))
    assert found.told is not None
    factor = found.told["chosen_factor"]
    assert factor != 1.0  # a smaller threshold is better balanced
    scores = {own["factor"]: own.get("score", -np.inf) for own in found.told["tried"]}
    assert scores[factor] == max(scores.values())
    beyond = np.abs(rows.move[found.at]) > factor * rows.threshold_frac[found.at]
    np.testing.assert_array_equal(found.label != 1, beyond)
    assert np.all(rows.part[found.at] == TRAIN)
    label = rows.label.copy()
    label[rows.part != TRAIN] = 1
    move = np.where(rows.part == TRAIN, rows.move, 0.0)
    other = relabelled(replace(rows, label=label, move=move), factors=(0.3, 0.6, 1.0, 1.5))
    np.testing.assert_array_equal(other.label, found.label)


def test_a_set_that_drops_neutral_rows_can_only_be_searched_upwards():
    rows = parted(planted=True, days=160, rule="threshold", neutral="drop", threshold_frac=0.01)
    found = relabelled(rows, factors=(0.5, 1.0, 1.2))
    assert found.told is not None
    assert [own["factor"] for own in found.told["tried"]] == [1.0, 1.2]
    with pytest.raises(InputError, match="has none"):
        relabelled(parted(planted=True, days=160), factors=(1.0,))


def test_the_scaler_reads_training_rows_and_leaves_a_constant_feature_in_place():
    rows = rare()
    values = rows.values.copy()
    values[:, 2] = 7.0
    values[rows.part != TRAIN] *= 100.0
    values[rows.part != TRAIN, 2] = 7.0
    found, plain = scaler_of(replace(rows, values=values)), scaler_of(rows)
    np.testing.assert_allclose(np.delete(found.mean, 2), np.delete(plain.mean, 2))
    assert (found.mean[2], found.std[2]) == (7.0, 1.0)
