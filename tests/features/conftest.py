"""A market of synthetic shares in PostgreSQL and a lake in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.contracts import BuildReport
from features.models import FeatureSnapshot
from features.services.build import features_build
from market.contracts import SIMULATOR_ORIGIN, Bars, Timeframe
from market.models import CorporateAction, Instrument
from market.services.candle_write import candles_write
from tests.features.series import candle_columns, random_bars
from tests.market.make import FILE

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path, settings: Any) -> Path:
    """Point the settings to an empty lake and return its folder."""
    settings.LAKE_URL = f"file://{tmp_path / 'lake'}"
    return tmp_path / "lake"


@pytest.fixture
def share(db: None) -> Callable[..., Instrument]:
    """Return a maker of instruments with stored hourly candles."""

    def make(secid: str, bars: Bars, *, simulated: bool = False) -> Instrument:
        instrument = Instrument.objects.create(
            secid=secid, name_ru=secid, name_en=secid, is_simulated=simulated
        )
        store_candles(instrument, bars)
        return instrument

    return make


def store_candles(instrument: Instrument, bars: Bars) -> None:
    candles_write(
        instrument_id=instrument.pk,
        timeframe=Timeframe.H1,
        columns=candle_columns(bars),
        origin=SIMULATOR_ORIGIN if instrument.is_simulated else FILE,
    )


def store_split(instrument: Instrument, *, on: str, factor: float) -> None:
    CorporateAction.objects.create(
        instrument=instrument,
        kind="split",
        ex_date=on,
        shares_after_per_before=factor,
        known_at=datetime(2020, 1, 1, tzinfo=UTC),
        source="test",
    )


def build(now: datetime = NOW, **options: Any) -> BuildReport:
    wanted: dict[str, Any] = {"feature_set": "tech_v1", "timeframe": Timeframe.H1, "now": now}
    return features_build(**(wanted | options))


def months_of(secid: str) -> dict[str, str]:
    """Return the file of each stored month."""
    rows = FeatureSnapshot.objects.filter(instrument__secid=secid).order_by("month")
    return {f"{row.month:%Y-%m}": row.file_key for row in rows}


def long_bars(*, seed: int = 5) -> Bars:
    """Return about five months of bars, so that 600 bars of warm-up leave some months alone."""
    bars = random_bars(1_500, seed=seed)
    bars.dividend_rub[:] = 0.0
    assert len(np.unique(bars.trading_day)) > 100
    return bars
