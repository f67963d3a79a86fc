"""Which market regime was known when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from traderai.common.arrays import I8, I64

STALE_REGIME_S: Final = 12 * 86_400  # the longest closures of the market are shorter
# What a decision goes by, in service and where its thresholds are learned.
DECIDING_REGIME_S: Final = 7 * 86_400  # longer than the longest weekend: an older one says nothing of now
REGIME_WHEN_UNKNOWN: Final = "flat"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegimeSteps:
    """The regimes of the market, each from the moment on at which it became known."""

    moments_s: I64  # (d,) rising
    codes: I8  # (d,) index into REGIMES


def regime_known(decision_s: I64, steps: RegimeSteps, *, stale_s: int = STALE_REGIME_S) -> I8:
    """Return the newest regime known at each decision, -1 where there is none of the last `stale_s` seconds.

    Shapes: decision_s (n,); returns (n,).
    Causal: a step counts from its own moment on.
    """
    out = np.full(decision_s.size, -1, dtype=np.int8)
    at = np.searchsorted(steps.moments_s, decision_s, side="right") - 1
    fresh = at >= 0
    fresh[fresh] = decision_s[fresh] - steps.moments_s[at[fresh]] <= stale_s
    out[fresh] = steps.codes[at[fresh]]
    return out
