"""What every test gets: no network beyond this machine, real PostgreSQL, real market data where it is at hand."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import absl.logging
import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from tests.network import guard

ROOT = Path(__file__).resolve().parents[1]
# The longest files, in the order in which they begin; the others follow. One that begins last would keep one worker
# busy while the others have nothing left. The first two begin together, and only one of them compiles kernels.
LONGEST = (
    "features/test_whole.py",
    "up/test_up.py",
    "modeling/networks/test_contract.py",
    "journeys/test_main_job_routes.py",
    "modeling/services/test_selfcheck.py",
    "modeling/services/test_fit.py",
    "modeling/services/test_training_crash.py",
    "modeling/services/test_retraining_month.py",
    "market/test_real_data.py",
    "contracts/test_api.py",
    "browser/test_staff_pages.py",
    "modeling/services/test_council_version.py",
    "modeling/fitting/test_council_walk.py",
    "features/test_rebuilds.py",
    "features/test_live.py",
    "features/test_crash.py",
    "modeling/services/test_edge_report.py",
    "up/test_postgres.py",
    "market/test_simulator_edges.py",
    "market/test_coverage.py",
    "market/test_candle_concurrency.py",
    "market/test_candle_write.py",
    "features/test_regime_real.py",
    "features/test_causality.py",
    "features/test_every_feature.py",
    "signals/test_api.py",
    "site/test_app_assets.py",
    "schedule/test_celery.py",
    "architecture/test_imports.py",
    "journeys/test_worker_journey.py",
)
# All its files share one site and one browser.
TOGETHER = "tests/browser/"


def pytest_configure() -> None:
    guard.install()
    # How long an example takes says what else this machine is doing, not whether the code is right.
    hypothesis.settings.register_profile("house", deadline=None)
    hypothesis.settings.load_profile("house")
    # absl, which TensorFlow brings, closes the stream that its handler was made with whenever logging is configured
    # anew (Celery does that). Made in a test it would be pytest's capture, and every later test would fail.
    absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is imported and collected, a million objects that stay, out of the garbage collector's sight.

    It would look through all of them again and again: a tenth of what the tests cost.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    assert all(path.is_file() for path in places), "LONGEST names a file that is not there"
    items.sort(key=lambda item: places.get(item.path, len(places)))


class _Distribution(LoadFileScheduling):  # type: ignore[misc]
    """Whole files to one worker, in the order of collection, and the browser's files together."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Distribution | None:
    return _Distribution(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Say what is missing instead of failing once per test."""
    if not os.environ.get("DATABASE_URL"):
        pytest.exit(
            "tests need a real PostgreSQL, and DATABASE_URL is not set: run `make test`, "
            "or `manage.py with_services -- python -m pytest ...`",
            returncode=4,
        )


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real market data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("TRADERAI_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "candles").is_dir():
        pytest.skip(f"no real market data in {folder}; name their folder in TRADERAI_TEST_DATA")
    return folder
