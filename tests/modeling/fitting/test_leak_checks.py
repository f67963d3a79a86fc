"""The scan for features that tell a target, and skill that must fall when labels shift; each seen to catch a leak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import PARTS, TEST, TRAIN, VALIDATION, Dataset, KnownRanks
from modeling.fitting.leak_checks import label_shifts, shift_complaints, target_leak_check, target_leak_scan
from modeling.fitting.parts import dataset_check
from modeling.fitting.recipe import LeakScanConfig, recipe_load
from tests.modeling.synthetic import dataset
from traderai.common.errors import InputError


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(days=600)


@pytest.fixture(scope="module")
def planted() -> Dataset:
    return dataset(days=600, planted=True)


def knowing(data: Dataset, *, parts: tuple[int, ...], noise: float = 0.0) -> Dataset:
    """Return the dataset with a feature that holds the first horizon's return on the rows of some parts."""
    rng = np.random.default_rng(0)
    values = data.values.copy()
    known = np.isin(data.part[:, 0], parts)
    told = data.targets.forward_return[known, 0]
    values[known, 2] = told / told.std() + noise * rng.standard_normal(told.size)
    return replace(data, values=values)


def test_an_honest_dataset_passes_and_every_target_is_looked_at(data: Dataset):
    found = target_leak_scan(data, LeakScanConfig())
    assert len(found) == len(PARTS) * 3 * len(data.horizons)
    assert all(each.auc <= each.limit for each in found)
    each = next(one for one in found if (one.target, one.part, one.horizon) == ("p_short", "train", "1d"))
    own = data.part[:, 0] == TRAIN
    aucs = [roc_auc_score(data.targets.p_short[own, 0], data.values[own, k]) for k in range(3)]
    assert each.auc == pytest.approx(max(max(auc, 1 - auc) for auc in aucs), abs=1e-9)
    dataset_check(data, max_missing_frac=0.2)


@pytest.mark.parametrize("part", [TRAIN, VALIDATION, TEST])
def test_a_feature_that_knows_the_return_is_refused_by_name_in_every_part(data: Dataset, part: int):
    wanted = (
        rf"noise alone tells \w+ at horizon 1d in the {PARTS[part]} part with an AUC of \d.\d+, allowed is"
    )
    with pytest.raises(DatasetRefusedError, match=wanted):
        dataset_check(knowing(data, parts=(part,)), max_missing_frac=0.2)


def ranked(data: Dataset, *, knows: float) -> Dataset:
    """Return the dataset with a daily rank, of one share unknown, that holds so much of the first horizon's return."""
    told = np.nan_to_num(data.targets.forward_return[:, 0]) / np.nanstd(data.targets.forward_return[:, 0])
    place = knows * told + np.random.default_rng(0).standard_normal(told.size)
    place[data.instrument == 2] = np.nan
    return replace(data, ranks=KnownRanks(name="daily_rank_5d", place=place, known_s=data.decision_s - 3600))


@pytest.mark.parametrize("part", [TRAIN, VALIDATION, TEST])
def test_a_daily_rank_that_knows_the_return_is_found(data: Dataset, part: int):
    honest, knowing_rank = (ranked(data, knows=knows) for knows in (0.0, 3.0))
    assert honest.ranks is not None and knowing_rank.ranks is not None
    target_leak_check(honest, LeakScanConfig())
    target_leak_check(replace(knowing_rank, ranks=None), LeakScanConfig())  # the scan that does not look
    place = np.where(data.part[:, 0] == part, knowing_rank.ranks.place, honest.ranks.place)
    leaky = replace(honest, ranks=replace(honest.ranks, place=place))
    wanted = rf"daily_rank_5d alone tells \w+ at horizon 1d in the {PARTS[part]} part with an AUC of 0\.\d+, allowed"
    with pytest.raises(DatasetRefusedError, match=wanted):
        dataset_check(leaky, max_missing_frac=0.2)
    worst = target_leak_scan(leaky, LeakScanConfig())[0]
    own = (data.part[:, 0] == part) & np.isfinite(place)
    y = getattr(data.targets, worst.target)[own, 0] > 0.0
    auc = roc_auc_score(y, place[own])
    assert worst.feature == "daily_rank_5d" and worst.auc == pytest.approx(max(auc, 1.0 - auc), abs=1e-6)


def test_limits_are_the_recipes(data: Dataset):
    hinted = knowing(data, parts=(TRAIN, VALIDATION, TEST), noise=1.5)
    with pytest.raises(DatasetRefusedError, match="forward_return at horizon 1d"):
        target_leak_check(hinted, LeakScanConfig())
    target_leak_check(hinted, LeakScanConfig(direction_auc=0.85, side_auc=0.85))
    assert recipe_load("global_swing_v1").evaluation.leak_scan == LeakScanConfig()
    with pytest.raises(InputError, match="direction_auc must lie within"):
        recipe_load("global_swing_v1", overrides=("evaluation.leak_scan.direction_auc=0.5",))


def test_few_windows_raise_the_limit_to_what_chance_reaches():
    few = target_leak_scan(dataset(days=120), LeakScanConfig())
    many = target_leak_scan(dataset(days=600), LeakScanConfig())
    limits = [
        next(e.limit for e in found if (e.target, e.part, e.horizon) == ("forward_return", "test", "2d"))
        for found in (few, many)
    ]
    assert limits[0] > limits[1] > 0.6


def test_a_feature_of_a_few_days_is_not_held_to_the_limit_of_all_days(data: Dataset):
    rows = data.rows_of(TRAIN)
    values = knowing(data, parts=(TRAIN,), noise=1.5).values
    rare = values.copy()
    rare[:, 2] = np.nan
    rare[rows[:60], 2] = values[rows[:60], 2]  # one share, seven days
    target_leak_check(replace(data, values=rare), LeakScanConfig())
    with pytest.raises(DatasetRefusedError, match="noise alone tells"):
        target_leak_check(replace(data, values=values), LeakScanConfig())


def both_scores(data: Dataset, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = data.rows_of(TEST)
    return np.stack([column[rows]] * len(data.horizons), axis=1), rows


def test_the_skill_of_a_planted_pattern_falls_with_the_windows_overlap(planted: Dataset):
    score, rows = both_scores(planted, planted.values[:, 0].astype(np.float64))
    shifts = label_shifts(planted, score, rows, part=TEST)
    for shift in shifts:
        assert shift.auc > 0.6
        assert 0.5 + 0.7 * (shift.auc - 0.5) < shift.one_bar_auc < shift.auc
        assert abs(shift.one_window_auc - 0.5) < 0.07
    assert shift_complaints(shifts, limit_auc=0.6, least_kept=0.5) == ()


def test_one_figure_equals_a_slow_walk_over_the_rows(planted: Dataset):
    score, rows = both_scores(planted, planted.values[:, 0].astype(np.float64))
    shift = label_shifts(planted, score, rows, part=TEST)[0]
    y, s = [], []
    for row, own in zip(rows, score[:, 0], strict=True):
        triple = [row + bars for bars in (0, 1, shift.window_bars)]
        if planted.part[row, 0] != TEST or triple[-1] >= planted.instrument.size:
            continue
        moved = planted.targets.forward_return[triple, 0]
        if len(set(planted.instrument[triple])) == 1 and np.isfinite(moved).all() and (moved != 0).all():
            y.append(moved[1] > 0)
            s.append(own)
    assert shift.rows == len(y)
    assert shift.one_bar_auc == pytest.approx(roc_auc_score(y, s))


def test_a_score_that_knows_the_first_bar_is_seen_to_lose_it(data: Dataset):
    """The sabotage: knowledge of the entry's bar alone, and of a share that stays as it is."""
    returns = data.targets.forward_return
    drawn = np.where(np.isfinite(returns), np.random.default_rng(1).normal(size=returns.shape), np.nan)
    alone = replace(data, targets=replace(data.targets, forward_return=drawn))  # rows that share nothing
    shifts = label_shifts(alone, *both_scores(alone, np.nan_to_num(drawn[:, 0])), part=TEST)[:1]
    (complaint,) = shift_complaints(shifts, limit_auc=0.6, least_kept=0.5)
    assert "the first bar is known" in complaint
    share = np.where(data.instrument == 0, 1.0, -1.0)
    drifting = np.where(np.isfinite(returns), 0.01 * share[:, None], np.nan)
    steady = replace(data, targets=replace(data.targets, forward_return=drifting))
    complaints = shift_complaints(
        label_shifts(steady, *both_scores(steady, share), part=TEST), limit_auc=0.6, least_kept=0.5
    )
    assert len(complaints) == len(data.horizons)
    assert all("not this window" in each for each in complaints)
