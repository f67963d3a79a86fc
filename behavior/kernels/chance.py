"""How surprising a count is: exact tails, so that nothing heavy is loaded for them."""

from __future__ import annotations

import math


def poisson_tail(count: int, mean: float) -> float:
    """Return the probability of at least `count` events where `mean` are expected.

    Units:  probability.
    Raises: ValueError if the mean is not above 0.
    """
    if not mean > 0:
        raise ValueError(f"mean must be above 0, was {mean}")
    below = sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count))
    return max(1.0 - below, 0.0)


def binomial_tail(count: int, trials: int, p: float) -> float:
    """Return the probability of at least `count` successes in `trials` of probability `p` each.

    Units:  probability.
    Raises: ValueError unless 0 < p < 1 and 0 <= count <= trials.
    """
    if not 0 < p < 1 or not 0 <= count <= trials:
        raise ValueError(f"p must lie within (0, 1) and count within 0..{trials}, were {p} and {count}")
    return sum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(count, trials + 1))
