"""Who served at a moment, and who may speak of one that nobody served at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from modeling.models import ModelVersion, TrainingRun
from modeling.selectors.versions import champion_at, champion_get, emission_paused, gates_knew, version_at
from modeling.services.registry import emission_pause, emission_resume, version_gate, version_rollback
from tests.modeling.registry.maker import NOW, passed, registered, serving
from tests.modeling.registry_config import registry_yaml

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def without_shadow(lake: Path) -> Iterator[None]:
    with registry_yaml(min_days=0):
        yield


def trained(name: str, until: datetime) -> None:
    ModelVersion.objects.filter(version=name).update(trained_until=until)


def run_knowing(moment: datetime) -> TrainingRun:
    return TrainingRun.objects.create(
        recipe="r", config_sha256="c", code_sha256="c", seed=1, as_of=moment, state="done", started_at=NOW,
        finished_at=NOW,
    )  # fmt: skip


def test_the_audit_tells_who_served_at_each_moment():
    for minute, name in enumerate("ab"):
        serving(name, minute=minute)
    version_rollback(by="t", reason="r", now=NOW + 2 * MINUTE)
    moments = [NOW - MINUTE, NOW, NOW + MINUTE, NOW + 2 * MINUTE]
    served = [champion_at(as_of=moment) for moment in moments]
    assert [own and own.version for own in served] == [None, "a", "b", "a"]
    assert served[-1] == champion_get()
    assert champion_at(slot="adapters", as_of=NOW) is None


def test_a_pause_holds_from_its_moment_until_it_is_resumed():
    champion = serving("a")
    emission_pause(version_id=champion.id, by="t", reason="r", now=NOW + MINUTE)
    emission_resume(by="t", reason="r", now=NOW + 3 * MINUTE)
    paused = [emission_paused(as_of=NOW + minute * MINUTE) for minute in range(5)]
    assert paused == [False, True, True, False, False]
    assert not emission_paused()


def test_the_champion_of_the_moment_speaks_if_it_had_learned_nothing_later():
    for minute, name in enumerate("ab"):
        serving(name, minute=minute)
    trained("a", NOW - 30 * MINUTE)
    trained("b", NOW - 20 * MINUTE)
    assert version_at(as_of=NOW).version == "a"
    assert version_at(as_of=NOW + MINUTE).version == "b"
    # Nobody served yet: the one that is fit and has learned longest before that moment.
    assert version_at(as_of=NOW - MINUTE).version == "b"
    assert version_at(as_of=NOW - 20 * MINUTE).version == "a"
    assert version_at(as_of=NOW - 30 * MINUTE) is None
    # The champion of that moment has learned from it: the one before speaks.
    assert version_at(as_of=NOW + MINUTE, trained_before=NOW - 25 * MINUTE).version == "a"


def test_only_versions_of_the_same_world_that_passed_their_gate_speak():
    registered("unjudged")
    passed("simulated", is_simulated=True)
    passed("good")
    passed("adapters", kind="adapter")
    rejected = registered("rejected", content=b"other")
    version_gate(version_id=rejected.id, against_id=None, verdict="rejected", numbers={}, now=NOW)
    later = NOW + timedelta(days=1)
    assert version_at(as_of=later).version == "good"
    assert version_at(as_of=later, simulated=True).version == "simulated"
    assert version_at(slot="adapters", as_of=later).version == "adapters"


def test_a_version_whose_gate_could_not_see_the_moment_stands_before_one_trained_longer():
    ModelVersion.objects.filter(version=passed("older").version).update(run=run_knowing(NOW - 20 * MINUTE))
    ModelVersion.objects.filter(version=passed("newer").version).update(run=run_knowing(NOW + 20 * MINUTE))
    trained("older", NOW - 30 * MINUTE)
    trained("newer", NOW - 25 * MINUTE)
    assert version_at(as_of=NOW).version == "older"
    assert version_at(as_of=NOW + 20 * MINUTE).version == "newer"
    # Where no other learned early enough, one whose gate saw the moment speaks; the record says so.
    assert version_at(as_of=NOW - 22 * MINUTE).version == "newer"
    knew = gates_knew(versions=("older", "newer", "none"))
    assert knew == {"older": NOW - 20 * MINUTE, "newer": NOW + 20 * MINUTE}
