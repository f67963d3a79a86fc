"""A council from its training to the answers of the version that serves, with the votes behind them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs Keras")

from modeling.contracts import ServingArtifact
from modeling.contracts.council import GLOBAL
from modeling.errors import ArtifactBrokenError
from modeling.fitting.dataset import TEST, Dataset
from modeling.selectors.artifacts import artifact_load, scorer_open
from modeling.selectors.versions import champion_get
from modeling.services.explain import dataset_explain
from modeling.services.fit import Origin, dataset_train
from modeling.services.judgement import version_judged
from tests.modeling.council_maker import council_data, council_recipe
from traderai.common.errors import InvariantError

pytestmark = pytest.mark.django_db
RECIPE = replace(
    council_recipe(**{"fit.max_epochs": 3, "split.calibration_folds": 2, "evaluation.explain_rows": 200}),
    label_set="quick_v1",
    feature_set="tech_v1",
)


def assert_another_way_answers_otherwise(artifact: ServingArtifact, data: Dataset) -> None:
    """The sabotage of the test below: from the same network."""
    rows = np.flatnonzero((data.part[:, 1] == TEST) & (np.abs(data.values[:, 0]) == 1.0))[:20]
    windows = np.stack([data.values[row - data.lookback_bars + 1 : row + 1] for row in rows])
    secids = [data.secids[number] for number in data.instrument[rows]]

    def said(way: str) -> np.ndarray:
        own = replace(artifact, council=replace(artifact.council, way=way))
        found = scorer_open(artifact=own).predict(windows=windows, secids=secids, horizon="1d")
        return np.array([each.p_long for each in found])

    assert np.abs(said("trend") - said(GLOBAL)).max() > 1e-3
    with pytest.raises(InvariantError, match="voter must be one of"):
        said("news")


def test_a_council_serves_by_the_way_that_was_kept_and_tells_its_votes(quick: Path):
    data = council_data()
    origin = Origin(as_of=datetime(2025, 1, 10, tzinfo=UTC), is_simulated=True)
    report = dataset_train(plan=RECIPE, dataset=data, origin=origin, seed=0)
    facts = report.version
    assert (facts.kind, champion_get()) == ("council", facts)
    told = facts.metrics["council"]
    assert told["left_out"] == {"news": "the features have no news"}
    assert "daily rank not tried" in report.table
    assert "\ndaily rank not tried\n" in (quick / facts.artifact_key / "model_card.md").read_text()
    artifact = artifact_load(version=facts)
    assert artifact.council is not None and artifact.council.way == told["kept"]
    assert artifact.council.voters == (GLOBAL, "trend", "mean_reversion")

    rows = np.flatnonzero(data.part[:, 1] == TEST)[:70]
    windows = np.stack([data.values[row - data.lookback_bars + 1 : row + 1] for row in rows])
    secids = [data.secids[number] for number in data.instrument[rows]]
    found = scorer_open(artifact=artifact).predict(windows=windows, secids=secids, horizon="2d")
    judged = version_judged(facts, data, rows=rows)
    np.testing.assert_allclose([own.p_long for own in found], judged.forecasts.p_long[:, 1], atol=1e-12)
    hint = data.values[rows, 0]
    for own, tells in zip(found, hint, strict=True):
        assert [vote.voter for vote in own.votes] == list(artifact.council.voters)
        shared, trend, _ = own.votes
        assert shared.present
        assert trend.present == (abs(tells) == 1.0)
        if not trend.present:
            assert trend.long_effect == trend.short_effect == 0.0 or told["kept"] == "meta"
        assert 0.0 <= trend.p_long <= 1.0

    assert_another_way_answers_otherwise(artifact, data)
    # What is explained is the decision, not the network's own word.
    measured = dataset_explain(facts=facts, dataset=data, rows=120)
    assert measured.told

    (quick / facts.artifact_key / "council.json").write_text("{}")
    with pytest.raises(ArtifactBrokenError, match=r"council\.json' is corrupt"):
        artifact_load(version=facts)
