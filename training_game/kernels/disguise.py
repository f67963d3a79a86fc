"""Candles under a disguise: other prices, other volumes, other dates, the same shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.kernels.sessions import moscow_offset_s
from traderai.common.arrays import F64, I64

DECIMALS = 2
PRICES = (100.0, 1000.0)  # the last close shown lies between them
VOLUMES = (1e4, 1e6)  # and the median volume
# No candle is stored of these years, so that a shown date can never be taken for the real one, nor be it by chance.
FIRST_YEAR, LAST_YEAR = 2050, 2079
_WEEK_S = 7 * 86_400
_MOSCOW_S = 3 * 3600


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownCandles:
    """Candles as a player sees them, oldest first; all arrays have shape (n,)."""

    begin_s: (
        I64  # seconds since 1970 UTC; of disguised ones by a clock that is always three hours ahead of UTC
    )
    open: F64
    high: F64
    low: F64
    close: F64
    volume: F64

    def __len__(self) -> int:
        return int(self.begin_s.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disguise:
    """How what is shown differs from what was; `PLAIN` changes nothing."""

    price_factor: float
    volume_factor: float
    weeks: int | None  # by which dates go ahead; None: as they are
    decimals: int | None  # shown prices are rounded to so many; None: as they are
    whole_volumes: bool


PLAIN = Disguise(price_factor=1.0, volume_factor=1.0, weeks=None, decimals=None, whole_volumes=False)


def disguise_drawn(begin_s: I64, close: F64, volume: F64, *, rng: np.random.Generator) -> Disguise:
    """Return a disguise for candles.

    The levels shown are drawn first, whatever the real ones are: the last close from 100 to 1000, the median volume
    from 10 thousand to a million, the week of the last candle from thirty years far ahead. So a shown price, volume or
    date tells nothing of the real one, only the shape stays.

    Shapes: begin_s, close, volume (n,), n at least 1.
    Units:  seconds since 1970 UTC; rubles; shares.
    NaN:    not accepted.
    Raises: ValueError without a candle or for a last close that is not above 0.
    """
    if not close.size or not close[-1] > 0.0:
        raise ValueError(f"a disguise needs a last close above 0, was {close[-1:].tolist()}")
    price = float(np.exp(rng.uniform(*np.log(PRICES))))
    shown_volume = float(np.exp(rng.uniform(*np.log(VOLUMES))))
    first, last = (_year_s(year) for year in (FIRST_YEAR + 2, LAST_YEAR))
    wanted_s = int(rng.integers(first, last))
    traded = volume[volume > 0.0]
    median = float(np.median(traded)) if traded.size else 1.0
    return Disguise(
        price_factor=price / float(close[-1]),
        volume_factor=shown_volume / median,
        weeks=(wanted_s - int(begin_s[-1])) // _WEEK_S,
        decimals=DECIMALS,
        whole_volumes=True,
    )


def candles_shown(candles: ShownCandles, disguise: Disguise) -> ShownCandles:
    """Return candles under a disguise; given are real ones, with `begin_s` in seconds since 1970 UTC.

    Weekday and time of day stay, because sessions are part of the picture; the offset of Moscow's clock, which was
    another one in 2011 to 2014, does not. Rounding keeps low <= open, close <= high.

    Shapes: all (n,).
    Units:  prices times price_factor, volumes times volume_factor.
    NaN:    kept.
    Causal: row t reads row t.
    """
    begin_s = candles.begin_s
    if disguise.weeks is not None:
        begin_s = begin_s + moscow_offset_s(begin_s) - _MOSCOW_S + disguise.weeks * _WEEK_S
    prices = [
        each * disguise.price_factor for each in (candles.open, candles.high, candles.low, candles.close)
    ]
    if disguise.decimals is not None:
        prices = [np.round(each, disguise.decimals) for each in prices]
    volume = candles.volume * disguise.volume_factor
    if disguise.whole_volumes:
        # A bar with a trade keeps one.
        volume = np.where(candles.volume > 0.0, np.maximum(np.round(volume), 1.0), 0.0)
    return ShownCandles(
        begin_s=begin_s,
        open=prices[0],
        high=prices[1],
        low=prices[2],
        close=prices[3],
        volume=volume,
    )


def _year_s(year: int) -> int:
    return int(np.datetime64(f"{year}-01-01", "s").astype(np.int64))
