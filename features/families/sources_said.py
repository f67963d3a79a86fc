"""How the catalogue names where own numbers come from."""

from __future__ import annotations

from typing import Final

BARS: Final = "own candles, adjusted forward for splits and dividends"
VOLUME: Final = "own candles, volume adjusted forward for splits"
TURNOVER: Final = "own candles, the exchange's turnover"
CLOCK: Final = "the bar's begin, Moscow time"
