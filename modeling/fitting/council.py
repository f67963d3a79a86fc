"""The council: the shared network, its strategies and ways to join their votes; the way is chosen on validation rows.

Whatever joins votes learns from out-of-fold ones alone. Another way than the shared network's own word is kept only
where it is proven to earn more on the validation rows; the test rows only report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from modeling.contracts.council import GLOBAL, META, CouncilRules, Prior, VoteContext
from modeling.fitting.calibration import Chooser
from modeling.fitting.candidates import Trained, candidate_train
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.folds import Fold, trust_of
from modeling.fitting.forecasts import Raw
from modeling.fitting.judging import HEAD_TARGETS, Rules, Say, policy_traded
from modeling.fitting.meta import context_of, meta_fit, meta_said
from modeling.fitting.strategies import Strategies, recipe_strategies
from modeling.fitting.trading import Traded
from modeling.fitting.votes import ballots_of, simple_votes, voted, ways
from modeling.fitting.walk import Entrant, PanelFold, judged_of
from modeling.kernels.ballots import Ballots
from modeling.kernels.significance import block_bootstrap_mean
from modeling.selectors.configuration import gate_get
from traderai.common.arrays import F64

COUNCIL: Final = "council"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one way to decide made of the validation rows, beside the shared network's own word."""

    way: str
    trades: int
    net_expectancy_frac: float  # NaN without a trade
    mean_daily_net: float
    # Lower bound of its mean daily net result less the shared network's; that one of all ways is looked at is in it.
    better_bound: float


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
    choices = _choices(entrants, dataset, rules)
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
        """The ways, and the council as it serves."""
        return (*ways(self.strategies), COUNCIL)

    def judge(self, dataset: Dataset, *, say: Say) -> PanelFold:
        """Return every way in one fold; at least two folds of calibration are needed, for the aggregator's sake."""
        council = council_of(candidate_train(dataset, self.rules, say=say), dataset, self.rules)
        return PanelFold(entrants={**council.entrants, COUNCIL: council.serving}, told=council.told)


def kept_way(choices: Sequence[Choice], *, min_trades: int) -> str:
    """Return the way that serves: the best of those proven to earn more than the shared network, else the network.

    A way with fewer trades than `min_trades` proves nothing, whatever they made.
    """
    proven = [
        own for own in choices if own.way != GLOBAL and own.better_bound > 0.0 and own.trades >= min_trades
    ]
    return max(proven, key=lambda own: own.better_bound).way if proven else GLOBAL


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


def _choices(entrants: dict[str, Entrant], dataset: Dataset, rules: Rules) -> tuple[Choice, ...]:
    results = {
        way: policy_traded(entrant.judged, dataset, rules, part=VALIDATION)
        for way, entrant in entrants.items()
    }
    shared = results[GLOBAL].daily_net
    # The best of several is looked for: each is held to its share of the risk (Bonferroni).
    level = 1.0 - (1.0 - rules.recipe.evaluation.interval_level) / max(len(results) - 1, 1)
    return tuple(
        _choice(way, result, result.daily_net - shared, rules, level=level) for way, result in results.items()
    )


def _choice(way: str, result: Traded, better: F64, rules: Rules, *, level: float) -> Choice:
    trades = result.simulation.trades
    evaluation = rules.recipe.evaluation
    found = block_bootstrap_mean(
        better,
        level=level,
        mean_block_days=evaluation.mean_block_days,
        resamples=evaluation.resamples,
        rng=np.random.default_rng(rules.seed),
    )
    return Choice(
        way=way,
        trades=len(trades),
        net_expectancy_frac=trades.mean_net_frac,
        mean_daily_net=float(result.daily_net.mean()),
        better_bound=found.low,
    )
