"""A lake of its own for every test."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def lake(tmp_path: Path, settings) -> Path:
    settings.LAKE_URL = f"file://{tmp_path}"
    return tmp_path
