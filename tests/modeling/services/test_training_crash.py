"""Trainings in processes of their own that are killed at any moment of training, export and promotion."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as django_settings

from modeling.errors import ArtifactBrokenError
from modeling.models import ModelVersion, Promotion, TrainingRun
from modeling.registry.artifact import artifact_verify
from modeling.selectors.artifacts import artifact_load, scorer_open
from modeling.selectors.versions import champion_get
from modeling.services.training_runs import DIED
from tests.journeys.test_worker_journey import database_url
from tests.modeling.advisory_locks import wait_for_free_locks
from tests.up.processes import ROOT
from traderai.common.lake import lake_at

pytestmark = pytest.mark.django_db(transaction=True)
FIT, ARTIFACT, GATE, PROMOTED = 1, 4, 5, 6
PATIENCE_S = 180.0


@dataclass
class Trainer:
    """The process of `tests.modeling.trainer`."""

    process: subprocess.Popen[bytes]
    begun: dict[int, float] = field(default_factory=dict)  # of the last whole training, by stage, in seconds
    number: int = 0

    def line(self) -> str:
        assert self.process.stdout is not None
        ready = select.select([self.process.stdout], [], [], PATIENCE_S)[0]
        assert ready, f"the trainer has said nothing for {PATIENCE_S:g} s"
        return self.process.stdout.readline().decode().strip()

    def start(self) -> int:
        """Begin another training and return what its process is signalled by."""
        assert self.process.stdin is not None
        self.number += 1
        self.process.stdin.write(f"{self.number}\n".encode())
        word, pid = self.line().split()
        assert word == "child"
        return os.pidfd_open(int(pid))

    def train(self) -> None:
        """Train to the end, and remember when each stage began."""
        os.close(self.start())
        began_s = time.monotonic()
        self.begun = {0: 0.0}
        while (said := self.line().split())[0] == "stage":
            self.begun[int(said[1])] = time.monotonic() - began_s
        assert said == ["ended", "0"], said

    def train_until(self, stage: int, wait_s: float) -> bool:
        """Kill a training some time after a stage has begun; return whether it was still at work."""
        child, said = self.start(), ["stage", "0"]
        while stage and said != ["stage", str(stage)]:
            said = self.line().split()
            assert said[0] == "stage", said
        time.sleep(wait_s)
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(child, signal.SIGKILL)
        os.close(child)
        while (said := self.line().split())[0] == "stage":
            pass
        return said == ["ended", str(int(signal.SIGKILL))]

    def moment(self, stage: int | None, rng: np.random.Generator) -> tuple[int, float]:
        """Return a stage and a time after its beginning, anywhere in it; without a stage anywhere in the whole."""
        if stage is None:
            return 0, rng.uniform(0, self.begun[PROMOTED])
        after = min(begun for begun in self.begun.values() if begun > self.begun[stage])
        return stage, rng.uniform(0, after - self.begun[stage])


@pytest.fixture
def trainer(quick: Path) -> Iterator[Trainer]:
    environment = os.environ | {"DATABASE_URL": database_url(), "LAKE_URL": django_settings.LAKE_URL}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.modeling.trainer"], cwd=ROOT, env=environment, bufsize=0,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        made = Trainer(process)
        assert made.line() == "ready"
        yield made
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=PATIENCE_S)


def assert_one_valid_champion() -> ModelVersion:
    """See that one version serves, that it was promoted, and that no version that is known is half there."""
    champion = ModelVersion.objects.get(state="champion")
    assert champion.grade in ("inform", "trade")
    assert Promotion.objects.latest("pk").version_id == champion.pk
    served = champion_get()
    assert served is not None and served.id == champion.pk
    scorer_open(artifact=artifact_load(version=served))
    for row in ModelVersion.objects.all():
        artifact_verify(
            lake=lake_at(django_settings.LAKE_URL), key=row.artifact_key, manifest_sha256=row.manifest_sha256
        )
    return champion


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.soak)])
def test_a_training_killed_at_any_moment_leaves_one_valid_champion(trainer: Trainer, quick: Path, kills: int):
    rng = np.random.default_rng(int(os.environ.get("PYTEST_SEED", "7")))
    trainer.train()
    first = assert_one_valid_champion()
    trainer.train()  # beside a champion the gate takes longer
    stages = (GATE, ARTIFACT, None)  # the whole is mostly the fit; what is written and switched is short
    killed = rounds = 0
    while killed < kills:
        assert rounds < 5 * kills, f"{killed} of {rounds} trainings were killed"
        standing = assert_one_valid_champion()
        stage, wait_s = trainer.moment(stages[killed % 3], rng)
        killed += trainer.train_until(stage, wait_s)
        rounds += 1
        wait_for_free_locks()
        assert assert_one_valid_champion().pk >= standing.pk
    unended = TrainingRun.objects.filter(state="running").count()
    trainer.train()
    last = assert_one_valid_champion()
    assert last.pk > first.pk and Promotion.objects.filter(version=last).exists()
    assert not TrainingRun.objects.filter(state="running").exists()
    died = TrainingRun.objects.filter(state="failed", error=DIED)
    assert unended <= died.count() <= kills
    assert_the_check_can_fail(quick, last)


def assert_the_check_can_fail(lake: Path, champion: ModelVersion) -> None:
    path = lake / champion.artifact_key / "network.onnx"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ArtifactBrokenError, match="corrupt"):
        assert_one_valid_champion()
