"""Glicko-2: how strong a player is, how sure we are of it, and how erratic the results are.

Our own sixty lines: of the libraries none has a maintainer who has released within two years.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

SCALE = 173.7178  # points of the shown scale in one of Glicko-2's own
CENTRE = 1500.0
_CONVERGED = 1e-6


class Strength(NamedTuple):
    """A player's strength."""

    rating: float = CENTRE  # on the shown scale
    deviation: float = 350.0  # standard deviation of the rating, on the shown scale
    volatility: float = 0.06  # how much the rating is expected to move in a period


class Game(NamedTuple):
    """One result against an opponent as strong as at the beginning of the period."""

    opponent: Strength
    score: float  # 1 won, 0.5 drawn, 0 lost


def rating_updated(before: Strength, games: Sequence[Game], *, tau: float) -> Strength:
    """Return a player's strength after all games of one rating period; without a game only the deviation grows.

    Units:  points of the shown scale; `tau` says how much the volatility may change, 0.3 to 1.2.
    Raises: ValueError for a deviation, volatility or tau that is not above 0, or a score outside of 0 to 1.
    Source: Glickman (2013), Example of the Glicko-2 system, steps 1 to 8.
    """
    _check(before, games, tau)
    phi = before.deviation / SCALE
    if not games:
        return deviation_grown(before, periods=1)
    mu = (before.rating - CENTRE) / SCALE
    information = surprise = 0.0
    for game in games:
        phi_own = game.opponent.deviation / SCALE
        weight = 1.0 / math.sqrt(1.0 + 3.0 * phi_own**2 / math.pi**2)
        gap = weight * (mu - (game.opponent.rating - CENTRE) / SCALE)
        expected = _logistic(gap)
        information += weight**2 * expected * (1.0 - expected)
        surprise += weight * (game.score - expected)
    variance = 1.0 / information
    sigma = _volatility(before.volatility, phi, variance, variance * surprise, tau)
    phi_after = 1.0 / math.sqrt(1.0 / (phi**2 + sigma**2) + information)
    return Strength(CENTRE + SCALE * (mu + phi_after**2 * surprise), SCALE * phi_after, sigma)


def deviation_grown(before: Strength, *, periods: int) -> Strength:
    """Return a strength after periods without a game; it is never less sure than a new player's.

    Units:  points of the shown scale.
    Raises: ValueError for a negative number of periods.
    Source: Glickman (2013), step 6; the bound is Glickman (1995), Glicko, step 1.
    """
    if periods < 0:
        raise ValueError(f"periods must be at least 0, was {periods}")
    grown = math.sqrt((before.deviation / SCALE) ** 2 + periods * before.volatility**2)
    return before._replace(deviation=min(SCALE * grown, max(Strength().deviation, before.deviation)))


def expected_score(own: Strength, other: Strength) -> float:
    """Return the score that a player is expected to make against another.

    Units:  0 to 1.
    Source: Glickman (1999), the deviations of both counted.
    """
    phi = math.hypot(own.deviation, other.deviation) / SCALE
    weight = 1.0 / math.sqrt(1.0 + 3.0 * phi**2 / math.pi**2)
    return _logistic(weight * (own.rating - other.rating) / SCALE)


def _logistic(gap: float) -> float:
    """Return 1 / (1 + exp(-gap)), never quite 0 or 1: the information of a game stays above 0."""
    return min(max(1.0 / (1.0 + math.exp(-max(min(gap, 30.0), -30.0))), 1e-9), 1.0 - 1e-9)


def _volatility(sigma: float, phi: float, variance: float, improvement: float, tau: float) -> float:
    """Find the new volatility by the Illinois algorithm (step 5)."""
    start = math.log(sigma**2)

    def slope(x: float) -> float:
        spread = phi**2 + variance + math.exp(x)
        pull = math.exp(x) * (improvement**2 - spread) / (2.0 * spread**2)
        return pull - (x - start) / tau**2

    low = start
    if improvement**2 > phi**2 + variance:
        high = math.log(improvement**2 - phi**2 - variance)
    else:
        step = 1
        while slope(start - step * tau) < 0.0:
            step += 1
        high = start - step * tau
    at_low, at_high = slope(low), slope(high)
    while abs(high - low) > _CONVERGED:
        middle = low + (low - high) * at_low / (at_high - at_low)
        at_middle = slope(middle)
        if at_middle * at_high <= 0.0:
            low, at_low = high, at_high
        else:
            at_low /= 2.0
        high, at_high = middle, at_middle
    return math.exp(low / 2.0)


def _check(before: Strength, games: Sequence[Game], tau: float) -> None:
    for own in (before, *(game.opponent for game in games)):
        if not (own.deviation > 0.0 and own.volatility > 0.0 and math.isfinite(own.rating)):
            raise ValueError(f"deviation and volatility must be above 0 and the rating finite, were {own}")
    if not tau > 0.0:
        raise ValueError(f"tau must be above 0, was {tau}")
    for game in games:
        if not 0.0 <= game.score <= 1.0:
            raise ValueError(f"a score must be 0 to 1, was {game.score}")
