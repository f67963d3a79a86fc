"""Published artifacts, checked against the registry; needs ONNX Runtime, so never from the web process."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from django.conf import settings

from modeling.contracts import ModelVersionFacts, ServingArtifact
from modeling.errors import ArtifactBrokenError
from modeling.registry.adapters import Adapters, ServingAdapters, adapters_read
from modeling.registry.artifact import ADAPTERS, artifact_file, artifact_read, artifact_verify, manifest_read
from modeling.registry.scorer import Scorer
from modeling.selectors.versions import champion_at, champion_get, emission_paused
from traderai.common.errors import InvariantError
from traderai.common.lake import lake_at

EVENT: Final = "adapters_silent"  # what an alert in the log begins with

_log = logging.getLogger(__name__)


def artifact_load(*, version: ModelVersionFacts) -> ServingArtifact:
    """Return everything that scoring needs of a version; a byte that differs is an ArtifactBrokenError."""
    return artifact_read(lake=lake_at(settings.LAKE_URL), version=version)


def adapters_base(*, version: ModelVersionFacts) -> str:
    """Return the name of the version that adapters correct; a manifest that differs is an ArtifactBrokenError."""
    lake = lake_at(settings.LAKE_URL)
    manifest = manifest_read(lake=lake, key=version.artifact_key, manifest_sha256=version.manifest_sha256)
    return str(manifest["base"])


def adapters_serving(
    *, as_of: datetime | None = None, trained_before: datetime | None = None
) -> ModelVersionFacts | None:
    """Return the version of adapters in service, if it is heard.

    With `as_of` that of that moment, by the audit, if it had learned nothing from `trained_before` on.
    """
    champion = champion_get(slot="adapters") if as_of is None else champion_at(slot="adapters", as_of=as_of)
    if champion is None or emission_paused(slot="adapters", as_of=as_of):
        return None
    late = trained_before is not None and champion.trained_until >= trained_before
    return None if late else champion


def adapters_load(*, serving: ModelVersionFacts | None, artifact: ServingArtifact) -> ServingAdapters | None:
    """Return adapters where they were taught upon this very version; of every other one they are silent.

    Silent too, and told in the log, where their artifact is broken or does not fit: the version answers by itself.
    """
    if serving is None:
        return None
    try:
        if adapters_base(version=serving) != artifact.version.version:
            return None
        return ServingAdapters(version=serving, adapters=_adapters(serving, artifact))
    except InvariantError as error:
        _log.error("%s: %s: %s", EVENT, serving.version, error.detail)
        return None


def scorer_open(*, artifact: ServingArtifact, adapters: ServingAdapters | None = None) -> Scorer:
    """Return the loaded network behind `predict(windows=, secids=, horizon=)` and `novelty(last_bars=)`.

    With adapters the probabilities of their shares are the corrected ones, and so is all that is asked of the scorer:
    drivers are of what is shown.
    """
    return Scorer(artifact, adapters)


def _adapters(version: ModelVersionFacts, artifact: ServingArtifact) -> Adapters:
    lake = lake_at(settings.LAKE_URL)
    # All of it, also what scoring does not need: where one file was changed none is what was judged.
    artifact_verify(lake=lake, key=version.artifact_key, manifest_sha256=version.manifest_sha256)
    content = artifact_file(lake=lake, version=version, name=ADAPTERS)
    if content is None:
        raise ArtifactBrokenError(f"artifact {version.artifact_key!r} has no {ADAPTERS}; train again")
    found = adapters_read(content)
    lacking = [name for name in found.features if name not in artifact.feature_names]
    lacking += [name for name in artifact.version.horizons if name not in found.horizons]
    if lacking:
        raise InvariantError(
            f"they need {', '.join(lacking)}, which {artifact.version.version} lacks; train again"
        )
    return found
