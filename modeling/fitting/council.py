"""The council: the shared network, its strategies and ways to join their votes; the way is chosen on validation rows.

Whatever joins votes learns from out-of-fold ones alone. Another way than the shared network's own word is kept only
where it is proven to earn more on the validation rows; the test rows only report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from modeling.contracts.council import GLOBAL, META, CouncilRules, Prior, VoteContext
from modeling.fitting.adapter_choice import ADAPTERS, adapters_choose, entrant_with
from modeling.fitting.calibration import Chooser
from modeling.fitting.candidates import Trained, candidate_train
from modeling.fitting.choices import Choice, choices_of, kept_way
from modeling.fitting.dataset import Dataset
from modeling.fitting.folds import Fold, trust_of
from modeling.fitting.forecasts import Raw
from modeling.fitting.judging import HEAD_TARGETS, Rules, Say
from modeling.fitting.meta import context_of, meta_fit, meta_said
from modeling.fitting.strategies import Strategies, recipe_strategies
from modeling.fitting.votes import ballots_of, simple_votes, voted, ways
from modeling.fitting.walk import Entrant, PanelFold, judged_of
from modeling.kernels.ballots import Ballots
from modeling.selectors.configuration import gate_get

COUNCIL: Final = "council"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Council:
    """Every way to decide, judged; and the one that serves."""

    entrants: dict[str, Entrant]  # by way
    folds: dict[str, list[Fold]]  # by way, newest first: what it says out of fold
    choices: tuple[Choice, ...]
    kept: str
    rules: CouncilRules  # by which the kept way serves; no aggregator with fewer than two folds to learn from
    left_out: dict[str, str]  # strategies by name, why

    @property
    def serving(self) -> Entrant:
        """The entrant of the way that is kept."""
        return self.entrants[self.kept]

    @property
    def told(self) -> dict[str, Any]:
        """What it tells of itself, as plain values."""
        meta = self.rules.meta
        return {
            "kept": self.kept,
            "choices": [asdict(own) for own in self.choices],
            "weights": {} if meta is None else {side: meta.weights(side) for side in HEAD_TARGETS},
            "left_out": self.left_out,
        }


def council_of(trained: Trained, dataset: Dataset, rules: Rules) -> Council:
    """Return the council of a trained network with strategies and of its earlier folds' networks."""
    strategies = recipe_strategies(rules.recipe, dataset)
    own = ballots_of(trained.raw, dataset, strategies, column=trained.column)
    by_fold = [(fold, _fold_ballots(fold, trained.column, rules)) for fold in trained.folds]
    said = {way: voted(trained.raw, logits) for way, logits in simple_votes(own).items()}
    folds = {
        way: [
            Fold(dataset=fold.dataset, raw=voted(fold.raw, simple_votes(votes)[way]))
            for fold, votes in by_fold
        ]
        for way in said
    }
    context, meta = context_of(rules.recipe, dataset), None
    if len(by_fold) > 1:
        meta = meta_fit(by_fold[1:], context, seed=rules.seed)
        said[META] = meta_said(meta, context, trained.raw, own, dataset)
        folds[META] = _meta_folds(by_fold, context, seed=rules.seed)
    entrants = {way: _entrant(trained, raw, folds[way], rules) for way, raw in said.items()}
    judged = {way: entrant.judged for way, entrant in entrants.items()}
    choices = choices_of(judged, dataset, rules, replaced=GLOBAL)
    kept = kept_way(choices, min_trades=gate_get().min_trades)
    priors = zip(dataset.horizons, own.prior.T.tolist(), strict=True)
    return Council(
        entrants=entrants,
        folds=folds,
        choices=choices,
        kept=kept,
        rules=CouncilRules(
            way=kept,
            setups=strategies.setups,
            priors=tuple(Prior(horizon=name, long=long, short=short) for name, (long, short) in priors),
            context=context,
            meta=meta,
        ),
        left_out=strategies.left_out,
    )


def council_seated(trained: Trained, dataset: Dataset, rules: Rules) -> Trained:
    """Return a network with strategies as its council decides: by the way that validation rows keep."""
    council = council_of(trained, dataset, rules)
    return replace(
        trained,
        raw=council.serving.raw,
        folds=tuple(council.folds[council.kept]),
        council=council.rules,
        told={"council": council.told},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CouncilPanel:
    """A recipe's council as the panel of a walk: each way to decide, and the one that is kept in each fold."""

    rules: Rules
    strategies: tuple[str, ...]  # those that the features can serve

    @property
    def names(self) -> tuple[str, ...]:
        """The ways, the council as it serves, and with the adapters that it would have."""
        with_adapters = () if self.rules.recipe.adapters is None else (ADAPTERS,)
        return (*ways(self.strategies), COUNCIL, *with_adapters)

    def judge(self, dataset: Dataset, *, say: Say) -> PanelFold:
        """Return every way in one fold; at least two folds of calibration are needed, for the aggregator's sake."""
        return panel_fold(
            council_of(candidate_train(dataset, self.rules, say=say), dataset, self.rules), self.rules
        )


def panel_fold(council: Council, rules: Rules) -> PanelFold:
    """Return every way of a council, and what is told of them; with the adapters that the recipe asks for."""
    entrants = {**council.entrants, COUNCIL: council.serving}
    told = council.told
    if rules.recipe.adapters is not None:
        found = adapters_choose(council.serving, council.folds[council.kept], rules)
        entrants[ADAPTERS] = entrant_with(council.serving, found)
        told["adapters"] = found.told()
    return PanelFold(entrants=entrants, told=told)


def _fold_ballots(fold: Fold, column: int, rules: Rules) -> Ballots:
    """Return the votes of a fold's own network; its setups are bounded by the fold's own training rows."""
    strategies: Strategies = recipe_strategies(rules.recipe, fold.dataset)
    return ballots_of(fold.raw, fold.dataset, strategies, column=column)


def _meta_folds(by_fold: Sequence[tuple[Fold, Ballots]], context: VoteContext, *, seed: int) -> list[Fold]:
    """Return each fold, newest first, with what an aggregator says of it that learned from older folds alone."""
    found = []
    for place, (fold, votes) in enumerate(by_fold[:-1]):
        older = meta_fit(by_fold[place + 1 :], context, seed=seed)
        said = meta_said(older, context, fold.raw, votes, fold.dataset)
        found.append(Fold(dataset=fold.dataset, raw=said))
    return found


def _entrant(trained: Trained, raw: Raw, folds: Sequence[Fold], rules: Rules) -> Entrant:
    chooser = Chooser(rules=rules.recipe.evaluation, seed=rules.seed)
    trust = trust_of(folds, column=trained.column, chooser=chooser)
    judged = judged_of(folds, raw, trust, scaler=trained.scaler, rules=rules)
    return Entrant(judged=judged, raw=raw, fold=folds[0])
