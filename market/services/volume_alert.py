"""Telling an ingest that brought too few rows by the like runs before it."""

from __future__ import annotations

import logging
import math
import statistics
from datetime import datetime

from market.models import IngestionRun
from market.quality_config import VolumeAlertLimits, quality_config
from traderai.common.clock import MOSCOW
from traderai.common.errors import NotFoundError

_log = logging.getLogger(__name__)


def run_check(*, run_id: int) -> str:
    """Compare a run with the like ones before it, keep what was expected and return its alert.

    Like runs brought the same kind of rows from the same source on the same weekday (Moscow), asked for the same
    (`scope_sha`) and ended without an error. Their median is expected; below `min_ratio` of it is a
    "warning", below `fail_ratio` "failed". Without enough like runs nothing is expected and the alert is "".

    Repeating: changes nothing, as only runs that started before count.

    Raises: NotFoundError for a run that is not there.
    """
    run = IngestionRun.objects.filter(pk=run_id).first()
    if run is None:
        raise NotFoundError(f"run_id must name a stored ingestion run, was {run_id}")
    limits = quality_config().volume_alert
    expected = _expected(run, limits)
    alert = _alert(run.rows_received, expected, limits)
    IngestionRun.objects.filter(pk=run.pk).update(rows_expected=expected, alert=alert)
    if alert:
        level = logging.ERROR if alert == IngestionRun.Alert.FAILED else logging.WARNING
        _log.log(
            level,
            "ingest of %s from %s (run %d) brought %d rows where %d are usual; look at the source",
            run.kind,
            run.source,
            run.pk,
            run.rows_received,
            expected,
        )
    return alert


def _expected(run: IngestionRun, limits: VolumeAlertLimits) -> int | None:
    before = IngestionRun.objects.filter(
        kind=run.kind,
        source=run.source,
        scope_sha=run.scope_sha,
        started_at__lte=run.started_at,
        finished_at__isnull=False,
        error="",
    )
    like: list[int] = []
    rows = before.exclude(pk=run.pk).order_by("-started_at", "-pk")
    for pk, started_at, received in rows.values_list("pk", "started_at", "rows_received").iterator():
        if (started_at, pk) < (run.started_at, run.pk) and _weekday(started_at) == _weekday(run.started_at):
            like.append(received)
            if len(like) == limits.runs:
                break
    if len(like) < limits.runs_min:
        return None
    return math.floor(statistics.median(like))


def _alert(received: int, expected: int | None, limits: VolumeAlertLimits) -> str:
    if expected is None or expected < limits.rows_min:
        return str(IngestionRun.Alert.NONE)
    if received < limits.fail_ratio * expected:
        return str(IngestionRun.Alert.FAILED)
    return str(
        IngestionRun.Alert.WARNING if received < limits.min_ratio * expected else IngestionRun.Alert.NONE
    )


def _weekday(moment: datetime) -> int:
    return moment.astimezone(MOSCOW).weekday()
