"""Calls of classes and which of them are told: a second, slower reading of the rules, and the cases they name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.contracts.emission import EmissionRules
from modeling.kernels.emission import BUY, HOLD, SELL, Emitted, class_calls, emitted_rows, is_emitted

RULES = EmissionRules()


def told(*rows: tuple[int, float], rules: EmissionRules = RULES) -> list[bool]:
    """Return which of one share's calls are told, bar after bar."""
    call, confidence = (np.array(own) for own in zip(*rows, strict=True))
    n = len(rows)
    found = emitted_rows(
        call.astype(np.int8), confidence, np.zeros(n, dtype=np.int64), np.arange(n), rules=rules
    )
    return found.tolist()


def test_the_likeliest_class_is_called_and_hold_wins_among_equals():
    p = np.array([[0.5, 0.2, 0.3], [0.1, 0.2, 0.7], [0.1, 0.8, 0.1], [0.4, 0.4, 0.2], [0.4, 0.2, 0.4]])
    call, confidence = class_calls(p)
    assert call.tolist() == [SELL, BUY, HOLD, HOLD, HOLD]
    np.testing.assert_allclose(confidence, [0.5, 0.7, 0.8, 0.4, 0.2])
    call, confidence = class_calls(np.array([[0.3, 0.7], [0.5, 0.5]]))
    assert call.tolist() == [BUY, HOLD]
    np.testing.assert_allclose(confidence, [0.7, 0.0])


@pytest.mark.parametrize("p", [[[0.5, 0.1, 0.1]], [[np.nan, 0.5, 0.5]], [[0.25] * 4], [[1.5, -0.5]]])
def test_what_are_no_probabilities_of_two_or_three_classes_is_refused(p):
    with pytest.raises(ValueError, match="p must"):
        class_calls(np.array(p))


def test_buy_and_sell_must_be_sure_and_hold_surer():
    assert told((BUY, 0.64)) == [False]
    assert told((BUY, 0.65)) == [True]
    assert told((SELL, 0.65)) == [True]
    assert told((HOLD, 0.84)) == [False]
    assert told((HOLD, 0.85)) == [True]


def test_the_same_call_is_told_again_only_after_the_window_or_much_surer():
    assert told((BUY, 0.70), (BUY, 0.70), (BUY, 0.70)) == [True, False, True]
    assert told((BUY, 0.70), (BUY, 0.80)) == [True, True]
    assert told((BUY, 0.70), (BUY, 0.79)) == [True, False]
    assert told((BUY, 0.70), (BUY, 0.70), rules=EmissionRules(again_bars=0)) == [True, True]


def test_the_longer_window_of_bars_and_clock_counts():
    def told_after(bars: int, seconds: float, **rules: float) -> bool:
        last = Emitted(call=BUY, confidence=0.7, bar=5, at_s=100.0)
        return is_emitted(
            call=BUY,
            confidence=0.7,
            bar=5 + bars,
            last=last,
            rules=EmissionRules(**rules),
            at_s=100.0 + seconds,
        )

    assert [told_after(bars, 10.0 * bars) for bars in range(5)] == [False, False, False, False, True]
    assert [told_after(bars, 3600.0 * bars) for bars in range(3)] == [False, False, True]
    assert [told_after(0, seconds, again_bars=0) for seconds in (0.0, 30.0, 31.0)] == [False, False, False]
    assert [told_after(1, seconds, again_bars=0) for seconds in (29.0, 30.0, 31.0)] == [False, False, True]


def test_what_was_not_told_does_not_silence_and_a_flip_is_never_a_repetition():
    assert told((BUY, 0.60), (BUY, 0.66)) == [False, True]
    assert told((BUY, 0.70), (SELL, 0.66), (BUY, 0.66)) == [True, True, True]
    assert told((BUY, 0.70), (SELL, 0.50), (BUY, 0.70)) == [True, False, True]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from((SELL, HOLD, BUY)), st.integers(50, 100), st.integers(1, 3)),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 3),
)
def test_told_rows_keep_the_rules_and_silent_ones_break_one(found, again):
    """Read backwards from the answer: for every row the last told one before it decides."""
    call = np.array([own[0] for own in found], dtype=np.int8)
    percent = np.array([own[1] for own in found])
    bar = np.cumsum([own[2] for own in found])
    rules = EmissionRules(again_bars=again)
    answer = emitted_rows(call, percent / 100, np.zeros(call.size, dtype=np.int64), bar, rules=rules)
    for row in range(call.size):
        before = np.flatnonzero(answer[:row])
        sure = percent[row] >= (85 if call[row] == HOLD else 65)
        repeated = False
        if before.size:
            last = before[-1]
            near = bar[row] - bar[last] <= again
            repeated = bool(call[last] == call[row] and near and percent[row] < percent[last] + 10)
        assert answer[row] == (sure and not repeated)


def test_shares_do_not_silence_one_another_and_later_rows_change_nothing():
    rng = np.random.default_rng(0)
    n = 200
    instrument = np.repeat(np.arange(4), n // 4)
    bar = np.tile(np.arange(n // 4), 4)
    call, confidence = rng.integers(-1, 2, n).astype(np.int8), rng.uniform(0.5, 1.0, n)
    whole = emitted_rows(call, confidence, instrument, bar, rules=RULES)
    order = np.argsort(bar, kind="stable")
    by_time = emitted_rows(call[order], confidence[order], instrument[order], bar[order], rules=RULES)
    np.testing.assert_array_equal(whole[order], by_time)
    early = bar < 20
    np.testing.assert_array_equal(
        whole[early], emitted_rows(call[early], confidence[early], instrument[early], bar[early], rules=RULES)
    )


def test_bars_that_do_not_rise_are_refused():
    two = np.zeros(2, dtype=np.int64)
    with pytest.raises(ValueError, match="must rise"):
        emitted_rows(np.zeros(2, dtype=np.int8), np.ones(2), two, two, rules=RULES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_confidence": 0.0},
        {"min_hold_confidence": 0.5},
        {"again_bars": -1},
        {"again_s": -0.1},
        {"confidence_step": 0.0},
    ],
)
def test_rules_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        EmissionRules(**wrong)
