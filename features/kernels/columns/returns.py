"""Returns. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import technical
from features.kernels.columns.column import Column

COLUMNS: Final[dict[str, Column]] = {
    "log_return": lambda w, **p: technical.log_return(w.close, **p),
}
