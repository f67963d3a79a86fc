from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.contracts import Timeframe
from modeling.contracts import ClassLabelSet
from modeling.kernels.class_labels import class_labels, class_names
from modeling.kernels.label_windows import INCOMPLETE, LABELLED, NEUTRAL, ROW_STATES, RowInputs, row_inputs
from modeling.selectors.label_sets import label_set_get
from tests.modeling.kernels import slow_labels
from tests.modeling.kernels.bars_maker import make_bars, random_inputs, wild_bars

SETS = ("direction_v1", "threshold_v1", "threshold3_v1", "adaptive3_v1")
MUTATIONS = (
    "dividends are ignored",
    "halts are ignored",
    "window is longer by one",
    "auctions are ignored",
    "a move on the threshold is beyond it",
    "threshold has no floor",
    "volatility is that of the window's end",
)


def class_set(name: str, timeframe: str = "1h", **changes) -> ClassLabelSet:
    found = label_set_get(name=name, timeframe=timeframe)
    assert isinstance(found, ClassLabelSet)
    return dataclasses.replace(found, **changes)


def coarse(name: str, timeframe: Timeframe = Timeframe.H1) -> ClassLabelSet:
    """Return a set whose thresholds fit markets on a grid of half rubles around 100."""
    changes = {}
    if name != "direction_v1":
        changes = {"threshold_frac": 0.01}
    if name == "adaptive3_v1":
        changes |= {"trailing_bars": 8, "multiplier": 0.3, "base_frac": 0.03}
    return class_set(name, timeframe.value, **changes)


def compare(seed, name, mutation=""):
    timeframe = (Timeframe.M1, Timeframe.H1, Timeframe.D1)[seed % 3]
    bars, rules = wild_bars(seed, timeframe), coarse(name, timeframe)
    inputs, horizon = random_inputs(bars, seed), rules.horizons[0]
    got = class_labels(bars, rules, horizon, inputs)
    for t in range(len(bars)):
        state, entry, last = slow_labels.row_state(bars, rules, inputs, horizon, t, mutation)
        wanted = None
        if state == "labelled":
            assert entry == t
            wanted = slow_labels.class_of(bars, rules, t, last, mutation)
            if wanted == "hold" and rules.neutral == "drop":
                state, wanted = "neutral", None
        assert ROW_STATES[got.row_state[t]] == state, f"row {t}"
        assert (got.classes[got.label[t]] if got.label[t] >= 0 else None) == wanted, f"row {t}"
        if state in ("labelled", "neutral"):
            assert got.window_end_s[t] == bars.known_s[last]
        else:
            assert np.isnan(got.forward_return[t])


@pytest.mark.parametrize("name", SETS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_random_markets_equal_the_slow_reference(name, seed):
    compare(seed, name)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_reference_would_notice_each_mistake(mutation):
    with pytest.raises(AssertionError):
        for seed in range(100):
            compare(seed, SETS[seed % len(SETS)], mutation)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(SETS), st.integers(2, 59))
def test_labels_read_nothing_after_their_window(seed, name, stop):
    bars, rules = wild_bars(seed, Timeframe.H1), coarse(name)
    inputs = random_inputs(bars, seed)
    begun = {field.name: getattr(inputs, field.name)[:stop] for field in dataclasses.fields(inputs)}
    whole = class_labels(bars, rules, rules.horizons[0], inputs)
    cut = class_labels(bars.cut(stop), rules, rules.horizons[0], RowInputs(**begun))
    known = cut.row_state != INCOMPLETE
    for field in ("row_state", "label", "forward_return", "window_end_s"):
        np.testing.assert_array_equal(getattr(cut, field)[known], getattr(whole, field)[:stop][known])
    np.testing.assert_array_equal(cut.threshold_frac, whole.threshold_frac[:stop])


def closes(values):
    values = np.asarray(values, dtype=np.float64)
    bars = make_bars(values, values, values, values, per_day=20)
    return bars, row_inputs(bars, cost_frac=0.001)


def test_a_price_that_stays_is_down_and_the_last_rows_have_no_label():
    bars, inputs = closes([100, 101, 101, 100])
    got = class_labels(bars, class_set("direction_v1"), "1bars", inputs)
    assert got.classes == ("down", "up")
    assert got.label.tolist() == [1, 0, 0, -1]
    assert ROW_STATES[got.row_state[3]] == "incomplete_window"


def test_neutral_rows_are_dropped_or_a_class_of_their_own():
    bars, inputs = closes([100.0, 100.1, 100.2, 100.3, 100.4, 99.0, 100.0, 100.0, 100.0, 100.0])
    dropped = class_labels(bars, class_set("threshold_v1"), "4bars", inputs)
    assert dropped.classes == ("sell", "buy")
    assert dropped.label.tolist()[:6] == [1, 0, -1, -1, 0, 1]  # of 100 to 100.4, 100.1 to 99, ...
    assert dropped.row_state[2] == NEUTRAL
    kept = class_labels(bars, class_set("threshold3_v1"), "5bars", inputs)
    assert kept.classes == ("sell", "hold", "buy")
    assert kept.label.tolist()[:5] == [0, 1, 1, 0, 0]
    assert kept.row_state[4] == LABELLED


def test_a_move_of_just_the_threshold_is_neutral():
    bars, inputs = closes([100.0, 100.3, 100.0, 100.0, 100.0, 100.0])
    rules = class_set("threshold3_v1", threshold_frac=0.003, horizons=("1bars",))
    assert class_labels(bars, rules, "1bars", inputs).label[0] == 1
    moved, inputs = closes([100.0, 100.31, 100.0, 100.0, 100.0, 100.0])
    assert class_labels(moved, rules, "1bars", inputs).label[0] == 2


def test_the_adaptive_threshold_has_a_base_a_floor_and_a_slope():
    rng = np.random.default_rng(1)
    noise = np.concatenate([np.full(130, 1e-5), np.full(200, 0.01)]) * rng.choice([-1, 1], 330)
    bars, inputs = closes(100 * np.cumprod(1 + noise))
    rules = class_set("adaptive3_v1")
    threshold = class_labels(bars, rules, "5bars", inputs).threshold_frac
    assert np.all(threshold[:100] == rules.base_frac)
    assert np.all(threshold[100:130] == rules.threshold_frac)
    assert threshold[300] == pytest.approx(1.2 * 0.01 * np.sqrt(5), rel=0.02)


def test_a_dividend_gap_is_no_fall():
    values = [100.0, 100.0, 90.0, 90.0, 90.0, 90.0, 90.0, 90.0]
    bars, inputs = closes(values)
    rules = class_set("threshold3_v1")
    assert class_labels(bars, rules, "5bars", inputs).label[0] == 0
    dividends = np.zeros(8)
    dividends[2] = 10.0
    paid = dataclasses.replace(bars, dividend_rub=dividends)
    assert class_labels(paid, rules, "5bars", inputs).label[0] == 1


def test_names_of_the_classes():
    assert [class_names(class_set(name)) for name in SETS] == [
        ("down", "up"), ("sell", "buy"), ("sell", "hold", "buy"), ("sell", "hold", "buy"),
    ]  # fmt: skip


def test_wrong_requests_are_refused():
    bars, inputs = closes([100.0, 101.0])
    with pytest.raises(ValueError, match="wants 1d bars, was 1h"):
        class_labels(bars, class_set("direction_v1", "1d"), "1bars", inputs)
    with pytest.raises(ValueError, match="horizon must be one of 1bars, was '2bars'"):
        class_labels(bars, class_set("direction_v1"), "2bars", inputs)


def test_no_bars_give_no_rows():
    bars, inputs = closes([])
    assert class_labels(bars, class_set("adaptive3_v1"), "5bars", inputs).label.size == 0
