"""The newest signal of each share: the same as by sorting everything, found without reading everything."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.db.models import QuerySet

from signals.models import Review, Signal
from signals.selectors.reviews import withdrawn
from signals.selectors.stored import NEWEST, newest_of_each, signal_latest
from tests.signals import builders
from tests.signals.told import BEGINS, signal
from traderai.common.clock import from_epoch_s

SHARES = 5
BARS = 300
pytestmark = pytest.mark.django_db


@pytest.fixture
def shares(db) -> list[Any]:
    """Five shares with 300 bars of words each: replays and live ones of several models, some withdrawn."""
    made = [builders.share(f"SHR{number}", seed=number, bars=40) for number in range(SHARES)]
    rng = np.random.default_rng(11)
    rows = []
    for share in made[:-1]:
        for bar in range(BARS):
            sources = rng.choice(["live", "replay", "simulated"], rng.integers(1, 4), replace=False)
            for source in sources:
                late = from_epoch_s(int(BEGINS[bar])) + timedelta(hours=float(rng.integers(1, 9)))
                rows.append(signal(share, (bar, "BUY", 70), source=source, created_at=late))
    Signal.objects.bulk_create(rows)
    verdicts = ("rejected", "approved", "note", "rejected")
    for share, verdict in zip(made[:-1], verdicts, strict=True):
        newest = by_sorting(Signal.objects.filter(instrument=share)).get()
        Review.objects.create(signal=newest, verdict=verdict, note="?", by="anna", at=newest.as_of)
    return made


def by_sorting(said: QuerySet[Signal]) -> QuerySet[Signal]:
    """The second method: sort all, keep the first of each."""
    rest = said.exclude(pk__in=withdrawn())
    return rest.order_by("instrument_id", *NEWEST).distinct("instrument_id")


def rows_read(rows: QuerySet[Any]) -> float:
    """Return how many rows of signals the database looked at."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE signals_signal")
        cursor.execute("SET LOCAL enable_seqscan = off")  # as with a history that is too long to be read
    plan = json.loads(rows.explain(format="json", analyze=True))[0]["Plan"]
    return sum(
        node["Actual Rows"] * node["Actual Loops"]
        for node in nodes(plan)
        if node.get("Relation Name") == "signals_signal" and node.get("Index Name") != "signals_signal_pkey"
    )


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(found for below in plan.get("Plans", []) for found in nodes(below))]


@pytest.mark.parametrize("until", [1, 7, 100, BARS])
def test_it_is_what_sorting_finds(shares, until):
    said = Signal.objects.filter(
        timeframe="1h", horizon="5d", as_of__lte=from_epoch_s(int(BEGINS[until - 1])) + timedelta(hours=1)
    )
    found = newest_of_each(said, instrument_ids=[share.id for share in shares])
    assert {row.pk for row in found} == {row.pk for row in by_sorting(said)} and len(found) == SHARES - 1
    two = newest_of_each(said, instrument_ids=[shares[1].id, shares[4].id])
    assert [row.instrument_id for row in two] == [shares[1].id]


def test_the_newest_of_one_share_is_the_same(shares):
    as_of = from_epoch_s(int(BEGINS[-1])) + timedelta(hours=1)
    said = Signal.objects.filter(timeframe="1h", horizon="5d", as_of__lte=as_of)
    found = [
        signal_latest(secid=share.secid, timeframe="1h", horizon="5d", as_of=as_of).id
        for share in shares[:-1]
    ]
    assert sorted(found) == sorted(row.pk for row in by_sorting(said))


def test_it_reads_a_few_rows_of_each_share(shares):
    said = Signal.objects.filter(timeframe="1h", horizon="5d", as_of__lte=from_epoch_s(int(BEGINS[-1])))
    assert rows_read(newest_of_each(said, instrument_ids=[share.id for share in shares])) <= 8 * SHARES
    assert rows_read(by_sorting(said)) > BARS  # sabotage: sorting reads them all
