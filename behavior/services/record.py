"""What users were shown, said and played, written down once."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from behavior.contracts.rows import FeedbackFacts, GameAnswerFacts
from behavior.models import Feedback, GameAnswer
from modeling.contracts.feedback import Word
from modeling.services.feedback import feedback_record as word_push
from signals.contracts import SignalFacts
from signals.selectors.stored import signal_get
from traderai.common.errors import ConflictError, InputError

COMMENT_MAX = 2000
# One statement: every answer about a share waits for it.
_SHOWN = """
INSERT INTO behavior_signalshown (user_id, signal_id, place, at) VALUES (%s, %s, %s, %s)
ON CONFLICT ON CONSTRAINT behavior_signalshown_once DO NOTHING
"""


@transaction.atomic
def feedback_record(*, user_id: int, signal_id: int, kind: str, comment: str, now: datetime) -> FeedbackFacts:
    """Store what a user says of a signal; the same word said again is the row that is there.

    Raises: NotFoundError for a signal that was not given, InputError for a comment that says nothing or too much.
    """
    comment = comment.strip()
    if len(comment) > COMMENT_MAX or (kind == "comment" and not comment):
        raise InputError(
            f"comment must have 1 to {COMMENT_MAX} characters, had {len(comment)}", field="comment"
        )
    signal = signal_get(signal_id=signal_id)  # refuses one that was not given
    newest = Feedback.objects.filter(user_id=user_id, signal_id=signal_id).order_by("-id").first()
    if newest is None or (newest.kind, newest.comment) != (kind, comment):
        newest = Feedback.objects.create(
            user_id=user_id, signal_id=signal_id, kind=kind, comment=comment, at=now
        )
        _push_down(newest, signal)
    return FeedbackFacts(
        id=newest.pk, signal_id=signal_id, kind=newest.kind, comment=newest.comment, at=newest.at
    )


def _push_down(said: Feedback, signal: SignalFacts) -> None:
    """Let retraining know what was said, not who said it; a comment may name its user and stays here."""
    if said.kind != Feedback.Kind.COMMENT and signal.model_version:
        word_push(
            word=Word(
                place=said.pk,
                model_version=signal.model_version,
                secid=signal.secid,
                timeframe=signal.timeframe,
                horizon=signal.horizon,
                action=signal.action,
                decided_at=signal.as_of,
                kind=said.kind,  # type: ignore[arg-type]  # the database knows these kinds alone
                known_at=said.at,
            )
        )


def signal_shown(*, user_id: int, signal_id: int, place: str, now: datetime) -> bool:
    """Write down that a user saw a signal; return whether it was the first time. Repeating changes nothing.

    Called by whoever shows it; `signal_id` is of a stored signal: what is computed on demand has none.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, [user_id, signal_id, place, now])
        return bool(cursor.rowcount)


def game_answer_record(*, user_id: int, answer: GameAnswerFacts) -> int:
    """Store an answer in the game as behaviour and return its id; the same answer told again is the row that is there.

    Raises: ConflictError where another answer to that scenario is stored.
    """
    row, _ = GameAnswer.objects.get_or_create(
        user_id=user_id,
        scenario=answer.scenario,
        defaults={
            "action": answer.action,
            "model_action": answer.model_action,
            "regime": answer.regime or "",
            "r_multiple": answer.r_multiple,
            "model_r_multiple": answer.model_r_multiple,
            "took_s": answer.took_s,
            "at": answer.answered_at,
        },
    )
    if row.action != answer.action:
        raise ConflictError(
            f"one answer per scenario counts: {answer.scenario} was answered {row.action}, now {answer.action}",
            code="already_answered",
        )
    return row.pk
