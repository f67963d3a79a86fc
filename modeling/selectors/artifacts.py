"""Published artifacts, checked against the registry; needs ONNX Runtime, so never from the web process."""

from __future__ import annotations

from django.conf import settings

from modeling.contracts import ModelVersionFacts, ServingArtifact
from modeling.registry.artifact import artifact_read
from modeling.registry.scorer import Scorer
from traderai.common.lake import lake_at


def artifact_load(*, version: ModelVersionFacts) -> ServingArtifact:
    """Return everything that scoring needs of a version; a byte that differs is an ArtifactBrokenError."""
    return artifact_read(lake=lake_at(settings.LAKE_URL), version=version)


def scorer_open(*, artifact: ServingArtifact) -> Scorer:
    """Return the loaded network behind `predict(windows=, secids=, horizon=)` and `novelty(last_bars=)`."""
    return Scorer(artifact)
