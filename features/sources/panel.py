"""The market, the sector and the other shares at the same time, from the bars of the whole universe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from features.kernels.panel_columns import COLUMNS, month_block
from features.kernels.panel_grid import PanelSeries, panel_of
from features.sources.base import BuildScope, MonthScope
from features.spec import FeatureSpec
from traderai.common.arrays import F64
from traderai.common.errors import InvariantError, did_you_mean

# A fund holds what the others are: it is compared with them, but is none of them.
MEMBER_KINDS: Final = frozenset({"share", "preferred"})


class PanelSource:
    """Columns made of the month's own bars: no database is asked."""

    def __init__(self, scope: BuildScope, specs: tuple[FeatureSpec, ...]) -> None:
        for spec in specs:
            if spec.kernel not in COLUMNS:
                raise InvariantError(
                    f"{spec.name} must name a column of the panel, was {spec.kernel!r}"
                    f"{did_you_mean(spec.kernel, COLUMNS)}"
                )
        self._wanted = [(spec.kernel, spec.parameters) for spec in specs]
        self._facts = {facts.secid: facts for facts in scope.universe}

    def month_columns(self, month: MonthScope) -> Mapping[str, F64]:
        """Return by ticker the values at the month's bars.

        Shapes: (rows, k), in the order of the specs.
        NaN:    where a column is unknown; a share that is in no universe is left out.
        Causal: row t reads the bars of all shares that had ended by `known_s[t]`, in the month and in at most 300 grid
            rows before it.
        """
        return self._columns(month, newest=False)

    def newest_columns(self, month: MonthScope) -> Mapping[str, F64]:
        """Return by ticker the values at the newest bar of the month, as `month_columns` has them."""
        return self._columns(month, newest=True)

    def _columns(self, month: MonthScope, *, newest: bool) -> Mapping[str, F64]:
        # Always in one order: sums over the shares must have the same bits in every build.
        secids = sorted(month.bars.keys() & self._facts.keys())
        series = [
            PanelSeries(
                bars=month.bars[secid].bars,
                start=month.bars[secid].start,
                is_member=self._facts[secid].kind in MEMBER_KINDS,
                sector=self._facts[secid].sector,
            )
            for secid in secids
        ]
        panel = panel_of(series, begin_s=month.begin_s)
        return dict(zip(secids, month_block(panel, self._wanted, newest=newest), strict=True))
