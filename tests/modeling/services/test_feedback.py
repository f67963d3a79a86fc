"""Words of users come down once, and each retraining tells those since the one before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from modeling.contracts.feedback import Word
from modeling.contracts.retraining import RetrainingFacts
from modeling.models import SignalWord
from modeling.selectors.feedback import words_counted
from modeling.selectors.retraining import retraining_text
from modeling.services.feedback import feedback_record
from modeling.services.retraining import retraining_due

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 3, 3, 1, tzinfo=UTC)
WORD = Word(
    place=1, model_version="m1", secid="SBER", timeframe="1h", horizon="5d", action="BUY",
    decided_at=NOW - timedelta(hours=2), kind="useful", known_at=NOW - timedelta(hours=1),
)  # fmt: skip


def test_a_word_comes_once_and_counts_from_when_it_was_said():
    assert feedback_record(word=WORD) and not feedback_record(word=replace(WORD, kind="wrong"))
    feedback_record(word=replace(WORD, place=2, kind="wrong", known_at=NOW))
    feedback_record(word=replace(WORD, place=3, model_version="m2"))
    assert words_counted(since=None, as_of=NOW) == {"m1": {"useful": 1, "wrong": 1}, "m2": {"useful": 1}}
    assert words_counted(since=WORD.known_at, as_of=NOW) == {"m1": {"wrong": 1}}
    assert words_counted(since=None, as_of=WORD.known_at - timedelta(seconds=1)) == {}


def test_a_retraining_tells_what_was_said_since_the_one_before():
    """Without data it is refused; it reports nevertheless."""
    feedback_record(word=WORD)
    first = retraining_due(now=NOW)
    assert isinstance(first, RetrainingFacts)
    assert first.figures["users_said"] == {"m1": {"useful": 1}}
    assert retraining_text(first).endswith(" Since the last one users said of signals by m1: useful 1.")
    feedback_record(word=replace(WORD, place=2, kind="wrong", known_at=NOW + timedelta(hours=3)))
    again = retraining_due(now=NOW + timedelta(days=1))
    assert again is not None and again.job == first.job
    assert again.figures["users_said"] == {"m1": {"wrong": 1}}


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"kind": "comment"}, "modeling_signalword_kind_known"),
        ({"decided_at": NOW}, "modeling_signalword_after_its_signal"),
    ],
)
def test_the_database_takes_no_comment_and_no_word_before_its_signal(changes, constraint):
    values = {name: getattr(WORD, name) for name in WORD.__slots__} | changes
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        SignalWord.objects.create(**values)
