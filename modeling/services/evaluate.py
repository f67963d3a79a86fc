"""Stored versions scored again on the test rows that they were judged on: a network by its ONNX, calibration and evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django.conf import settings

from modeling.contracts import ModelVersionFacts
from modeling.contracts.registry import SYSTEM
from modeling.errors import ArtifactBrokenError
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.judging import Judged, KnownFigures, part_metrics
from modeling.fitting.plots import reliability_png
from modeling.fitting.report import held_out_lines
from modeling.registry.artifact import json_bytes, manifest_read
from modeling.selectors.versions import version_get
from modeling.services.judgement import (
    own_dataset,
    recipe_of,
    require_own_dataset,
    rules_of,
    run_of,
    version_judged,
)
from modeling.services.systems import SystemReport, system_evaluate
from modeling.systems.judged_slice import SliceAsk
from traderai.common import clock
from traderai.common.errors import InputError
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent

KINDS: Final = (SYSTEM, "global", "council")  # an earlier network is of the first, too


def version_evaluate(
    *, version: str, ask: SliceAsk, folder: Path | None = None, progress: Progress = silent
) -> SystemReport:
    """Score a stored version again on its test slice, by what its artifact holds: an earlier system or a network.

    Nothing is learned, stored or counted: the same rows were looked at when it was trained. What is known without a
    network is not fitted anew, its stored figures stand. Into a folder go the figures and a plot.
    Raises: as `system_evaluate`; for a network also ConflictError where its data have changed since, and InputError for a
    slice of its rows: its bounds and trades are of the whole part.
    """
    facts = version_get(version=version)
    if facts.kind == SYSTEM and run_of(facts).config["kind"] == SYSTEM:
        return system_evaluate(version=version, ask=ask, folder=folder, progress=progress)
    if facts.kind not in KINDS:
        raise InputError(
            f"version must be of kind {', '.join(KINDS)}, {version} is of kind {facts.kind}",
            field="version",
        )
    if not ask.whole:
        raise InputError(
            f"{version} is a network: it is evaluated on its whole test part, leave out timeframe, tickers and rows"
        )
    dataset = own_dataset(facts, progress=progress)
    return dataset_evaluate(facts=facts, dataset=dataset, folder=folder, progress=progress)


def dataset_evaluate(
    *, facts: ModelVersionFacts, dataset: Dataset, folder: Path | None = None, progress: Progress = silent
) -> SystemReport:
    """Score a stored network on its assembled dataset; everything after the loading of `version_evaluate`."""
    began_s = clock.monotonic_s()
    require_own_dataset(facts, dataset)
    run = run_of(facts)
    rules = rules_of(recipe_of(run), seed=run.seed, simulated=facts.is_simulated)
    own = version_judged(facts, dataset, rows=dataset.rows_of(TEST))
    stored: dict[str, Any] = facts.metrics["test"]  # type: ignore[assignment]  # what part_metrics gave
    again = part_metrics(own, dataset, rules, known=_known(stored), part=TEST, say=progress)
    unlike = sorted(name for name, told in plain(again).items() if told != stored[name])
    if unlike:
        raise ArtifactBrokenError(
            f"{facts.version} scores other figures than were stored when it was trained ({', '.join(unlike)}); train again, "
            "also where policy, account or costs have changed since"
        )
    written = [] if folder is None else _written(folder, plain(again), own, dataset)
    lake = lake_at(settings.LAKE_URL)
    names = manifest_read(lake=lake, key=facts.artifact_key, manifest_sha256=facts.manifest_sha256)["files"]
    return SystemReport(
        version=facts,
        reused=True,
        table=tuple(held_out_lines(facts.metrics, is_simulated=facts.is_simulated)),
        files=(*(f"{facts.artifact_key}/{name}" for name in sorted(names)), *written),
        seconds=clock.monotonic_s() - began_s,
    )


def _written(folder: Path, figures: dict[str, Any], own: Judged, dataset: Dataset) -> list[str]:
    contents = {
        "metrics.json": json_bytes(figures),
        "reliability.png": reliability_png(own.forecasts, dataset, part=TEST),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in contents]


def _known(stored: dict[str, Any]) -> KnownFigures:
    """Return the stored figures of what is known without the network."""
    return {
        head: {name: figures for name, figures in told["models"].items() if name != "network"}
        for head, told in stored["heads"].items()
    }
