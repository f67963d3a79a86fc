"""Whether adapters serve: those that a newer fold proves, and only where the policy earns more with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from modeling.fitting.adapters import (
    AdapterVerdict,
    Heard,
    adapters_judge,
    adapters_teach,
    fold_heard,
    said,
)
from modeling.fitting.calibration import Chooser
from modeling.fitting.choices import Choice, choices_of, earns_more
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.folds import Fold, trust_of
from modeling.fitting.forecasts import Forecasts
from modeling.fitting.judging import Judged, Rules
from modeling.fitting.recipe_adapters import AdapterConfig
from modeling.fitting.votes import voted
from modeling.fitting.walk import Entrant
from modeling.registry.adapters import Adapters, logits_of
from traderai.common.errors import InvariantError
from traderai.common.progress import Progress, silent

ADAPTERS: Final = "adapters"
SHARED: Final = "shared"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AdapterChoice:
    """The adapters of a version, whether they serve beside it, and why."""

    adapters: Adapters | None  # those proven; None where nothing could be taught
    verdicts: tuple[AdapterVerdict, ...]
    choices: tuple[Choice, ...]  # without and with the proven ones; none where none is proven
    kept: bool
    reason: str

    def told(self) -> dict[str, Any]:
        """Return what a report says of them, as plain values."""
        return {
            "kept": self.kept,
            "reason": self.reason,
            "choices": [asdict(own) for own in self.choices],
            "verdicts": [asdict(own) for own in self.verdicts],
        }


def adapters_choose(serving: Entrant, folds: Sequence[Fold], rules: Rules) -> AdapterChoice:
    """Return the adapters of what serves; `folds`, newest first, are what it said out of fold.

    The older folds teach and say how far the shared heads are trusted, the newest one judges.
    Raises: InvariantError if the recipe has no adapters.
    """
    _config(rules)
    if len(folds) < 2:
        return _none("there are no older folds to teach them: ask for more folds of calibration")
    column = folds[0].dataset.features.index(rules.recipe.network.volatility_feature)
    chooser = Chooser(rules=rules.recipe.evaluation, seed=rules.seed)
    trust = trust_of(folds[1:], column=column, chooser=chooser)
    return adapters_prove(serving.judged, [fold_heard(fold, trust, column=column) for fold in folds], rules)


def adapters_prove(
    serving: Judged, heard: Sequence[Heard], rules: Rules, *, progress: Progress = silent
) -> AdapterChoice:
    """Return the adapters of what serves, by what was heard of it, newest first: the older ones teach, the newest judges.

    What it judged is served as it is, and held against what it would replace. A gain in log loss is proven ticker by
    ticker before money is asked: so the trades must make more, but need not prove it once again.
    Raises: InvariantError if the recipe has no adapters.
    """
    config = _config(rules)
    newest, *older = heard
    taught = adapters_teach(older, config=config, seed=rules.seed, progress=progress)
    progress(len(newest.dataset.secids), len(newest.dataset.secids), "judging on the newest rows")
    judged = adapters_judge(taught, newest, config=config)
    if not judged.adapters.by_secid:
        found = _none("no ticker's gain in log loss is proven")
        return replace(found, adapters=judged.adapters, verdicts=judged.verdicts)
    upon = serving.forecasts if newest.served is None else newest.shared
    rivals = {SHARED: serving, ADAPTERS: judged_with(serving, judged.adapters, newest.dataset, upon=upon)}
    choices = choices_of(rivals, newest.dataset, rules, replaced=SHARED)
    before, after = choices
    kept = earns_more(after, before)
    return AdapterChoice(
        adapters=judged.adapters,
        verdicts=judged.verdicts,
        choices=choices,
        kept=kept,
        reason="the trades make more with them" if kept else "the trades make no more with them",
    )


def judged_with(serving: Judged, adapters: Adapters, dataset: Dataset, *, upon: Forecasts) -> Judged:
    """Return what serves with the corrections; its evidence is that of the shared probabilities.

    They correct the words of `upon`, of the same rows; a share without an adapter is said as it serves.
    """
    corrected, before = said(adapters, upon, dataset), serving.forecasts
    tickers = [number for number, secid in enumerate(dataset.secids) if secid in adapters.by_secid]
    own = np.isin(dataset.instrument[before.rows], tickers)[:, None]
    forecasts = replace(
        before,
        provenance=corrected.provenance,
        p_long=np.where(own, corrected.p_long, before.p_long),
        p_short=np.where(own, corrected.p_short, before.p_short),
    )
    return replace(serving, forecasts=forecasts)


def entrant_with(serving: Entrant, choice: AdapterChoice) -> Entrant:
    """Return the entrant with those proven, whether or not they are kept; the same one where none is.

    Nothing is calibrated after the corrections: before calibration it says what it says after.
    """
    adapters, dataset = choice.adapters, serving.fold.dataset
    if adapters is None or not adapters.by_secid:
        return serving
    judged = judged_with(serving.judged, adapters, dataset, upon=serving.judged.forecasts)
    own = judged.forecasts
    raw = replace(
        voted(serving.raw, logits_of(np.stack([own.p_long, own.p_short]))), provenance=own.provenance
    )
    return Entrant(
        judged=judged, raw=raw, fold=Fold(dataset=dataset, raw=raw.taken(dataset.rows_of(VALIDATION)))
    )


def _config(rules: Rules) -> AdapterConfig:
    if rules.recipe.adapters is None:
        raise InvariantError(f"recipe {rules.recipe.name} must have adapters, has none")
    return rules.recipe.adapters


def _none(reason: str) -> AdapterChoice:
    return AdapterChoice(adapters=None, verdicts=(), choices=(), kept=False, reason=reason)
