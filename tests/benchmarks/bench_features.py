"""Benchmarks of the features: kernels in memory beside pandas and qlib, the store beside Parquet, one new bar.

Real 10m candles where they are at hand, otherwise a random walk of the same length. qlib gets an environment of its
own in the state folder, made the first time; without a package index its figure is left out and said so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from features.catalog import BY_NAME
from features.kernels.engine import compute_columns
from features.kernels.window import window_of
from features.selectors.catalogue import feature_specs
from features.spec import FeatureSpec
from features.store import decode, encode
from market.contracts import Bars, Timeframe
from market.kernels.sessions import MAIN
from tests.benchmarks.environments import ROOT, own_python
from tests.benchmarks.figures import Figure, fastest
from tests.benchmarks.pandas_technical import PANDAS, frame_of
from tests.features.series import random_bars

QLIB = "pyqlib==0.9.7"
BARS = 40_000
SECIDS = ("MTLR", "BELU", "AKRN")
PLACE = "candles/10m_second_tier_2020_2023.parquet"
MOSCOW_S = 3 * 3600


def feature_kernels() -> list[Figure]:
    series = real_series() or [random_bars(BARS, seed=seed) for seed in range(len(SECIDS))]
    specs = [spec for spec in feature_specs(name="full_v1_tech") if spec.reads == "bars"]
    values = len(specs) * sum(map(len, series))
    seconds = fastest(lambda: compute_all(series, specs))
    ours_ns = 1e9 * seconds / values
    figures = [
        Figure(
            what=f"technical part of full_v1, {len(specs)} columns, one core",
            value=sum(map(len, series)) / seconds,
            unit="bars/s",
            at_least=400_000,
        ),
        Figure(what="the same, by value", value=ours_ns, unit="ns"),
        pandas_figure(series),
    ]
    qlib_ns = qlib_ns_a_value(series)
    if qlib_ns is None:
        print(f"qlib left out: {QLIB} cannot be installed here", file=sys.stderr)
        return figures
    return [
        *figures,
        Figure(what="qlib's Alpha158 on the same bars, by value", value=qlib_ns, unit="ns"),
        Figure(what="qlib's time a value over ours", value=qlib_ns / ours_ns, unit="x", at_least=15),
    ]


def pandas_figure(series: list[Bars]) -> Figure:
    """Return how much longer pandas takes for those columns that it computes by rolling calls."""
    specs = [BY_NAME[name] for name in PANDAS]
    frames = [frame_of(bars) for bars in series]
    ours = fastest(lambda: compute_all(series, specs))
    theirs = fastest(lambda: [[column(frame) for column in PANDAS.values()] for frame in frames], runs=1)
    return Figure(
        what=f"pandas' time over ours, {len(specs)} columns of both",
        value=theirs / ours,
        unit="x",
        at_least=5,
    )


def feature_files() -> list[Figure]:
    """Return how fast months are encoded, checked and decoded beside pyarrow's own default."""
    bars = (real_series() or [random_bars(BARS, seed=1)])[0]
    specs = [spec for spec in feature_specs(name="full_v1_tech") if spec.reads == "bars"]
    values = computed(bars, specs)[-850:]
    begin_s, columns = bars.begin_s[-850:], tuple(spec.name for spec in specs)
    table = pa.table(
        [pa.array(begin_s), *(pa.array(np.ascontiguousarray(column)) for column in values.T)],
        names=["begin_s", *columns],
    )

    def plain() -> None:
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        pq.read_table(pa.BufferReader(sink.getvalue()), use_threads=False)

    def ours() -> None:
        decode(encode(begin_s, values, columns), columns)

    ratio = fastest(lambda: repeat(plain, 40)) / fastest(lambda: repeat(ours, 40))
    return [
        Figure(
            what="months written and read, speed of Parquet itself", value=100 * ratio, unit="%", at_least=70
        )
    ]


def computed(bars: Bars, specs: list[FeatureSpec]) -> np.ndarray:
    return compute_columns(window_of(bars, start=0, stop=len(bars)), specs)


def compute_all(series: list[Bars], specs: list[FeatureSpec]) -> None:
    """Compute one share after the other; none is kept, as in a build."""
    for bars in series:
        computed(bars, specs)


def repeat(act: Callable[[], None], times: int) -> None:
    for _ in range(times):
        act()


def real_series() -> list[Bars]:
    """Return real 10m bars of three shares, none where the folder of real data is absent."""
    folder = Path(os.environ.get("TRADERAI_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / PLACE).is_file():
        return []
    rows = pl.scan_parquet(folder / PLACE).filter(pl.col("secid").is_in(SECIDS)).sort("begin").collect()
    return [
        bars_of(rows.filter(pl.col("secid") == secid).unique("begin").sort("begin").tail(BARS))
        for secid in SECIDS
    ]


def bars_of(rows: pl.DataFrame) -> Bars:
    n = len(rows)
    prices = {name: rows[name].to_numpy() for name in ("open", "high", "low", "close")}
    volume = rows["volume"].to_numpy()
    begin_s = rows["begin"].dt.epoch("s").to_numpy() - MOSCOW_S
    days = (begin_s + MOSCOW_S) // 86_400
    return replace(
        random_bars(n, seed=0),
        timeframe=Timeframe.M10,
        begin_s=begin_s,
        **prices,
        volume_shares=volume,
        turnover_rub=volume * prices["close"],
        dividend_rub=np.zeros(n),
        trading_day=np.searchsorted(np.unique(days), days).astype(np.int64),
        session=np.full(n, MAIN, dtype=np.int8),
    )


def qlib_ns_a_value(series: list[Bars]) -> float | None:
    """Return nanoseconds a value of Alpha158 on the same bars with one kernel, None where qlib cannot be had."""
    python = own_python(QLIB)
    if python is None:
        return None
    n = min(map(len, series))
    arrays = {
        name: np.stack([getattr(bars, name)[-n:] for bars in series])
        for name in ("open", "high", "low", "close")
    }
    arrays["volume"] = np.stack([bars.volume_shares[-n:] for bars in series])
    arrays["vwap"] = (arrays["high"] + arrays["low"] + arrays["close"]) / 3
    with tempfile.TemporaryDirectory() as folder:
        np.savez(
            Path(folder) / "bars.npz", secids=np.array([f"S{at}" for at in range(len(series))]), **arrays
        )
        script = Path(__file__).with_name("qlib_alpha158.py")
        done = subprocess.run([python, script, folder], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return float(1e9 * told["seconds"] / told["values"])
