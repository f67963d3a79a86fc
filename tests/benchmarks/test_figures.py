"""A bound that is not kept is seen."""

from __future__ import annotations

import math

import pytest

from tests.benchmarks.figures import Figure


@pytest.mark.parametrize(
    ("bounds", "value", "kept"),
    [
        ({}, 1.0, True),
        ({"at_least": 8.0}, 8.0, True),
        ({"at_least": 8.0}, 7.99, False),
        ({"below": 3.0}, 2.99, True),
        ({"below": 3.0}, 3.0, False),
        ({"at_least": 8.0}, math.nan, False),
        ({"below": 3.0}, math.nan, False),
    ],
)
def test_a_bound_is_kept_or_not(bounds, value, kept):
    figure = Figure(what="speed", value=value, unit="times", **bounds)
    assert figure.kept is kept
    assert ("NOT KEPT" in figure.line()) is not kept
