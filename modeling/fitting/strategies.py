"""The council's strategies over a dataset: what each reads beside the shared state, and where its setup is present."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.selectors.catalogue import feature_specs
from modeling.fitting.dataset import TRAIN, Dataset
from modeling.fitting.recipe import Recipe, SetupConfig
from modeling.networks.shape import StrategyShape
from traderai.common.arrays import Bools
from traderai.common.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strategies:
    """Those strategies of a council that the dataset's features can serve."""

    shapes: tuple[StrategyShape, ...]
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
        return Strategies(shapes=(), present={}, left_out={})
    shapes, left_out = strategy_shapes(recipe, dataset.features)
    configured = recipe.council.strategies
    present = {own.name: setup_rows(configured[own.name].setup, dataset) for own in shapes}
    return Strategies(shapes=shapes, present=present, left_out=left_out)


def strategy_shapes(
    recipe: Recipe, features: Sequence[str]
) -> tuple[tuple[StrategyShape, ...], dict[str, str]]:
    """Return the strategies of a recipe's council that a dataset's features can serve, and why others are left out.

    Raises: InputError without a council or if no strategy is left.
    """
    if recipe.council is None:
        raise InputError(f"recipe {recipe.name} has no council; write one into it", field="council")
    families = {spec.name: spec.family for spec in feature_specs(name=recipe.feature_set)}
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


def setup_rows(setup: SetupConfig, dataset: Dataset) -> Bools:
    """Return where a setup is present (m,); a missing feature is no setup."""
    values = dataset.values[:, dataset.features.index(setup.feature)]
    known = np.isfinite(values)
    if setup.not_zero:
        return np.asarray(known & (values != 0.0))
    training = values[(dataset.part == TRAIN).any(axis=1) & known]
    inside = np.zeros(values.size, dtype=np.bool_)
    for low, high in setup.quantiles:
        first, last = np.quantile(training, (low, high))
        inside |= (values >= first) & (values <= last)
    return np.asarray(inside & known)
