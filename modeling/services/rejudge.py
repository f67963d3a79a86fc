"""Judging a version again: after its leak audit, or where another champion serves than the one it was held against."""

from __future__ import annotations

from modeling.contracts import ModelVersionFacts
from modeling.errors import PromotionRefusedError
from modeling.fitting.dataset import TEST, Dataset
from modeling.kernels.gate import GateVerdict
from modeling.models import ModelVersion
from modeling.selectors.versions import version_get
from modeling.services.judgement import (
    own_dataset,
    recipe_of,
    require_own_dataset,
    rules_of,
    run_of,
    version_judge,
    version_judged,
)
from traderai.common.progress import Progress, silent


def version_rejudge(*, version: str, progress: Progress = silent) -> tuple[GateVerdict, ModelVersionFacts]:
    """Judge a version by its gate on its own dataset, built anew, beside today's champion; nothing is fitted.

    Repeating appends another verdict; the newest counts. One that has served keeps its place.

    Raises: PromotionRefusedError for a rejected version, and as `version_get`, `own_dataset`, `require_own_dataset` and
        `version_judge`.
    """
    facts = version_get(version=version)
    _require_not_rejected(facts)
    return dataset_rejudge(facts=facts, dataset=own_dataset(facts, progress=progress))


def dataset_rejudge(*, facts: ModelVersionFacts, dataset: Dataset) -> tuple[GateVerdict, ModelVersionFacts]:
    """Judge a version on its assembled dataset; everything after the loading of `version_rejudge`."""
    _require_not_rejected(facts)
    require_own_dataset(facts, dataset)  # parts of another might not be held out
    run = run_of(facts)
    rules = rules_of(recipe_of(run), seed=run.seed, simulated=facts.is_simulated)
    own = version_judged(facts, dataset, rows=dataset.rows_of(TEST))
    return version_judge(facts, own, dataset, rules)


def _require_not_rejected(facts: ModelVersionFacts) -> None:
    if facts.state == ModelVersion.State.REJECTED:
        raise PromotionRefusedError(f"{facts.version} was rejected; train a new version")
