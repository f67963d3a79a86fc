"""A small panel of daily shares of which one feature foretells the next days, if planted."""

from __future__ import annotations

from functools import cache

import numpy as np

from market.contracts import Bars, InstrumentFacts, Timeframe
from market.kernels.sessions import MAIN
from modeling.contracts import RankLabelSet
from modeling.fitting.cross_data import RankPanel, ShareFeatures, panel_assemble
from modeling.fitting.cross_rankers import ForestRanker, RidgeRanker
from modeling.fitting.cross_settings import RankNetworkConfig
from modeling.fitting.label_data import LabelScope, ShareRows
from modeling.kernels.label_windows import row_inputs
from modeling.kernels.splits import DAY_S
from modeling.kernels.walk_forward import FoldDates, equal_folds
from modeling.selectors.configuration import cost_model_get
from modeling.selectors.label_sets import label_set_get
from traderai.common.clock import from_epoch_s

SHARES, DAYS = 14, 520
FEATURES = ("hint", "noise", "market")
START_S = 1_640_984_400  # 2022-01-01, midnight in Moscow
RANKERS = (RidgeRanker(), ForestRanker(bags=2, rounds=20, least_rows=50))
SMALL = RankNetworkConfig(
    backbone="tcn", lookback_days=8, max_gap_days=30, channels=4, ticker_width=1, horizon_width=1, dropout_frac=0.0,
    ticker_dropout_frac=0.1, ensemble=1, batch_rows=256, learning_rate=0.03, weight_decay=0.001, max_epochs=2,
    max_windows_per_epoch=2000, max_fit_minutes=1.0,
)  # fmt: skip
AS_OF = from_epoch_s(START_S + DAYS * DAY_S)


def spec() -> RankLabelSet:
    found = label_set_get(name="rank_v1")
    assert isinstance(found, RankLabelSet)
    return found


def facts(number: int, *, kind: str = "share") -> InstrumentFacts:
    return InstrumentFacts(
        id=number, secid=f"SHR{number:02d}", name_ru="", name_en="", sector="", lot_size=1, price_step_rub=0.01,
        decimals=2, active=True, shortable=True, is_simulated=True, issue_size_shares=None, kind=kind,
    )  # fmt: skip


def share(number: int, *, drift_frac: float, days: int = DAYS, seed: int = 0) -> ShareFeatures:
    """Return a share whose first feature is the sign of its drift over the next five days, were there any."""
    rng = np.random.default_rng([seed, number])
    hint = np.repeat(rng.standard_normal(days // 5 + 1), 5)[:days]
    drift = np.concatenate(([0.0], hint[:-1])) * drift_frac
    close = 100.0 * np.exp(np.cumsum(0.015 * rng.standard_normal(days) + drift))
    opens = np.concatenate(([100.0], close[:-1]))
    bars = Bars(
        secid=facts(number).secid,
        timeframe=Timeframe.D1,
        begin_s=(START_S + DAY_S * np.arange(days)).astype(np.int64),
        open=opens,
        high=np.maximum(opens, close),
        low=np.minimum(opens, close),
        close=close,
        volume_shares=np.full(days, 1e6),
        turnover_rub=np.full(days, 5e7),
        split_factor=np.ones(days),
        dividend_rub=np.zeros(days),
        trading_day=np.arange(days, dtype=np.int64),
        session=np.full(days, MAIN, dtype=np.int8),
    )
    market = np.sin(np.arange(days) / 30.0)
    values = np.column_stack((hint, rng.standard_normal(days), market)).astype(np.float32)
    rows = ShareRows(
        facts=facts(number),
        bars=bars,
        inputs=row_inputs(bars, cost_frac=0.002),
        regime=np.zeros(days, dtype=np.int8),
        first=0,
    )
    return ShareFeatures(bars=bars, rows=rows, values=values)


def shares(*, drift_frac: float, days: int = DAYS, seed: int = 0) -> list[ShareFeatures]:
    return [share(number, drift_frac=drift_frac, days=days, seed=seed) for number in range(SHARES)]


@cache
def panel(*, planted: bool) -> RankPanel:
    return panel_assemble(shares(drift_frac=0.006 if planted else 0.0), spec(), columns=FEATURES)


def scope() -> LabelScope:
    return LabelScope(
        timeframe=Timeframe.D1,
        shares=tuple(facts(number) for number in range(SHARES)),
        left_out={},
        since=None,
        as_of=AS_OF,
        costs=cost_model_get(),
    )


def dates(own: RankPanel, *, folds: int = 2) -> tuple[FoldDates, ...]:
    return equal_folds(own.decision_s, n_folds=folds, first_train_days=180.0, validation_days=60.0)
