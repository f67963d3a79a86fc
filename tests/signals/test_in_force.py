"""What held at many moments is what one asks for one by one, less what nobody could have known then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from signals.models import Review
from signals.selectors.in_force import signals_in_force
from signals.selectors.stored import signal_latest
from tests.behavior import coach_maker as make

pytestmark = pytest.mark.django_db


def test_many_moments_at_once_are_the_same_as_one_by_one():
    rows = [make.share(secid, days=5) for secid in ("AAAA", "BBBB")]
    for hour in range(0, 12, 3):
        for place, row in enumerate(rows):
            make.signal(row, "BUY" if hour % 2 else "SELL", at=make.NOW + timedelta(hours=hour + place))
    rejected = make.signal(rows[0], at=make.NOW + timedelta(hours=20))
    Review.objects.create(signal=rejected, verdict="rejected", note="x", by="staff")
    late = make.signal(rows[1], at=make.NOW + timedelta(hours=30), created_at=make.NOW + timedelta(hours=40))
    asked = [(row.pk, make.NOW + timedelta(minutes=60 + 30 * step)) for step in range(70) for row in rows]
    with CaptureQueriesContext(connection) as queries:
        found = signals_in_force(asked=asked, timeframe="1h", horizon="5d")
    assert len(queries) == 2
    assert late.pk not in {one.signal_id for one in found if one} and None in found
    secids = {row.pk: row.secid for row in rows}
    for (key, moment), one in zip(asked, found, strict=True):
        newest = signal_latest(secid=secids[key], timeframe="1h", horizon="5d", as_of=moment)
        held = newest.valid_until >= moment and newest.id != late.pk
        assert (one and (one.signal_id, one.action, one.strength)) == (
            (newest.id, newest.action, newest.strength) if held else None
        )
    assert signals_in_force(asked=[], timeframe="1h", horizon="5d") == ()
