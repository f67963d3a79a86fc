"""Benchmarks of scoring a whole market: 250 shares with 2,500 hourly bars each, a version on `tech_v1` and 64 bars."""

from __future__ import annotations

from datetime import datetime, timedelta

from features.services.build import features_build
from market.contracts import Timeframe
from market.models import Instrument
from market.services.candle_write import candles_write
from signals.services.score import signals_score
from tests.benchmarks.figures import Figure
from tests.market.make import FILE
from tests.signals import builders
from traderai.common import clock

SHARES, BARS, LOOKBACK = 250, 2500, 64
FEATURE_SET = "tech_v1"


def scoring() -> list[Figure]:
    market_make()
    signals_score(secids=["MKT000"], now=market_now(BARS - 1))  # compiles
    began_s = clock.monotonic_s()
    report = signals_score(now=market_now())
    seconds = clock.monotonic_s() - began_s
    own = [signal for signal in report.signals if signal.secid.startswith("MKT")]
    assert len(own) == 3 * SHARES and all(signal.new for signal in own)
    return [
        Figure(what=f"all {SHARES} shares scored and stored", value=seconds, unit="s", below=3.0),
        Figure(what="signals decided, explained and stored", value=len(own) / seconds, unit="1/s"),
    ]


def market_make() -> None:
    """Store the shares, their features of the last months and a version that reads them."""
    for number in range(SHARES):
        instrument = Instrument.objects.create(
            secid=f"MKT{number:03}", name_ru=f"Акция {number}", name_en=f"Share {number}", lot_size=10,
            sector="finance", shortable=True,
        )  # fmt: skip
        candles_write(
            instrument_id=instrument.pk,
            timeframe=Timeframe.H1,
            columns=builders.columns(number, BARS),
            origin=FILE,
        )
    now = market_now()
    secids = tuple(f"MKT{number:03}" for number in range(SHARES))
    features_build(
        feature_set=FEATURE_SET,
        timeframe=Timeframe.H1,
        secids=secids,
        since=now - timedelta(days=60),
        now=now,
    )
    builders.champion(
        "market-bench", scaled_on="MKT000", at=now, trained_until=now - timedelta(days=200),
        feature_set=FEATURE_SET, lookback=LOOKBACK,
    )  # fmt: skip


def market_now(bars: int = BARS) -> datetime:
    """Return a moment soon after the end of so many bars."""
    return builders.last_moment(bars) + timedelta(minutes=5)
