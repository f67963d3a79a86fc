from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from market.contracts import CandleOrigin, Timeframe
from market.models import CandleDisagreement, CandleSource
from market.selectors.disagreements import disagreement_examples, disagreement_sums
from market.services.candle_write import candles_write
from tests.market import make

pytestmark = pytest.mark.django_db
BETTER = CandleOrigin(name="candles/better.csv", kind="file", priority=600)
WORSE = CandleOrigin(name="candles/worse.csv", kind="file", priority=400)
AS_OF = make.moscow("2024-02-01")


def told(facts, closes, origin, *, timeframe=Timeframe.H1, volume=None, day="2024-01-03"):
    bars = make.columns(make.hours(day, count=len(closes)), closes)
    if volume is not None:
        bars.volume_shares[:] = volume
    candles_write(instrument_id=facts.id, timeframe=timeframe, columns=bars, origin=origin)


@pytest.fixture(params=["better first", "worse first"])
def share(request):
    """Two sources tell of three hours: the first alike, the second of another volume, the third of other prices."""
    facts = make.instrument("SBER")
    sources = [(BETTER, [100.0, 200.0, 300.0], [100.0, 100.0, 100.0]), (WORSE, [100.0, 200.0, 330.0], [100.0, 50.0, 100.0])]  # fmt: skip
    for origin, closes, volume in sources if request.param == "better first" else reversed(sources):
        told(facts, closes, origin, volume=np.array(volume))
    return facts


def test_differences_are_summed_up_by_sources_and_series(share):
    (one,) = disagreement_sums(as_of=AS_OF)
    assert (one.winner, one.loser, one.timeframe, one.secid) == (BETTER.name, WORSE.name, "1h", "SBER")
    assert (one.bars, one.price_bars) == (2, 1)
    assert one.price_gap_frac == pytest.approx(0.1) and one.volume_gap_frac == pytest.approx(0.5)
    assert (one.first, one.last) == (make.moscow("2024-01-03T11:00"), make.moscow("2024-01-03T12:00"))


def test_examples_show_both_sides_the_worst_first(share):
    worst, second = disagreement_examples(as_of=AS_OF)
    assert worst.begin == make.moscow("2024-01-03T12:00")
    assert (worst.believed[3], worst.told[3]) == (300.0, 330.0)
    assert worst.price_gap_frac == pytest.approx(0.1)
    assert (second.price_gap_frac, second.believed[4], second.told[4]) == (0.0, 100.0, 50.0)
    assert len(disagreement_examples(as_of=AS_OF, limit=1)) == 1


def test_the_scope_leaves_the_rest_out(share):
    other = make.instrument("GAZP")
    told(other, [10.0, 20.0], BETTER)
    told(other, [10.0, 21.0], WORSE)
    assert [one.secid for one in disagreement_sums(as_of=AS_OF)] == ["SBER", "GAZP"]
    assert [one.secid for one in disagreement_sums(as_of=AS_OF, secids=["GAZP"])] == ["GAZP"]
    assert disagreement_sums(as_of=AS_OF, timeframes=[Timeframe.D1]) == ()
    assert disagreement_sums(as_of=AS_OF, since=make.moscow("2024-01-04")) == ()
    twelve = make.moscow("2024-01-03T12:00")
    assert disagreement_sums(as_of=twelve + timedelta(minutes=59), secids=["SBER"])[0].bars == 1
    assert disagreement_sums(as_of=twelve + timedelta(minutes=60), secids=["SBER"])[0].bars == 2


def test_sources_that_agree_are_not_mentioned():
    facts = make.instrument()
    told(facts, [100.0, 200.0], BETTER)
    told(facts, [100.0, 200.0], WORSE)
    assert disagreement_sums(as_of=AS_OF) == () and disagreement_examples(as_of=AS_OF) == ()


def test_a_source_loses_a_bar_once(share):
    row = CandleDisagreement.objects.order_by("begin").first()
    row.pk = None
    with pytest.raises(IntegrityError, match="market_candledisagreement_once"), transaction.atomic():
        row.save(force_insert=True)
    row.loser = CandleSource.objects.create(name="third", kind="file", priority=1)
    row.save(force_insert=True)
