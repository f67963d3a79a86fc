"""The ledger: how often was tried, with what daily results, and what became of each hypothesis."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
from django.db.models import Count, Prefetch, QuerySet

from modeling.contracts.ledger import ExperimentFacts, HeadlineFigure, TrialCount, TrialFacts, TrialSet
from modeling.models import Experiment, TrainingRun, Trial
from traderai.common import clock
from traderai.common.arrays import F64, I64
from traderai.common.config import parse
from traderai.common.errors import InputError, NotFoundError, did_you_mean

_DAY_0 = date(1970, 1, 1)


def trials_of(
    *, label_family: str, data_family: str, first_day: int, last_day: int, as_of: datetime
) -> TrialSet:
    """Return every trial of a family made until `as_of`, and daily results that can be compared.

    `first_day` and `last_day` are Moscow days since 1970, as in DailyAccount. A trial covers the period if its days
    reach from the first to the last; the rows are the days that all of them have, so nothing is filled in.
    """
    if last_day < first_day:
        raise InputError(f"last_day must not be before first_day, were {last_day} and {first_day}")
    family = Trial.objects.filter(
        label_family=label_family, data_family=data_family, created_at__lte=as_of
    ).order_by("created_at", "pk")
    sharpes = [number for number in family.values_list("sharpe_per_day", flat=True) if number is not None]
    covering = list(
        family.filter(
            first_day__lte=_DAY_0 + timedelta(days=first_day),
            last_day__gte=_DAY_0 + timedelta(days=last_day),
        )
    )
    days, left_out, daily_net = _aligned(covering, first_day, last_day)
    return TrialSet(
        count=family.count(),
        sharpes_per_day=np.array(sharpes, dtype=np.float64),
        days=days,
        days_left_out=left_out,
        covering=tuple(trial_facts_of(row) for row in covering),
        daily_net=daily_net,
    )


def trial_counts(*, as_of: datetime) -> tuple[TrialCount, ...]:
    """Return the true number of trials of each label and data family, made until `as_of`."""
    rows = (
        Trial.objects.filter(created_at__lte=as_of)
        .values("label_family", "data_family")
        .annotate(count=Count("pk"))
        .order_by("label_family", "data_family")
    )
    return tuple(TrialCount(**row) for row in rows)


def experiment_list(*, as_of: datetime, verdict: str | None = None) -> tuple[ExperimentFacts, ...]:
    """Return the hypotheses started by the Moscow day of `as_of`, oldest first, as they stood on that day.

    A later verdict is not told: the hypothesis is open then.
    """
    rows = _experiments().filter(started_on__lte=_day_of(as_of)).order_by("started_on", "pk")
    found = (experiment_facts_of(row, as_of=as_of) for row in rows)
    return tuple(facts for facts in found if verdict is None or facts.verdict == verdict)


def experiment_get(*, name: str, as_of: datetime) -> ExperimentFacts:
    """Return one hypothesis as it stood; an unknown one is a NotFoundError that names the nearest."""
    row = _experiments().filter(name=name, started_on__lte=_day_of(as_of)).first()
    if row is None:
        known = Experiment.objects.order_by("pk").values_list("name", flat=True)
        raise NotFoundError(
            f"no experiment {name!r}{did_you_mean(name, known)}; open it with manage.py experiments open",
            code="unknown_experiment",
        )
    return experiment_facts_of(row, as_of=as_of)


def experiment_facts_of(row: Experiment, *, as_of: datetime) -> ExperimentFacts:
    """Return a row of the ledger as the contract other apps see, without a verdict that came after `as_of`."""
    is_decided = row.decided_on is not None and row.decided_on <= _day_of(as_of)
    runs = list(row.runs.all()) if is_decided else []
    own = {trial.pk for trial in row.trials.all()} if is_decided else set()
    figures: tuple[HeadlineFigure, ...] = parse(
        row.figures if is_decided else [], tuple[HeadlineFigure, ...], where=f"experiment {row.name}"
    )
    return ExperimentFacts(
        id=row.pk,
        name=row.name,
        hypothesis=row.hypothesis,
        seen_if_true=row.seen_if_true,
        started_on=row.started_on,
        opened_by=row.opened_by,
        verdict=row.verdict if is_decided else Experiment.Verdict.OPEN,
        reason=row.reason if is_decided else "",
        decided_on=row.decided_on if is_decided else None,
        decided_by=row.decided_by if is_decided else "",
        figures=figures,
        run_ids=tuple(sorted(run.pk for run in runs)),
        trial_ids=tuple(sorted(own | {trial.pk for run in runs for trial in run.trials.all()})),
    )


def trial_facts_of(row: Trial) -> TrialFacts:
    """Return a trial as the contract other apps see."""
    return TrialFacts(
        id=row.pk,
        kind=row.kind,
        recipe=row.recipe,
        label_set=row.label_set,
        label_family=row.label_family,
        data_family=row.data_family,
        run_id=row.run_id,
        first_day=row.first_day,
        last_day=row.last_day,
        trades=row.trades,
        net_expectancy_frac=row.net_expectancy_frac,
        sharpe_per_day=row.sharpe_per_day,
        created_at=row.created_at,
    )


def _experiments() -> QuerySet[Experiment]:
    # The identities are enough: the daily results of hundreds of trials are not.
    trials = Trial.objects.only("pk", "run_id")
    runs = TrainingRun.objects.only("pk").prefetch_related(Prefetch("trials", queryset=trials))
    return Experiment.objects.prefetch_related(
        Prefetch("runs", queryset=runs), Prefetch("trials", queryset=trials)
    )


def _aligned(rows: list[Trial], first_day: int, last_day: int) -> tuple[I64, int, F64]:
    """Return the days of the period that all rows have, how many others some have, and (days, rows) results."""
    columns = []
    for row in rows:
        days = np.asarray(row.days, dtype=np.int64)
        inside = (days >= first_day) & (days <= last_day)
        columns.append((days[inside], np.asarray(row.daily_net, dtype=np.float64)[inside]))
    every, times = np.unique(
        np.concatenate([days for days, _ in columns] or [np.empty(0, np.int64)]), return_counts=True
    )
    common = every[times == len(columns)]
    daily_net = np.empty((common.size, len(columns)))
    for column, (days, net) in enumerate(columns):
        daily_net[:, column] = net[np.isin(days, common)]
    return common, int(every.size - common.size), daily_net


def _day_of(as_of: datetime) -> date:
    return as_of.astimezone(clock.MOSCOW).date()
