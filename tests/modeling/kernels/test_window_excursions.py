"""How far prices go within windows: as a plain loop finds it, dividends counted, and never beyond the last bar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.kernels.barriers import PricePath, price_path
from modeling.kernels.window_excursions import window_excursions
from tests.modeling.synthetic import bars


def path_of(days: int = 6, *, dividend_at: int | None = None) -> PricePath:
    own = bars("X", days=days, seed=3)
    paid = np.zeros(len(own))
    if dividend_at is not None:
        paid[dividend_at] = 5.0
    object.__setattr__(own, "dividend_rub", paid)
    return price_path(own)


@given(st.integers(0, 53), st.integers(0, 53), st.sampled_from([None, 10, 30]))
def test_as_a_plain_loop_finds_it(first, last, dividend_at):
    first, last = min(first, last), max(first, last)
    path = path_of(dividend_at=dividend_at)
    found = window_excursions(path, np.array([first]), np.array([last]))
    price = path.open[first] - path.paid[first]
    up = max(path.high[first : last + 1]) - path.open[first]
    down = min(path.low[first : last + 1]) - path.open[first]
    assert found.up_frac[0] == pytest.approx(up / price, rel=1e-12, abs=1e-15) and found.up_frac[0] >= 0
    assert found.down_frac[0] == pytest.approx(down / price, rel=1e-12, abs=1e-15) and found.down_frac[0] <= 0


def test_no_bar_beyond_the_window_is_read():
    path = path_of()
    entry, last = np.arange(20), np.arange(20) + 9
    before = window_excursions(path, entry, last)
    cut = PricePath(*(column[:29] for column in path))
    np.testing.assert_array_equal(before, window_excursions(cut, entry, last))
    # Sabotage: a window one bar longer sees more.
    assert not np.array_equal(before, window_excursions(path, entry, last + 20))


@pytest.mark.parametrize(("entry", "last"), [(5, 4), (-1, 3), (50, 54)])
def test_windows_that_cannot_be_are_refused(entry, last):
    with pytest.raises(ValueError, match="window"):
        window_excursions(path_of(), np.array([entry]), np.array([last]))
