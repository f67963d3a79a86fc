"""Least edges by regime: held against a slow reference, and the policy that asks for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contracts import REGIMES
from modeling.contracts.thresholds import ThresholdConfig, Thresholds
from modeling.kernels import edges
from modeling.kernels.known_regimes import RegimeSteps, regime_known
from modeling.kernels.policy import decide
from modeling.kernels.thresholds import (
    EdgeRows,
    best_cut,
    candidate_edges,
    edge_cut,
    least_edges,
    raised,
    regime_cuts,
    rows_above,
    top_share_edge,
)
from tests.modeling.kernels import policy_maker as make

NAMES = ("calm", "wild", "rare")
SMALL = ThresholdConfig(
    edges=(0.03, 0.05, 0.1), top_pct=(1.0, 10.0, 30.0), min_trades=4, min_regime_days=5
)  # of a few hundred rows


def rows(seed: int, *, n: int = 200, worth: float = 3.0) -> EdgeRows:
    """Return rows whose net result rises with their edge from a loss on."""
    rng = np.random.default_rng(seed)
    edge = rng.uniform(-0.05, 0.2, n)
    return EdgeRows(
        edge=edge,
        taken=(edge >= 0.02) & (rng.random(n) < 0.9),
        net_r=worth * (edge - 0.06) + 0.3 * rng.standard_normal(n),
        hit=rng.random(n) < 0.33 + edge,
        p_break_even=np.full(n, 0.36),
        share=rng.integers(0, 4, n),
        day=rng.integers(0, 12, n),
    )


def slow_best(own: EdgeRows, config: ThresholdConfig) -> tuple[float, float] | None:
    """Return least edge and net R of a decision of the best cut, one row after the other."""
    best = None
    for least in candidate_edges(own, config):
        chosen = [k for k in range(own.edge.size) if own.taken[k] and (least == 0 or own.edge[k] >= least)]
        if len({(int(own.share[k]), int(own.day[k])) for k in chosen}) < config.min_trades:
            continue
        gain = sum(float(own.hit[k]) - own.p_break_even[k] for k in chosen) / len(chosen)
        net = sum(own.net_r[k] for k in chosen) / own.edge.size
        if gain > config.min_precision_gain and (best is None or net > best[1]):
            best = (least, net)
    return best


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 120), st.sampled_from(("edge", "top_share")))
def test_the_best_cut_is_the_one_that_a_slow_search_finds(seed: int, n: int, mode: Any):
    own, config = rows(seed, n=n), replace(SMALL, mode=mode)
    found, wanted = best_cut(own, config), slow_best(own, config)
    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        assert (found.least_edge, found.decision_net_r) == (wanted[0], pytest.approx(wanted[1]))


def test_figures_by_hand():
    own = EdgeRows(
        edge=np.array([0.02, 0.06, 0.07, 0.2, 0.3]), taken=np.array([True, True, True, True, False]),
        net_r=np.array([-1.0, -0.5, 0.2, 1.4, 9.0]), hit=np.array([False, False, True, True, True]),
        p_break_even=np.array([0.3, 0.4, 0.4, 0.5, 0.1]), share=np.array([0, 1, 1, 1, 2]), day=np.array([5, 7, 7, 8, 8]),
    )  # fmt: skip
    cut = edge_cut(own, 0.06)
    assert (cut.rows, cut.trades) == (3, 2)  # two rows of one share and day are one trade
    assert cut.precision == pytest.approx(2 / 3)
    assert cut.p_break_even == pytest.approx(1.3 / 3)
    assert cut.trade_net_r == pytest.approx(1.1 / 3)
    assert cut.decision_net_r == pytest.approx(1.1 / 5)  # what is not traded makes 0
    best = best_cut(own, replace(SMALL, edges=(0.06, 0.07, 0.2), min_trades=1))
    assert (
        best is not None and best.least_edge == 0.07
    )  # 1.6 of 5, and not 1.4: the fewest trades are not the best
    assert best_cut(own, replace(SMALL, edges=(0.06, 0.07, 0.2), min_trades=4)) is None


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_floors_hold_and_never_make_the_choice_better(seed: int):
    own = rows(seed)
    free, strict = best_cut(own, SMALL), best_cut(own, replace(SMALL, min_trades=30, min_precision_gain=0.03))
    if strict is not None:
        assert free is not None
        assert strict.trades >= 30 and strict.precision > strict.p_break_even + 0.03
        assert strict.decision_net_r <= free.decision_net_r


def test_of_rows_that_all_win_the_configured_rule_is_the_best():
    own = rows(1)
    found = best_cut(replace(own, net_r=np.ones(own.edge.size)), SMALL)
    assert found is not None and found.least_edge == 0.0
    assert best_cut(replace(own, hit=np.zeros(own.edge.size, dtype=np.bool_)), SMALL) is None
    assert best_cut(own.where(np.zeros(own.edge.size, dtype=np.bool_)), SMALL) is None


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.floats(0.5, 60.0))
def test_a_top_share_is_that_share_of_all_rows(seed: int, top_pct: float):
    own = rows(seed)
    least = top_share_edge(own.edge, own.taken, top_pct)
    wanted = max(1, round(top_pct / 100 * own.edge.size))
    assert (own.taken & (own.edge >= least)).sum() == min(wanted, own.taken.sum())


def test_each_regime_chooses_by_its_own_rows_and_a_rare_one_by_all():
    own = rows(3, n=600)
    regime = np.where(own.day < 6, 0, 1).astype(np.int8)
    # In the wild one only the largest edges win.
    own = replace(own, net_r=np.where(regime == 1, own.edge - 0.1, 1.0))
    config = replace(SMALL, edges=(0.05, 0.1))
    cuts = regime_cuts(own, regime, config, names=NAMES)
    assert [(cut.regime, cut.days, cut.pooled) for cut in cuts] == [
        ("calm", 6, False), ("wild", 6, False), ("rare", 0, True)
    ]  # fmt: skip
    assert (cuts[2].configured, cuts[2].cut) == (edge_cut(own, 0.0), best_cut(own, config))
    assert cuts[1].configured == edge_cut(own.where(regime == 1), 0.0)
    assert least_edges(cuts) == {"wild": 0.1}
    chosen = rows_above(own, regime, {"wild": 0.1}, names=NAMES)
    np.testing.assert_array_equal(chosen, own.taken & ((regime == 0) | (own.edge >= 0.1)))
    # With rows on too few days nobody chooses alone.
    everyone = regime_cuts(own, regime, replace(config, min_regime_days=7), names=NAMES)
    assert all(cut.pooled and cut.cut == best_cut(own, config) for cut in everyone)
    # Sabotage: other regimes' labels give other edges.
    assert least_edges(regime_cuts(own, (1 - regime).astype(np.int8), config, names=NAMES)) != {"wild": 0.1}


@settings(deadline=None, max_examples=15)
@given(
    st.integers(0, 10**6),
    st.dictionaries(st.sampled_from(REGIMES), st.floats(0.001, 0.3)),
    st.sampled_from(REGIMES),
)
def test_the_raised_policy_decides_what_the_rows_above_are(seed: int, least: dict[str, float], regime: Any):
    rng, n = np.random.default_rng(seed), 25
    policy, evidence, market = make.policy(), make.evidence(), make.market(regime=regime)
    own = raised(policy, Thresholds(mode="edge", least_edges=least))
    for name, rule in own.regimes.items():
        assert rule == replace(
            policy.regimes[name], min_edge=max(policy.regimes[name].min_edge, least.get(name, 0.0))
        )
    for p_long, p_short in rng.random((n, 2)):
        prediction = make.prediction(p_long=p_long, p_short=p_short)
        before, after = (decide(prediction, evidence, market, each) for each in (policy, own))
        traded = before.action in ("BUY", "SELL")
        assert (before.edge, before.side) == (after.edge, after.side)
        assert (after.action == before.action) or after.action == "HOLD"
        assert (after.action in ("BUY", "SELL")) == (
            traded and before.edge is not None and before.edge >= least.get(regime, 0.0)
        )
        if before.edge is None or before.expected_net_frac is None or before.expected_net_frac <= 0:
            continue
        # The same for arrays, which is what is judged.
        long, short = (before.expected_net_frac if before.side == side else 0.0 for side in ("long", "short"))
        edge, stop = np.array([before.edge]), np.array([market.stop_loss_frac])
        side = edges.choose_sides(
            np.array([long]), np.array([short]), (edge, edge), stop, own.regimes[regime]
        )
        assert side[0] == {"BUY": 1, "SELL": -1}.get(after.action, 0)


def test_without_thresholds_the_policy_is_the_same():
    policy = make.policy()
    assert raised(policy, None) is policy
    assert raised(policy, Thresholds(mode="edge")) == policy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"edges": ()}, "edges must rise within"),
        ({"edges": (0.1, 0.05)}, "edges must rise within"),
        ({"edges": (0.0, 0.05)}, "edges must rise within"),
        ({"top_pct": (1.0, 100.0)}, "top_pct must rise within"),
        ({"min_trades": 0}, "must be at least 1"),
        ({"min_regime_days": 0}, "must be at least 1"),
        ({"min_precision_gain": 1.0}, "must lie within"),
    ],
)
def test_a_search_that_cannot_be_is_refused(changes: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        ThresholdConfig(**changes)


def test_thresholds_and_rows_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="were of storm"):
        Thresholds(mode="edge", least_edges={"storm": 0.1})
    for wrong in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="must lie within"):
            Thresholds(mode="edge", least_edges={"flat": wrong})
    own = rows(0)
    with pytest.raises(ValueError, match="net_r must be finite"):
        replace(own, net_r=np.where(own.taken, np.nan, 0.0))
    with pytest.raises(ValueError, match="share must have shape"):
        replace(own, share=own.share[:-1])
    with pytest.raises(ValueError, match="regime must number one of"):
        regime_cuts(own, np.full(own.edge.size, 3, dtype=np.int8), SMALL, names=NAMES)


def test_a_regime_counts_from_its_own_moment_on_until_it_is_stale():
    steps = RegimeSteps(moments_s=np.array([100, 200]), codes=np.array([4, 1], dtype=np.int8))
    moments = np.array([99, 100, 199, 200, 250, 251])
    assert regime_known(moments, steps, stale_s=50).tolist() == [-1, 4, -1, 1, 1, -1]
    none = RegimeSteps(moments_s=np.zeros(0, np.int64), codes=np.zeros(0, np.int8))
    assert regime_known(moments, none).tolist() == [-1] * 6
