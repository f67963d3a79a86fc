"""The council's strategies over a dataset: what each reads beside the shared state, and where its setup is present."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modeling.contracts.council import Setup
from modeling.fitting.dataset import TRAIN, Dataset
from modeling.fitting.recipe import Recipe, SetupConfig
from modeling.kernels.ballots import setup_present
from modeling.networks.shape import StrategyShape
from modeling.selectors.feature_families import feature_families
from traderai.common.arrays import Bools
from traderai.common.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strategies:
    """Those strategies of a council that the dataset's features can serve."""

    shapes: tuple[StrategyShape, ...]
    setups: tuple[Setup, ...]  # of each
    present: dict[str, Bools]  # (m,) by strategy: its setup is there
    left_out: dict[str, str]  # by strategy why

    @property
    def names(self) -> tuple[str, ...]:
        """The strategies in the council's order."""
        return tuple(own.name for own in self.shapes)


def recipe_strategies(recipe: Recipe, dataset: Dataset) -> Strategies:
    """Return the recipe's strategies over a dataset in its parts, none where it has no council.

    Setups are bounded by quantiles of the training rows, so that later rows do not decide what teaches.
    Raises: as `strategy_shapes`.
    """
    if recipe.council is None:
        return Strategies(shapes=(), setups=(), present={}, left_out={})
    shapes, left_out = strategy_shapes(recipe, dataset.features)
    configured = recipe.council.strategies
    setups = tuple(setup_of(own.name, configured[own.name].setup, dataset) for own in shapes)
    present = {
        own.strategy: setup_present(
            dataset.values[:, dataset.features.index(own.feature)], bounds=own.bounds, not_zero=own.not_zero
        )
        for own in setups
    }
    return Strategies(shapes=shapes, setups=setups, present=present, left_out=left_out)


def strategy_shapes(
    recipe: Recipe, features: Sequence[str]
) -> tuple[tuple[StrategyShape, ...], dict[str, str]]:
    """Return the strategies of a recipe's council that a dataset's features can serve, and why others are left out.

    Raises: InputError without a council or if no strategy is left.
    """
    if recipe.council is None:
        raise InputError(f"recipe {recipe.name} has no council; write one into it", field="council")
    if recipe.council.liquidity_feature not in features:
        raise InputError(
            f"the council's liquidity_feature {recipe.council.liquidity_feature} must be a feature of "
            f"{recipe.feature_set}{did_you_mean(recipe.council.liquidity_feature, features)}",
            field="council",
        )
    families = feature_families(feature_set=recipe.feature_set)
    shapes, left_out = [], {}
    for name, own in recipe.council.strategies.items():
        columns = tuple(
            place for place, feature in enumerate(features) if families.get(feature) in own.families
        )
        if not columns or own.setup.feature not in features:
            left_out[name] = (
                f"the features have no {own.setup.feature if columns else ' or '.join(own.families)}"
            )
            continue
        shapes.append(StrategyShape(name=name, columns=columns, width=recipe.council.width))
    if not shapes:
        told = "; ".join(f"{name}: {why}" for name, why in left_out.items())
        raise InputError(f"a council needs a strategy whose features are there; {told}", field="council")
    return tuple(shapes), left_out


def setup_of(strategy: str, config: SetupConfig, dataset: Dataset) -> Setup:
    """Return a strategy's setup with the bounds that the training rows give it."""
    values = dataset.values[:, dataset.features.index(config.feature)]
    training = values[(dataset.part == TRAIN).any(axis=1) & np.isfinite(values)]
    bounds = tuple(tuple(np.quantile(training, pair).tolist()) for pair in config.quantiles)
    return Setup(strategy=strategy, feature=config.feature, bounds=bounds, not_zero=config.not_zero)
