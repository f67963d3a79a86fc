"""The real files, loaded by the real command; facts from outside the files check them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command

from market.contracts import Timeframe
from market.models import Candle, CorporateAction, Instrument
from market.selectors.bars import bars_load
from market.selectors.candles import candle_list, last_closes
from market.services.ingest import ingest_all
from market.services.sources import source_open
from tests.market import make

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
AS_OF = make.moscow("2024-12-31")


def day_close(secid, day):
    rows = candle_list(
        secid=secid, timeframe=Timeframe.H1, as_of=make.moscow(day) + timedelta(days=1), limit=1
    )
    assert f"{rows[0].begin.astimezone(make.MOSCOW):%Y-%m-%d}" == day
    return rows[0].close


def test_the_blue_chips_load_as_traded(real_data, capsys):
    call_command("ingest", "all", "--source", "files", "--path", str(real_data))
    assert "new 157" in capsys.readouterr().out
    assert Candle.objects.count() == 157_223
    again = ingest_all(source=source_open(name="files", path=real_data), now=AS_OF)
    assert (again.rows_new, again.rows_changed) == (0, 0)
    assert day_close("GMKN", "2024-04-01") == 15_054
    assert 140 < day_close("GMKN", "2024-04-08") < 160
    assert 11_000 < day_close("PLZL", "2024-12-30") < 15_000
    low = min(
        c.low
        for c in candle_list(secid="SBER", timeframe=Timeframe.H1, as_of=make.moscow("2022-02-25"), limit=24)
    )
    assert low == 89.59
    for share in Instrument.objects.exclude(secid="GMKN"):
        stored = (
            Candle.objects.filter(instrument=share).order_by("-begin").values_list("close", flat=True)[:500]
        )
        steps = [close / share.price_step_rub for close in stored]
        assert max(abs(step - round(step)) for step in steps) < 1e-6, share.secid
    assert len(last_closes(timeframe=Timeframe.H1, as_of=AS_OF)) == 15
    check_dividend_gaps()
    bars = bars_load(secid="GMKN", timeframe=Timeframe.H1, as_of=AS_OF)
    jumps = bars.open[1:] / bars.close[:-1]
    assert jumps.min() > 0.7 and jumps.max() < 1.4  # no trace of the split is left


def check_dividend_gaps():
    """The price falls on the ex-date by about the dividend; a wrong ex-date would show here."""
    gaps = []
    for secid in Instrument.objects.values_list("secid", flat=True):
        bars = bars_load(secid=secid, timeframe=Timeframe.H1, as_of=AS_OF)
        gaps += [
            (bars.close[at - 1] - bars.open[at]) / bars.dividend_rub[at]
            for at in bars.dividend_rub.nonzero()[0]
        ]
    assert len(gaps) == 40
    assert sum(0.5 < gap < 1.6 for gap in gaps) >= 39
    assert CorporateAction.objects.filter(kind="split").count() == 2
