"""Shares of successes and how sure they are."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054  # the 97.5 % point of the normal distribution


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion.

    Shapes: scalars. Units: fractions of 1.
    NaN: no trials give (0, 1): nothing is known.
    Raises: ValueError unless 0 <= successes <= trials.
    Source: E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must be 0 to {trials}, were {successes}")
    if trials == 0:
        return 0.0, 1.0
    share, square = successes / trials, z * z
    centre = share + square / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    scale = 1 + square / trials
    low, high = (centre - spread) / scale, (centre + spread) / scale
    return (0.0 if successes == 0 else low), (1.0 if successes == trials else high)


def cohen_kappa(first: list[str], second: list[str]) -> float:
    """Return Cohen's kappa of two readings, the agreement beyond chance; NaN where chance alone agrees fully.

    Shapes: two lists of one length. Units: 1 is full agreement, 0 chance.
    Raises: ValueError for lists of different lengths or none.
    Source: J. Cohen (1960), A coefficient of agreement for nominal scales, EPM 20.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"two readings of the same items are needed, were {len(first)} and {len(second)}")
    count = len(first)
    agreed = sum(one == other for one, other in zip(first, second, strict=True)) / count
    chance = sum(first.count(name) * second.count(name) for name in set(first)) / (count * count)
    return math.nan if chance == 1.0 else (agreed - chance) / (1 - chance)
