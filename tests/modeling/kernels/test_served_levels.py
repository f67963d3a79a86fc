"""Predictions whose level outcomes have taught: log odds by hand, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from modeling.contracts import Prediction
from modeling.contracts.decisions import Corrected
from modeling.contracts.levels import HorizonLevels, LevelState
from modeling.kernels.served_levels import with_levels

PLAIN = Prediction(
    p_long=0.2, p_short=0.5, return_quantiles=(0.0,) * 7, volatility=0.02, direction=(0.2,) * 5
)
SINCE = datetime(2024, 1, 9, tzinfo=UTC)


def side(*offsets: float) -> LevelState:
    return LevelState(
        tercile_edges=(0.02, 0.04), step=0.1, offsets=offsets, learned_rows=(1, 2, 3), learned_until_s=5
    )


def levels(*kept: str) -> HorizonLevels:
    sides = {"p_long": side(0.1, 0.2, 0.3), "p_short": side(-0.5, 0.0, 0.5)}
    return HorizonLevels(
        volatility_scale=2.0, longest_window_s=9, since_s=int(SINCE.timestamp()), sides=sides, kept=kept
    )


def test_each_share_is_moved_by_the_offset_of_its_tercile():
    said = with_levels([PLAIN] * 4, np.array([0.005, 0.015, 0.03, np.nan]), levels("p_long"))
    odds = [own.p_long / (1 - own.p_long) for own in said]
    np.testing.assert_allclose(odds, 0.25 * np.exp([0.1, 0.2, 0.3, 0.0]), rtol=1e-12)
    for own in said:
        assert own.level is not None
        assert (own.level.outcomes, own.level.since) == (6, SINCE)
        assert (own.level.p_long_before, own.level.p_short_before) == (0.2, 0.5)
        assert replace(own, p_long=0.2, level=None) == PLAIN


def test_what_is_not_kept_or_has_an_adapter_is_said_as_it_is():
    assert with_levels([PLAIN], np.array([0.03]), levels()) == (PLAIN,)
    adapter = Corrected(version="a", trained_until=SINCE, p_long_before=0.1, p_short_before=0.1)
    corrected = replace(PLAIN, adapter=adapter)
    own, other = with_levels([corrected, PLAIN], np.array([0.03, 0.03]), levels("p_long", "p_short"))
    assert own == corrected
    assert other.p_short > 0.5
    assert with_levels([], np.zeros(0), levels("p_long")) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"offsets": (0.0, 0.0)}, "3 finite numbers"),
        ({"offsets": (0.0, 0.0, np.nan)}, "3 finite numbers"),
        ({"step": 0.0}, "step must be"),
        ({"learned_rows": (1, 2, -3)}, "3 counts"),
        ({"tercile_edges": (0.2, 0.1)}, "two rising numbers"),
    ],
)
def test_states_that_cannot_be_are_refused(changes: dict[str, object], said: str):
    with pytest.raises(ValueError, match=said):
        replace(side(0.0, 0.0, 0.0), **changes)  # type: ignore[arg-type]


def test_levels_name_their_sides():
    with pytest.raises(ValueError, match="kept some of them"):
        levels("p_sideways")
    with pytest.raises(ValueError, match="sides must be"):
        replace(levels(), sides={"p_long": side(0.0, 0.0, 0.0)})
    with pytest.raises(ValueError, match="volatility_scale"):
        replace(levels(), volatility_scale=0.0)
