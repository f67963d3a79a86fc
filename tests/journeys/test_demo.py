"""The demo as people start it, small: two quarters of the simulator, stopped in the middle and gone on with."""

from __future__ import annotations

import os
import subprocess
import time

import pytest
import yaml

from modeling.selectors.versions import version_list
from signals.models import Emission, Outcome, Signal
from signals.selectors.track_record import track_record_get
from tests.journeys.test_main_job_routes import SILENT, packaged
from tests.journeys.test_worker_journey import broker, database_url  # noqa: F401
from tests.up.processes import ROOT, command
from traderai.common import clock
from traderai.jobs.models import Job

pytestmark = pytest.mark.soak


@pytest.fixture
def environment(transactional_db, broker, tmp_path) -> dict[str, str]:  # noqa: F811
    """Eight shares of the simulator, fifteen months, a network that learns for one epoch; the same on every day."""
    folder = tmp_path / "config"
    (folder / "recipes").mkdir(parents=True)
    simulator = packaged("simulator.yaml")
    simulator["start"] = "2025-08-01"
    simulator["shares"] = simulator["shares"][:8]
    recipe = packaged("recipes/global_swing_v1.yaml")
    recipe["network"] |= {"lookback_bars": 16, "channels": 8}
    recipe["fit"] |= {"max_epochs": 1, "max_windows_per_epoch": 2000, "max_validation_windows": 500}
    recipe["split"] |= {"calibration_folds": 1}
    recipe["evaluation"] |= {"resamples": 100, "explain_rows": 200}
    (folder / "simulator.yaml").write_text(yaml.safe_dump(simulator), encoding="utf-8")
    (folder / "recipes/global_swing_v1.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "traderai.site.settings.dev",
        "DATABASE_URL": database_url(),
        "REDIS_URL": broker,
        "TRADERAI_STATE_DIR": str(tmp_path),
        "TRADERAI_CONFIG_DIR": str(folder),
        "ISS_BASE_URL": SILENT,
    }


def demo(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("demo", "--quarters", "2", "--until", "2026-11-01"), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, cwd=ROOT,
    )  # fmt: skip


def test_a_killed_demo_goes_on_and_ends_with_a_whole_record(environment):
    first = demo(environment)
    while not Job.objects.filter(kind="demo", business_key="regime").exists():
        assert first.poll() is None, first.communicate()[0][-6000:]
        time.sleep(1.0)
    first.kill()
    first.communicate()
    done = demo(environment)
    screen = done.communicate(timeout=1800)[0]
    assert done.returncode == 0, screen[-6000:]
    assert screen.count("done before") == 4 and "Everything above is SIMULATED" in screen
    assert set(Signal.objects.values_list("source", flat=True)) == {"simulated"}
    for signal in Signal.objects.exclude(model_version="").only("trained_until", "bar_begin"):
        assert signal.trained_until < signal.bar_begin
    assert len(version_list()) >= 2
    record = track_record_get(source="simulated", proven=False, as_of=clock.now())
    assert len(record.lines) == Emission.objects.filter(signal__proven=False).count()
    assert Outcome.objects.count() <= Emission.objects.count()
    again = demo(environment)
    assert "done before" in again.communicate(timeout=600)[0]
