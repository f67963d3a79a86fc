"""A recipe with a council, and synthetic bars under names of the catalogue that it can read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modeling.contracts.council import VoteContext
from modeling.fitting.dataset import Dataset, KnownRanks
from modeling.fitting.recipe import CouncilConfig, Recipe, SetupConfig, StrategyConfig
from tests.modeling.synthetic import dataset, tiny_recipe

COLUMN = 1
CONTEXT = VoteContext(volatility_feature="atr_14_pct", liquidity_feature="rsi_14", regime_features=())
COUNCIL = CouncilConfig(
    strategies={
        "trend": StrategyConfig(
            families=("trend",), setup=SetupConfig(feature="adx_14", quantiles=((0.0, 0.3), (0.7, 1.0)))
        ),
        "mean_reversion": StrategyConfig(
            families=("oscillators",), setup=SetupConfig(feature="rsi_14", quantiles=((0.0, 0.25),))
        ),
        "news": StrategyConfig(families=("news",), setup=SetupConfig(feature="news_sum_240", not_zero=True)),
    },
    loss_weight=0.5,
    liquidity_feature="rsi_14",
)


def council_recipe(**overrides: object) -> Recipe:
    own = {"network.volatility_feature": "atr_14_pct", "split.calibration_folds": 3, **overrides}
    return replace(tiny_recipe(**own), kind="council", council=COUNCIL)


def council_data() -> Dataset:
    """Return synthetic bars; the planted hint is called a trend."""
    return replace(dataset(days=360, planted=True), features=("adx_14", "atr_14_pct", "rsi_14"))


def ranked_data() -> Dataset:
    """Return the same with daily ranks, which say what the hint says; of one share they are not known."""
    data = council_data()
    place = np.where(data.instrument == 2, np.nan, 0.8 * data.values[:, 0].astype(np.float64))
    ranks = KnownRanks(name="daily_rank_5d", place=place, known_s=data.decision_s - 3600)
    return replace(data, ranks=ranks)
