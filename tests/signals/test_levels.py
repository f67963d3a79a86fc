"""Levels that learn, from the artifact and the table into a stored signal, its explanation and the answer of the API."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta

import numpy as np
import pytest

from modeling.contracts import ModelVersionFacts
from modeling.contracts.levels import HorizonLevels, LevelState
from modeling.models import ConformalState as StoredState
from modeling.models import WeeklyCalibration
from modeling.registry import artifact as store
from modeling.selectors.artifacts import artifact_load
from signals.models import Signal
from signals.services.analyze import Question, ticker_analyze
from signals.services.score import signals_score
from tests.modeling.learned_maker import plain_bytes
from tests.signals import builders
from tests.signals.test_ranges import NOW, WIDER
from tests.signals.test_ranges import state as range_state
from traderai.common.clock import to_epoch_s

pytestmark = pytest.mark.django_db
LAST = builders.last_moment()


def levels(
    long: float, short: float = 0.0, *, learned: int = 100, kept: tuple[str, ...] = ("p_long",)
) -> HorizonLevels:
    """Levels that move a share of any volatility by so much."""

    def side(offset: float) -> LevelState:
        return LevelState(
            tercile_edges=(1e-6, 1e-5), step=0.1, offsets=(0.0, 0.0, offset), learned_rows=(0, 0, learned),
            learned_until_s=to_epoch_s(builders.START),
        )  # fmt: skip

    sides = {"p_long": side(long), "p_short": side(short)}
    return HorizonLevels(
        volatility_scale=4.0, longest_window_s=9, since_s=to_epoch_s(builders.START), sides=sides, kept=kept
    )


def with_levels(champion: ModelVersionFacts, own: HorizonLevels) -> None:
    """Publish the version again with levels of its horizons but the last."""
    content = plain_bytes(dict.fromkeys(builders.HORIZONS[:2], own))
    builders.with_files(champion, {store.LEVELS: content})


def stored(
    champion: ModelVersionFacts, own: HorizonLevels, *, days: int, calibrated_days: int | None = None
) -> None:
    """Store a state of a day before (or after) the last bar."""
    sides = {side: asdict(state) for side, state in own.sides.items()}
    StoredState.objects.create(
        version_id=champion.id, as_of=LAST + timedelta(days=days), outcomes=1, at=NOW,
        states=json.loads(json.dumps({name: asdict(range_state(WIDER, learned=1)) for name in builders.HORIZONS})),
        levels=json.loads(json.dumps(dict.fromkeys(builders.HORIZONS[:2], sides))),
        calibrated_at=None if calibrated_days is None else LAST + timedelta(days=calibrated_days),
    )  # fmt: skip


def said(horizon: str = "5d") -> dict[str, object]:
    """Score one share anew and return its payload."""
    builders.forget()
    signals_score(secids=["SHR1"], now=NOW)
    payload: dict[str, object] = Signal.objects.get(horizon=horizon).payload
    return payload


def log_odds(p: float) -> float:
    return float(np.log(p / (1.0 - p)))


def test_the_side_that_is_kept_is_said_as_outcomes_taught_and_nothing_else_moves(champion: ModelVersionFacts):
    plain, other = said(), said("10d")
    assert plain["prediction"]["level"] is None
    with_levels(champion, levels(0.5, 0.9))
    taught = said()
    before, after = (own["prediction"] for own in (plain, taught))
    assert log_odds(after["p_long"]) == pytest.approx(log_odds(before["p_long"]) + 0.5, abs=1e-9)
    assert after["level"] == {
        "outcomes": 100, "since": "2024-01-09T07:00:00+00:00",
        "p_long_before": before["p_long"], "p_short_before": before["p_short"],
    }  # fmt: skip
    assert {**after, "p_long": before["p_long"], "level": None} == before
    # The policy decides by what is said.
    side = taught["decision"]["side"]
    assert taught["decision"]["p"] == after[f"p_{side}"]
    edge = taught["decision"]["p"] - taught["break_even"][side]
    assert taught["decision"]["edge"] == pytest.approx(edge, abs=1e-12)
    # A horizon without levels is said as before, and so is one whose sides are not kept.
    assert said("10d") == other
    with_levels(champion, levels(0.5, 0.9, kept=()))
    assert said() == plain


def test_drivers_are_of_what_is_shown(champion: ModelVersionFacts):
    plain = {own["family"]: own["effect"] for own in said()["drivers"]}
    with_levels(champion, levels(0.6, 0.6, kept=("p_long", "p_short")))
    moved = {own["family"]: own["effect"] for own in said()["drivers"]}
    assert plain.keys() == moved.keys()
    # The level moves both ends of an effect: what is left is the change of the slope, not the level's own shift.
    assert max(abs(moved[name] - plain[name]) for name in plain) < 0.05 < 0.1 < log_odds(0.6)


def test_the_newest_state_of_the_standing_calibration_is_said(champion: ModelVersionFacts):
    with_levels(champion, levels(0.5))
    stored(champion, levels(0.3, learned=150), days=-5)
    stored(champion, levels(-2.0, learned=999), days=1)  # not known yet
    plain = said()["prediction"]
    assert log_odds(plain["p_long"]) == pytest.approx(
        log_odds(plain["level"]["p_long_before"]) + 0.3, abs=1e-9
    )
    assert plain["level"]["outcomes"] == 150
    # A new calibration begins with what its own words taught; what an older one's taught is forgotten.
    trust = {name: asdict(own) for name, own in artifact_load(version=champion).trust.items()}
    WeeklyCalibration.objects.create(
        version_id=champion.id, week="2024-W01", as_of=LAST - timedelta(days=3), kept=True, note="n", figures={},
        trust=json.loads(json.dumps(trust)), at=NOW,
        levels=json.loads(json.dumps(dict.fromkeys(builders.HORIZONS[:2], asdict(levels(0.1, learned=7))))),
    )  # fmt: skip
    stored(champion, levels(0.7, learned=160), days=-2)  # learned while nobody knew of the calibration
    again = said()["prediction"]["level"]
    assert again["outcomes"] == 7
    stored(champion, levels(0.2, learned=9), days=-1, calibrated_days=-3)
    assert said()["prediction"]["level"]["outcomes"] == 9


def test_the_explanation_and_the_api_tell_what_it_was_as_trained(champion: ModelVersionFacts):
    plain = said()
    assert not [fact for fact in plain["explanation"] if fact["code"] == "model_learned"]
    with_levels(champion, levels(0.5, 0.5, kept=("p_long", "p_short")))
    taught = said()
    (fact,) = [fact for fact in taught["explanation"] if fact["code"] == "model_learned"]
    side = taught["decision"]["side"]
    assert fact["params"] == {"trained_p": plain["prediction"][f"p_{side}"]}
    found = ticker_analyze(question=Question(secid="SHR1", horizon="5d", language="en"), now=NOW)
    assert found.probabilities_as_trained == {
        name: plain["prediction"][f"p_{name}"] for name in ("long", "short")
    }
    assert found.probabilities[side] > found.probabilities_as_trained[side]
    assert "Fresh from training the model put this chance at" in found.explanation
