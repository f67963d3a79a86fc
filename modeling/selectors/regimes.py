"""The stored regimes of the market as arrays; light."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from features.contracts import REGIMES
from features.selectors.regime import regime_days
from modeling.kernels.known_regimes import RegimeSteps
from traderai.common.clock import from_epoch_s, to_epoch_s


def regime_steps(*, as_of: datetime, simulated: bool) -> RegimeSteps:
    """Return the regimes of one world, real or simulated, that were known at `as_of`; none where none is stored."""
    days = regime_days(as_of=as_of, since=from_epoch_s(0), simulated=simulated)
    return RegimeSteps(
        moments_s=np.array([to_epoch_s(day.as_of) for day in days], dtype=np.int64),
        codes=np.array([REGIMES.index(day.name) for day in days], dtype=np.int8),
    )
