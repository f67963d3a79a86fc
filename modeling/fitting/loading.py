"""Reading bars, features and costs of a recipe's universe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import numpy as np

from features.selectors.catalogue import feature_set_get, sparse_blocks
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.auctions import bars_in_auction
from market.selectors.bars import bars_load
from market.selectors.instruments import instrument_get, traded_list
from modeling.contracts import CostModel
from modeling.fitting.daily_ranks import DailyRanks, with_ranks
from modeling.fitting.dataset import Dataset, InstrumentRows, dataset_assemble
from modeling.fitting.parts import dataset_check, split_by_shares
from modeling.fitting.rank_loading import recipe_ranks
from modeling.fitting.recipe import Recipe
from modeling.fitting.stored_features import feature_values
from modeling.selectors.configuration import cost_model_get
from modeling.selectors.terms import trading_terms
from traderai.common.arrays import F32
from traderai.common.clock import to_epoch_s
from traderai.common.errors import NotReadyError
from traderai.common.progress import Progress

_WARMUP_BARS: Final = 300


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loaded:
    """A dataset in no part yet, with the bars that it was made of."""

    dataset: Dataset
    instruments: tuple[InstrumentRows, ...]  # those with bars, in the dataset's order
    is_simulated: bool
    without_features: tuple[str, ...]  # secids
    left_out: dict[str, str] = field(default_factory=dict)  # by secid why
    ranks: DailyRanks | str | None = None  # in the dataset, for its council; or why there are none


def dataset_load(
    recipe: Recipe, *, as_of: datetime, progress: Progress
) -> tuple[Dataset, bool, tuple[str, ...]]:
    """Return the dataset known at `as_of`, whether it is simulated, and the shares that have no features, or not enough.

    Raises: NotReadyError if no instrument has features, DatasetRefusedError as `dataset_assemble` says.
    """
    loaded = universe_load(recipe, as_of=as_of, progress=progress)
    without = (*loaded.without_features, *(f"{secid}: {why}" for secid, why in loaded.left_out.items()))
    return parted(loaded.dataset, recipe), loaded.is_simulated, without


def universe_load(recipe: Recipe, *, as_of: datetime, progress: Progress) -> Loaded:
    """Return everything known at `as_of` of the recipe's shares.

    Where it asks for all shares, one that lacks a feature in most of its rows is left out and told of, so that no new
    listing stops the month's training; one that it names is refused later, with its reason.
    """
    loaded = whole_load(recipe, as_of=as_of, progress=progress, since=recipe.begins)
    return loaded if recipe.universe else complete_only(loaded, recipe, since=recipe.begins)


def whole_load(
    recipe: Recipe, *, as_of: datetime, progress: Progress, since: datetime | None = None
) -> Loaded:
    """Return everything known at `as_of`; rows decided before `since` are not usable.

    Raises: as `dataset_load`.
    """
    costs = cost_model_get()
    chosen = universe_of(recipe)
    rows, without = [], []
    for number, item in enumerate(chosen):
        progress(number, len(chosen), item.secid)
        try:
            found = _instrument_rows(item, recipe, costs, as_of)
        except NotReadyError:
            without.append(item.secid)
            continue
        rows.append(found if since is None else _since(found, to_epoch_s(since)))
    if not rows:
        raise NotReadyError(
            f"none of {len(chosen)} instruments has {recipe.feature_set} features at {recipe.timeframe}; "
            "run manage.py ingest and manage.py build_features first",
            code="features_not_built",
        )
    dataset, simulated = assembled(rows, recipe, since=since), chosen[0].is_simulated
    ranks = recipe_ranks(recipe, as_of=as_of, since=since, simulated=simulated, progress=progress)
    if isinstance(ranks, str):
        progress(len(chosen), len(chosen), f"no daily rank: {ranks}")
    return Loaded(
        dataset=with_ranks(dataset, ranks),
        instruments=tuple(item for item in rows if len(item.bars)),
        is_simulated=simulated,
        without_features=tuple(without),
        ranks=ranks,
    )


def complete_only(loaded: Loaded, recipe: Recipe, *, since: datetime | None = None) -> Loaded:
    """Return the data without the shares that miss a dense feature in more of their rows than the recipe allows.

    Such a share has no source of a feature at all, or was listed too late for it; it is told of, not guessed at.
    """
    dense = np.array([not block for block in sparse_blocks(name=recipe.feature_set)])
    left_out = dict(loaded.left_out)
    for item in loaded.instruments:
        missing = np.isnan(item.values).mean(axis=0) * dense
        worst = int(np.argmax(missing))
        if missing[worst] > recipe.evaluation.max_missing_frac:
            left_out[item.bars.secid] = (
                f"{loaded.dataset.features[worst]} missing in {missing[worst]:.0%} of its bars"
            )
    if left_out == loaded.left_out:
        return loaded
    kept = [item for item in loaded.instruments if item.bars.secid not in left_out]
    dataset = with_ranks(assembled(kept, recipe, since=since), loaded.ranks)
    return replace(loaded, dataset=dataset, instruments=tuple(kept), left_out=left_out)


def rows_with_terms(item: InstrumentFacts, bars: Bars, values: F32, costs: CostModel) -> InstrumentRows:
    """Return a share's bars and features (n, k) with what trading it cost and allowed at each bar."""
    terms = trading_terms(item, bars)
    return InstrumentRows(
        bars=bars,
        values=values,
        cost_frac=terms.cost_frac(bars, costs),
        terms=terms,
        auction=bars_in_auction(bars=bars),
    )


def assembled(rows: Sequence[InstrumentRows], recipe: Recipe, *, since: datetime | None = None) -> Dataset:
    """Return the recipe's dataset of some shares in no part yet; rows decided before `since` are not usable.

    Raises: DatasetRefusedError where there are no bars.
    """
    dataset = dataset_assemble(
        rows,
        features=feature_set_get(name=recipe.feature_set).columns,
        label_set=recipe.labels(),
        lookback_bars=recipe.network.lookback_bars,
        sparse_blocks=sparse_blocks(name=recipe.feature_set),
    )
    if since is None:
        return dataset
    return replace(dataset, usable=dataset.usable & (dataset.decision_s >= to_epoch_s(since))[:, None])


def parted(dataset: Dataset, recipe: Recipe) -> Dataset:
    """Return the dataset in the recipe's parts.

    Raises: DatasetRefusedError where the parts or the features cannot teach or judge.
    """
    found = split_by_shares(dataset, recipe.split)
    evaluation = recipe.evaluation
    dataset_check(found, max_missing_frac=evaluation.max_missing_frac, leak_scan=evaluation.leak_scan)
    return found


def _since(item: InstrumentRows, since_s: int) -> InstrumentRows:
    """Return the rows from a moment on, with as many before it as volatilities and medians reach back."""
    first = max(0, int(np.searchsorted(item.bars.begin_s, since_s)) - _WARMUP_BARS)
    return replace(
        item,
        bars=item.bars.part(first, len(item.bars)),
        values=item.values[first:],
        cost_frac=item.cost_frac[first:],
        terms=item.terms.part(first),
        auction=None if item.auction is None else item.auction[first:],
    )


def _instrument_rows(
    item: InstrumentFacts, recipe: Recipe, costs: CostModel, as_of: datetime
) -> InstrumentRows:
    timeframe = Timeframe.parse(recipe.timeframe)
    bars = bars_load(secid=item.secid, timeframe=timeframe, as_of=as_of)
    values = feature_values(bars, feature_set=recipe.feature_set, as_of=as_of)
    return rows_with_terms(item, bars, values, costs)
