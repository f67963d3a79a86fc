"""The panel of daily bars against the bars of each instrument, as of moments, with splits, dividends and gaps."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from market.contracts import CandleColumns, Timeframe
from market.models import CorporateAction, TickerChange
from market.selectors.bars import bars_load
from market.selectors.daily_panel import DailyPanel, daily_panel
from market.selectors.instruments import instrument_get, instruments_named
from market.services.candle_write import candles_write
from tests.market.make import FILE, instrument, moscow
from traderai.common.clock import MOSCOW, midnight

pytestmark = pytest.mark.django_db
NOW = moscow("2024-03-20T12:00")
SPANS = [(moscow("2024-01-09"), moscow("2024-01-20")), (moscow("2024-03-01"), NOW)]


def daily(secid: str, days: list[date], first: float = 100.0) -> None:
    close = first + np.arange(len(days), dtype=np.float64)
    columns = CandleColumns(
        begin_s=np.array([int(midnight(day).timestamp()) for day in days], dtype=np.int64),
        open=close, high=close, low=close, close=close, volume_shares=np.full(close.size, 10.0),
        value_rub=np.where(np.arange(close.size) % 2, np.nan, close * 10),
    )  # fmt: skip
    candles_write(instrument_id=instrument(secid).id, timeframe=Timeframe.D1, columns=columns, origin=FILE)


def days_between(first: str, last: str) -> list[date]:
    day, end = date.fromisoformat(first), date.fromisoformat(last)
    return [
        day + timedelta(days=n)
        for n in range((end - day).days + 1)
        if (day + timedelta(days=n)).weekday() < 5
    ]


def action(secid: str, kind: str, day: str, **figures: float) -> None:
    CorporateAction.objects.create(
        instrument_id=instrument_get(secid=secid).id, kind=kind, ex_date=date.fromisoformat(day), source="test",
        known_at=datetime(2024, 1, 1, tzinfo=MOSCOW), **figures,
    )  # fmt: skip


@pytest.fixture
def stored(db) -> None:
    whole = days_between("2024-01-02", "2024-03-19")
    daily("WHOLE", whole)
    daily("GAPS", whole[::3], first=50.0)
    daily("LATE", days_between("2024-03-11", "2024-03-19"))
    instrument("EMPTY")
    action("WHOLE", "split", "2024-03-12", shares_after_per_before=10.0)
    action("GAPS", "dividend", "2024-03-05", amount_rub=3.0)
    action("GAPS", "dividend", "2024-02-05", amount_rub=9.0)  # between the spans
    action("WHOLE", "dividend", "2024-03-06", amount_rub=20.0)


def panel(*secids: str, as_of: datetime = NOW) -> DailyPanel:
    return daily_panel(instruments=[instrument_get(secid=s) for s in secids], as_of=as_of, spans=SPANS)


@pytest.mark.parametrize("as_of", [NOW, moscow("2024-03-13T23:59"), moscow("2024-01-15T10:00")])
def test_the_panel_is_the_bars_of_each_share(stored, as_of):
    secids = ("LATE", "WHOLE", "GAPS")
    found = panel(*secids, as_of=as_of)
    for column, secid in enumerate(secids):
        bars = bars_load(secid=secid, timeframe=Timeframe.D1, as_of=as_of)
        began = [datetime.fromtimestamp(begin, MOSCOW) for begin in bars.begin_s]
        inside = np.array([any(a <= at < b for a, b in SPANS) for at in began], dtype=bool)
        own = np.isfinite(found.close[:, column])
        days = [(at.date() - date(1970, 1, 1)).days for at, kept in zip(began, inside, strict=True) if kept]
        assert found.days[own].tolist() == days
        # In the shares of the moment: the split has been taken out of what came before it.
        now = 10.0 if secid == "WHOLE" and as_of >= moscow("2024-03-12") else 1.0
        assert found.close[own, column] == pytest.approx(bars.close[inside] / now)
        assert found.turnover_rub[own, column] == pytest.approx(bars.turnover_rub[inside])
        told = np.where([at < SPANS[1][0] for at in began], 0.0, bars.dividend_rub)[inside]
        assert found.dividend_rub[own, column] == pytest.approx(told / now)
        assert not found.dividend_rub[~own, column].any()


def test_the_newest_price_is_that_of_the_freshest_bar(stored):
    facts = instrument_get(secid="GAPS")
    begin = moscow("2024-03-20T10:00")
    hour = CandleColumns(
        begin_s=np.array([int(begin.timestamp())]), open=np.array([70.0]), high=np.array([70.0]),
        low=np.array([70.0]), close=np.array([70.0]), volume_shares=np.array([1.0]), value_rub=np.array([70.0]),
    )  # fmt: skip
    candles_write(instrument_id=facts.id, timeframe=Timeframe.H1, columns=hour, origin=FILE)
    found = panel("GAPS", "EMPTY", "WHOLE")
    assert found.price_rub[0] == 70.0 and found.price_known_s[0] == (begin + timedelta(hours=1)).timestamp()
    assert np.isnan(found.price_rub[1]) and np.isnan(found.price_known_s[1])
    before = panel("GAPS", as_of=moscow("2024-03-20T10:59"))
    assert before.price_rub[0] < 70.0, "the bar had not closed"


def test_a_price_from_before_a_split_is_of_a_share_of_today(stored):
    as_of = moscow("2024-03-12T09:00")
    found = panel("WHOLE", as_of=as_of)
    bars = bars_load(secid="WHOLE", timeframe=Timeframe.D1, as_of=as_of)
    assert found.price_rub[0] == pytest.approx(bars.close[-1] / 10.0)


def test_instruments_by_tickers_new_and_former(stored):
    facts = instrument_get(secid="WHOLE")
    TickerChange.objects.create(instrument_id=facts.id, old_secid="OLDW", changed_on=date(2024, 1, 1))
    found = instruments_named(secids=["OLDW", "GAPS", "NONE"])
    assert found == {"OLDW": facts, "GAPS": instrument_get(secid="GAPS")}
