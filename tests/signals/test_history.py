"""What was told, what came of it and what staff said: each rule of the tables is tried, and nothing of it can be changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from market.models import Instrument
from signals.models import Emission, Outcome, Review, Signal

BAR = datetime(2024, 12, 30, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def signal() -> Signal:
    return Signal.objects.create(
        instrument=Instrument.objects.create(secid="AAAA", name_ru="А", name_en="A"), timeframe="1h", horizon="5d",
        bar_begin=BAR, as_of=BAR + timedelta(hours=1), valid_until=BAR + timedelta(hours=3), action="BUY", confidence=67,
        strength="weak", source="live", model_version="m1", trained_until=BAR, payload={},
    )  # fmt: skip


def outcome(signal: Signal, **changes: object) -> Outcome:
    values = {
        "state": "traded", "exit_reason": "timeout", "entry_at": BAR, "exit_at": BAR, "net_frac": -0.01,
        "r_multiple": -0.5, "cost_frac": 0.001,
    }  # fmt: skip
    return Outcome(signal=signal, **(values | changes))


BROKEN = {
    "signals_outcome_state_known": lambda signal: outcome(signal, state="guess"),
    "signals_outcome_void_says_why": lambda signal: outcome(signal, void_reason="halt"),
    "signals_outcome_trade_is_whole": lambda signal: outcome(signal, r_multiple=None),
    "signals_review_verdict_known": lambda signal: Review(
        signal=signal, verdict="maybe", note="?", by="anna"
    ),
    "signals_review_says_who_and_why": lambda signal: Review(signal=signal, verdict="rejected", by="anna"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses(signal, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        BROKEN[name](signal).save()


def test_a_cost_of_nothing_and_a_nameless_verdict_are_refused(signal):
    for row in (outcome(signal, cost_frac=0.0), Review(signal=signal, verdict="approved", by="")):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()


def test_every_constraint_is_tried():
    models = (Emission, Outcome, Review)
    assert {own.name for model in models for own in model._meta.constraints} == set(BROKEN)


def test_a_signal_is_told_once_and_has_one_outcome(signal):
    for first, second in (
        (Emission(signal=signal), Emission(signal=signal)),
        (outcome(signal), outcome(signal)),
    ):
        first.save()
        with pytest.raises(IntegrityError, match="signal_id_key"), transaction.atomic():
            second.save()


def test_nothing_of_it_is_ever_changed(signal):
    Emission.objects.create(signal=signal)
    outcome(signal).save()
    Review.objects.create(signal=signal, verdict="rejected", note="halted", by="anna")
    for model, change in (
        (Emission, {"emitted_at": BAR}),
        (Outcome, {"net_frac": 1.0}),
        (Review, {"by": "boris"}),
    ):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            model.objects.update(**change)


def test_void_is_told_with_its_reason(signal):
    void = Outcome(signal=signal, state="void", void_reason="halt")
    void.save()
    assert str(void) == f"signal {signal.pk}: void"
    told = Emission.objects.create(signal=signal)
    assert str(told) == f"{told.pk}: signal {signal.pk}"
    review = Review.objects.create(signal=signal, verdict="approved", by="anna")
    assert str(review) == f"signal {signal.pk}: approved by anna"
