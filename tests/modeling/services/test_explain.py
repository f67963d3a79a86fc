"""`manage.py explain`: what a training stored is printed as it is, and what cannot be explained says why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

pytest.importorskip("keras", reason="explaining anew needs Keras")

from modeling.contracts import ModelVersionFacts
from modeling.errors import ArtifactBrokenError
from modeling.registry.artifact import artifact_write
from modeling.services.explain import explain, stored_explain
from modeling.services.registry import NewVersion, version_register
from traderai.common.errors import InputError, NotFoundError
from traderai.common.lake import lake_at

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 1, 10, 12, tzinfo=UTC)
FIGURE = {"value": 0.002, "low": 0.001, "high": 0.003}
OWN = dict.fromkeys(("log_loss", "p_long", "p_short", "quantile_loss"), FIGURE)
CURVE = {"p_long": [0.2, 0.3], "p_short": [0.3, 0.2], "median_return_frac": [-0.001, 0.002]}
TOLD = {
    "rows": 4000, "feature_rows": 2000, "days": 120, "interval_level": 0.95,
    "families": [{"family": "news", "features": 1, **OWN}],
    "features": [{"feature": "news_sum_240", "family": "news", **OWN}],
    "partial_dependence": [
        {"feature": "news_sum_240", "values": [0.0, 1.0], "last_bar": CURVE, "whole_window": CURVE}
    ],
    "weights": {"attention_weights": [0.05] * 4 + [0.1, 0.7], "variable_weights": {"ret_1": 0.4, "news_sum_240": 0.6}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, settings) -> Path:
    settings.LAKE_URL = f"file://{tmp_path}"
    return tmp_path


def registered(name: str, files: dict[str, bytes]) -> ModelVersionFacts:
    key = f"models/{name}"
    lake = lake_at(django_settings.LAKE_URL)
    sha = artifact_write(lake=lake, key=key, files=files, about={"version": name})
    new = NewVersion(
        version=name, kind="global", recipe="r", feature_set_key="f@1", label_set="l", timeframe="1h",
        horizons=("3d",), lookback_bars=8, trained_until=NOW, is_simulated=True, artifact_key=key,
        manifest_sha256=sha, metrics={},
    )  # fmt: skip
    return version_register(new=new, run_id=None, now=NOW)


def test_what_the_training_stored_is_printed():
    registered("told-1", {"explain.json": json.dumps(TOLD).encode()})
    out = StringIO()
    call_command("explain", "told-1", stdout=out)
    shown = out.getvalue()
    assert shown.startswith("told-1, measured at its training\n\nSIMULATED")
    for line in (
        "Does news help? The probabilities: yes (log loss +2.00 [1.00, 3.00] x 0.001). "
        "The return ranges: yes (quantile loss +20.00 [10.00, 30.00] bp).",
        "Do fundamentals help? The model reads none.",
        "news (1)                      2.00 [1.00, 3.00]             2.00     2.00  20.00 [10.00, 30.00]",
        "  last bar     p_long 0.200, 0.300  p_short 0.300, 0.200  median -0.100%, +0.200%",
        "Variables chosen by the network (mean weight): news_sum_240 60.0%, ret_1 40.0%",
        "Attention to the newest bars, last one first: 70.0%, 10.0%, 5.0%, 5.0%, 5.0%; to all before 5.0%",
    ):
        assert line in shown.splitlines()
    assert explain(version="told-1").told == TOLD


def test_what_cannot_be_explained_says_why(lake: Path):
    facts = registered("told-1", {"explain.json": json.dumps(TOLD).encode()})
    with pytest.raises(NotFoundError, match=r"no model version 'told-2'.*told-1"):
        explain(version="told-2")
    with pytest.raises(CommandError, match="no model version"):
        call_command("explain", "told-2")
    old = registered("old-1", {"network.onnx": b"x"})
    assert stored_explain(old) is None
    with pytest.raises(InputError, match="has no training run"):
        explain(version="old-1")
    with pytest.raises(InputError, match="rows must be at least 1, was 0"):
        explain(version="told-1", rows=0)
    path = lake / facts.artifact_key / "explain.json"
    path.write_bytes(path.read_bytes().replace(b"4000", b"4001"))
    with pytest.raises(ArtifactBrokenError, match="corrupt"):
        explain(version="told-1")
