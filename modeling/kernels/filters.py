"""Which cells of moments and shares a row lies in, and which of them are left out; in judging and in service alike.

Needs NumPy alone, because signals are also read where nothing heavier may be loaded.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from modeling.contracts import Evidence, MarketState, Prediction
from modeling.contracts.filters import CELLS, FilterKind, Filters, LeftOut
from modeling.kernels.edges import volatility_terciles
from traderai.common.arrays import F64, I8, I64, Bools


class CellRows(NamedTuple):
    """What is known of n decisions when they are made; a code of -1 lies in no cell."""

    regime: I8  # (n,) index into REGIMES
    volatility: I64  # (n,) tercile of the expected volatility, by the evidence of the row's horizon
    hour: I64  # (n,) of Moscow's clock
    session: I8  # (n,) of the decision's bar
    median_turnover_rub: F64  # (n,) of a bar


def cell_codes(rows: CellRows, liquidity_edges_rub: tuple[float, float]) -> dict[FilterKind, I64]:
    """Return by kind in which of its cells each row lies, as an index into CELLS.

    Shapes: rows of n; returns (n,) each.
    NaN:    an unknown turnover lies in no cell: -1.
    Causal: reads what the rows hold, which is known at their decisions.
    Raises: ValueError for a code outside the cells of its kind.
    """
    known = np.isfinite(rows.median_turnover_rub)
    tercile = np.searchsorted(np.asarray(liquidity_edges_rub), rows.median_turnover_rub, side="right")
    codes: dict[FilterKind, I64] = {
        "regime": rows.regime.astype(np.int64),
        "volatility": rows.volatility.astype(np.int64),
        "hour": rows.hour.astype(np.int64),
        "session": rows.session.astype(np.int64),
        "liquidity": np.where(known, tercile, -1).astype(np.int64),
    }
    for kind, own in codes.items():
        if own.size and not -1 <= own.min() <= own.max() < len(CELLS[kind]):
            raise ValueError(
                f"codes of {kind} must lie within [-1, {len(CELLS[kind])}), were {own.min()} to {own.max()}"
            )
    return codes


def in_left_out(rows: CellRows, filters: Filters) -> Bools:
    """Return which rows lie in which of the cells that are left out (n, c), c in the order of the filters."""
    codes = cell_codes(rows, filters.liquidity_edges_rub)
    return np.stack([codes[own.kind] == own.code for own in filters.left_out], axis=1)


def left_out_cells(
    prediction: Prediction, evidence: Evidence, market: MarketState, filters: Filters | None
) -> tuple[LeftOut, ...]:
    """Return the cells that one decision lies in and that are left out; none without filters.

    Raises: ValueError for a session or an hour that cannot be.
    """
    if filters is None:
        return ()
    volatility = np.array([prediction.volatility])
    row = CellRows(
        regime=np.array([CELLS["regime"].index(market.regime)], dtype=np.int8),
        volatility=volatility_terciles(volatility, evidence.volatility_tercile_edges),
        hour=np.array([market.hour]),
        session=np.array([market.session], dtype=np.int8),
        median_turnover_rub=np.array([market.median_turnover_rub]),
    )
    return tuple(
        own for own, here in zip(filters.left_out, in_left_out(row, filters)[0], strict=True) if here
    )
