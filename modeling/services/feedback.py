"""The door by which users' words on signals come down."""

from __future__ import annotations

from dataclasses import asdict

from modeling.contracts.feedback import Word
from modeling.models import SignalWord


def feedback_record(*, word: Word) -> bool:
    """Store a word and return whether it is new; the same place again changes nothing.

    A retraining tells what was said since the one before. Words are opinions: no label, no weight and no gate reads
    them.
    """
    values = asdict(word)
    _, created = SignalWord.objects.get_or_create(place=values.pop("place"), defaults=values)
    return created
