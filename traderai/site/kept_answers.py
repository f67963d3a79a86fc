"""Answers kept by key: a write that is sent twice is done once and answered the same.

The write and its answer are one transaction under an advisory lock of user and key: whoever dies in the middle leaves
neither, and whoever comes meanwhile sees the lock.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from traderai.common.errors import ConflictError, InputError
from traderai.site.models import KeptAnswer

KEPT_FOR = timedelta(days=1)
LONGEST_KEY = 100
_KEY = re.compile(rf"[!-~]{{1,{LONGEST_KEY}}}")
_LONGEST_OPERATION = 300
# They say nothing of the request itself: sent again it may go another way.
_PASSING = frozenset({401, 403, 429})


class StillRunningError(ConflictError):
    """The same request is being worked on."""

    code = "still_running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that bears a key."""

    user_id: int
    key: str
    operation: str
    request_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was, or is, answered."""

    status: int
    media_type: str
    body: str
    passing: bool = False  # not to be kept


def answer_once(*, asked: Asked, work: Callable[[], Answer], now: datetime) -> Answer:
    """Return the kept answer of a request, or do the work and keep its answer for a day.

    Kept are what was done and what was refused for good; not what broke (5xx), nor what only a while or the asker's
    standing stood against: that may be sent again under the same key.
    Repeating gives the first answer and changes nothing.
    Raises: StillRunningError while the first one runs; InputError where the key has named another request.
    """
    with transaction.atomic():
        _take_turn(asked)
        kept = KeptAnswer.objects.filter(user_id=asked.user_id, key=asked.key).first()
        if kept is not None and kept.expires_at > now:
            return _again(kept, asked)
        answer = work()
        if answer.status < 500 and answer.status not in _PASSING and not answer.passing:
            if kept is not None:
                kept.delete()
            KeptAnswer.objects.create(
                user_id=asked.user_id,
                key=asked.key,
                operation=asked.operation[:_LONGEST_OPERATION],
                request_sha256=asked.request_sha256,
                status=answer.status,
                media_type=answer.media_type,
                body=answer.body,
                answered_at=now,
                expires_at=now + KEPT_FOR,
            )
        return answer


def key_checked(key: str) -> str:
    """Return a key.

    Raises: InputError for one that is empty, too long or not of plain letters.
    """
    key = key.strip()
    if not _KEY.fullmatch(key):
        raise InputError(
            f"Idempotency-Key must be 1 to {LONGEST_KEY} ASCII characters without spaces, had {len(key)}; "
            "a UUID will do",
            field="Idempotency-Key",
        )
    return key


def kept_answers_sweep(*, now: datetime) -> int:
    """Remove what has been kept long enough, and return how many that were. Repeating finds nothing."""
    return KeptAnswer.objects.filter(expires_at__lte=now).delete()[0]


def kept_answers_of(*, user_id: int) -> dict[str, Any]:
    """Return plain JSON of what is kept for a user."""
    rows = KeptAnswer.objects.filter(user_id=user_id).order_by("id")
    return {
        "answers": [
            {
                "key": row.key,
                "operation": row.operation,
                "status": row.status,
                "body": row.body,
                "answered_at": row.answered_at.isoformat(),
            }
            for row in rows
        ]
    }


def _take_turn(asked: Asked) -> None:
    """Take the lock of user and key until the transaction ends."""
    name = hashlib.sha256(f"kept_answer {asked.user_id} {asked.key}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name[:8], signed=True)])
        (free,) = cursor.fetchone()
    if not free:
        raise StillRunningError(
            "the first request with this Idempotency-Key is still running; ask again soon"
        )


def _again(kept: KeptAnswer, asked: Asked) -> Answer:
    if kept.request_sha256 != asked.request_sha256:
        raise InputError(
            f"Idempotency-Key must name one request: it was used for another {kept.operation} "
            "or for another body; take a new key",
            code="key_used",
            field="Idempotency-Key",
        )
    return Answer(status=kept.status, media_type=kept.media_type, body=kept.body)
