"""Meta-labels: whether following a primary rule would have paid."""

from __future__ import annotations

import numpy as np

from modeling.kernels.labels import NULL, BarrierOutcomes
from traderai.common.arrays import I8


def meta_labels(outcomes: BarrierOutcomes, side: I8) -> I8:
    """Return 1 where taking the side that a primary rule named earned money after costs, 0 where it did not.

    Shapes: outcomes of n rows; side (n,), 1 for a long, -1 for a short, 0 where the rule stays out -> (n,)
    NaN:    NULL where the rule stays out or the row has no label.
    Causal: as the outcomes; the side must have been known at the decision.
    Raises: ValueError for another shape or another side.
    Source: Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 3.6.
    """
    if side.shape != outcomes.row_state.shape:
        raise ValueError(f"side must be {outcomes.row_state.shape}, one of each row, was {side.shape}")
    if not np.isin(side, (-1, 0, 1)).all():
        wrong = side[~np.isin(side, (-1, 0, 1))][0]
        raise ValueError(f"side must be 1 (long), -1 (short) or 0 (stay out), was {wrong}")
    net_frac = np.where(side > 0, outcomes.long.net_frac, outcomes.short.net_frac)
    followed = outcomes.labelled & (side != 0)
    return np.where(followed, (net_frac > 0).astype(np.int8), np.int8(NULL))
