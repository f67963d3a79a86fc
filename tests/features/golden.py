"""What the second implementations of own-bar features start from: the bars as a frame, dividends taken out bar by bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from market.contracts import Bars

# pandas carries no types here
Frame: TypeAlias = Any
Slow: TypeAlias = Callable[[Frame], Any]


def frame_of(bars: Bars) -> Frame:
    """Return the bars with the gaps of dividends taken out, bar by bar; `level_` are the prices with them."""
    factor, factors = 1.0, []
    for t in range(len(bars)):
        if bars.dividend_rub[t] and t:
            factor *= bars.close[t - 1] / (bars.close[t - 1] - bars.dividend_rub[t])
        factors.append(factor)
    adjust = np.array(factors)
    frame = pd.DataFrame(
        {
            "open": bars.open * adjust,
            "high": bars.high * adjust,
            "low": bars.low * adjust,
            "close": bars.close * adjust,
            "volume": bars.volume_shares,
            "turnover": bars.turnover_rub,
            "day": bars.trading_day,
            "session": bars.session,
            "traded": bars.close / bars.split_factor,
            "dividend_factor": adjust,
            **{f"level_{name}": getattr(bars, name) for name in ("open", "high", "low", "close")},
        }
    )
    frame["at"] = pd.to_datetime(bars.begin_s, unit="s", utc=True).tz_convert("Europe/Moscow")
    return frame
