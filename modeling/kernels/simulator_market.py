"""What the simulator trades on: the bars of many instruments, checked once and laid end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from market.contracts import Bars
from market.kernels.sessions import moscow_offset_s
from modeling.kernels.barriers import PricePath, price_path
from traderai.common.arrays import F64, I64, Bools

Rows: TypeAlias = npt.NDArray[np.void]  # a table of named columns
_DAY_S = 86_400
_THREE_HOURS_S = 10_800


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instrument:
    """One share's bars and the terms it is traded on; a term is one value or one for each bar."""

    bars: Bars
    price_step_rub: float | F64  # as traded; 0 where prices have no step
    lot_size: int | I64  # shares as traded
    shortable: bool | Bools


# One bar of the market beside its prices. Rows of one array, for a compiled loop is slow to hand many arrays on.
BAR = np.dtype(
    [
        ("split_factor", np.float64),
        ("price_step_rub", np.float64),
        ("lot_size", np.int64),
        ("shortable", np.bool_),
        ("has_volume", np.bool_),
    ],
    align=True,
)


class Market(NamedTuple):
    """Instruments end to end: the bars of instrument i are rows `offset[i]` to `offset[i + 1]` (see `stack_market`)."""

    offset: I64  # (m + 1,)
    begin_s: I64  # (n,) as all below
    known_s: I64
    bar: Rows  # of BAR
    path: PricePath  # lifted, each instrument from its own first bar


def stack_market(instruments: Sequence[Instrument]) -> Market:
    """Return the market of some instruments; one market serves many simulations.

    Shapes: m instruments, n bars in all.
    Units:  rubles, forward-adjusted for splits; steps and lots as traded.
    NaN:    refused.
    Causal: row t of an instrument reads its bars up to t.
    Raises: ValueError without instruments, or if bars are not in the order of time, prices are not positive and
            finite or lie outside of low to high, dividends are negative, a split factor or a lot is not above 0,
            a step is negative.
    """
    if not instruments:
        raise ValueError("a market needs at least one instrument, was empty")
    for instrument in instruments:
        _check_bars(instrument.bars)
        _check_terms(instrument)
    paths = [price_path(each.bars) for each in instruments]
    return Market(
        offset=_offsets([len(each.bars) for each in instruments]),
        begin_s=np.concatenate([each.bars.begin_s for each in instruments]).astype(np.int64),
        known_s=np.concatenate([each.bars.known_s for each in instruments]).astype(np.int64),
        bar=np.concatenate([_bar_rows(each) for each in instruments]),
        path=PricePath(*(np.concatenate(column).astype(np.float64) for column in zip(*paths, strict=True))),
    )


def moscow_days(moments_s: I64) -> I64:
    """Return the Moscow day on which each bar ended; midnight belongs to the day before.

    Shapes: moments_s (n,) ends of bars -> (n,)
    Units:  seconds since 1970 UTC; days since 1970-01-01, Moscow time.
    """
    last_s = moments_s - 1
    return (last_s + moscow_offset_s(last_s)) // _DAY_S


def day_ends_s(days: I64) -> I64:
    """Return the moment at which each Moscow day ends.

    Shapes: days (d,) -> (d,)
    Units:  days since 1970-01-01, Moscow time; seconds since 1970 UTC.
    """
    midnight_s = (days + 1) * _DAY_S
    return midnight_s - moscow_offset_s(midnight_s - _THREE_HOURS_S)


def _bar_rows(instrument: Instrument) -> Rows:
    bars = instrument.bars
    rows = np.empty(len(bars), dtype=BAR)
    rows["split_factor"] = bars.split_factor
    rows["price_step_rub"] = instrument.price_step_rub
    rows["lot_size"] = instrument.lot_size
    rows["shortable"] = instrument.shortable
    rows["has_volume"] = bars.volume_shares > 0
    return rows


def _offsets(sizes: list[int]) -> I64:
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


def _check_bars(bars: Bars) -> None:
    if np.any(np.diff(bars.begin_s) <= 0):
        raise ValueError(f"bars of {bars.secid} must be in the order of time, each once; sort them")
    for name in ("open", "high", "low", "close", "split_factor"):
        values = getattr(bars, name)
        if not (np.isfinite(values).all() and (values > 0).all()):
            raise ValueError(
                f"{name} of {bars.secid} must be above 0 and finite in every bar, was "
                f"{values[~(values > 0) | ~np.isfinite(values)][0]}; leave such bars out"
            )
    inside = (bars.low <= np.minimum(bars.open, bars.close)) & (
        bars.high >= np.maximum(bars.open, bars.close)
    )
    if not inside.all():
        raise ValueError(
            f"open and close of {bars.secid} must lie within low to high, did not in bar "
            f"{int(np.argmin(inside))}; leave such bars out"
        )
    if not (np.isfinite(bars.dividend_rub).all() and (bars.dividend_rub >= 0).all()):
        raise ValueError(f"dividend_rub of {bars.secid} must be 0 or more and finite; correct the dividends")


def _check_terms(instrument: Instrument) -> None:
    secid = instrument.bars.secid
    shape = instrument.bars.begin_s.shape
    for name in ("price_step_rub", "lot_size", "shortable"):
        given = np.shape(getattr(instrument, name))
        if given not in {(), shape}:
            raise ValueError(f"{name} of {secid} must be one value or of shape {shape}, was of shape {given}")
    step = np.asarray(instrument.price_step_rub, dtype=np.float64)
    if not (np.isfinite(step).all() and (step >= 0).all()):
        raise ValueError(f"price_step_rub of {secid} must be 0 or more, was {np.min(step)}")
    if not (np.asarray(instrument.lot_size) >= 1).all():
        raise ValueError(f"lot_size of {secid} must be at least 1, was {np.min(instrument.lot_size)}")
