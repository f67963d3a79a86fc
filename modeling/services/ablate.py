"""Ablation of the imbalance toolkit: one recipe trained without any option, with each alone and with all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modeling.fitting.recipe import recipe_read
from modeling.services.systems import loaded_train
from modeling.systems.ablation import ablation_lines, variants
from modeling.systems.loading import LoadedRows, system_load
from modeling.systems.recipe import SystemRecipe
from traderai.common.progress import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationReport:
    """The table, and which versions its lines are of."""

    table: tuple[str, ...]
    versions: dict[str, str]  # by variant
    reused: int  # lines that had been made before


def recipe_ablate(
    *,
    recipe: str,
    as_of: datetime,
    seed: int = 0,
    overrides: tuple[str, ...] = (),
    options: tuple[str, ...] = (),
    progress: Progress = silent,
) -> AblationReport:
    """Train a recipe's variants on what is known at `as_of`, by one split and seed, and compare them on the test part.

    Each is stored and counted as a trial like any training. A line that the same data, code, recipe and seed have made
    before is not made again, so that an ablation which was cut off goes on where it stood.
    Raises: as `system_train`, and InputError for a recipe without the toolkit or an unknown option.
    """
    plan = recipe_read(recipe, SystemRecipe, overrides=overrides)
    variants(plan, options=options)  # refuses what is unknown before anything is loaded
    loaded = system_load(plan, as_of=as_of, progress=progress)
    return loaded_ablate(plan=plan, loaded=loaded, as_of=as_of, seed=seed, options=options, progress=progress)


def loaded_ablate(
    *,
    plan: SystemRecipe,
    loaded: LoadedRows,
    as_of: datetime,
    seed: int,
    options: tuple[str, ...] = (),
    progress: Progress = silent,
) -> AblationReport:
    """Train and compare on rows that are there; everything after the loading of `recipe_ablate`."""
    asked = variants(plan, options=options)
    figures: dict[str, dict[str, Any]] = {}
    versions: dict[str, str] = {}
    reused = 0
    for number, variant in enumerate(asked):

        def say(_done: int, _total: int, what: str, name: str = variant.name, number: int = number) -> None:
            progress(number, len(asked), f"{name}: {what}")

        report = loaded_train(plan=variant.plan, loaded=loaded, as_of=as_of, seed=seed, progress=say)
        figures[variant.name] = dict(report.version.metrics)
        versions[variant.name] = report.version.version
        reused += report.reused
    table = ablation_lines(figures, recipe=plan.name, is_simulated=loaded.is_simulated)
    return AblationReport(table=tuple(table), versions=versions, reused=reused)
