"""What outcomes have taught a version since its training, as its predictions are said at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from market.contracts import Bars
from modeling.contracts import Prediction, ServingArtifact
from modeling.contracts.conformal import HorizonRanges
from modeling.contracts.levels import HorizonLevels
from modeling.kernels.bar_returns import ewma_volatility
from modeling.kernels.served_levels import with_levels
from modeling.kernels.served_ranges import ranged
from modeling.selectors.conformal import levels_get, ranges_get
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taught:
    """What outcomes have taught a version by now, and by how much each share moves."""

    ranges: dict[str, HorizonRanges]
    levels: dict[str, HorizonLevels]
    recent: F64  # (n,) EWMA volatility of each readable share's last bar
    session: I64  # (n,) code of that bar's

    @classmethod
    def of(cls, artifact: ServingArtifact, readable: Sequence[Bars], *, as_of: datetime) -> Taught:
        """Return what a version had been taught by a moment, for the shares with these bars."""
        return cls(
            ranges=ranges_get(artifact=artifact, as_of=as_of),
            levels=levels_get(artifact=artifact, as_of=as_of),
            recent=np.array([ewma_volatility(bars)[-1] for bars in readable]),
            session=np.array([bars.session[-1] for bars in readable], dtype=np.int64),
        )

    def said(
        self, predictions: Sequence[Prediction], horizon: str, *, rows: Sequence[int] | None = None
    ) -> tuple[Prediction, ...]:
        """Return predictions as they are said, of all shares or of those at `rows`."""
        at = slice(None) if rows is None else np.array(rows, dtype=np.int64)
        recent, session = self.recent[at], self.session[at]
        if horizon in self.ranges:
            predictions = ranged(predictions, recent, session, self.ranges[horizon])
        if horizon in self.levels:
            predictions = with_levels(predictions, recent, self.levels[horizon])
        return tuple(predictions)
