"""Volume and liquidity. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import volume
from features.kernels.columns.column import Column

COLUMNS: Final[dict[str, Column]] = {
    "volume_ratio": lambda w, **p: volume.volume_ratio(w.volume, **p),
    "volume_robust_z": lambda w, **p: volume.volume_robust_z(w.volume, **p),
    "turnover_ratio": lambda w, **p: volume.turnover_ratio(w.turnover, **p),
    "amihud_illiquidity": lambda w, **p: volume.amihud_illiquidity(w.close, w.turnover, **p),
}
