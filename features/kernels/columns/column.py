"""What a column of own bars is."""

from __future__ import annotations

from collections.abc import Callable

from traderai.common.arrays import F64

# Called with the window and the feature's parameters by name.
Column = Callable[..., F64]
