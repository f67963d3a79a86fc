from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.meta_labels import meta_labels
from tests.modeling.kernels.bars_maker import labelled, random_bars, spec


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_following_the_rule_paid_or_not(seed):
    bars = random_bars(seed)
    got = labelled(bars, spec(), "2d")
    side = np.random.default_rng(seed).integers(-1, 2, len(bars)).astype(np.int8)
    found = meta_labels(got, side)
    for t in range(len(bars)):
        wanted = -1
        if side[t] != 0 and got.labelled[t]:
            own = got.long if side[t] == 1 else got.short
            wanted = int(own.gross_frac[t] - 0.002 > 0)
        assert found[t] == wanted


def test_costs_decide():
    bars = random_bars(5, eventful=False)
    side = np.ones(len(bars), dtype=np.int8)
    cheap, dear = (meta_labels(labelled(bars, spec(), "2d", cost), side) for cost in (1e-6, 0.5))
    assert cheap.max() == 1
    assert set(dear.tolist()) == {-1, 0}


def test_wrong_sides_are_refused():
    got = labelled(random_bars(1), spec(), "2d")
    with pytest.raises(ValueError, match="one of each row"):
        meta_labels(got, np.ones(3, dtype=np.int8))
    with pytest.raises(ValueError, match=r"side must be 1 .* was 2"):
        meta_labels(got, np.full(60, 2, dtype=np.int8))
