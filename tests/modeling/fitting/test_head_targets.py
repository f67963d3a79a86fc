"""What heads learn from: strong by the training rows, ranks within a part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.contracts.heads import BASE_HEADS, HEADS
from modeling.fitting.dataset import NO_PART, TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.head_targets import Asked, head_targets
from tests.modeling.synthetic import dataset, label_set

ASKED = Asked(labels=label_set(), rank_min_shares=3)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(days=120)


def test_every_head_has_a_target_where_the_sides_have_one(data: Dataset):
    found = head_targets(data, ASKED, HEADS)
    assert tuple(found) == HEADS
    known = ~np.isnan(found["p_long_logit"])
    assert known.any() and not known.all()
    for head in set(HEADS) - {"direction_logits", "volatility", "rank_score"}:
        np.testing.assert_array_equal(~np.isnan(found[head]), known, err_msg=head)
    for side in ("long", "short"):
        assert np.nanmin(found[f"{side}_mfe_quantiles"]) >= 0 >= np.nanmax(found[f"{side}_mae_quantiles"])
    # Of whole windows a long's best move is a short's worst; those of trades end with their barriers.
    np.testing.assert_array_equal(found["long_mfe_quantiles"], -found["short_mae_quantiles"])
    np.testing.assert_array_equal(found["long_mae_quantiles"], -found["short_mfe_quantiles"])
    for side, move in (("long", "mfe"), ("long", "mae"), ("short", "mfe"), ("short", "mae")):
        traded = getattr(data.targets, f"{side}_{move}")[known]
        whole = np.abs(found[f"{side}_{move}_quantiles"][known])
        assert (whole >= np.abs(traded) - 1e-6).all() and (whole > np.abs(traded) + 1e-3).mean() > 0.1
    assert tuple(head_targets(data, ASKED, BASE_HEADS)) == BASE_HEADS


def test_strong_rows_are_the_best_of_the_training_part(data: Dataset):
    strong = head_targets(data, ASKED, ["p_long_strong_logit"])["p_long_strong_logit"]
    r = data.r_multiple("long")
    for h in range(2):
        training = data.part[:, h] == TRAIN
        cut = np.sort(r[training, h])[::-1][round(0.1 * training.sum()) - 1]
        known = ~np.isnan(r[:, h])
        np.testing.assert_array_equal(strong[known, h] == 1.0, r[known, h] >= cut - 1e-9)
    assert 0.1 <= strong[data.part == TRAIN].mean() < 0.5


def test_later_parts_do_not_move_what_is_strong(data: Dataset):
    later = data.part != TRAIN
    targets = replace(data.targets, long_gross=np.where(later, 9.0, data.targets.long_gross))
    heads = ["p_long_strong_logit"]
    changed = head_targets(replace(data, targets=targets), ASKED, heads)["p_long_strong_logit"]
    before = head_targets(data, ASKED, heads)["p_long_strong_logit"]
    np.testing.assert_array_equal(changed[~later], before[~later])
    assert (changed[data.part == TEST] == 1.0).all()


def test_ranks_are_those_of_one_moment_and_part(data: Dataset):
    # One share's rows of some moments belong to no part, as where its window reaches over a border.
    part = data.part.copy()
    part[(data.instrument == 0) & (data.day % 2 == 0)] = NO_PART
    parted = replace(data, part=part)
    rank = head_targets(parted, ASKED, ["rank_score"])["rank_score"]
    forward = data.targets.forward_return
    checked = 0
    for moment in np.unique(data.decision_s)[::37]:
        rows = np.flatnonzero(data.decision_s == moment)
        for h in range(2):
            for which in (TRAIN, VALIDATION, TEST):
                own = rows[part[rows, h] == which]
                if own.size < 3:
                    assert np.isnan(rank[own, h]).all()
                    continue
                order = np.argsort(np.argsort(forward[own, h]))
                np.testing.assert_allclose(rank[own, h], 2 * order / (own.size - 1) - 1)
                checked += 1
    assert checked > 5
    assert np.isnan(rank[part == NO_PART]).all()
