from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from modeling.contracts import GateConfig
from modeling.kernels.gate import GateInput, HeadComparison, grade_candidate

CONFIG = GateConfig(
    level=0.99,
    mean_block_days=5.0,
    resamples=1000,
    seed=1,
    min_trades=100,
    min_days=60,
    base_tolerance_frac=0.0,
    champion_tolerance_frac=0.005,
    leak_auc=0.65,
    leak_sharpe=3.0,
)


def head(name, kind, candidate, base, champion=None, rows=100):
    return HeadComparison(name=name, kind=kind, candidate=candidate, base=base, champion=champion, rows=rows)


HEADS = (
    head("p_long_3d", "log_loss", 0.60, 0.62),
    head("p_short_3d", "log_loss", 0.61, 0.62),
    head("return_3d", "quantile_loss", 0.010, 0.011),
    head("volatility_3d", "volatility_rank", 0.45, 0.0),
)


def daily(mean, seed=0, days=250):
    """Return daily profit of an exact mean, so that the verdict does not hang on the draw."""
    noise = np.random.default_rng(seed).normal(0, 0.002, days)
    return noise - noise.mean() + mean


def measured(**changes):
    values = {
        "heads": HEADS,
        "daily_net": daily(0.00036),
        "trades": 300,
        "direction_auc": (("3d", 0.53),),
        "trade_champion_daily_net": None,
    }
    return GateInput(**(values | changes))


def grade(config=CONFIG, **changes):
    return grade_candidate(measured(**changes), config, np.random.default_rng(config.seed))


def with_head(index, **changes):
    heads = list(HEADS)
    heads[index] = dataclasses.replace(heads[index], **changes)
    return tuple(heads)


def test_a_proven_profit_is_graded_trade_with_every_number():
    verdict = grade()
    assert (verdict.grade, verdict.reasons, verdict.warnings) == ("trade", (), ())
    assert verdict.figures["daily_net_low"] > 0
    assert verdict.figures["sharpe"] == pytest.approx(0.00036 / daily(0.0).std(ddof=1) * 252**0.5)
    assert verdict.figures["trades"] == 300
    assert [check.name for check in verdict.checks] == [
        "log_loss_against_base",
        "quantile_loss_against_base",
        "volatility_rank_against_base",
        "enough_trades",
        "enough_days",
        "profit_above_zero",
        "direction_auc_3d",
        "sharpe",
    ]
    assert grade() == verdict


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"daily_net": daily(0.0001)}, "profit_above_zero"),  # a mean profit that luck explains
        ({"daily_net": daily(0.0)}, "profit_above_zero"),
        ({"daily_net": np.zeros(250)}, "profit_above_zero"),
        ({"trades": 99}, "enough_trades"),
        ({"daily_net": daily(0.00036, days=59)}, "enough_days"),
        ({"daily_net": daily(0.0008)}, "leak_audit_needed"),  # Sharpe 6
        ({"direction_auc": (("3d", 0.52), ("5d", 0.66))}, "leak_audit_needed"),
        ({"trade_champion_daily_net": daily(0.0005, seed=1)}, "profit_against_champion"),
    ],
)
def test_what_keeps_a_good_model_at_inform(changes, reason):
    verdict = grade(**changes)
    assert verdict.grade == "inform"
    assert reason in verdict.reasons


@pytest.mark.parametrize("changes", [{"daily_net": daily(0.0008)}, {"direction_auc": (("3d", 0.66),)}])
def test_a_passed_leak_audit_frees_a_figure_that_is_too_good(changes):
    verdict = grade(**changes, leak_audited=True)
    assert verdict.grade == "trade"
    assert not all(check.passed for check in verdict.checks)  # it is still shown


@pytest.mark.parametrize(
    ("heads", "reason"),
    [
        (with_head(0, candidate=0.66), "log_loss_against_base"),
        (with_head(2, candidate=0.0111), "quantile_loss_against_base"),
        (with_head(3, candidate=-0.01), "volatility_rank_against_base"),
        (with_head(0, candidate=float("nan")), "log_loss_against_base"),
        (with_head(0, champion=0.58), "log_loss_against_champion"),
        (with_head(2, champion=0.0098), "quantile_loss_against_champion"),
        (with_head(3, champion=0.50), "volatility_rank_against_champion"),
    ],
)
def test_worse_than_the_base_rate_or_the_champion_is_rejected_whatever_it_earned(heads, reason):
    verdict = grade(heads=heads)
    assert (verdict.grade, verdict.reasons) == ("rejected", (reason,))


def test_as_good_as_the_base_rate_and_nearly_as_good_as_the_champion_is_not_worse():
    assert grade(heads=with_head(2, candidate=0.011)).grade == "trade"
    assert grade(heads=with_head(0, champion=0.60 / 1.004)).grade == "trade"
    assert grade(heads=with_head(0, champion=0.60 / 1.006)).grade == "rejected"


def test_a_single_bad_head_among_good_ones_is_a_warning():
    verdict = grade(heads=with_head(1, candidate=0.625))
    assert verdict.grade == "trade"
    assert verdict.warnings == ("worse_than_base:p_short_3d",)


def test_heads_weigh_by_their_rows():
    heads = (head("p_long_10d", "log_loss", 0.70, 0.62, rows=10_000), *HEADS)
    assert grade(heads=heads).reasons == ("log_loss_against_base",)


def test_a_worse_trade_champion_gives_way():
    verdict = grade(trade_champion_daily_net=daily(0.0002, seed=1))
    assert verdict.grade == "trade"
    assert verdict.figures["against_champion_mean"] == pytest.approx(0.00016)


def test_luck_is_rarely_promoted():
    grades = [
        grade(daily_net=np.random.default_rng(seed).normal(0, 0.002, 250), config=CONFIG).grade
        for seed in range(100)
    ]
    assert grades.count("trade") <= 5  # 1 % by its level, with room for the small sample
    lenient = dataclasses.replace(CONFIG, level=0.9)
    lenient_grades = [
        grade(daily_net=np.random.default_rng(seed).normal(0, 0.002, 250), config=lenient).grade
        for seed in range(100)
    ]
    assert lenient_grades.count("trade") > grades.count("trade")


def test_a_verdict_without_a_trade_is_strict_json():
    verdict = grade(daily_net=np.zeros(0), trades=0, direction_auc=(("3d", float("nan")),))
    assert verdict.grade == "inform"
    json.dumps(dataclasses.asdict(verdict), allow_nan=False)


def test_missing_kinds_and_empty_heads_are_refused():
    with pytest.raises(ValueError, match="volatility_rank"):
        grade(heads=HEADS[:3])
    with pytest.raises(ValueError, match="a row at least"):
        grade(heads=with_head(0, rows=0))
    with pytest.raises(ValueError, match="one shape"):
        grade(trade_champion_daily_net=np.zeros(3))
