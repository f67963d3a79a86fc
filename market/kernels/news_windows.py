"""What was the strongest of events in a window that ends at each moment."""

from __future__ import annotations

from collections import deque

import numpy as np

from traderai.common.arrays import F64, I64


def strongest_in_window(moments_s: I64, known_s: I64, strength: F64, window_s: int) -> I64:
    """Return for each moment the place of the strongest event known in `(moment - window_s, moment]`, -1 for none.

    Of equally strong events the newest counts. Moments may come in any order.

    Shapes: moments_s (M,), known_s and strength (N,); returns (M,).
    Units: seconds.
    NaN: an event of NaN strength is a ValueError.
    Causal: an event counts from its known_s on, never before.
    Raises: ValueError for events that are not sorted by known_s, and for a window below 1.
    """
    if window_s < 1:
        raise ValueError(f"window_s must be at least 1, was {window_s}")
    if known_s.shape != strength.shape or known_s.ndim != 1:
        raise ValueError(f"known_s and strength must be alike, were {known_s.shape} and {strength.shape}")
    if known_s.size and (np.diff(known_s) < 0).any():
        raise ValueError("known_s must not decrease; sort the events first")
    if np.isnan(strength).any():
        raise ValueError("strength must not be NaN")
    found = np.full(moments_s.shape, -1, dtype=np.int64)
    best: deque[int] = deque()  # places of falling strength: the first one is the strongest in the window
    coming = 0
    for place in np.argsort(moments_s, kind="stable").tolist():
        moment = int(moments_s[place])
        while coming < known_s.size and known_s[coming] <= moment:
            while best and strength[best[-1]] <= strength[coming]:
                best.pop()
            best.append(coming)
            coming += 1
        while best and known_s[best[0]] <= moment - window_s:
            best.popleft()
        if best:
            found[place] = best[0]
    return found
