"""What luck explains: shifted orders, trials, halves and benchmarks, each seen to fail where it should."""

from __future__ import annotations

import numpy as np
import pytest

from modeling.fitting.dataset import TEST
from modeling.fitting.walk_luck import (
    Tried,
    deflated_figures,
    discovery_figures,
    overfitting_figures,
    shift_figures,
    shifted,
    superiority_figures,
)
from modeling.kernels.deflated_sharpe import Trials, deflated_sharpe, effective_periods, sharpe_moments
from modeling.kernels.significance import draw_days
from tests.modeling.fitting.walk_maker import null, planted


def noise(seed: int, days: int = 400, mean: float = 0.0) -> np.ndarray:
    return mean + 0.01 * np.random.default_rng(seed).standard_normal(days)


def test_shifted_orders_stay_on_rows_that_could_be_traded():
    own = planted()
    dataset, arm = own.walk.dataset, own.accounts.arms["logistic"]
    moved = shifted(arm, own.walk, own.rules, share=0.3).wanted
    assert (dataset.part[moved.row, moved.horizon] == TEST).all()
    for h in range(2):
        for share in range(len(dataset.secids)):
            before = (arm.wanted.horizon == h) & (dataset.instrument[arm.wanted.row] == share)
            after = (moved.horizon == h) & (dataset.instrument[moved.row] == share)
            assert before.sum() == after.sum() == np.unique(moved.row[after]).size
            assert arm.wanted.side[before].sum() == moved.side[after].sum()


def test_a_shift_by_nothing_or_by_all_changes_nothing():
    own = planted()
    arm = own.accounts.arms["lightgbm"]
    before = set(zip(arm.wanted.row, arm.wanted.horizon, arm.wanted.side, strict=True))
    for share in (0.0, 1.0):
        moved = shifted(arm, own.walk, own.rules, share=share).wanted
        assert set(zip(moved.row, moved.horizon, moved.side, strict=True)) == before


def test_a_shift_tells_a_planted_edge_from_none():
    assert planted().figures["luck"]["shifted"]["logistic"]["p_value"] < 0.02
    assert null().figures["luck"]["shifted"]["logistic"]["p_value"] > 0.05
    with_none = shift_figures(null().accounts.arms["logistic"], null().walk, null().rules, shifts=20)
    assert 1 / 21 <= with_none["p_value"] <= 1.0


def test_more_trials_leave_less_of_a_ratio():
    daily = noise(1, mean=0.0012)
    sharpes = 0.05 * np.random.default_rng(2).standard_normal(40)
    found = [deflated_figures(daily, Tried(count=count, sharpes_per_day=sharpes)) for count in (40, 4000)]
    moments = sharpe_moments(daily, effective_periods=effective_periods(daily))
    expected = deflated_sharpe(moments, Trials(count=40.0, sharpe_variance=float(sharpes.var(ddof=1))))
    assert found[0]["p_value"] == pytest.approx(expected.p_value)
    assert found[0]["p_above_luck"] == pytest.approx(expected.p_above_luck)
    assert found[1]["p_value"] > found[0]["p_value"]
    assert found[1]["p_above_luck"] < found[0]["p_above_luck"]


def test_no_trade_has_no_ratio():
    idle = deflated_figures(np.zeros(100), Tried(count=3, sharpes_per_day=np.zeros(0)))
    assert idle["p_value"] is None
    one = deflated_figures(noise(5), Tried(count=3, sharpes_per_day=np.array([0.01])))
    assert 0.0 <= one["p_value"] <= 1.0


def test_overfitting_of_noise_is_likely_and_of_skill_is_not():
    of_noise = np.mean(
        [overfitting_figures({f"{k}": noise(100 * r + k) for k in range(8)})["pbo"] for r in range(6)]
    )
    skilled = overfitting_figures({**{f"{k}": noise(k) for k in range(8)}, "skill": noise(99, mean=0.003)})
    assert of_noise > 0.25
    assert skilled["pbo"] < 0.05
    assert skilled["chosen_most"] == "skill"


def test_overfitting_leaves_idle_trials_out_and_needs_two():
    assert overfitting_figures({"a": noise(1), "idle": np.zeros(400)})["pbo"] is None


def test_a_benchmark_is_beaten_by_skill_alone():
    draws = draw_days(400, level=0.95, mean_block_days=5.0, resamples=300, rng=np.random.default_rng(0))
    better = superiority_figures(noise(1), {"a": noise(2, mean=0.002), "b": noise(3)}, draws)
    assert better["best"] == "a"
    assert better["p_value"] < 0.05
    by_chance = [superiority_figures(noise(k), {"b": noise(k + 50)}, draws)["p_value"] for k in range(10)]
    assert np.mean(by_chance) > 0.25
    assert superiority_figures(noise(1), {"same": noise(1)}, draws)["p_value"] is None


def test_false_discoveries_are_held_over_all_that_was_tested():
    groups = [{"group": f"{k}", "p_value": p} for k, p in enumerate([0.001, 0.04, 0.2, 0.6, None])]
    found = discovery_figures(groups)
    assert found["tests"] == 4
    assert found["not_tested"] == 1
    assert found["stand"] == ["0"]  # 0.04 alone would have stood
    assert groups[1]["p_adjusted"] == pytest.approx(0.08)
    assert groups[4]["p_adjusted"] is None
