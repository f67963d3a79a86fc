"""Levels taught by validation rows: kept where the halves of the folds prove them, the test part only reports."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cache

import numpy as np
import pytest

from modeling.contracts.levels import LEVEL_SIDES, HorizonLevels
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.folds import Fold, Half, fold_halves
from modeling.fitting.forecasts import Forecasts, Raw, calibrated
from modeling.fitting.levels import TaughtLevels, level_part_figures, levels_run, levels_taught
from modeling.fitting.ranges import ranges_taught
from modeling.fitting.report import learning_lines
from modeling.fitting.served import Learned, served
from modeling.kernels.running_levels import level_terciles
from tests.modeling.fitting.adapter_maker import COLUMN, adapter_data, folds_of, recipe
from tests.modeling.fitting.walk_maker import rules_of
from tests.modeling.serving_maker import base_trust
from traderai.common.config import parse
from traderai.common.errors import InvariantError

RULES = rules_of(recipe())
EMBARGO_S = 86_400
OUTPUTS = ("return_quantiles", "volatility", "direction_logits")


@dataclass(frozen=True)
class Made:
    """What networks said of three folds and of the test part, by a trust that may be wrong."""

    data: Dataset
    said: Forecasts
    halves: tuple[Half, ...]

    def taught(self) -> TaughtLevels:
        return levels_taught(self.said, self.data, self.halves, RULES)


@cache
def made(shift: float = 0.0, *, turned_after_s: int = 2**62) -> Made:
    """Long probabilities are right in each tercile but for `shift` in log odds; outcomes known after a moment are turned."""
    plain = adapter_data()
    folds = [turned_fold(fold, plain, turned_after_s) for fold in folds_of(plain)]
    data = folds[0].dataset
    trust = base_trust(plain, p_long_trust=1.0, p_short_trust=1.0, p_long_shift=shift)
    rows = np.flatnonzero(data.usable.any(axis=1) & (data.decision_s >= data.validation_start_s))
    said = calibrated(raw_of(folds[0].raw, plain, rows), data, trust, column=COLUMN)
    halves = fold_halves(folds, trust, column=COLUMN, embargo_s=EMBARGO_S)
    return Made(data=data, said=said, halves=halves)


def turned_fold(fold: Fold, plain: Dataset, after_s: int) -> Fold:
    targets = plain.targets
    late = targets.window_end_s > after_s
    found = {
        side: np.where(late, 1.0 - getattr(targets, side), getattr(targets, side)) for side in LEVEL_SIDES
    }
    data = replace(fold.dataset, targets=replace(targets, **found))
    raw = raw_of(fold.raw, plain, fold.raw.rows)
    provenance = replace(raw.provenance, dataset_sha256=data.content_sha256)
    return Fold(dataset=data, raw=replace(raw, provenance=provenance))


def raw_of(raw: Raw, plain: Dataset, rows: np.ndarray) -> Raw:
    """Return outputs for rows: of both sides the log odds of their tercile's rate in all of the bars."""
    edges = tuple(np.nanquantile(plain.ewma_volatility, (1 / 3, 2 / 3)).tolist())
    tercile = level_terciles(plain.ewma_volatility, edges)
    found = {name: np.repeat(getattr(raw, name)[:1], rows.size, axis=0) for name in OUTPUTS}
    for side in LEVEL_SIDES:
        rates = [
            np.nanmean(
                np.where(plain.usable & (tercile == own)[:, None], getattr(plain.targets, side), np.nan),
                axis=0,
            )
            for own in range(3)
        ]
        found[f"{side}_logit"] = np.log(rates / (1.0 - np.array(rates)))[tercile[rows]]
    return replace(raw, **found, rows=rows)


def test_a_level_that_is_wrong_all_along_is_learned_and_kept_and_one_that_is_right_is_not():
    wrong, right = made(0.9).taught(), made().taught()
    for horizon, own in wrong.by_horizon.items():
        assert "p_long" in own.kept
        assert max(own.sides["p_long"].offsets) < -0.3  # drawn back
        told = wrong.tested[horizon]["p_long"]
        assert told["learning"]["log_loss"] < told["fixed"]["log_loss"]
        assert abs(told["learning"]["bias"]) < 0.5 * told["fixed"]["bias"]
    by_side = {(own.horizon, own.side): own for own in wrong.verdicts}
    assert by_side["1d", "p_long"].better_low > 0.0
    assert by_side["1d", "p_long"].level == pytest.approx(1 - 0.05 / 4)
    assert all("p_long" not in own.kept for own in right.by_horizon.values())
    lines = learning_lines(
        json.loads(
            json.dumps(
                {"ranges": [], "levels": [asdict(own) for own in wrong.verdicts], "test": wrong.tested}
            )
        )
    )
    assert len(lines) == 2 + len(wrong.verdicts)
    assert "p_long 1d  learns" in lines[2] and learning_lines({}) == []


def test_what_is_kept_was_taught_and_chosen_before_the_test_part():
    plain = made(0.9)
    moment = int(plain.data.decision_s[plain.data.rows_of(TEST)].min())
    other, early = (made(0.9, turned_after_s=own) for own in (moment, moment - 40 * 86_400))
    assert other.taught().by_horizon == plain.taught().by_horizon
    assert other.taught().verdicts == plain.taught().verdicts
    assert other.taught().tested != plain.taught().tested
    assert early.taught().verdicts != plain.taught().verdicts  # seen to fail


def test_halves_are_purged_and_their_older_ones_alone_begin():
    own = made()
    assert len(own.halves) == 3
    for half in own.halves:
        data, ends = half.dataset, half.dataset.targets.window_end_s
        tested = data.decision_s[data.rows_of(TEST)].min()
        for h in range(len(data.horizons)):
            assert ends[data.part[:, h] == VALIDATION, h].max() + EMBARGO_S < tested
        assert (data.part == TRAIN).any()
        started = levels_taught(half.forecasts, half.dataset, (), RULES)
        assert all(own.kept == () for own in started.by_horizon.values())
        late = replace(half.forecasts.provenance, validation_end_s=int(tested))
        with pytest.raises(InvariantError, match="hold those rows out"):
            levels_run(
                replace(half.forecasts, provenance=late), data, started.by_horizon["1d"], "p_long", h=0
            )


def test_what_is_reported_of_the_test_part_is_what_serves():
    own = made(0.9)
    levels = own.taught()
    learned = Learned(ranges=ranges_taught(own.said, own.data).by_horizon, levels=levels.by_horizon)
    until_s = int(own.data.decision_s[own.said.rows].max())
    found = served(own.said, own.data, learned, until_s=until_s)
    for h, horizon in enumerate(own.data.horizons):
        tested = own.data.part[own.said.rows, h] == TEST
        run = levels_run(own.said, own.data, levels.by_horizon[horizon], "p_long", h=h)
        assert level_part_figures([run], RULES) == levels.tested[horizon]["p_long"]
        np.testing.assert_array_equal(np.sort(found.forecasts.p_long[tested, h]), np.sort(run.learning))
        assert np.array_equal(found.forecasts.p_short[:, h], own.said.p_short[:, h]) == (
            "p_short" not in levels.by_horizon[horizon].kept
        )
    # Going on from the states of half of the days gives the same.
    ends = sorted(found.levels)[: len(found.levels) // 2]
    later = replace(
        learned,
        later_ranges=[found.ranges[end] for end in ends],
        later_levels=[found.levels[end] for end in ends],
    )
    again = served(own.said, own.data, later, until_s=until_s)
    np.testing.assert_array_equal(again.forecasts.p_long, found.forecasts.p_long)
    np.testing.assert_array_equal(again.forecasts.return_quantiles, found.forecasts.return_quantiles)
    assert set(again.levels) == set(found.levels) - set(ends)


def test_what_is_kept_comes_back_from_json_to_the_bit():
    taught = made(0.9).taught().by_horizon
    stored = json.loads(json.dumps({name: asdict(own) for name, own in taught.items()}))
    assert parse(stored, dict[str, HorizonLevels], where="test") == taught


def test_ranges_that_lose_by_learning_are_said_as_trained():
    own = made()
    kept = ranges_taught(own.said, own.data, own.halves)
    for verdict in kept.verdicts:
        assert kept.by_horizon[verdict.horizon].kept == (verdict.miss_after <= verdict.miss_before)
        assert verdict.rows > 100
    assert all(one.kept for one in ranges_taught(own.said, own.data).by_horizon.values())
    worse = replace(kept.by_horizon["1d"], kept=False)
    learned = Learned(ranges={**kept.by_horizon, "1d": worse}, levels={})
    found = served(own.said, own.data, learned, until_s=int(own.data.decision_s.max()))
    np.testing.assert_array_equal(found.forecasts.return_quantiles[:, 0], own.said.return_quantiles[:, 0])
    assert set(found.ranges[min(found.ranges)]) == set(own.data.horizons)  # it learns all the same
