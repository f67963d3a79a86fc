"""Could chance have done it? Permutation and sign-flip tests that keep days, and near days, together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F64, I64

_ORDERS_AT_ONCE = 256  # a statistic of orders mostly gathers whole arrays for each
_ROUNDING = 1e-12  # equal arrangements may differ by so much, of the largest figure


@dataclass(frozen=True, slots=True, kw_only=True)
class PermutationTest:
    """A statistic, and how often chance arrangements reach it; one-sided, larger is better."""

    observed: float
    null_mean: float
    p_value: float  # (1 + arrangements that reach it) / (1 + arrangements), so never 0
    resamples: int


def permutation_test(statistic: Callable[[I64], F64], orders: I64) -> PermutationTest:
    """Return the one-sided test of a statistic against the same statistic of rearranged days.

    `statistic` gets orders (m, d) and returns (m,), for example with predictions and outcomes by day:
    `lambda orders: (predictions[orders] * outcomes).sum(axis=(1, 2))`. What stands in one day stays together.

    Shapes: orders (resamples, d) from `circular_shifts` or `block_orders`.
    Raises: ValueError if there is no order, or the statistic returns another shape or a missing figure.
    Source: Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9(1), 39.
    """
    if orders.ndim != 2 or orders.size == 0:
        raise ValueError(f"orders must be (resamples, d) with one order at least, was {orders.shape}")
    identity = np.arange(orders.shape[1])[None, :]
    parts = [identity, *np.array_split(orders, -(-orders.shape[0] // _ORDERS_AT_ONCE))]
    figures = [np.asarray(statistic(part)) for part in parts]
    for part, figure in zip(parts, figures, strict=True):
        if figure.shape != part.shape[:1]:
            raise ValueError(
                f"statistic must return {part.shape[:1]} for {part.shape} orders, was {figure.shape}"
            )
    return permutation_p_value(float(figures[0][0]), np.concatenate(figures[1:]))


def permutation_p_value(observed: float, rearranged: F64) -> PermutationTest:
    """Return the one-sided test of a statistic against those of chance arrangements that were made elsewhere.

    Shapes: rearranged (resamples,).
    Raises: ValueError for no arrangement or a missing figure.
    Source: Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9(1), 39.
    """
    if rearranged.ndim != 1 or rearranged.size == 0:
        raise ValueError(f"rearranged must be (resamples,), one at least, was {rearranged.shape}")
    if not (np.isfinite(observed) and np.isfinite(rearranged).all()):
        raise ValueError(
            "the statistic is missing for some arrangement; choose one that every arrangement has"
        )
    slack = _ROUNDING * max(abs(observed), float(np.abs(rearranged).max()))
    reached = int(np.sum(rearranged >= observed - slack))
    return PermutationTest(
        observed=observed,
        null_mean=float(rearranged.mean()),
        p_value=(1.0 + reached) / (1.0 + rearranged.size),
        resamples=int(rearranged.size),
    )


def circular_shifts(days: int, *, resamples: int, minimum_days: int, rng: np.random.Generator) -> I64:
    """Return orders of days that are shifted by a random number and wrapped at the end.

    Both series keep all of their own dependence; only what ties them together goes. At most `days - 2 minimum_days
    + 1` shifts differ, so p cannot be small for few days.

    Shapes: returns (resamples, days).
    Units:  minimum_days is the least shift either way: at least the longest holding time.
    Raises: ValueError if resamples or minimum_days is below 1 or no shift is left.
    """
    if resamples < 1 or minimum_days < 1 or 2 * minimum_days > days:
        raise ValueError(
            f"resamples and minimum_days must be at least 1 and twice minimum_days at most {days} days, "
            f"were {resamples} and {minimum_days}"
        )
    shifts = rng.integers(minimum_days, days - minimum_days + 1, size=resamples)
    orders: I64 = (np.arange(days) + shifts[:, None]) % days
    return orders


def block_orders(days: int, *, block_days: int, resamples: int, rng: np.random.Generator) -> I64:
    """Return orders in which blocks of neighbouring days change places; where blocks begin is drawn anew each time.

    Shapes: returns (resamples, days).
    Units:  block_days well above the time over which both series depend on themselves, well below `days`.
    Raises: ValueError if resamples or block_days is below 1 or there are fewer than 2 blocks.
    """
    if resamples < 1 or block_days < 1 or 2 * block_days > days:
        raise ValueError(
            f"resamples and block_days must be at least 1 and twice block_days at most {days} days, "
            f"were {resamples} and {block_days}"
        )
    place = np.arange(days)
    phase = rng.integers(0, block_days, size=(resamples, 1))
    block = (place + phase) // block_days
    key = rng.random((resamples, days // block_days + 2))
    # Sorting by the block's lot, and within a block by the day, moves blocks as they are.
    return np.argsort(np.take_along_axis(key, block, axis=1), axis=1, kind="stable")


def sign_flip_test(
    daily: F64, *, block_days: int, resamples: int, rng: np.random.Generator
) -> PermutationTest:
    """Return the one-sided test that the mean of a daily series is above 0, by random signs of whole blocks.

    Exact if blocks are independent and profits as likely as losses of the same size; for many blocks a mean of 0
    is enough. Few blocks bound p from below: b blocks know 2 ** b arrangements.

    Shapes: daily (d,) in order, days without a trade as 0.
    Units:  statistic in units of `daily`; block_days at least the longest holding time.
    Raises: ValueError for missing figures, resamples or block_days below 1, or fewer than 5 blocks.
    Source: Lehmann and Romano (2005), Testing Statistical Hypotheses, 15.2.
    """
    if daily.ndim != 1 or not np.isfinite(daily).all():
        raise ValueError(f"daily must be finite figures (d,), were {daily.shape}")
    if resamples < 1 or block_days < 1 or daily.size < 5 * block_days:
        raise ValueError(
            f"resamples and block_days must be at least 1 and 5 blocks fit into {daily.size} days, "
            f"were {resamples} and {block_days}"
        )
    sums = np.add.reduceat(daily, np.arange(0, daily.size, block_days))
    signs = rng.integers(0, 2, size=(resamples, sums.size)) * 2.0 - 1.0
    return permutation_p_value(float(daily.mean()), signs @ sums / daily.size)
