"""What the market had just done when a trade was made."""

from __future__ import annotations

import math

import numpy as np

from behavior.contracts.journal import PricePath

_DAY_S = 86_400
_MIN_DAYS, _DAYS = 20, 60


def prior_move_sigma(path: PricePath, *, price_rub: float, at_s: int) -> float | None:
    """Return the move of the last day up to a trade in standard deviations of a daily move, None with too short a past.

    The move runs from the last close known a day before the trade (over a weekend: of Friday) to the trade's price; the
    deviation is that of the last 60 daily log returns known by then.

    Units:  log return over its standard deviation; price in the path's shares.
    Causal: looks at closes known before the trade only.
    """
    known = int(np.searchsorted(path.at_s, at_s, side="left"))
    at, close = path.at_s[:known], path.close_rub[:known]
    if not known:
        return None
    last_of_day = np.append(at[1:] // _DAY_S != at[:-1] // _DAY_S, True)
    daily = np.diff(np.log(close[last_of_day]))[-_DAYS:]
    before = int(np.searchsorted(at, at_s - _DAY_S, side="right")) - 1
    if daily.size < _MIN_DAYS or before < 0:
        return None
    sigma = float(daily.std(ddof=1))
    return math.log(price_rub / float(close[before])) / sigma if sigma > 0 else None
