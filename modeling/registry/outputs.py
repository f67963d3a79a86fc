"""What a network's heads say, and what is said after calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from modeling.contracts import HeadTrust
from modeling.contracts.decisions import EXCURSIONS
from modeling.contracts.heads import BASE_HEADS, EXCURSION_HEADS
from modeling.kernels.trust import (
    blended_excursions,
    blended_quantiles,
    blended_volatility,
    trusted_probability,
    trusted_shares,
)
from traderai.common.arrays import F64, Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outputs:
    """What the heads say, by row; logits are not calibrated yet."""

    p_long_logit: F64  # (n,)
    p_short_logit: F64  # (n,)
    return_quantiles: F64  # (n, 7)
    volatility: F64  # (n,)
    direction_logits: F64  # (n, 5)
    more: dict[str, F64] = field(default_factory=dict)  # other heads (n,) or (n, 7)

    def of(self, head: str) -> F64:
        """Return one head's outputs."""
        found: F64 = self.more[head] if head in self.more else getattr(self, head)
        return found

    def taken(self, rows: Bools) -> Outputs:
        """Return the outputs of some rows."""
        own = {head: getattr(self, head)[rows] for head in BASE_HEADS}
        return Outputs(**own, more={head: array[rows] for head, array in self.more.items()})

    @classmethod
    def by_head(cls, arrays: dict[str, F64]) -> Outputs:
        """Return the outputs under the names of their heads."""
        own = {head: arrays[head] for head in BASE_HEADS}
        return cls(**own, more={head: array for head, array in arrays.items() if head not in own})


def excursions_of(more: Mapping[str, F64]) -> F64 | None:
    """Return the quantiles of excursions (..., 4, 7) in the order of EXCURSION_HEADS; None where a head is missing.

    Rising, the best excursion at least 0 and the worst at most 0, as trained networks say them.
    """
    if not set(EXCURSION_HEADS) <= set(more):
        return None
    found = np.sort(np.stack([more[head] for head in EXCURSION_HEADS], axis=-2), axis=-1)
    best = np.array([name.endswith("mfe") for name in EXCURSIONS])[:, None]
    return np.where(best, np.maximum(found, 0.0), np.minimum(found, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trusted:
    """What is said after calibration, by row."""

    p_long: F64  # (n,)
    p_short: F64
    return_quantiles: F64  # (n, 7)
    volatility: F64  # (n,)
    direction: F64  # (n, 5)
    excursions: F64 | None = None  # (n, 4, 7) by EXCURSIONS, fractions of the entry price; None: not foretold


def trusted(outputs: Outputs, recent: F64, own: HeadTrust) -> Trusted:
    """Return what is said of rows whose recent volatility of a bar is `recent` (n,)."""
    return Trusted(
        p_long=trusted_probability(
            outputs.p_long_logit,
            prior=own.p_long_prior,
            trust=own.p_long_trust,
            shift=own.p_long_shift,
            by=own.p_long_map,
        ),
        p_short=trusted_probability(
            outputs.p_short_logit,
            prior=own.p_short_prior,
            trust=own.p_short_trust,
            shift=own.p_short_shift,
            by=own.p_short_map,
        ),
        return_quantiles=blended_quantiles(outputs.return_quantiles, recent, own),
        volatility=blended_volatility(outputs.volatility, recent, own),
        direction=trusted_shares(
            outputs.direction_logits, prior=own.direction_prior, trust=own.direction_trust
        ),
        excursions=blended_excursions(excursions_of(outputs.more), recent, own.excursions),
    )
