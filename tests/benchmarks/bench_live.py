"""Benchmark of the newest rows: one more bar of 250 shares, from the database to Redis, by the whole of full_v1."""

from __future__ import annotations

from datetime import timedelta
from statistics import median

from features.services.live import LiveMarket
from market.contracts import CandleColumns, Timeframe
from market.models import Instrument
from tests.benchmarks.figures import Figure
from tests.features.longer import begins_of, held, store, walk

SHARES = 250
SECTORS = ("oil_gas", "finance", "metals", "power", "retail", "telecom", "it", "chemicals", "transport")
# Late in a month, when the most bars of it are kept.
LAST_DAY = "2024-05-30"
HISTORY = {
    Timeframe.M10: 2_000,
    Timeframe.M30: 450,
    Timeframe.H1: 450,
    Timeframe.H4: 350,
    Timeframe.D1: 400,
    Timeframe.W1: 280,
}
# Less than an hour of them: then everything is read anew.
LATE_BARS = 5


def live_rows() -> list[Figure]:
    begins = begins_of(Timeframe.M10, HISTORY[Timeframe.M10], last=LAST_DAY)
    late: list[tuple[Instrument, CandleColumns]] = []
    for place in range(SHARES):
        share = held(f"LIVE{place:03d}", sector=SECTORS[place % len(SECTORS)])
        for timeframe, bars in HISTORY.items():
            candles = walk(begins_of(timeframe, bars, last=LAST_DAY), seed=place)
            if timeframe is Timeframe.M10:
                late.append((share, rows_of(candles, slice(-LATE_BARS, None))))
                candles = rows_of(candles, slice(0, -LATE_BARS))
            store(share, timeframe, candles)
    live = LiveMarket(feature_set="full_v1", timeframe=Timeframe.M10, simulated=False)
    live.update(now=begins[-LATE_BARS - 1] + Timeframe.M10.duration)
    seconds = []
    for back in range(LATE_BARS):
        for share, candles in late:
            store(share, Timeframe.M10, rows_of(candles, slice(back, back + 1)))
        report = live.update(now=begins[back - LATE_BARS] + Timeframe.M10.duration + timedelta(seconds=1))
        assert (report.rows, report.reloaded, report.failed) == (SHARES, False, ()), report
        seconds.append(report.seconds)
    what = f"full_v1 of one more 10m bar of {SHARES} shares, into Redis"
    return [
        Figure(what=what, value=median(seconds), unit="s", below=1),
        Figure(what="the slowest: bars of half an hour and an hour end, too", value=max(seconds), unit="s"),
    ]


def rows_of(candles: CandleColumns, rows: slice) -> CandleColumns:
    return CandleColumns(**{name: getattr(candles, name)[rows] for name in candles.__dataclass_fields__})
