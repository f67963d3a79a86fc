"""Reading the bars, features and costs of a system's universe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from features.selectors.catalogue import feature_set_get, sparse_blocks
from market.contracts import InstrumentFacts, Timeframe
from market.selectors.bars import bars_load
from market.selectors.instruments import instrument_get, traded_list
from modeling.fitting.loading import rows_with_terms
from modeling.fitting.stored_features import feature_values
from modeling.selectors.configuration import cost_model_get
from modeling.systems.recipe import SystemRecipe
from modeling.systems.rows import SystemRows, system_rows
from traderai.common.errors import NotReadyError
from traderai.common.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedRows:
    """The rows of a recipe's shares, in no part yet."""

    rows: SystemRows
    is_simulated: bool
    without_features: tuple[str, ...]


def system_load(recipe: SystemRecipe, *, as_of: datetime, progress: Progress) -> LoadedRows:
    """Return everything known at `as_of`.

    Raises: NotReadyError where no share has features, DatasetRefusedError where none has bars.
    """
    costs, timeframe = cost_model_get(), Timeframe.parse(recipe.timeframe)
    chosen = _universe(recipe, timeframe)
    found, without = [], []
    for number, item in enumerate(chosen):
        progress(number, len(chosen), item.secid)
        bars = bars_load(secid=item.secid, timeframe=timeframe, as_of=as_of)
        try:
            values = feature_values(bars, feature_set=recipe.feature_set, as_of=as_of)
        except NotReadyError:
            without.append(item.secid)
            continue
        found.append(rows_with_terms(item, bars, values, costs))
    if not found:
        raise NotReadyError(
            f"none of {len(chosen)} shares has {recipe.feature_set} features at {recipe.timeframe}; "
            f"run manage.py build_features --feature-set {recipe.feature_set} --timeframe {recipe.timeframe} first",
            code="features_not_built",
        )
    rows = system_rows(
        found,
        label_set=recipe.labels(),
        features=feature_set_get(name=recipe.feature_set).columns,
        lookback_bars=recipe.lookback_bars,
        sparse_blocks=sparse_blocks(name=recipe.feature_set),
        all_may_miss=recipe.all_may_miss,
    )
    return LoadedRows(rows=rows, is_simulated=chosen[0].is_simulated, without_features=tuple(without))


def _universe(recipe: SystemRecipe, timeframe: Timeframe) -> list[InstrumentFacts]:
    if recipe.universe:
        chosen = [instrument_get(secid=secid) for secid in recipe.universe]
    else:
        chosen = list(traded_list(timeframe=timeframe, active_only=False))
    simulated = [item for item in chosen if item.is_simulated]
    real = [item for item in chosen if not item.is_simulated]
    own = {"real": real, "simulated": simulated, "auto": real or simulated}[recipe.data]
    return own[: recipe.max_tickers]
