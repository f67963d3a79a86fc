"""Staff's word on a signal: approved, rejected, or a note; each is kept with its author and time."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from signals.models import Review, Signal
from signals.selectors.reviews import verdicts
from traderai.common.errors import ConflictError, InputError, NotFoundError, did_you_mean


@transaction.atomic
def signal_review(*, signal_id: int, verdict: str, note: str = "", by: str, now: datetime) -> None:
    """Write down what a member of staff says of a signal; the newest verdict counts, a note changes none.

    A rejected signal is withdrawn from users at once, until it is approved; the record keeps it either way.
    Repeating: a verdict that stands already is refused, so that two reviewers see that they had the same thought.
    Raises: InputError for an unknown verdict, or one without its author or its reason, NotFoundError for an unknown
    signal, ConflictError where the same verdict stands.
    """
    note = note.strip()
    if verdict not in Review.Verdict.values:
        raise InputError(
            f"verdict must be one of {', '.join(Review.Verdict.values)}, was {verdict!r}"
            f"{did_you_mean(verdict, Review.Verdict.values)}",
            field="verdict",
        )
    if not by:
        raise InputError("a review must name its author; give the user's name", field="by")
    if not note and verdict != Review.Verdict.APPROVED:
        raise InputError(f"{verdict} must say why; give a note", field="note")
    # Two reviewers of one signal take turns.
    if not Signal.objects.select_for_update(no_key=True).filter(pk=signal_id).values_list("pk"):
        raise NotFoundError(f"no signal {signal_id} is stored")
    standing = verdicts().filter(signal=signal_id).first()
    if standing is not None and standing.verdict == verdict:
        raise ConflictError(
            f"signal {signal_id} is {verdict} already, by {standing.by} at "
            f"{standing.at.isoformat(timespec='seconds')}; add a note instead",
            code=f"already_{verdict}",
        )
    Review.objects.create(signal_id=signal_id, verdict=verdict, note=note, by=by, at=now)
