"""Proof that the pipeline finds nothing where nothing is, and what is there where something is; nothing is stored."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Final

import django

from market.simulated_config import simulated_markets_config
from modeling.fitting.forecasters import LogisticForecaster
from modeling.fitting.selfcheck import FORECASTERS, RunResult, Task, run
from modeling.fitting.selfcheck_report import (
    SelfcheckReport,
    Size,
    null_summaries,
    planted_summaries,
)
from traderai.common import clock
from traderai.common.errors import InputError
from traderai.common.progress import Progress, silent

SIZES: Final[tuple[Size, ...]] = ("short", "full")
PARTS: Final = ("null", "planted")


def selfcheck(
    *,
    size: Size,
    parts: Sequence[str] = PARTS,
    forecasters: Sequence[str] = tuple(FORECASTERS),
    seed: int | None = None,
    processes: int = 2,
    progress: Progress = silent,
) -> SelfcheckReport:
    """Run the pipeline on simulated markets, in several processes, and say whether it proves itself.

    `seed` is that of the first market, the configured one where it is None: with another one all markets are others.
    Repeating gives the same figures; nothing is written to the database or the lake.
    """
    began_s = clock.monotonic_s()
    first = simulated_markets_config().seed if seed is None else seed
    wanted = selfcheck_tasks(size=size, parts=parts, forecasters=forecasters, seed=first)
    if not wanted or processes < 1:
        raise InputError(f"there must be a run and a process at least, were {len(wanted)} and {processes}")
    results = _results(wanted, processes, progress)
    return SelfcheckReport(
        size=size,
        seed=first,
        nulls=null_summaries([each for each in results if each.task.edge is None], strict=size == "full"),
        planted=planted_summaries([each for each in results if each.task.edge is not None]),
        runs=tuple(results),
        seconds=clock.monotonic_s() - began_s,
    )


def selfcheck_tasks(*, size: Size, parts: Sequence[str], forecasters: Sequence[str], seed: int) -> list[Task]:
    """Return the runs of a size: every market has a seed of its own, the same for all forecasters."""
    config = simulated_markets_config()
    tasks = []
    if "null" in parts:
        own = f"{size}_null"
        runs = config.sizes[own].runs
        # Each market is given to one forecaster, in turn: as many markets as runs.
        tasks += [
            Task(size=own, seed=seed + number, forecaster=forecasters[number % len(forecasters)])
            for number in range(runs)
        ]
    if "planted" in parts:
        own = f"{size}_planted"
        strengths = config.strengths if size == "full" else ()
        tree = forecasters[-1]
        for place, edge in enumerate(config.edges):
            if config.sizes[own].edges and edge not in config.sizes[own].edges:
                continue
            for strength in sorted({*strengths, config.edges[edge].strength}):
                tasks += [
                    Task(
                        size=own,
                        seed=seed + 1_000 * (place + 1) + number,
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
    # The longest begin first: one that begins last would keep a process busy while the others have nothing left.
    longest_first = sorted(
        tasks, key=lambda task: (task.edge is None, task.forecaster == LogisticForecaster().name)
    )
    with ProcessPoolExecutor(processes, mp_context=context, initializer=django.setup) as pool:
        runs = [pool.submit(run, task) for task in longest_first]
        for number, done in enumerate(as_completed(runs), start=1):
            result = done.result()
            by_task[result.task] = result
            progress(number, len(tasks), _said(result))
    return [by_task[task] for task in tasks]


def _said(result: RunResult) -> str:
    task = result.task
    what = "null" if task.edge is None else f"{task.edge} {task.strength:g}"
    return f"{what} {task.forecaster} seed {task.seed}: {result.grade}, net {result.net_frac:+.1%}"
