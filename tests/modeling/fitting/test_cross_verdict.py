"""The verdict on ranks holds every rule: break one, and there is no edge any more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.contracts import GateConfig
from modeling.fitting.cross_verdict import RankEvidence, rank_verdict
from modeling.selectors.configuration import gate_get as configured

DAYS = 500


def gate_get() -> GateConfig:
    """The configured gate, with fewer draws."""
    return replace(configured(), resamples=1000)


def evidence(**changes: object) -> RankEvidence:
    """A model whose best tenth makes 8 bp a day beyond all shares, with a deviation of 60 bp."""
    rng = np.random.default_rng(3)
    excess = 0.0008 + 0.006 * rng.standard_normal(DAYS)
    market = 0.01 * rng.standard_normal(DAYS)
    own = RankEvidence(
        name="model at 5d",
        horizon_days=5,
        days=np.arange(DAYS) + 18_993,
        net=excess + 0.9 * market,
        excess=excess,
        bought=900,
        ic=0.05,
        ic_t=3.0,
        deflated_p=0.01,
        stands=True,
        market=market,
    )
    return replace(own, **changes)  # type: ignore[arg-type]


def centred() -> np.ndarray:
    return evidence().excess - evidence().excess.mean()


def one_good_year() -> np.ndarray:
    excess = centred() + 0.0015
    excess[365:] -= excess[365:].mean() + 0.0001  # 2022 alone is good
    return excess


def test_an_edge_is_told_when_every_rule_holds():
    found = rank_verdict([evidence()], gate_get())
    assert found.edge
    yearly = 252 * 100 * evidence().excess.mean()
    assert found.sentence.startswith(f"Edge: the best tenth by model at 5d made {yearly:+.1f} [")
    assert "over 500 test days with 900 purchases (mean daily rank IC +0.050, t 3.0)" in found.sentence


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("enough to judge", {"bought": 99}),
        ("ranks better than chance", {"ic_t": 1.6}),
        ("ranks better than chance", {"ic_t": float("nan")}),
        ("more than all shares after costs", {"excess": centred()}),
        ("more than one good year", {"excess": one_good_year()}),
        ("deflated Sharpe ratio", {"deflated_p": 0.051}),
        ("deflated Sharpe ratio", {"deflated_p": None}),
        ("one of many tests", {"stands": False}),
        ("more than the index", {"net": evidence().net - 0.002}),
        ("more than the index", {"market": None}),
    ],
)
def test_one_broken_rule_is_no_edge_and_is_named(rule: str, change: dict[str, object]):
    found = rank_verdict([evidence(**change)], gate_get())
    assert not found.edge
    assert found.sentence.startswith("No edge: ")
    assert rule in found.sentence
    assert rule in {test.name for test in found.tests["model at 5d"] if not test.passed}


def test_what_is_too_good_is_not_claimed():
    found = rank_verdict([evidence(excess=evidence().excess + 0.002)], gate_get())
    assert not found.edge
    assert found.sentence.startswith("No edge is claimed")


def test_the_best_candidate_is_judged_and_all_are_told():
    worse = evidence(name="worse at 5d", stands=False)
    found = rank_verdict([worse, evidence(), evidence(name="lower at 5d", ic_t=0.0)], gate_get())
    assert found.edge
    assert found.model == "model at 5d"
    assert set(found.tests) == {"model at 5d", "worse at 5d", "lower at 5d"}
