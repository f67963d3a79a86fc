"""How a version speaks in service: by one calibration after the other, each with what its own words have taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

import numpy as np
from django.conf import settings

from modeling.contracts import ModelVersionFacts, Recalibrated, ServingArtifact
from modeling.fitting.dataset import Dataset
from modeling.fitting.forecasts import Forecasts, Raw
from modeling.fitting.served import Learned, Served, served
from modeling.registry import artifact as store
from modeling.selectors.calibration import calibration_list
from modeling.selectors.conformal import conformal_states
from modeling.services.judgement import artifact_judged, artifact_raw
from traderai.common import clock
from traderai.common.arrays import I64
from traderai.common.lake import lake_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """How a version speaks from one kept calibration to the next."""

    artifact: ServingArtifact  # with that calibration as its own
    since_s: int
    learned: Learned  # by its ranges on the whole, and by its levels from the words of this calibration

    @property
    def calibrated_at(self) -> datetime | None:
        """The moment of the calibration; None for that of the training."""
        newer = self.artifact.recalibrated
        return None if newer is None else newer.as_of

    def said(self, raw: Raw, dataset: Dataset, *, until_s: int = 0) -> Served:
        """Return outputs as they are said in this epoch, its states going on to a moment; 0: by those that are stored."""
        forecasts = artifact_judged(self.artifact, raw, dataset).forecasts
        return served(forecasts, dataset, self.learned, until_s=until_s)


def epochs_of(artifact: ServingArtifact, *, as_of: datetime) -> tuple[Epoch, ...]:
    """Return the epochs of a version that have begun by a moment, the oldest first: that of its artifact."""
    facts = artifact.version
    states = [own for own in conformal_states(version_id=facts.id) if own.as_of <= as_of]
    by_calibration = [artifact]
    for told in calibration_list(version_id=facts.id):
        if told.kept and told.as_of <= as_of:
            kept = Recalibrated(trust=told.trust, as_of=told.as_of, levels=told.levels)
            by_calibration.append(replace(artifact, trust=told.trust, recalibrated=kept))
    found = []
    for own in by_calibration:
        newer = own.recalibrated
        at = None if newer is None else newer.as_of
        learned = Learned(
            ranges=artifact.ranges or {},
            levels=(artifact.levels if newer is None else newer.levels) or {},
            later_ranges=[each.states for each in states],
            later_levels=[each.levels for each in states if each.levels and each.calibrated_at == at],
        )
        found.append(Epoch(artifact=own, since_s=0 if at is None else clock.to_epoch_s(at), learned=learned))
    return tuple(found)


def epoch_at(epochs: Sequence[Epoch], moment_s: I64) -> I64:
    """Return the place of the epoch in which each moment (n,) lies."""
    begins = [own.since_s for own in epochs]
    return np.asarray(np.searchsorted(begins, moment_s, side="right") - 1, dtype=np.int64)


def version_said(facts: ModelVersionFacts, dataset: Dataset, *, rows: I64, as_of: datetime) -> Forecasts:
    """Return what a version said in service of some rows: by the calibration and the states known at each decision.

    Rows from before it was in service are said by what it entered with.
    Raises: ArtifactBrokenError if its bytes are not those that were registered.
    """
    artifact = store.artifact_read(lake=lake_at(settings.LAKE_URL), version=facts)
    return raw_said(artifact, artifact_raw(artifact, dataset, rows=rows), dataset, as_of=as_of)


def raw_said(artifact: ServingArtifact, raw: Raw, dataset: Dataset, *, as_of: datetime) -> Forecasts:
    """Return what became in service of a version's outputs; everything after its network of `version_said`."""
    epochs = epochs_of(artifact, as_of=as_of)
    found = epochs[0].said(raw, dataset).forecasts
    place = epoch_at(epochs, dataset.decision_s[raw.rows])
    for number in np.unique(place[place > 0]).tolist():
        own, said = place == number, epochs[number].said(raw, dataset).forecasts
        moved = {}
        for each in fields(Forecasts):
            if each.name not in ("provenance", "rows"):
                before, after = getattr(found, each.name), getattr(said, each.name)
                moved[each.name] = np.where(own.reshape(-1, *(1,) * (before.ndim - 1)), after, before)
        found = replace(found, **moved)
    return found
