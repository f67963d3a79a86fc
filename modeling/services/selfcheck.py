"""Proof that the pipeline finds nothing where nothing is, and what is there where something is; nothing is stored."""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import django
import numpy as np

from market.simulated_config import simulated_markets_config
from modeling.fitting.selfcheck import FORECASTERS, RunResult, Task, run
from traderai.common import clock
from traderai.common.errors import InputError
from traderai.common.progress import Progress, silent

Size = Literal["short", "full"]
AUC_TOLERANCE = 0.01
PROMOTIONS_MAX_FRAC = 0.05  # of the null runs; the gate's own level is 1 %
ORACLE_MIN_FRAC = 0.8  # of the oracle's net profit, at the configured strength
STANDARD_ERRORS = 3.0  # in few runs the mean may lie so far beyond the tolerance by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class NullSummary:
    """Markets without an edge, for one forecaster."""

    forecaster: str
    runs: int
    auc_direction: float  # mean over the runs
    auc_direction_error: float  # standard error of the mean
    spread_difference: float  # mean of p_long's AUC less that of volatility and time of day alone
    spread_difference_error: float
    promotions: int  # to the grade `trade`
    informs: int
    trades: int
    net_frac: float  # mean over the runs
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedSummary:
    """Markets with one edge at one strength, for one forecaster."""

    forecaster: str
    edge: str
    strength: float
    runs: int
    rows_frac: float
    trades: int
    net_frac: float  # sum over the runs
    oracle_trades: int
    oracle_net_frac: float
    oracle_share: float  # of the oracle's net profit; NaN where it made none
    promotions: int
    auc_direction: float
    judged: bool  # at the configured strength: must reach ORACLE_MIN_FRAC
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfcheckReport:
    """Both halves; `passed` is what the exit status says."""

    size: Size
    nulls: tuple[NullSummary, ...]
    planted: tuple[PlantedSummary, ...]
    runs: tuple[RunResult, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every summary passed."""
        return all(each.passed for each in self.nulls) and all(each.passed for each in self.planted)


def selfcheck(
    *,
    size: Size,
    parts: Sequence[str] = ("null", "planted"),
    forecasters: Sequence[str] = tuple(FORECASTERS),
    processes: int = 2,
    tasks: Sequence[Task] | None = None,
    progress: Progress = silent,
) -> SelfcheckReport:
    """Run the pipeline on simulated markets, in several processes, and say whether it proves itself.

    Repeating gives the same figures; nothing is written to the database or the lake.
    """
    began_s = clock.monotonic_s()
    wanted = (
        selfcheck_tasks(size=size, parts=parts, forecasters=forecasters) if tasks is None else list(tasks)
    )
    if not wanted or processes < 1:
        raise InputError(f"there must be a run and a process at least, were {len(wanted)} and {processes}")
    results = _results(wanted, processes, progress)
    return SelfcheckReport(
        size=size,
        nulls=_nulls([each for each in results if each.task.edge is None]),
        planted=_planted([each for each in results if each.task.edge is not None]),
        runs=tuple(results),
        seconds=clock.monotonic_s() - began_s,
    )


def selfcheck_tasks(*, size: Size, parts: Sequence[str], forecasters: Sequence[str]) -> list[Task]:
    """Return the runs of a size: every market has a seed of its own, the same for all forecasters."""
    config = simulated_markets_config()
    tasks = []
    if "null" in parts:
        own = f"{size}_null"
        runs = config.sizes[own].runs
        # Each market is given to one forecaster, in turn: as many markets as runs.
        tasks += [
            Task(size=own, seed=config.seed + number, forecaster=forecasters[number % len(forecasters)])
            for number in range(runs)
        ]
    if "planted" in parts:
        own = f"{size}_planted"
        strengths = config.strengths if size == "full" else ()
        tree = forecasters[-1]
        for place, edge in enumerate(config.edges):
            for strength in sorted({*strengths, config.edges[edge].strength}):
                tasks += [
                    Task(
                        size=own,
                        seed=config.seed + 1_000 * (place + 1) + number,
                        forecaster=tree,
                        edge=edge,
                        strength=strength,
                    )
                    for number in range(config.sizes[own].runs)
                ]
    return tasks


def _results(tasks: Sequence[Task], processes: int, progress: Progress) -> list[RunResult]:
    if processes == 1:
        found = []
        for number, task in enumerate(tasks, start=1):
            found.append(run(task))
            progress(number, len(tasks), _said(found[-1]))
        return found
    # Spawned: what learns must not be forked.
    context = multiprocessing.get_context("spawn")
    by_task: dict[Task, RunResult] = {}
    with ProcessPoolExecutor(processes, mp_context=context, initializer=django.setup) as pool:
        for number, done in enumerate(as_completed([pool.submit(run, task) for task in tasks]), start=1):
            result = done.result()
            by_task[result.task] = result
            progress(number, len(tasks), _said(result))
    return [by_task[task] for task in tasks]


def _nulls(results: Sequence[RunResult]) -> tuple[NullSummary, ...]:
    by_forecaster: dict[str, list[RunResult]] = defaultdict(list)
    for each in results:
        by_forecaster[each.task.forecaster].append(each)
    return tuple(_null(name, runs) for name, runs in by_forecaster.items())


def _null(forecaster: str, runs: Sequence[RunResult]) -> NullSummary:
    auc, auc_error = _mean([each.auc_direction for each in runs])
    spread, spread_error = _mean([each.auc_long - each.auc_long_of_spread for each in runs])
    promotions = sum(each.grade == "trade" for each in runs)
    passed = (
        abs(auc - 0.5) <= _allowed(auc_error, len(runs))
        and abs(spread) <= _allowed(spread_error, len(runs))
        and promotions <= PROMOTIONS_MAX_FRAC * len(runs)
    )
    return NullSummary(
        forecaster=forecaster,
        runs=len(runs),
        auc_direction=auc,
        auc_direction_error=auc_error,
        spread_difference=spread,
        spread_difference_error=spread_error,
        promotions=promotions,
        informs=sum(each.grade == "inform" for each in runs),
        trades=sum(each.trades for each in runs),
        net_frac=float(np.mean([each.net_frac for each in runs])),
        passed=passed,
    )


def _allowed(error: float, runs: int) -> float:
    """Return how far a mean may lie from what it must be: the tolerance, in few runs also what chance does."""
    return AUC_TOLERANCE if runs >= 50 else max(AUC_TOLERANCE, STANDARD_ERRORS * error)


def _planted(results: Sequence[RunResult]) -> tuple[PlantedSummary, ...]:
    config = simulated_markets_config()
    by_edge: dict[tuple[str, float, str], list[RunResult]] = defaultdict(list)
    for each in results:
        task = each.task
        assert task.edge is not None  # noqa: S101  # chosen so by the caller
        strength = config.edges[task.edge].strength if task.strength is None else task.strength
        by_edge[task.edge, strength, task.forecaster].append(each)
    return tuple(
        _planted_summary(key, runs, judged=key[1] >= config.edges[key[0]].strength)
        for key, runs in by_edge.items()
    )


def _planted_summary(
    key: tuple[str, float, str], runs: Sequence[RunResult], *, judged: bool
) -> PlantedSummary:
    edge, strength, forecaster = key
    net = float(sum(each.net_frac for each in runs))
    oracle = float(sum(each.oracle_net_frac for each in runs))
    share = net / oracle if oracle > 0 else float("nan")
    return PlantedSummary(
        forecaster=forecaster,
        edge=edge,
        strength=strength,
        runs=len(runs),
        rows_frac=float(np.mean([each.planted_rows_frac for each in runs])),
        trades=sum(each.trades for each in runs),
        net_frac=net,
        oracle_trades=sum(each.oracle_trades for each in runs),
        oracle_net_frac=oracle,
        oracle_share=share,
        promotions=sum(each.grade == "trade" for each in runs),
        auc_direction=float(np.mean([each.auc_direction for each in runs])),
        judged=judged,
        passed=not judged or share >= ORACLE_MIN_FRAC,
    )


def _mean(figures: Sequence[float]) -> tuple[float, float]:
    values = np.asarray(figures)
    error = float(values.std(ddof=1) / sqrt(values.size)) if values.size > 1 else float("nan")
    return float(values.mean()), error


def _said(result: RunResult) -> str:
    task = result.task
    what = "null" if task.edge is None else f"{task.edge} {task.strength:g}"
    return f"{what} {task.forecaster} seed {task.seed}: {result.grade}, net {result.net_frac:+.1%}"
