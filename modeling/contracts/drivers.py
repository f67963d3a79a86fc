"""What moved a prediction: what it owes to each feature, to each family and to all of them together."""

from __future__ import annotations

from dataclasses import dataclass

from modeling.contracts.decisions import Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The prediction as it is less the one without something: above 0, that thing raises it."""

    p_long: float  # difference of probabilities
    p_short: float
    median_return_frac: float  # difference of the medians of the return over the horizon

    @property
    def strength(self) -> tuple[float, float]:
        """What effects are ordered by: the probability that moves most, then the median."""
        return max(abs(self.p_long), abs(self.p_short)), abs(self.median_return_frac)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureDriver:
    """One feature, and what its whole look-back does to the prediction."""

    feature: str
    family: str
    value: float | None  # of the last bar; None where it is missing
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyDriver:
    """All features of a family at once; what they do together is not what they do one by one."""

    family: str
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """One prediction taken apart.

    Without a feature means at its mean on the training rows in every bar of the window; without one of a source that may
    be silent (news, fundamentals, order flow), as if the source were silent. Share and horizon are never taken away.
    """

    secid: str
    horizon: str
    prediction: Prediction
    features: tuple[FeatureDriver, ...]  # strongest first
    families: tuple[FamilyDriver, ...]  # strongest first
    together: Effect  # of all features at once
    remainder: Effect  # of all at once, less the sum of the single ones: what they do only in company
