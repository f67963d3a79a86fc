"""Short sales where none is possible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.kernels.shorts import refused_sales


def refused(*rows: tuple[float, bool, bool]) -> list[bool]:
    """Rows are (quantity, is new, may be sold short)."""
    qty, is_new, may_short = (np.array(column) for column in zip(*rows, strict=True))
    return refused_sales(qty.astype(np.float64), is_new.astype(bool), may_short.astype(bool)).tolist()


def test_what_is_held_may_be_sold_and_no_more():
    assert refused((10, False, False), (-10, True, False)) == [False, False]
    assert refused((10, False, False), (-11, True, False)) == [False, True]
    assert refused((10, False, False), (-11, True, True)) == [False, False]
    assert refused((-5, True, False), (5, True, False)) == [True, False], "bought too late"


def test_the_earliest_sales_are_taken():
    assert refused((10, False, False), (-6, True, False), (-6, True, False), (-4, True, False)) == [
        False, False, True, False,
    ]  # fmt: skip


def test_a_sale_before_one_that_was_taken_counts_against_it():
    told = [(10.0, False, False), (-4.0, True, False), (-10.0, False, False)]
    assert refused(*told) == [False, True, False]
    assert refused(*told[:2], (-10.0, False, True)) == [False, False, False], (
        "that one was a short all the same"
    )
    assert refused((4.0, True, False), *told) == [False, False, False, False], "bought for it"


def test_a_short_of_before_is_nobody_s_fault():
    assert refused((-5, False, False), (3, True, False), (-1, True, False)) == [False, False, True]
    assert refused((-5, False, False), (8, True, False), (-3, True, False)) == [False, False, False]


@pytest.mark.parametrize("qty", [[0.0], [float("nan")], [1.0, 2.0]])
def test_broken_arrays_are_refused(qty):
    with pytest.raises(ValueError):
        refused_sales(np.array(qty), np.ones(1, dtype=bool), np.ones(1, dtype=bool))


ROWS = st.lists(
    st.tuples(st.integers(-9, 9).filter(bool), st.booleans(), st.booleans()), min_size=1, max_size=12
)


@given(ROWS)
def test_what_is_taken_opens_no_new_short_where_none_is_possible(rows):
    gone = refused(*rows)
    held_before = held_after = 0.0
    for (qty, is_new, may_short), out in zip(rows, gone, strict=True):
        assert not out or (is_new and qty < 0)
        held_before += qty if not (is_new and qty < 0) else 0.0
        held_after += 0.0 if out else qty
        if qty < 0 and not may_short and not out and held_after < 0:
            assert not is_new and held_before < 0
