"""Which sales would leave an account short of shares that nobody may sell short."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F64, Bools

_NOTHING = 1e-6  # of a share: what restating by splits leaves by rounding


def refused_sales(qty: F64, is_new: Bools, may_short: Bools) -> Bools:
    """Return which new sales cannot have been made, for they would open or widen a short where none is possible.

    Trades of one share in the order of time. A new sale is refused if it, or a trade after it that was taken
    already, would then be such a short; what is short without any new sale stays as it is. New purchases count at
    once, new sales from the earliest on as far as they were taken.

    Shapes: (n,) each; returns (n,), False for purchases and trades that are not new.
    Units:  shares of one moment, splits applied; positive bought, negative sold.
    NaN:    not accepted.
    Causal: no; a sale is refused for what it does to later trades, too.
    Raises: ValueError if the shapes differ or a quantity is 0 or not finite.
    """
    if not qty.shape == is_new.shape == may_short.shape or qty.ndim != 1:
        raise ValueError(
            f"shapes must be (n,) and equal, were {qty.shape}, {is_new.shape}, {may_short.shape}"
        )
    if not (np.isfinite(qty).all() and (qty != 0).all()):
        raise ValueError("quantities must be finite and not 0")
    asked = is_new & (qty < 0)
    taken = ~asked
    held = np.cumsum(np.where(taken, qty, 0.0))
    forbidden = (qty < 0) & ~may_short
    refused: Bools = np.zeros(qty.size, dtype=np.bool_)
    for place in np.flatnonzero(asked):
        after = held[place:] + qty[place]
        turned = forbidden[place:] & taken[place:] & (after < -_NOTHING) & (held[place:] >= -_NOTHING)
        if turned.any() or (forbidden[place] and after[0] < -_NOTHING):
            refused[place] = True
        else:
            held[place:] = after
            taken[place] = True
    return refused
