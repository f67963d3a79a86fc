"""A market with features and a model in service, built once for a test and undone after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeling.contracts import ModelVersionFacts
from tests.signals import builders


@pytest.fixture
def lake(tmp_path: Path, settings) -> None:
    settings.LAKE_URL = f"file://{tmp_path / 'lake'}"


@pytest.fixture
def market(db, lake) -> None:
    builders.market()
    builders.features()


@pytest.fixture
def champion(market) -> ModelVersionFacts:
    return builders.champion()
