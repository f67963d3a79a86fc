"""What a published version reads: as it was measured at its training, or anew on another number of rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from modeling.contracts import ModelVersionFacts
from modeling.errors import ArtifactBrokenError
from modeling.fitting.dataset import Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.explain import Served
from modeling.fitting.explain_lines import explain_lines
from modeling.fitting.explanation import explanation, keras_network
from modeling.fitting.judging import Rules
from modeling.fitting.loading import dataset_load
from modeling.registry import artifact as store
from modeling.registry.council import Council
from modeling.registry.scorer import Network
from modeling.selectors.versions import version_get
from modeling.services.judgement import inputs_of, recipe_of, require_own_dataset, rules_of, run_of
from traderai.common.errors import InputError
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainReport:
    """What a version reads."""

    version: str
    stored: bool  # as measured at its training
    told: dict[str, Any]  # as in `explain.json`
    lines: tuple[str, ...]


def explain(*, version: str, rows: int | None = None, progress: Progress = silent) -> ExplainReport:
    """Return what a version reads of its own test part; nothing is stored, a published artifact never changes.

    Without `rows` that is what its training stored; a version from before that was stored, or a number of rows, is
    measured on its own dataset, built anew. Repeating gives the same figures.

    Raises: InputError for no rows, NotFoundError for an unknown version, ConflictError if its dataset has changed since.
    """
    if rows is not None and rows < 1:
        raise InputError(f"rows must be at least 1, was {rows}", field="rows")
    facts = version_get(version=version)
    if rows is None and (found := stored_explain(facts)) is not None:
        return found
    run = run_of(facts)
    dataset, _, _ = dataset_load(recipe_of(run), as_of=run.as_of, progress=progress)
    return dataset_explain(facts=facts, dataset=dataset, rows=rows, progress=progress)


def stored_explain(facts: ModelVersionFacts) -> ExplainReport | None:
    """Return what a version's training stored, None where it is older than that."""
    content = store.artifact_file(lake=lake_at(settings.LAKE_URL), version=facts, name=store.EXPLAIN)
    return None if content is None else _report(facts, json.loads(content), stored=True)


def dataset_explain(
    *, facts: ModelVersionFacts, dataset: Dataset, rows: int | None = None, progress: Progress = silent
) -> ExplainReport:
    """Measure a version on its assembled dataset; everything after the loading of `explain`."""
    require_own_dataset(facts, dataset)
    rules = _rules(facts, rows)
    lake = lake_at(settings.LAKE_URL)
    artifact = store.artifact_read(lake=lake, version=facts)
    content = store.artifact_file(lake=lake, version=facts, name=store.KERAS)
    if content is None:
        raise ArtifactBrokenError(f"{facts.version} has no {store.KERAS}; train again")
    served = Served(
        network=Network(artifact.onnx),
        inputs=inputs_of(artifact, dataset),
        trust=artifact.trust,
        column=dataset.features.index(artifact.volatility_feature),
        council=None if artifact.council is None else Council.over(artifact.council, dataset.last_bar_names),
    )
    told = plain(explanation(served, keras_network(content), dataset, rules, say=progress))
    return _report(facts, told, stored=False)


def _rules(facts: ModelVersionFacts, rows: int | None) -> Rules:
    run = run_of(facts)
    recipe = recipe_of(run)
    if rows is not None:
        recipe = replace(recipe, evaluation=replace(recipe.evaluation, explain_rows=rows))
    return rules_of(recipe, seed=run.seed, simulated=facts.is_simulated)


def _report(facts: ModelVersionFacts, told: dict[str, Any], *, stored: bool) -> ExplainReport:
    lines = tuple(explain_lines(told, is_simulated=facts.is_simulated))
    return ExplainReport(version=facts.version, stored=stored, told=told, lines=lines)
