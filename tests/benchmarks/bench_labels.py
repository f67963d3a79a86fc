"""Benchmarks of the labels: barriers on real 1m and 5m bars beside vectorbt's stops, ranks of a whole market.

Real candles where they are at hand, otherwise a random walk of the same length. vectorbt gets an environment of its
own in the state folder, made the first time; without a package index its figure is left out and said so. All figures
are the processor's time, which other loads of the machine disturb less; everything here runs on one core.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from market.contracts import Bars, Timeframe
from modeling.contracts import BarrierLabelSet, RankLabelSet
from modeling.kernels.label_windows import RowInputs, row_inputs
from modeling.kernels.labels import barrier_labels
from modeling.kernels.rank_labels import rank_labels
from modeling.selectors.label_sets import barrier_set_get, label_set_get
from tests.benchmarks.bench_features import bars_of
from tests.benchmarks.environments import ROOT, own_python
from tests.benchmarks.figures import Figure
from tests.features.series import random_bars

VECTORBT = "vectorbt==1.2.0"
PLACES = {"1m": "1m_2024", "5m": "5m_finam_2018_2019"}
SECIDS = ("SBER", "GAZP", "MTLR", "GMKN")
BARS = 130_000
SHARES, DAYS = 1000, 6000
COST_FRAC = 0.001


def barrier_kernels() -> list[Figure]:
    """Return what a bar's labels cost, all outputs of both sides, given what row_inputs tells."""
    figures = []
    for code in PLACES:
        series = [with_dividend(bars) for bars in intraday_bars(Timeframe(code))]
        spec = barrier_set_get(name="intraday_v2", timeframe=code)
        ns = ns_a_bar(series, spec, spec.horizons[0])
        figures.append(
            Figure(what=f"labels intraday_v2 {code}, both sides, per bar", value=ns, unit="ns", below=100)
        )
    minutes = [with_dividend(bars) for bars in intraday_bars(Timeframe.M1)]
    worst = ns_a_bar(minutes, time_outs(barrier_set_get(name="intraday_v2", timeframe="1m")), "60bars")
    seconds = least_seconds(lambda: [row_inputs(bars, cost_frac=COST_FRAC) for bars in minutes])
    figures += [
        Figure(what="the same where every trade times out after 60 bars", value=worst, unit="ns", below=200),
        Figure(
            what="what labels need of each bar beside it (row_inputs)",
            value=1e9 * seconds / sum(map(len, minutes)),
            unit="ns",
        ),
    ]
    return figures + beside_vectorbt(minutes[0])


def beside_vectorbt(bars: Bars) -> list[Figure]:
    """Return vectorbt's time over ours on the same bars and levels."""
    python = own_python(VECTORBT)
    if python is None:
        print(f"vectorbt left out: {VECTORBT} cannot be installed here", file=sys.stderr)
        return []
    spec = barrier_set_get(name="intraday_v2", timeframe="1m")
    unit = np.roll(row_inputs(bars, cost_frac=COST_FRAC).atr_frac, 1)  # known before the bar's open
    known = np.arange(unit.size)[~np.isnan(unit)][1:]
    with tempfile.TemporaryDirectory() as folder:
        np.savez(
            Path(folder) / "bars.npz",
            **{name: getattr(bars, name)[known] for name in ("open", "high", "low", "close")},
            take_profit=spec.take_profit * unit[known],
            stop_loss=spec.stop_loss * unit[known],
        )
        script = Path(__file__).with_name("vectorbt_stops.py")
        done = subprocess.run([python, script, folder], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    theirs = 1e9 * told["seconds"] / known.size
    ours = ns_a_bar([bars], spec, spec.horizons[0])
    return [
        Figure(what="vectorbt's stops on the same bars, both sides, per bar", value=theirs, unit="ns"),
        Figure(what="vectorbt's time over that of our labels", value=theirs / ours, unit="x", at_least=1.5),
    ]


def rank_kernels() -> list[Figure]:
    """Return how long the ranks of a whole market take, one horizon."""
    spec = label_set_get(name="rank_v1")
    assert isinstance(spec, RankLabelSet)
    days = np.arange(DAYS, dtype=np.int64)
    begin_s = 86_400 * days
    few = [
        replace(random_bars(DAYS, seed=seed), timeframe=Timeframe.D1, begin_s=begin_s, trading_day=days)
        for seed in range(20)
    ]
    inputs = [row_inputs(bars, cost_frac=COST_FRAC) for bars in few]
    panel = [(replace(few[at % 20], secid=f"S{at}"), liquid(inputs[at % 20])) for at in range(SHARES)]
    seconds = least_seconds(lambda: rank_labels(panel, spec, "5d"), runs=2)
    return [
        Figure(
            what=f"ranks of {SHARES:,} shares on {DAYS:,} days, one horizon",
            value=seconds,
            unit="s",
            below=10,
        )
    ]


def ns_a_bar(series: list[Bars], spec: BarrierLabelSet, horizon: str) -> float:
    inputs = [row_inputs(bars, cost_frac=COST_FRAC) for bars in series]

    def label_all() -> None:
        for bars, own in zip(series, inputs, strict=True):
            barrier_labels(bars, spec, horizon, own)

    return 1e9 * least_seconds(label_all) / sum(map(len, series))


def least_seconds(act: Callable[[], object], runs: int = 100) -> float:
    """Return the least processor time of runs that last some seconds, after one that compiles.

    On a shared host the same loop takes up to twice its time for seconds on end.
    """
    act()
    seconds = []
    for _ in range(runs):
        began_s = time.process_time()
        act()
        seconds.append(time.process_time() - began_s)
    return min(seconds)


def with_dividend(bars: Bars) -> Bars:
    """Return the bars with a dividend in the middle: prices without one need not be lifted."""
    paid_rub = np.zeros(len(bars))
    paid_rub[len(bars) // 2] = 0.01 * bars.close[len(bars) // 2]
    return replace(bars, dividend_rub=paid_rub)


def time_outs(spec: BarrierLabelSet) -> BarrierLabelSet:
    """Return a set with levels that nothing reaches, and no reason to leave a row out."""
    return replace(
        spec, barrier_unit="frac", take_profit=0.9, stop_loss=0.9, max_spread_of_take_profit_frac=1.0,
        min_median_turnover_rub=0.0, within_day=False, max_gap_min=None, max_gap_days=100.0, horizons=("60bars",),
    )  # fmt: skip


def liquid(inputs: RowInputs) -> RowInputs:
    return replace(inputs, median_turnover_rub=np.full(inputs.cost_frac.size, 1e9))


def intraday_bars(timeframe: Timeframe) -> list[Bars]:
    """Return real bars of a few shares, walks of the same length where the folder of real data is absent."""
    folder = Path(os.environ.get("TRADERAI_TEST_DATA") or ROOT.parent / "shared" / "data")
    place = folder / "candles" / f"{PLACES[timeframe.value]}.parquet"
    if not place.is_file():
        at = np.arange(BARS, dtype=np.int64)
        begin_s, day = 86_400 * (at // 100) + 60 * timeframe.minutes * (at % 100), at // 100
        walk = random_bars(BARS, seed=1)
        return [replace(walk, timeframe=timeframe, begin_s=begin_s, trading_day=day)]
    rows = pl.read_parquet(place).unique(["secid", "begin"]).sort("begin")
    found = [rows.filter(pl.col("secid") == secid) for secid in SECIDS]
    return [replace(bars_of(own), timeframe=timeframe) for own in found if len(own)]
