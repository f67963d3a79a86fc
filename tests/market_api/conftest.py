"""Real rows of two made-up shares, written by the services that write real ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.conf import LazySettings
from rest_framework.test import APIClient

from market.contracts import SIMULATOR_ORIGIN, CandleColumns, Timeframe
from market.models import Instrument
from market.services.candle_write import candles_write
from traderai.common import clock

FIRST = datetime(2024, 3, 1, 7, 0, tzinfo=UTC)  # 10:00 in Moscow
COUNT = 30


@pytest.fixture
def api(settings: LazySettings) -> APIClient:
    settings.DEVELOPMENT_USERNAME = "trader"
    return APIClient()


@pytest.fixture
def shares(db: None) -> list[Instrument]:
    names = [
        ("SIM01", "Симулированная 1", "Simulated 1", "finance"),
        ("SIM02", "Симулированная 2", "Simulated 2", "it"),
    ]
    rows = [
        Instrument.objects.create(secid=secid, name_ru=ru, name_en=en, sector=sector, is_simulated=True)
        for secid, ru, en, sector in names
    ]
    rows.append(Instrument.objects.create(secid="OLD", name_ru="Ушедшая", name_en="Gone", active=False))
    return rows


@pytest.fixture
def candles(shares: list[Instrument]) -> CandleColumns:
    begin_s = np.array(
        [clock.to_epoch_s(FIRST + i * timedelta(hours=1)) for i in range(COUNT)], dtype=np.int64
    )
    opened = 100.0 + np.arange(COUNT, dtype=np.float64)
    columns = CandleColumns(
        begin_s=begin_s,
        open=opened,
        high=opened + 1.5,
        low=opened - 1.25,
        close=opened + 0.5,
        volume_shares=np.full(COUNT, 1000.0),
        value_rub=np.where(np.arange(COUNT) == 0, np.nan, 1000.0 * opened),
    )
    candles_write(
        instrument_id=shares[0].pk, timeframe=Timeframe.H1, columns=columns, origin=SIMULATOR_ORIGIN
    )
    return columns
