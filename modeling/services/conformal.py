"""Ranges and levels that learn: the champion's words moved by outcomes as they become known, one stored state a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Final

import numpy as np
from django.conf import settings
from django.db import transaction

from modeling.contracts import ModelVersionFacts, ServingArtifact
from modeling.contracts.levels import ConformalFacts
from modeling.fitting.dataset import Dataset
from modeling.fitting.ranges import day_ends
from modeling.fitting.served import Served
from modeling.kernels.conformal import MEMORY_S
from modeling.kernels.running_levels import MEMORY_WINDOWS
from modeling.models import ConformalState as StoredState
from modeling.registry import artifact as store
from modeling.selectors.conformal import conformal_newest
from modeling.selectors.shadow import shadow_list
from modeling.selectors.versions import champion_get
from modeling.services.judgement import artifact_raw, dataset_since
from modeling.services.served import Epoch, epoch_at, epochs_of
from traderai.common import clock
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent

_MEMORIES: Final = 3  # what was learned earlier than so many has been forgotten: where a longer time was missed, it is left out


def conformal_update(*, now: datetime, progress: Progress = silent) -> ConformalFacts | None:
    """Teach the ranges and levels of the version in service all outcomes of the days that are over; return their state.

    One state is stored for each such day with bars, as if called daily: calling late, or again on the same day,
    gives the same states. None without a version in service, or where its artifact is from before ranges learned.
    Versions in shadow are taught after it: their answers are judged by what they would say in service.

    Raises: as `dataset_since`.
    """
    champion = champion_get()
    found = None if champion is None else _version_update(champion, now=now, progress=progress)
    for version in shadow_list():
        _version_update(version, now=now, progress=progress)
    return found


def _version_update(facts: ModelVersionFacts, *, now: datetime, progress: Progress) -> ConformalFacts | None:
    artifact = _artifact(facts)
    if artifact is None:
        return None
    learned = _epochs(artifact, now)[-1].learned
    today = clock.to_epoch_s(clock.midnight(now.astimezone(clock.MOSCOW).date()))
    if learned.until_s < today:
        since = clock.from_epoch_s(learned.until_s - learned.longest_s)
        dataset = dataset_since(facts, since=since, as_of=now, progress=progress)
        return dataset_conformal(facts=facts, dataset=dataset, now=now)
    return conformal_newest(version_id=facts.id, as_of=now)


def dataset_conformal(*, facts: ModelVersionFacts, dataset: Dataset, now: datetime) -> ConformalFacts | None:
    """Learn from an assembled dataset; everything after the loading of `conformal_update`, repeating included.

    Outcomes that are known later than `now` have no say, whether or not the dataset holds them. Ranges learn from what was
    said whichever calibration stood; levels from what the calibration says that stands at the end of the day.
    """
    artifact = _artifact(facts)
    if artifact is None:
        return None
    epochs = _epochs(artifact, now)
    learned = epochs[-1].learned
    ends = day_ends(dataset, after_s=learned.until_s, until_s=clock.to_epoch_s(now))
    rows = learned.rows_that_teach(dataset, until_s=max(ends, default=0))
    if rows.size:
        raw = artifact_raw(artifact, dataset, rows=rows)
        # A calibration whose days are stored has nothing more to learn.
        first = int(epoch_at(epochs, np.array(learned.until_s)))
        going = epochs[first:]
        _keep(facts, going, [own.said(raw, dataset, until_s=ends[-1]) for own in going], now=now)
    return conformal_newest(version_id=facts.id, as_of=now)


def _artifact(facts: ModelVersionFacts) -> ServingArtifact | None:
    artifact = store.artifact_read(lake=lake_at(settings.LAKE_URL), version=facts)
    return None if artifact.ranges is None else artifact


def _epochs(artifact: ServingArtifact, now: datetime) -> tuple[Epoch, ...]:
    """Return the version's epochs, as if each had learned nothing of what has been forgotten by now."""
    found = epochs_of(artifact, as_of=now)
    windows_s = max(own.longest_window_s for own in (artifact.ranges or {}).values())
    begin_s = clock.to_epoch_s(now) - round(_MEMORIES * max(MEMORY_S, MEMORY_WINDOWS * windows_s))
    return tuple(replace(own, learned=own.learned.not_before(begin_s)) for own in found)


def _keep(
    facts: ModelVersionFacts, epochs: Sequence[Epoch], found: Sequence[Served], *, now: datetime
) -> None:
    """Store the state of each new day: that of the ranges, and of the levels by the calibration standing at its end."""
    rows = []
    for end_s, states in sorted(found[-1].ranges.items()):
        place = int(epoch_at(epochs, np.array(end_s)))
        levels = found[place].levels.get(end_s, {})
        rows.append(
            StoredState(
                version_id=facts.id,
                as_of=clock.from_epoch_s(end_s),
                outcomes=sum(sum(own.learned_rows) for own in states.values()),
                states={name: asdict(own) for name, own in states.items()},
                levels={
                    name: {side: asdict(own) for side, own in sides.items()} for name, sides in levels.items()
                },
                calibrated_at=epochs[place].calibrated_at if levels else None,
                at=now,
            )
        )
    with transaction.atomic():
        # Another worker may have stored the same days meanwhile: what stands stands.
        StoredState.objects.bulk_create(rows, ignore_conflicts=True)
