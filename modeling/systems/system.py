"""A system from its recipe: fitted, its cut chosen on validation, judged on test rows beside what it must beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modeling.fitting.dataset import TEST, VALIDATION
from modeling.fitting.evaluation import plain
from modeling.fitting.trading import Traded
from modeling.systems.baselines import Logistic, base_rate_scores, naive_scores
from modeling.systems.boosting import Boosting
from modeling.systems.estimators import Estimator, FittedSystem, Say, SystemTask
from modeling.systems.figures import SystemSaid, held_out_figures, part_bootstrap
from modeling.systems.forest import RandomForest
from modeling.systems.lightgbm_signal import LightGBMSignal
from modeling.systems.neural.classifier import NeuralClassifier
from modeling.systems.price import PriceLstm
from modeling.systems.price_figures import forecast_figures
from modeling.systems.recipe import SystemRecipe
from modeling.systems.rewards import Rewarder
from modeling.systems.rows import SystemRows
from modeling.systems.second_stage import require_three_classes, staged
from modeling.systems.trading import Cut, Trader, cut_chosen
from traderai.common.arrays import F64, I64
from traderai.common.config import parse
from traderai.common.errors import InputError, did_you_mean

ESTIMATORS: Final[dict[str, type]] = {
    "random_forest": RandomForest,
    "xgboost": Boosting,
    "lightgbm_signal": LightGBMSignal,
    "logistic": Logistic,
    "price_lstm": PriceLstm,
    "neural": NeuralClassifier,
}
Scores = Callable[[SystemRows, I64], F64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundSystem:
    """A fitted system with its cut, what it says of the test rows, and all figures."""

    fitted: FittedSystem
    said: SystemSaid
    others: tuple[SystemSaid, ...]  # what it must beat
    traded: Traded
    figures: dict[str, Any]


def estimator_of(recipe: SystemRecipe) -> Estimator:
    """Return the recipe's estimator with its parameters; what is unknown is an InputError."""
    if recipe.estimator not in ESTIMATORS:
        raise InputError(
            f"recipe {recipe.name}: estimator must be one of {', '.join(ESTIMATORS)}, was {recipe.estimator!r}"
            f"{did_you_mean(recipe.estimator, ESTIMATORS)}",
            field="estimator",
        )
    own: Estimator = parse(
        recipe.parameters, ESTIMATORS[recipe.estimator], where=f"recipe {recipe.name}: parameters"
    )
    return own


def system_found(
    recipe: SystemRecipe, rows: SystemRows, trader: Trader, *, seed: int, threads: int, say: Say
) -> FoundSystem:
    """Return the system fitted on the training part of its rows and judged on the test part.

    Beside it stand the base rate, the last move repeated and a logistic regression, each with a cut of its own, chosen
    in the same way on the same rows.
    """
    require_three_classes(recipe, rows)
    task, estimator = SystemTask(rows=rows, seed=seed, threads=threads, say=say), estimator_of(recipe)
    fitted = estimator.fit(task)
    rivals: dict[str, Scores] = {"base rate": base_rate_scores, "last move": naive_scores}
    if recipe.reinforcement is not None:
        rewarder = Rewarder(account=trader.account, sides=recipe.cut.sides)
        both = staged(recipe, estimator, task, fitted, rewarder)
        if both.kept:
            rivals = {"without second stage": fitted.scores, **rivals}
        fitted = both
    if recipe.estimator != "logistic":
        rivals["logistic regression"] = Logistic().fit(task).scores
    said = said_of(recipe.name, fitted.scores, rows, trader)
    others = [said_of(name, scores, rows, trader) for name, scores in rivals.items()]
    return judged(recipe, fitted, rows, trader, said=said, others=others, seed=seed)


def judged(
    recipe: SystemRecipe,
    fitted: FittedSystem,
    rows: SystemRows,
    trader: Trader,
    *,
    said: SystemSaid,
    others: list[SystemSaid],
    seed: int,
) -> FoundSystem:
    """Return the figures of what is said of the test rows, by one set of draws for all."""
    bootstrap = part_bootstrap(rows, recipe.figures, part=TEST, seed=seed)
    test = held_out_figures(
        [said, *others],
        rows,
        trader,
        bootstrap,
        costs_bp=recipe.figures.extra_costs_bp,
        emission=recipe.emission,
    )
    test[said.name] |= plain(forecast_figures(fitted, rows, rows.rows_of(TEST), bootstrap))
    figures = {
        "test": test,
        "validation_cut": {"tuned_for": said.cut.tuned_for, "tried": list(said.cut.tried)},
        "fit": fitted.told,
        "rows": {
            name: int((rows.part == code).sum()) for code, name in enumerate(("train", "validation", "test"))
        },
        "interval_level": recipe.figures.interval_level,
        "left_out": rows.exclusions,
        "traded_without_class": int((~rows.classed(said.at)).sum()),
    }
    traded = trader.traded(rows, said.at, said.scores, said.cut.threshold, part=TEST)
    return FoundSystem(fitted=fitted, said=said, others=tuple(others), traded=traded, figures=plain(figures))


def said_of(name: str, scores: Scores, rows: SystemRows, trader: Trader) -> SystemSaid:
    """Return what is said of all rows that the test part trades, by the cut that validation chooses."""
    validation, test = rows.traded_of(VALIDATION), rows.traded_of(TEST)
    cut = cut_chosen(trader, rows, validation, scores(rows, validation))
    return SystemSaid(name=name, at=test, scores=scores(rows, test), cut=cut)


def rescored(
    recipe: SystemRecipe, fitted: FittedSystem, cut: Cut, rows: SystemRows, trader: Trader, *, seed: int
) -> FoundSystem:
    """Return the figures of a stored system on the test part of its rows, by its stored cut."""
    test = rows.traded_of(TEST)
    said = SystemSaid(name=recipe.name, at=test, scores=np.asarray(fitted.scores(rows, test)), cut=cut)
    return judged(recipe, fitted, rows, trader, said=said, others=[], seed=seed)
