"""The score of labels, against entropies of scipy and slow sums."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from modeling.contracts.label_search import ObjectiveWeights
from modeling.kernels.label_objective import (
    class_balance,
    label_objective,
    month_class_counts,
    monthly_stability,
)

WEIGHTS = ObjectiveWeights(balance=0.3, stability=0.3, expectancy_r=0.4)


def drawn(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 40, (rng.integers(1, 3), rng.integers(2, 4), rng.integers(1, 9)))
    counts[:, 0, 0] += 1
    return counts.astype(np.int64)


@given(st.integers(0, 10**6))
def test_balance_equals_scipys_entropy(seed: int):
    counts = drawn(seed)
    wanted = [entropy(side.sum(axis=1), base=side.shape[0]) for side in counts]
    assert class_balance(counts) == pytest.approx(np.mean(wanted), abs=1e-12)


@given(st.integers(0, 10**6))
def test_stability_equals_the_slow_sum(seed: int):
    counts = drawn(seed)
    spreads = []
    for side in counts:
        rows = side.sum()
        for own in side:
            p = own.sum() / rows
            if p == 0:
                continue
            total = 0.0
            for month in range(own.size):
                in_month = side[:, month].sum()
                if in_month:
                    total += in_month / rows * (own[month] / in_month - p) ** 2
            spreads.append((total / (p * (1 - p))) ** 0.5 if p < 1 else 0.0)
    assert monthly_stability(counts) == pytest.approx(1 - np.mean(spreads), abs=1e-12)


@given(st.integers(0, 10**6), st.integers(2, 9))
def test_neither_the_order_of_months_nor_the_number_of_rows_matters(seed: int, times: int):
    counts = drawn(seed)
    turned = times * counts[:, :, np.random.default_rng(seed).permutation(counts.shape[2])]
    assert class_balance(turned) == pytest.approx(class_balance(counts))
    assert monthly_stability(turned) == pytest.approx(monthly_stability(counts))


def test_both_parts_lie_between_their_extremes():
    even = np.full((2, 2, 6), 5)
    assert (class_balance(even), monthly_stability(even)) == (1.0, 1.0)
    one_sided = np.zeros((1, 2, 6), dtype=np.int64)
    one_sided[0, 0] = 5
    assert (class_balance(one_sided), monthly_stability(one_sided)) == (0.0, 1.0)
    by_turns = np.array([[[5, 0, 5, 0], [0, 5, 0, 5]]])
    assert (class_balance(by_turns), monthly_stability(by_turns)) == (1.0, 0.0)


def test_a_rare_class_is_not_stable_for_being_rare():
    # Both rates move by 4 %: from nothing, or from 38 %.
    rare = np.array([[[0, 4], [100, 96]]])
    common = np.array([[[38, 42], [62, 58]]])
    assert monthly_stability(rare) < monthly_stability(common)


def test_the_score_by_hand():
    counts = np.array([[[1, 2], [3, 2]]])  # p = 3/8; rates 1/4 and 1/2
    p = 3 / 8
    balance = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    stability = 1 - 0.125 / np.sqrt(p * (1 - p))
    got = label_objective(counts, mean_net_r=-0.2, weights=WEIGHTS)
    assert got.balance == pytest.approx(balance)
    assert got.stability == pytest.approx(stability)
    assert got.score == pytest.approx(0.3 * balance + 0.3 * stability - 0.4 * 0.2)


def test_counts_by_class_and_month():
    got = month_class_counts(
        np.array([0, 1, 1, 1], dtype=np.int8), np.array([0, 0, 2, 2]), classes=2, months=3
    )
    assert got.tolist() == [[1, 0, 0], [1, 0, 2]]
    assert month_class_counts(np.empty(0, np.int8), np.empty(0, np.int64), classes=3, months=2).sum() == 0


@pytest.mark.parametrize(("label", "month"), [(-1, 0), (2, 0), (0, -1), (0, 3)])
def test_labels_and_months_outside_are_refused(label: int, month: int):
    with pytest.raises(ValueError, match="must lie within"):
        month_class_counts(np.array([label], dtype=np.int8), np.array([month]), classes=2, months=3)


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (np.zeros((1, 2, 3), np.int64), "needs a labelled row"),
        (np.array([[[1], [1]], [[0], [0]]]), "needs a labelled row"),
        (np.ones((1, 1, 3), np.int64), "at least two classes"),
        (np.ones((2, 3), np.int64), "at least two classes"),
    ],
)
def test_counts_that_tell_nothing_are_refused(counts: np.ndarray, text: str):
    for figure in (class_balance, monthly_stability):
        with pytest.raises(ValueError, match=text):
            figure(counts)


def test_an_unknown_expectancy_is_refused():
    with pytest.raises(ValueError, match="mean_net_r must be a number"):
        label_objective(np.ones((1, 2, 2), np.int64), mean_net_r=float("nan"), weights=WEIGHTS)


@pytest.mark.parametrize("change", [{"balance": 0.4}, {"balance": -0.3, "stability": 0.9}])
def test_weights_add_up_to_one(change: dict[str, float]):
    with pytest.raises(ValueError, match="add up to 1"):
        dataclasses.replace(WEIGHTS, **change)
