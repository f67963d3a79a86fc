"""Stored features of a share's bars."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from features.selectors.matrix import feature_matrix_load
from market.contracts import Bars
from traderai.common.arrays import F32
from traderai.common.errors import InvariantError


def feature_values(bars: Bars, *, feature_set: str, as_of: datetime) -> F32:
    """Return the stored features of some bars (n, k), NaN where a bar has none.

    Raises: NotReadyError where nothing of the share is stored, InvariantError for features of other bars.
    """
    matrix = feature_matrix_load(
        feature_set=feature_set, secid=bars.secid, timeframe=bars.timeframe, as_of=as_of
    )
    place = np.searchsorted(bars.begin_s, matrix.begin_s)
    if np.any(place >= len(bars)) or np.any(bars.begin_s[place] != matrix.begin_s):
        raise InvariantError(
            f"{bars.secid} has features of bars that are not there; run manage.py build_features"
        )
    values = np.full((len(bars), matrix.values.shape[1]), np.nan, dtype=np.float32)
    values[place] = matrix.values
    return values
