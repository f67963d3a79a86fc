"""Loops that borrow arrays count no references and cannot allocate."""

import numpy as np
import pytest
from numba import njit
from numba.core.errors import NumbaError

from modeling.kernels.barriers import price_path
from modeling.kernels.loops import borrowing_njit, inlined_borrowing_njit
from tests.features.series import random_bars

COUNTING = "NRT_incref"


def rise_until_high(path, first, last, level):
    bar = first
    while bar <= last:
        if path.high[bar] >= level:
            break
        bar += 1
    if bar > last:
        return path.close[last] - path.open[first]
    return path.high[bar] - path.open[first]


def exits_of(njit_of_rule, njit_of_loop):
    """Return a loop over rows that hands a path on to a rule."""
    rule = njit_of_rule(rise_until_high)

    @njit_of_loop
    def fill(path, out):
        for t in range(out.size):
            if path.close[t] > 0:
                out[t] = rule(path, t, out.size - 1, path.open[t] + 2.0)

    return fill


def test_a_borrowing_loop_gives_the_same_numbers_and_counts_no_references():
    path = price_path(random_bars(40, seed=1))
    found, texts = [], []
    for rule, loop in ((inlined_borrowing_njit, borrowing_njit), (njit(forceinline=True), njit)):
        fill, out = exits_of(rule, loop), np.zeros(40)
        fill(path, out)
        (text,) = fill.inspect_llvm().values()
        texts.append(text)
        found.append(out)
    np.testing.assert_array_equal(found[0], found[1])
    assert COUNTING not in texts[0]
    assert COUNTING in texts[1]  # else this test sees nothing


def test_a_borrowing_loop_that_allocates_is_refused():
    @borrowing_njit
    def doubled(values):
        twice = np.empty(values.size)
        for t in range(values.size):
            twice[t] = 2.0 * values[t]
        return twice.sum()

    with pytest.raises(NumbaError, match="Only accept returning of array passed"):
        doubled(np.ones(3))
