"""Reading bars, features and costs of a recipe's universe."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from features.selectors.catalogue import feature_set_get
from features.selectors.matrix import feature_matrix_load
from market.contracts import InstrumentFacts, Timeframe
from market.selectors.bars import bars_load
from market.selectors.instruments import instrument_get, traded_list
from modeling.contracts import CostModel
from modeling.fitting.dataset import Dataset, InstrumentRows, dataset_assemble
from modeling.fitting.parts import dataset_check, split_by_shares
from modeling.fitting.recipe import Recipe
from modeling.selectors.configuration import cost_model_get
from traderai.common.errors import InvariantError, NotReadyError
from traderai.common.progress import Progress


def universe_of(recipe: Recipe) -> tuple[InstrumentFacts, ...]:
    """Return the instruments to learn from: real or simulated ones, never both."""
    if recipe.universe:
        chosen = tuple(instrument_get(secid=secid) for secid in recipe.universe)
    else:
        # Shares that are traded no more too: to learn from the survivors alone would flatter every figure.
        chosen = traded_list(timeframe=Timeframe.parse(recipe.timeframe), active_only=False)
    simulated = [item for item in chosen if item.is_simulated]
    real = [item for item in chosen if not item.is_simulated]
    return tuple({"real": real, "simulated": simulated, "auto": real or simulated}[recipe.data])


def dataset_load(
    recipe: Recipe, *, as_of: datetime, progress: Progress
) -> tuple[Dataset, bool, tuple[str, ...]]:
    """Return the dataset known at `as_of`, whether it is simulated, and the secids without features.

    Raises: NotReadyError if no instrument has features, DatasetRefusedError as `dataset_assemble` says.
    """
    costs = cost_model_get()
    chosen = universe_of(recipe)
    rows, without = [], []
    for number, item in enumerate(chosen):
        progress(number, len(chosen), item.secid)
        try:
            rows.append(_instrument_rows(item, recipe, costs, as_of))
        except NotReadyError:
            without.append(item.secid)
    if not rows:
        raise NotReadyError(
            f"none of {len(chosen)} instruments has {recipe.feature_set} features at {recipe.timeframe}; "
            "run manage.py ingest and manage.py build_features first",
            code="features_not_built",
        )
    dataset = dataset_assemble(
        rows,
        features=feature_set_get(name=recipe.feature_set).columns,
        label_set=recipe.labels(),
        lookback_bars=recipe.network.lookback_bars,
    )
    dataset = split_by_shares(dataset, recipe.split)
    evaluation = recipe.evaluation
    dataset_check(dataset, max_missing_frac=evaluation.max_missing_frac, leak_scan=evaluation.leak_scan)
    return dataset, chosen[0].is_simulated, tuple(without)


def _instrument_rows(
    item: InstrumentFacts, recipe: Recipe, costs: CostModel, as_of: datetime
) -> InstrumentRows:
    timeframe = Timeframe.parse(recipe.timeframe)
    bars = bars_load(secid=item.secid, timeframe=timeframe, as_of=as_of)
    matrix = feature_matrix_load(
        feature_set=recipe.feature_set, secid=item.secid, timeframe=timeframe, as_of=as_of
    )
    place = np.searchsorted(bars.begin_s, matrix.begin_s)
    if np.any(place >= len(bars)) or np.any(bars.begin_s[place] != matrix.begin_s):
        raise InvariantError(
            f"{item.secid} has features of bars that are not there; run manage.py build_features"
        )
    values = np.full((len(bars), matrix.values.shape[1]), np.nan, dtype=np.float32)
    values[place] = matrix.values
    cost = costs.round_trip_frac(price_rub=bars.close / bars.split_factor, price_step_rub=item.price_step_rub)
    return InstrumentRows(
        bars=bars,
        values=values,
        cost_frac=cost,
        shortable=item.shortable,
        price_step_rub=item.price_step_rub,
        lot_size=item.lot_size,
    )
