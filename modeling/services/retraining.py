"""Retraining by the calendar and for drift: look at the data, train, gate, switch or keep, report."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from market.configs import universe_config
from modeling.contracts import ModelVersionFacts
from modeling.contracts.retraining import (
    ENDED,
    JobName,
    RetrainingConfig,
    RetrainingFacts,
    RetrainingJob,
    RetrainingState,
    Trigger,
)
from modeling.fitting.recipe import Recipe, recipe_load
from modeling.models import GateVerdict, RetrainingReport
from modeling.selectors.configuration import retraining_config_get
from modeling.selectors.drift import drift_reports
from modeling.selectors.feedback import words_counted
from modeling.selectors.retraining import retraining_facts_of, retraining_text
from modeling.selectors.versions import champion_get
from modeling.services.adapters import adapters_train
from modeling.services.data_fitness import data_complaint
from modeling.services.judgement import recipe_of, run_of
from modeling.services.training_runs import training_runs_sweep
from traderai.common.clock import MOSCOW
from traderai.common.errors import InvariantError, NotReadyError
from traderai.common.summary import summary_send
from traderai.jobs.contracts import Claim
from traderai.jobs.services import job_claim, job_fail, job_finish

KIND: Final = "modeling.retraining"
EVENT: Final = "retraining"
# Longer than the queue lets a task live, so that a unit is taken from dead workers alone.
LEASE: Final = timedelta(hours=2, minutes=30)
_FIGURES = ("trades", "days", "daily_net_mean", "daily_net_low", "sharpe")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    name: JobName
    job: RetrainingJob
    period: str
    trigger: Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    state: RetrainingState
    note: str
    version: ModelVersionFacts | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)


def retraining_due(*, now: datetime) -> RetrainingFacts | None:
    """Do the first job that is due at `now` and return its report; None where nothing is due.

    A job is due once a period, and when the version of its kind in service has drifted. What is refused for its data
    or fails leaves the champion in service and is due again on the next day.

    Repeating does the next job. A job is claimed for each day; what a killed worker held is due again when its
    lease has run out.
    """
    training_runs_sweep(now=now)
    config, today = retraining_config_get(), now.astimezone(MOSCOW).date()
    for due in _due(config, now, today):
        key = f"{due.name}:{due.period}:{today}"
        claim = job_claim(kind=KIND, business_key=key, now=now, lease=LEASE)
        if claim is not None:
            return _claimed(claim, due, config, now)
    return None


def _due(config: RetrainingConfig, now: datetime, today: date) -> Iterator[_Due]:
    """Yield what is due, in the order of the configuration; a job that was tried today waits for tomorrow."""
    drifted = _drifted(now, today)
    for name, job in config.jobs.items():
        reports = RetrainingReport.objects.filter(job=name)
        if not job.enabled or reports.filter(day=today).exists():
            continue
        ended, period = reports.filter(state__in=ENDED), job.period(today)
        if not ended.filter(period=period).exists():
            yield _Due(name=name, job=job, period=period, trigger="calendar")
            continue
        rested = not ended.filter(day__gt=today - timedelta(days=config.drift_pause_days)).exists()
        if name == drifted and rested:
            yield _Due(name=name, job=job, period=f"drift-{today}", trigger="drift")


def _drifted(now: datetime, today: date) -> str | None:
    """Return the kind of the version in service where its report of today or yesterday grades it `drift`."""
    champion = champion_get()
    if champion is None:
        return None
    newest = next(iter(drift_reports(as_of=now, version=champion.version, limit=1)), None)
    fresh = newest is not None and newest.grade == "drift" and newest.day >= today - timedelta(days=1)
    return champion.kind if fresh else None


def _claimed(claim: Claim, due: _Due, config: RetrainingConfig, now: datetime) -> RetrainingFacts:
    try:
        complaint = data_complaint(_plan(due.job), config.data, now=now)
        if complaint is None:
            outcome = JOBS[due.name](due.job, config, now)
        else:
            outcome = _Outcome(state="refused", note=f"not trained: {complaint}")
    except Exception as error:
        _log.exception("%s of %s failed; the version in service stays", EVENT, due.name)
        outcome = _Outcome(state="failed", note=f"{type(error).__name__}: {error}")
    facts = _keep(due, outcome, now)
    if outcome.state == "failed":
        job_fail(claim=claim, now=now, error=outcome.note)
    else:
        job_finish(claim=claim, now=now)
    told = asdict(facts) | {"day": facts.day.isoformat(), "at": facts.at.isoformat()}
    summary_send(event=EVENT, text=retraining_text(facts), facts=told)
    return facts


def _plan(job: RetrainingJob) -> Recipe | None:
    """Return the recipe that a job goes by; None where it is that of the version in service and there is none."""
    if job.recipe is not None:
        return recipe_load(job.recipe, overrides=_overrides(job))
    champion = champion_get()
    return None if champion is None else recipe_of(run_of(champion))


def _overrides(job: RetrainingJob) -> tuple[str, ...]:
    if job.universe is None:
        return ()
    # As JSON: YAML reads some tickers, such as ON, as something else than text.
    return (f"universe={json.dumps(universe_config().secids(job.universe))}",)


def _recipe_trained(job: RetrainingJob, config: RetrainingConfig, now: datetime) -> _Outcome:
    from modeling.services.fit import (
        recipe_train,
    )  # Keras is loaded where something is trained, and only there

    if job.recipe is None:
        raise InvariantError("a job that trains a recipe must name one, has none; name it in retraining.yaml")
    report = recipe_train(recipe=job.recipe, as_of=now, seed=config.seed, overrides=_overrides(job))
    version = report.version
    verdict = GateVerdict.objects.filter(version_id=version.id).order_by("-at", "-pk").first()
    measured = {} if verdict is None else verdict.numbers["figures"]
    return _Outcome(
        state="switched" if report.promoted else "kept",
        note=report.note,
        version=version,
        figures={
            "trained_until": version.trained_until.isoformat(),
            "seconds": round(report.seconds, 1),
            **{name: measured[name] for name in _FIGURES if name in measured},
        },
    )


def _adapters_trained(_job: RetrainingJob, config: RetrainingConfig, now: datetime) -> _Outcome:
    try:
        report = adapters_train(now=now, seed=config.seed)
    except NotReadyError as error:
        return _Outcome(state="refused", note=f"not trained: {error.detail}")
    version = report.version
    return _Outcome(
        state="switched" if report.promoted else "kept",
        note=report.note,
        version=version,
        figures={
            "base": report.base,
            "adapters": list(report.kept),
            "trained_until": version.trained_until.isoformat(),
            "seconds": round(report.seconds, 1),
        },
    )


JOBS: Final[dict[JobName, Callable[[RetrainingJob, RetrainingConfig, datetime], _Outcome]]] = {
    "global": _recipe_trained,
    "council": _recipe_trained,
    "adapters": _adapters_trained,
}


def _keep(due: _Due, outcome: _Outcome, now: datetime) -> RetrainingFacts:
    version = outcome.version
    before = RetrainingReport.objects.filter(job=due.name, at__lt=now).order_by("-at").first()
    words = words_counted(since=None if before is None else before.at, as_of=now)
    row, _ = RetrainingReport.objects.get_or_create(
        job=due.name,
        day=now.astimezone(MOSCOW).date(),
        defaults={
            "period": due.period,
            "trigger": due.trigger,
            "state": outcome.state,
            "version_id": None if version is None else version.id,
            "verdict": "" if version is None else version.grade,
            "note": outcome.note,
            "figures": {**outcome.figures, **({"users_said": words} if words else {})},
            "at": now,
        },
    )
    return retraining_facts_of(row)
