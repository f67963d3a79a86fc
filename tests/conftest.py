"""What every test gets: no network beyond this machine, real PostgreSQL, real market data where it is at hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import absl.logging
import pytest

from tests.network import guard

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    guard.install()
    # absl, which TensorFlow brings, closes the stream that its handler was made with whenever logging is configured
    # anew (Celery does that). Made in a test it would be pytest's capture, and every later test would fail.
    absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__


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
