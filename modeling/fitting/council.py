"""The council: the shared network, its strategies and ways to join their votes; the way is chosen on validation rows.

Whatever joins votes learns from out-of-fold ones alone. Another way than the shared network's own word is kept only
where it is proven to earn more on the validation rows; the test rows only report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from modeling.contracts.council import META, META_RANK, CouncilRules, MetaAggregator, Prior, VoteContext
from modeling.fitting.adapter_choice import ADAPTERS, adapters_choose, entrant_with
from modeling.fitting.calibration import Chooser
from modeling.fitting.candidates import Trained, candidate_train
from modeling.fitting.choices import WaysChosen, ways_chosen
from modeling.fitting.dataset import Dataset
from modeling.fitting.folds import Fold, trust_of
from modeling.fitting.forecasts import Raw
from modeling.fitting.judging import HEAD_TARGETS, Rules, Say
from modeling.fitting.meta import contexts_of, meta_fit, meta_said
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
    chosen: WaysChosen
    ranks: dict[str, Any] | None  # what is told of the daily rank; None without one
    rules: CouncilRules  # by which the kept way serves; no aggregator with fewer than two folds to learn from
    left_out: dict[str, str]  # strategies by name, why

    @property
    def kept(self) -> str:
        """The way that serves."""
        return self.chosen.kept

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
            "choices": [asdict(own) for own in self.chosen.choices],
            "weights": {} if meta is None else {side: meta.weights(side) for side in HEAD_TARGETS},
            "left_out": self.left_out,
            "ranks": self.ranks,
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
    contexts, metas = contexts_of(rules.recipe, dataset), dict[str, MetaAggregator]()
    for way, context in contexts.items():
        if len(by_fold) < 2:
            break
        metas[way] = meta_fit(by_fold[1:], context, seed=rules.seed)
        said[way] = meta_said(metas[way], context, trained.raw, own, dataset)
        folds[way] = _meta_folds(by_fold, context, seed=rules.seed)
    entrants = {way: _entrant(trained, raw, folds[way], rules) for way, raw in said.items()}
    judged = {way: entrant.judged for way, entrant in entrants.items()}
    chosen = ways_chosen(judged, dataset, rules, min_trades=gate_get().min_trades)
    priors = zip(dataset.horizons, own.prior.T.tolist(), strict=True)
    return Council(
        entrants=entrants,
        folds=folds,
        chosen=chosen,
        ranks=_ranks_told(chosen, metas.get(META_RANK), trained, dataset),
        rules=CouncilRules(
            way=META if chosen.kept == chosen.aggregator else chosen.kept,
            setups=strategies.setups,
            priors=tuple(Prior(horizon=name, long=long, short=short) for name, (long, short) in priors),
            context=contexts[chosen.aggregator],
            meta=metas.get(chosen.aggregator),
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
    ranked: bool = False  # the walk's rows have daily ranks

    @property
    def names(self) -> tuple[str, ...]:
        """The ways, the council as it serves, and with the adapters that it would have."""
        with_adapters = () if self.rules.recipe.adapters is None else (ADAPTERS,)
        return (*ways(self.strategies, ranked=self.ranked), COUNCIL, *with_adapters)

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


def _ranks_told(
    chosen: WaysChosen, meta: MetaAggregator | None, trained: Trained, dataset: Dataset
) -> dict[str, Any] | None:
    ranks = dataset.ranks
    if ranks is None or meta is None:
        return None
    known = np.isfinite(ranks.place)
    taught = np.concatenate([fold.raw.rows for fold in trained.folds[1:]])
    return {
        "feature": ranks.name,
        "kept": chosen.aggregator == META_RANK,
        "choices": [asdict(own) for own in chosen.ranked],
        "weights": {side: meta.weights(side)[ranks.name] for side in HEAD_TARGETS},
        "known_frac": {
            "taught": float(known[taught].mean()),
            "held_out": float(known[trained.raw.rows].mean()),
        },
    }


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
