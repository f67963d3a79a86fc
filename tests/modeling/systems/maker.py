"""Simulated shares for the earlier systems: the first feature foretells the next bars if it is planted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modeling.contracts import ClassLabelSet
from modeling.fitting.recipe import recipe_read
from modeling.systems.loading import LoadedRows
from modeling.systems.recipe import SystemRecipe
from modeling.systems.rows import SystemRows, parted_by_shares, system_rows
from tests.modeling.synthetic import FEATURES, instruments


def class_set(**changes: Any) -> ClassLabelSet:
    values = {
        "name": "direction_v1", "kind": "class", "version": 1, "timeframe": "1h", "horizons": ("9bars",), "rule": "sign",
        "neutral": "none", "entry": "close", "data_lag_min": 0, "within_day": False, "max_gap_days": 5.5,
        "max_gap_min": None, "split_guard_bars": 1, "min_median_turnover_rub": 0.0, "skip_auctions": True,
    }  # fmt: skip
    return ClassLabelSet(**(values | changes))


def rows(
    *, planted: bool = False, days: int = 240, seed: int = 0, lookback_bars: int = 8, **changes: Any
) -> SystemRows:
    return system_rows(
        instruments(days=days, seed=seed, planted=planted),
        label_set=class_set(**changes),
        features=FEATURES,
        lookback_bars=lookback_bars,
    )


def parted(**options: Any) -> SystemRows:
    return parted_by_shares(rows(**options), shares=(0.6, 0.2, 0.2), embargo_days=0.0)


def loaded(**options: Any) -> LoadedRows:
    return LoadedRows(rows=rows(**options), is_simulated=True, without_features=())


def plan(name: str, *overrides: str, **parameters: Any) -> SystemRecipe:
    own = recipe_read(name, SystemRecipe, overrides=overrides)
    figures = replace(own.figures, resamples=100)
    return replace(own, timeframe="1h", parameters=own.parameters | parameters, figures=figures, min_rows=50)
