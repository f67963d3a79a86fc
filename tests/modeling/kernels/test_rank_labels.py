from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from market.contracts import Timeframe
from modeling.contracts import RankLabelSet
from modeling.kernels.label_windows import ROW_STATES, RowInputs, row_inputs
from modeling.kernels.rank_labels import rank_labels
from modeling.selectors.label_sets import label_set_get
from tests.modeling.kernels import slow_labels
from tests.modeling.kernels.bars_maker import make_bars, random_inputs, wild_bars


def rank_set(**changes) -> RankLabelSet:
    found = label_set_get(name="rank_v1")
    assert isinstance(found, RankLabelSet)
    return dataclasses.replace(found, **({"min_shares": 3} | changes))


def random_panel(seed, shares=6):
    """Return shares that trade on days of their own: the same calendar with holes."""
    rng = np.random.default_rng(seed)
    panel = []
    for number in range(shares):
        bars = wild_bars(seed + number, Timeframe.D1, n=40)
        calendar = wild_bars(seed, Timeframe.D1, n=50)
        days = np.sort(rng.choice(50, 40, replace=False))
        bars = dataclasses.replace(
            bars,
            secid=f"S{number}",
            begin_s=calendar.begin_s[days],
            trading_day=calendar.trading_day[days],
        )
        panel.append((bars, random_inputs(bars, seed + number)))
    return panel


def compare(panel, rules, horizon, mutation=""):
    got = rank_labels(panel, rules, horizon)
    found = {}
    for number, (bars, inputs) in enumerate(panel):
        for t in range(len(bars)):
            state, entry, last = slow_labels.row_state(bars, rules, inputs, horizon, t)
            row = got.offset[number] + t
            assert got.decision_s[row] == bars.known_s[t]
            if state != "labelled":
                assert ROW_STATES[got.row_state[row]] == state
                assert np.isnan(got.rank[row])
                continue
            levels = (10**9, 10**9)
            gross = slow_labels.side_outcome(bars, levels, entry, last, 1)[3]
            found.setdefault(int(bars.known_s[t]), []).append((row, gross, bars.known_s[last]))
    for rows in found.values():
        if len(rows) < rules.min_shares + (mutation == "one share more is wanted"):
            assert {ROW_STATES[got.row_state[row]] for row, *_ in rows} == {"few_shares"}
            continue
        wanted = slow_labels.ranks([gross for _, gross, _ in rows])
        if mutation == "ties rank by their order":
            wanted = [2 * place / (len(rows) - 1) - 1 for place in np.argsort(np.argsort(wanted))]
        for (row, gross, _), rank in zip(rows, wanted, strict=True):
            assert ROW_STATES[got.row_state[row]] == "labelled"
            assert got.rank[row] == pytest.approx(rank, abs=1e-12)
            assert got.forward_return[row] == pytest.approx(float(gross), abs=1e-12)
            assert got.window_end_s[row] == max(end_s for *_, end_s in rows)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(("1d", "5d")))
def test_random_panels_equal_the_slow_reference(seed, horizon):
    compare(random_panel(seed), rank_set(min_median_turnover_rub=2e5), horizon)


@pytest.mark.parametrize("mutation", ["one share more is wanted", "ties rank by their order"])
def test_the_reference_would_notice_each_mistake(mutation):
    with pytest.raises(AssertionError):
        for seed in range(40):
            compare(random_panel(seed), rank_set(min_median_turnover_rub=2e5), "1d", mutation)


def flat_panel(growths, days=30):
    panel = []
    for number, growth in enumerate(growths):
        price = 100.0 * (1 + growth) ** np.arange(days)
        bars = make_bars(price, price, price, price, per_day=1)
        bars = dataclasses.replace(
            bars, secid=f"S{number}", timeframe=Timeframe.D1, turnover_rub=np.full(days, 1e7)
        )
        panel.append((bars, row_inputs(bars, cost_frac=0.001)))
    return panel


def test_the_best_is_one_the_worst_minus_one_and_equals_share_their_mean():
    got = rank_labels(flat_panel([0.01, -0.01, 0.0, 0.0, 0.02]), rank_set(min_median_turnover_rub=0.0), "5d")
    at = [got.offset[number] + 3 for number in range(5)]
    np.testing.assert_allclose(got.rank[at], [0.5, -1.0, -0.25, -0.25, 1.0])
    assert not got.labelled[got.offset[1] - 1]  # the window is not complete
    np.testing.assert_allclose(scipy.stats.rankdata(got.forward_return[at]), (got.rank[at] + 1) / 2 * 4 + 1)


def test_thin_shares_are_neither_ranked_nor_ranked_against():
    panel = flat_panel([0.01, 0.02, 0.03, 0.04], days=130)
    thin, inputs = panel[3]
    panel[3] = (thin, dataclasses.replace(inputs, median_turnover_rub=np.full(130, 1.0)))
    got = rank_labels(panel, rank_set(), "5d")
    row = 110
    assert ROW_STATES[got.row_state[got.offset[3] + row]] == "illiquid"
    np.testing.assert_allclose(got.rank[[got.offset[i] + row for i in range(3)]], [-1, 0, 1])
    few = rank_labels(panel, rank_set(min_shares=4), "5d")
    assert ROW_STATES[few.row_state[row]] == "few_shares"
    assert np.isnan(few.rank).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**9), st.integers(5, 45))
def test_nothing_after_the_moments_last_window_is_read(seed, stop):
    """A moment whose windows are all known keeps its ranks when later bars are added."""
    panel, rules = random_panel(seed), rank_set(min_median_turnover_rub=0.0)
    whole = rank_labels(panel, rules, "5d")
    cut_s = int(panel[0][0].known_s[min(stop, 39)])
    parts, rows = [], []
    for number, (bars, inputs) in enumerate(panel):
        n = int((bars.known_s <= cut_s).sum())
        begun = {field.name: getattr(inputs, field.name)[:n] for field in dataclasses.fields(inputs)}
        parts.append((bars.cut(n), RowInputs(**begun)))
        rows.append(whole.offset[number] + np.arange(n))
    cut, at = rank_labels(parts, rules, "5d"), np.concatenate(rows)
    settled = ~np.isin(cut.decision_s, cut.decision_s[cut.row_state != whole.row_state[at]])
    np.testing.assert_array_equal(cut.rank[settled], whole.rank[at][settled])
    assert np.all(cut.window_end_s <= cut_s)


def test_wrong_panels_are_refused():
    with pytest.raises(ValueError, match="the panel is empty"):
        rank_labels([], rank_set(), "1d")
    panel = flat_panel([0.01, 0.02])
    with pytest.raises(ValueError, match="S0 stands twice"):
        rank_labels([panel[0], panel[0]], rank_set(), "1d")
    with pytest.raises(ValueError, match="horizon must be one of 1d, 5d, 20d"):
        rank_labels(panel, rank_set(), "2d")
