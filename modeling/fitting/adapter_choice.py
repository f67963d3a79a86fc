"""Whether adapters serve: those that a newer fold proves, and only while the policy earns no less with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from modeling.fitting.adapters import AdapterVerdict, adapters_judge, adapters_teach, said
from modeling.fitting.calibration import Chooser
from modeling.fitting.choices import Choice, choices_of, not_worse
from modeling.fitting.dataset import VALIDATION
from modeling.fitting.folds import Fold
from modeling.fitting.judging import Rules
from modeling.fitting.votes import voted
from modeling.fitting.walk import Entrant
from modeling.registry.adapters import Adapters, logits_of
from traderai.common.errors import InvariantError

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
    entrant: Entrant  # with the proven ones, whether or not they are kept

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

    The older folds teach, the newest one judges, and what it judged is served as it is. A gain in log loss is proven
    ticker by ticker before money is asked: so the trades have a veto and need not prove a gain of their own.
    Raises: InvariantError if the recipe has no adapters.
    """
    config = rules.recipe.adapters
    if config is None:
        raise InvariantError(f"recipe {rules.recipe.name} must have adapters, has none")
    if len(folds) < 2:
        return _without(serving, "there are no older folds to teach them: ask for more folds of calibration")
    newest, *older = folds
    column = newest.dataset.features.index(rules.recipe.network.volatility_feature)
    chooser = Chooser(rules=rules.recipe.evaluation, seed=rules.seed)
    taught = adapters_teach(older, config=config, chooser=chooser, column=column)
    judged = adapters_judge(taught, newest, config=config)
    if not judged.adapters.by_secid:
        found = _without(serving, "no ticker's gain in log loss is proven")
        return replace(found, adapters=judged.adapters, verdicts=judged.verdicts)
    entrant = _corrected(serving, judged.adapters)
    choices = choices_of({SHARED: serving, ADAPTERS: entrant}, newest.dataset, rules, replaced=SHARED)
    before, after = choices
    kept = not_worse(after, before)
    return AdapterChoice(
        adapters=judged.adapters,
        verdicts=judged.verdicts,
        choices=choices,
        kept=kept,
        reason="the trades make no less with them" if kept else "the trades make less with them",
        entrant=entrant,
    )


def _without(serving: Entrant, reason: str) -> AdapterChoice:
    return AdapterChoice(adapters=None, verdicts=(), choices=(), kept=False, reason=reason, entrant=serving)


def _corrected(serving: Entrant, adapters: Adapters) -> Entrant:
    """Return the entrant with the corrections; its evidence is that of the shared probabilities.

    Nothing is calibrated after the corrections: before calibration it says what it says after.
    """
    dataset = serving.fold.dataset
    forecasts = said(adapters, serving.judged.forecasts, dataset)
    raw = replace(
        voted(serving.raw, logits_of(np.stack([forecasts.p_long, forecasts.p_short]))),
        provenance=forecasts.provenance,
    )
    return Entrant(
        judged=replace(serving.judged, forecasts=forecasts),
        raw=raw,
        fold=Fold(dataset=dataset, raw=raw.taken(dataset.rows_of(VALIDATION))),
    )
