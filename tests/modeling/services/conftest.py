"""Fixtures of trainings on synthetic bars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modeling.fitting.loading import Loaded
from modeling.services import judgement
from tests.modeling.synthetic import quick_label_sets


@pytest.fixture
def quick(tmp_path: Path, settings, monkeypatch):
    """A lake of its own and the label set of the synthetic bars."""
    (tmp_path / "label_sets.yaml").write_text(quick_label_sets())
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    settings.LAKE_URL = f"file://{tmp_path}/lake"
    return tmp_path / "lake"


@pytest.fixture
def loading(published: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Synthetic bars are in no database: they stand in for what would be read of one. Returns what was asked for.

    `published` is the file's own, with the dataset as `data`.
    """
    asked: list[dict[str, Any]] = []

    def loaded(_recipe: object, **options: Any) -> Loaded:
        asked.append(options)
        return Loaded(dataset=published.data, instruments=(), is_simulated=True, without_features=())

    monkeypatch.setattr(judgement, "whole_load", loaded)
    return asked
