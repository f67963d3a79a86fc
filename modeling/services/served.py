"""How a version speaks in service: by one calibration after the other, each with what its own words have taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

import numpy as np
from django.conf import settings

from modeling.contracts import HeadTrust, ModelVersionFacts, Recalibrated, ServingArtifact
from modeling.contracts.levels import HorizonLevels
from modeling.fitting.adapter_rows import Late, LateParts
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.forecasts import Forecasts, Raw
from modeling.fitting.levels import levels_again
from modeling.fitting.served import Learned, Served, served
from modeling.registry import artifact as store
from modeling.selectors.calibration import calibration_list
from modeling.selectors.conformal import conformal_states
from modeling.services.judgement import artifact_judged, artifact_raw
from traderai.common import clock
from traderai.common.arrays import I64
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent


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
    raw, epochs = artifact_raw(artifact, dataset, rows=rows), epochs_of(artifact, as_of=as_of)
    found = epochs[0].said(raw, dataset).forecasts
    place = epoch_at(epochs, dataset.decision_s[raw.rows])
    for number in np.unique(place[place > 0]).tolist():
        own, said = place == number, epochs[number].said(raw, dataset).forecasts
        moved = {}
        for each in fields(Forecasts):
            if each.name not in ("provenance", "rows", "excursions"):  # no weekly calibration moves the last
                before, after = getattr(found, each.name), getattr(said, each.name)
                moved[each.name] = np.where(own.reshape(-1, *(1,) * (before.ndim - 1)), after, before)
        found = replace(found, **moved)
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LateWords:
    """What a version's network says of all late rows, and what a calibration would make of that in service.

    As if it had served since its training: late rows are often from before the version entered service.
    """

    artifact: ServingArtifact
    dataset: Dataset
    raw: Raw
    as_of_s: int

    @classmethod
    def of(
        cls, artifact: ServingArtifact, dataset: Dataset, late: Late, *, progress: Progress = silent
    ) -> LateWords:
        """Return the words of a version; no row that it has learned from is among them."""
        own = (dataset.decision_s > late.learned_s) & (dataset.decision_s <= late.as_of_s)
        rows = np.flatnonzero(dataset.usable.any(axis=1) & own).astype(np.int64)
        raw = artifact_raw(artifact, dataset, rows=rows, progress=progress)
        return cls(artifact=artifact, dataset=dataset, raw=raw, as_of_s=late.as_of_s)

    def said(self, trust: Mapping[str, HeadTrust]) -> Forecasts:
        """Return the words of a calibration before its levels learn."""
        return artifact_judged(replace(self.artifact, trust=dict(trust)), self.raw, self.dataset).forecasts

    def levels(self, trust: Mapping[str, HeadTrust], *, until_s: int) -> dict[str, HorizonLevels]:
        """Return by horizon what the words of a calibration would have taught the levels by a moment."""
        if self.artifact.levels is None:
            return {}
        return levels_again(self.said(trust), self.dataset, self.artifact.levels, until_s=until_s)

    def served(self, trust: Mapping[str, HeadTrust], parts: LateParts) -> Forecasts:
        """Return what a calibration would say of the newest rows in service, its levels begun by the older ones.

        What stands is said in the same way as what is proposed: neither has learned for longer than the other.
        """
        levels = self.levels(trust, until_s=parts.judges.validation_start_s)
        learned = Learned(ranges={}, levels=levels)
        found = served(self.said(trust), self.dataset, learned, until_s=self.as_of_s).forecasts
        return found.taken(parts.judges.rows_of(VALIDATION))
