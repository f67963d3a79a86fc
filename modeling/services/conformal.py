"""Ranges that learn: the champion's quantiles moved by outcomes as they become known, one stored state a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from django.conf import settings
from django.db import transaction

from modeling.contracts import ModelVersionFacts
from modeling.contracts.conformal import ConformalFacts, ConformalState, HorizonRanges
from modeling.fitting.conformal import quantile_rows
from modeling.fitting.dataset import Dataset
from modeling.fitting.forecasts import Forecasts
from modeling.fitting.ranges import day_ends
from modeling.kernels.conformal import MEMORY_S, conformal_steps
from modeling.models import ConformalState as StoredState
from modeling.registry import artifact as store
from modeling.selectors.conformal import conformal_newest, conformal_states
from modeling.selectors.versions import champion_get
from modeling.services.judgement import dataset_since, version_judged
from traderai.common import clock
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent

# What was learned earlier than that has been forgotten by now: where a longer time was missed, it is left out.
CATCH_UP: Final = timedelta(seconds=3 * MEMORY_S)
# A window with more days off in it than any in training is longer; one of twice the length has no label.
_WINDOWS: Final = 2


def conformal_update(*, now: datetime, progress: Progress = silent) -> ConformalFacts | None:
    """Teach the ranges of the version in service all outcomes of the days that are over at `now`; return their state.

    One state is stored for each such day with bars, as if called daily: calling late, or again on the same day,
    gives the same states. None without a version in service, or where its artifact is from before ranges learned.

    Raises: as `dataset_since`.
    """
    champion = champion_get()
    start = None if champion is None else _start(champion)
    if champion is None or start is None:
        return None
    today, until = clock.midnight(now.astimezone(clock.MOSCOW).date()), _learned_until(champion, start, now)
    if until < today:
        longest = timedelta(seconds=_WINDOWS * max(own.longest_window_s for own in start.values()))
        dataset = dataset_since(champion, since=until - longest, as_of=now, progress=progress)
        return dataset_conformal(facts=champion, dataset=dataset, now=now)
    return conformal_newest(version_id=champion.id, as_of=now)


def dataset_conformal(*, facts: ModelVersionFacts, dataset: Dataset, now: datetime) -> ConformalFacts | None:
    """Learn from an assembled dataset; everything after the loading of `conformal_update`, repeating included.

    Outcomes that are known later than `now` have no say, whether or not the dataset holds them.
    """
    start = _start(facts)
    if start is None:
        return None
    until = _learned_until(facts, start, now)
    until_s = clock.to_epoch_s(until)
    ends = day_ends(dataset, after_s=until_s, until_s=clock.to_epoch_s(now))
    longest_s = _WINDOWS * max(own.longest_window_s for own in start.values())
    due = dataset.usable.any(axis=1) & (dataset.decision_s > until_s - longest_s)
    rows = np.flatnonzero(due & (dataset.decision_s <= max(ends, default=0))).astype(np.int64)
    if rows.size:
        said = version_judged(facts, dataset, rows=rows).forecasts
        _keep(facts, _stepped(facts, start, said, dataset, ends, begin_s=until_s), ends, now=now)
    return conformal_newest(version_id=facts.id, as_of=now)


def _start(facts: ModelVersionFacts) -> dict[str, HorizonRanges] | None:
    lake = lake_at(settings.LAKE_URL)
    return store.ranges_of(store.artifact_file(lake=lake, version=facts, name=store.CONFORMAL))


def _learned_until(facts: ModelVersionFacts, start: Mapping[str, HorizonRanges], now: datetime) -> datetime:
    """Return from when on outcomes are to be learned."""
    stored = conformal_newest(version_id=facts.id, as_of=now)
    of_start = clock.from_epoch_s(max(own.state.learned_until_s for own in start.values()))
    return max(of_start if stored is None else stored.as_of, now - CATCH_UP)


def _stepped(
    facts: ModelVersionFacts,
    start: Mapping[str, HorizonRanges],
    said: Forecasts,
    dataset: Dataset,
    ends: list[int],
    *,
    begin_s: int,
) -> list[dict[str, ConformalState]]:
    """Return the states by horizon at the end of each day."""
    stored = [own.states for own in conformal_states(version_id=facts.id)]
    by_horizon = {}
    for h, horizon in enumerate(dataset.horizons):
        own = start[horizon]
        known = [own.state, *(states[horizon] for states in stored)]
        known[-1] = replace(known[-1], learned_until_s=max(known[-1].learned_until_s, begin_s))
        rows, _ = quantile_rows(said, dataset, h=h, scale=own.volatility_scale)
        _, by_horizon[horizon] = conformal_steps(known, rows, until_s=ends)
    return [{name: states[place] for name, states in by_horizon.items()} for place in range(len(ends))]


def _keep(
    facts: ModelVersionFacts, states: list[dict[str, ConformalState]], ends: list[int], *, now: datetime
) -> None:
    rows = [
        StoredState(
            version_id=facts.id,
            as_of=clock.from_epoch_s(end_s),
            outcomes=sum(sum(own.learned_rows) for own in by_horizon.values()),
            states={name: asdict(own) for name, own in by_horizon.items()},
            at=now,
        )
        for end_s, by_horizon in zip(ends, states, strict=True)
    ]
    with transaction.atomic():
        # Another worker may have stored the same days meanwhile: what stands stands.
        StoredState.objects.bulk_create(rows, ignore_conflicts=True)
