"""Fixtures of trainings on synthetic bars."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from tests.modeling.synthetic import label_set


@pytest.fixture
def quick(tmp_path: Path, settings, monkeypatch):
    """A lake of its own and the label set of the synthetic bars."""
    spec = asdict(label_set())
    own = {key: list(v) if isinstance(v, tuple) else v for key, v in spec.items()}
    own["horizons"] = {own.pop("timeframe"): own["horizons"]}
    del own["name"]
    content = {"common": {}, "kinds": {}, "sets": {"quick_v1": own}}
    (tmp_path / "label_sets.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    settings.LAKE_URL = f"file://{tmp_path}/lake"
    return tmp_path / "lake"
