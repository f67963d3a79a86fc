"""Ranges that learn, from the artifact and the table into a stored signal."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import timedelta

import numpy as np
import pytest

from market.contracts import Timeframe
from market.selectors.bars import bars_load
from modeling.contracts import QUANTILE_LEVELS, ModelVersionFacts
from modeling.contracts.conformal import SESSIONS, ConformalState, HorizonRanges
from modeling.models import ConformalState as StoredState
from modeling.registry import artifact as store
from signals.models import Signal
from signals.services.score import signals_score
from tests.signals import builders
from traderai.common.clock import to_epoch_s

NOW = builders.last_moment() + timedelta(days=400)
pytestmark = pytest.mark.django_db
WIDER = (-0.9, -0.6, -0.3, 0.0, 0.3, 0.6, 0.9)
CROSSED = (0.0, 0.0, 0.0, 90.0, 0.0, 0.0, 0.0)


def state(offsets: tuple[float, ...], *, learned: int) -> ConformalState:
    return ConformalState(
        levels=QUANTILE_LEVELS, tercile_edges=(1e-6, 1e-5), steps=(0.1,) * 7, offsets=((0.0,) * 7,) * 2 + (offsets,),
        learned_rows=(0, 0, learned), learned_until_s=to_epoch_s(builders.START),
    )  # fmt: skip


def with_ranges(champion: ModelVersionFacts, offsets: tuple[float, ...]) -> None:
    """Publish the version again with ranges of its horizons but the last."""
    with_state(champion, state(offsets, learned=100))


def with_state(champion: ModelVersionFacts, learned: ConformalState) -> None:
    own = HorizonRanges(
        volatility_scale=4.0,
        longest_window_s=9,
        since_s=to_epoch_s(builders.START),
        state=learned,
    )
    content = store.json_bytes({name: asdict(own) for name in builders.HORIZONS[:2]})
    builders.with_files(champion, {store.CONFORMAL: content})


def said(horizon: str = "5d") -> dict[str, object]:
    """Score one share anew and return its payload."""
    builders.forget()
    signals_score(secids=["SHR1"], now=NOW)
    payload: dict[str, object] = Signal.objects.get(horizon=horizon).payload
    return payload


def volatility() -> float:
    """The EWMA of the share's last bar, by the sum of its weights."""
    bars = bars_load(secid="SHR1", timeframe=Timeframe.H1, as_of=builders.last_moment())
    squares = (bars.close[1:] / bars.close[:-1] - 1.0) ** 2
    return float(np.sqrt(np.sum(0.06 * 0.94 ** np.arange(squares.size - 1, -1, -1.0) * squares)))


def test_quantiles_are_said_as_outcomes_taught_and_nothing_else_moves(champion):
    plain, other = said(), said("10d")
    assert plain["ranges"] is None
    with_ranges(champion, WIDER)
    taught = said()
    assert taught["ranges"] == {"outcomes": 100, "since": "2024-01-09T07:00:00+00:00"}
    raw, moved = (np.array(own["prediction"]["return_quantiles"]) for own in (plain, taught))
    np.testing.assert_allclose(moved, raw + 4.0 * volatility() * np.array(WIDER), rtol=1e-6)
    assert {**taught["prediction"], "return_quantiles": raw.tolist()} == plain["prediction"]
    assert taught["decision"]["reasons"] == plain["decision"]["reasons"]
    assert taught["cone"] != plain["cone"] and taught["scenarios"] != plain["scenarios"]
    # A horizon without ranges is said as before, bit for bit.
    assert said("10d") == other
    # A state without offsets too.
    with_ranges(champion, (0.0,) * 7)
    assert {**said(), "ranges": None} == plain


def test_a_bar_is_said_by_the_offsets_of_its_own_session(champion):
    with_ranges(champion, WIDER)
    wanted = said()["prediction"]["return_quantiles"]
    bars = bars_load(secid="SHR1", timeframe=Timeframe.H1, as_of=builders.last_moment())
    zero = (0.0,) * 7
    for session in range(SESSIONS):
        own = tuple(WIDER if code == session else zero for code in range(SESSIONS))
        with_state(champion, replace(state(zero, learned=100), session_offsets=own))
        same = said()["prediction"]["return_quantiles"] == wanted
        assert same == (session == bars.session[-1])


def test_the_newest_state_that_was_known_at_the_bar_is_said(champion):
    with_ranges(champion, WIDER)
    first = said()
    narrower = state(tuple(-0.01 * own for own in WIDER), learned=150)
    for days, learned in ((-2, 150), (1, 999)):
        StoredState.objects.create(
            version_id=champion.id, as_of=builders.last_moment() + timedelta(days=days), outcomes=learned,
            states=json.loads(json.dumps({name: asdict(replace(narrower, learned_rows=(0, 0, learned))) for name in builders.HORIZONS[:2]})),
            at=NOW,
        )  # fmt: skip
    later = said()
    assert later["ranges"]["outcomes"] == 150  # the state of the next day is not known yet
    width = [
        own["prediction"]["return_quantiles"][6] - own["prediction"]["return_quantiles"][0]
        for own in (first, later)
    ]
    assert width[1] < width[0]


def test_quantiles_stay_in_order(champion):
    with_ranges(champion, CROSSED)
    quantiles = np.array(said()["prediction"]["return_quantiles"])
    assert (np.diff(quantiles) >= 0).all() and quantiles[3] == quantiles[6]
