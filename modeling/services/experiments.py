"""The ledger of hypotheses: written down before they are tested, decided once; light enough for the admin."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from modeling.contracts.ledger import ExperimentDecision, ExperimentFacts
from modeling.models import Experiment, TrainingRun, Trial
from modeling.selectors.ledger import experiment_facts_of, experiment_get
from traderai.common import clock
from traderai.common.errors import ConflictError, InputError, NotFoundError

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def experiment_open(
    *, name: str, hypothesis: str, seen_if_true: str, by: str, now: datetime
) -> ExperimentFacts:
    """Write a hypothesis down, and what would be seen if it were true, before anything is measured.

    Repeating with the same words returns the one that is there; other words under its name are a ConflictError.
    """
    if not _NAME.fullmatch(name) or len(name) > 80:
        raise InputError(
            f"name must be up to 80 small letters, digits and single hyphens, was {name!r}", field="name"
        )
    for field, text in (("hypothesis", hypothesis), ("seen_if_true", seen_if_true), ("by", by)):
        if not text.strip():
            raise InputError(f"{field} must not be empty", field=field)
    row, _ = Experiment.objects.get_or_create(
        name=name,
        defaults={
            "hypothesis": hypothesis.strip(),
            "seen_if_true": seen_if_true.strip(),
            "opened_by": by,
            "started_on": now.astimezone(clock.MOSCOW).date(),
        },
    )
    if (row.hypothesis, row.seen_if_true) != (hypothesis.strip(), seen_if_true.strip()):
        raise ConflictError(
            f"experiment {name!r} was opened on {row.started_on} with other words, which do not change; "
            "open another under a name of its own"
        )
    return experiment_facts_of(row, as_of=now)


def experiment_decide(*, name: str, decision: ExperimentDecision, by: str, now: datetime) -> ExperimentFacts:
    """Enter the verdict on a hypothesis with its reason, figures, runs and trials, who gave it and when.

    Once: an experiment that is decided is a ConflictError and stays as it is.
    """
    if not by.strip():
        raise InputError("by must say who decides", field="by")
    experiment_get(name=name, as_of=now)
    with transaction.atomic():
        row = Experiment.objects.select_for_update().get(name=name)
        if row.verdict != Experiment.Verdict.OPEN:
            raise ConflictError(
                f"experiment {name!r} was decided on {row.decided_on} ({row.verdict}) and is not rewritten; "
                "open another for what was learned since"
            )
        _check_known("training run", TrainingRun.objects.all(), decision.run_ids)
        _check_known("trial", Trial.objects.all(), decision.trial_ids)
        row.verdict, row.reason = decision.verdict, decision.reason.strip()
        row.figures = [asdict(figure) for figure in decision.figures]
        row.decided_by, row.decided_on = by, now.astimezone(clock.MOSCOW).date()
        row.save(update_fields=["verdict", "reason", "figures", "decided_by", "decided_on"])
        row.runs.set(decision.run_ids)
        row.trials.set(decision.trial_ids)
    return experiment_get(name=name, as_of=now)


def _check_known(what: str, rows: QuerySet[Any], wanted: tuple[int, ...]) -> None:
    missing = sorted(set(wanted) - set(rows.filter(pk__in=wanted).values_list("pk", flat=True)))
    if missing:
        raise NotFoundError(f"no {what} with id {', '.join(map(str, missing))}; look in the admin")
