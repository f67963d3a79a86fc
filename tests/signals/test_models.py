"""Each rule of the table is tried, and a stored signal cannot be changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from market.models import Instrument
from signals.models import Signal
from signals.services.store import rows_store
from tests.signals import builders, told

BAR = datetime(2024, 12, 30, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def signal() -> Signal:
    instrument = Instrument.objects.create(secid="AAAA", name_ru="А", name_en="A")
    return Signal(
        instrument=instrument,
        timeframe="1h",
        horizon="5d",
        bar_begin=BAR,
        as_of=BAR + timedelta(hours=1),
        valid_until=BAR + timedelta(hours=3),
        action="BUY",
        confidence=67,
        strength="weak",
        source="live",
        model_version="m1",
        trained_until=BAR,
        payload={},
    )


BROKEN = {
    "signals_signal_action_known": {"action": "SHORT"},
    "signals_signal_source_known": {"source": "guess"},
    "signals_signal_strength_known": {"strength": "huge"},
    "signals_signal_confidence_in_0_100": {"confidence": 101},
    "signals_signal_no_trade_has_no_confidence": {"action": "NO_TRADE"},
    "signals_signal_times_in_order": {"valid_until": BAR},
    "signals_signal_has_its_model": {"model_version": "", "trained_until": None},
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses(signal, name):
    for field, value in BROKEN[name].items():
        setattr(signal, field, value)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        signal.save()
    assert Signal.objects.count() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": None},
        {"bar_begin": BAR + timedelta(hours=1)},
        {"trained_until": None},
    ],
)
def test_other_contradictions_are_refused_too(signal, change):
    for field, value in change.items():
        setattr(signal, field, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        signal.save()


def test_every_constraint_is_tried():
    tried = set(BROKEN) | {"signals_signal_once"}
    assert {constraint.name for constraint in Signal._meta.constraints} == tried


def test_a_signal_is_stored_once(signal):
    signal.save()
    signal.pk = None
    with pytest.raises(IntegrityError, match="signals_signal_once"), transaction.atomic():
        signal.save(force_insert=True)


def test_a_stored_signal_is_never_changed(signal):
    signal.save()
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Signal.objects.update(confidence=99)
    signal.action = "SELL"
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        signal.save()
    assert Signal.objects.get().action == "BUY"


def test_no_trade_needs_no_model(signal):
    signal.action, signal.confidence, signal.strength = "NO_TRADE", None, ""
    signal.model_version, signal.trained_until = "", None
    signal.save()
    assert str(Signal.objects.get()).endswith("NO_TRADE at 2024-12-30 11:00")


def test_many_rows_are_stored_together_or_not_at_all():
    share = builders.share("MANY", seed=1, bars=0)
    rows = [told.signal(share, (bar, "NO_TRADE", None)) for bar in range(200)]
    rows[150].confidence = 200
    with pytest.raises(IntegrityError, match="signals_signal_"), transaction.atomic():
        rows_store(rows=iter(rows))
    assert not Signal.objects.filter(instrument=share).exists()
    rows[150].confidence = None
    assert len(rows_store(rows=iter(rows))) == 200
    ids = [row.pk for row in rows]
    assert ids == sorted(ids) and set(ids) == set(
        Signal.objects.filter(instrument=share).values_list("pk", flat=True)
    )
    assert rows_store(rows=rows) == frozenset() and {row.pk for row in rows} == {None}
