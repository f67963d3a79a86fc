"""An earlier system walked forward: refitted fold by fold, counted as a trial, told in a folder."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from modeling.fitting.manifest import code_sha256
from modeling.fitting.recipe import recipe_read
from modeling.registry.artifact import json_bytes
from modeling.services.ledger import NewTrial, trial_record
from modeling.services.system_terms import system_config_sha, system_trader
from modeling.systems.loading import LoadedRows, system_load
from modeling.systems.recipe import SystemRecipe
from modeling.systems.system import estimator_of
from modeling.systems.walk import Walked, system_walked
from modeling.systems.walk_figures import walk_figures
from modeling.systems.walk_page import walk_lines, walk_png
from traderai.common import clock
from traderai.common.config import fingerprint
from traderai.common.errors import InputError
from traderai.common.progress import Progress, silent

STAGES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkAsk:
    """Which system is walked, and over what."""

    recipe: str
    as_of: datetime
    folds: int | None = None  # test parts of equal length; None: calendar years
    seed: int = 0
    overrides: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.folds is not None and self.folds < 1:
            raise InputError(f"folds must be at least 1, was {self.folds}", field="folds")


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkReport:
    """What a walk has found, and where it is told."""

    table: tuple[str, ...]
    files: tuple[str, ...]
    is_new_trial: bool  # the very same walk had not been counted before


def system_walk_forward(*, ask: WalkAsk, folder: Path, progress: Progress = silent) -> WalkReport:
    """Refit a recipe's system in every fold of what is known at `as_of`, judge it, and write text, JSON and a picture.

    Beside it stand the base rate, the last move repeated and a logistic regression, refitted likewise on the same rows.
    The folds together count as one trial; repeating the same walk counts none. No version is made.
    Raises: InputError for an unknown recipe or parameter, NotReadyError and DatasetRefusedError where the data cannot
    teach or judge; nothing is written or counted then.
    """
    plan = recipe_read(ask.recipe, SystemRecipe, overrides=ask.overrides)
    estimator_of(plan)  # refuses what is unknown before anything is loaded
    loaded = system_load(plan, as_of=ask.as_of, progress=_part(progress, 0))
    return loaded_walk_forward(plan=plan, loaded=loaded, ask=ask, folder=folder, progress=progress)


def loaded_walk_forward(
    *, plan: SystemRecipe, loaded: LoadedRows, ask: WalkAsk, folder: Path, progress: Progress = silent
) -> WalkReport:
    """Walk over rows that are there; everything after the loading of `system_walk_forward`."""
    trader = system_trader(plan)
    walked = system_walked(
        plan,
        loaded.rows,
        trader,
        folds=ask.folds,
        seed=ask.seed,
        threads=os.cpu_count() or 1,
        say=_part(progress, 1),
    )
    progress(2, STAGES, "figures")
    figures = walk_figures(walked, trader, plan.figures, seed=ask.seed)
    is_new = _count(plan, walked, figures["pooled"][plan.name]["trading"], loaded, ask)
    lines = walk_lines(figures, is_simulated=loaded.is_simulated)
    about = {
        "recipe": plan.name, "config": asdict(plan), "seed": ask.seed, "as_of": ask.as_of.isoformat(),
        "code_sha256": code_sha256(), "data_sha256": walked.rows.sha256, "secids": list(walked.rows.secids),
        "is_simulated": loaded.is_simulated, "folds": ask.folds or "years",
    }  # fmt: skip
    contents = {
        f"{plan.name}.json": json_bytes({"about": about, "figures": figures}),
        f"{plan.name}.txt": ("\n".join(lines) + "\n").encode(),
        f"{plan.name}.png": walk_png(figures, title=f"{plan.name} walked forward"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    progress(STAGES, STAGES, "written")
    return WalkReport(
        table=tuple(lines), files=tuple(str(folder / name) for name in contents), is_new_trial=is_new
    )


def _count(
    plan: SystemRecipe, walked: Walked, told: dict[str, object], loaded: LoadedRows, ask: WalkAsk
) -> bool:
    expectancy = told.get("net_expectancy_frac")
    trial = NewTrial(
        kind="walk_forward_fold",
        recipe=plan.name,
        labels=plan.labels(),
        is_simulated=loaded.is_simulated,
        config_sha256=fingerprint([system_config_sha(plan), ask.folds, ask.seed, code_sha256()]),
        data_sha256=walked.rows.sha256,
        days=np.array(told["day"], dtype=np.int64),
        daily_net=np.array(told["daily_net"], dtype=np.float64),
        trades=int(str(told["trades"])),
        net_expectancy_frac=float(expectancy["value"]) if isinstance(expectancy, dict) else float("nan"),
    )
    return trial_record(trial=trial, now=clock.now())


def _part(progress: Progress, number: int) -> Progress:
    return lambda done, total, what: progress(number, STAGES, f"{done}/{total} {what}")
