"""Keeping what a version in shadow says; light enough for the scoring stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from modeling.contracts.shadow import ShadowSaid
from modeling.models import ModelVersion, ShadowAnswer


def shadow_answers_record(*, version_id: int, answers: Sequence[ShadowSaid], now: datetime) -> int:
    """Store what a shadow said and return how many answers are new; of a version in another state none are stored.

    Repeating stores nothing: the first answer on a share, horizon and bar stands.
    """
    with transaction.atomic():
        # The lock keeps the version in shadow until the answers are in.
        version = ModelVersion.objects.select_for_update().get(pk=version_id)
        if version.state != ModelVersion.State.SHADOW:
            return 0
        stored = ShadowAnswer.objects.filter(version_id=version_id)
        before = stored.count()
        rows = [ShadowAnswer(version_id=version_id, created_at=now, **asdict(answer)) for answer in answers]
        ShadowAnswer.objects.bulk_create(rows, ignore_conflicts=True)
        return stored.count() - before
