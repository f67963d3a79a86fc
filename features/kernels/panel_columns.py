"""The columns of a panel: called with the panel and the feature's parameters.

A column is a matrix (s, t), or one row (t,) where all shares have the same number.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from features.kernels import panel_breadth, panel_market, panel_rank, panel_sector
from features.kernels.panel_grid import Panel
from traderai.common.arrays import F64

PanelColumn = Callable[..., F64]

COLUMNS: Final[dict[str, PanelColumn]] = {
    "market_return": panel_market.market_return,
    "market_volatility": panel_market.market_volatility,
    "market_position": panel_market.market_position,
    "relative_strength": panel_market.relative_strength,
    "market_beta": panel_market.market_beta,
    "market_correlation": panel_market.market_correlation,
    "market_residual_volatility": panel_market.market_residual_volatility,
    "share_above_mean": panel_breadth.share_above_mean,
    "advancers": panel_breadth.advancers,
    "new_highs": panel_breadth.new_highs,
    "new_lows": panel_breadth.new_lows,
    "big_moves": panel_breadth.big_moves,
    "dispersion": panel_breadth.dispersion,
    "mean_correlation": panel_breadth.mean_correlation,
    "market_turnover_ratio": panel_breadth.turnover_ratio,
    "sector_return": panel_sector.sector_return,
    "sector_volatility": panel_sector.sector_volatility,
    "sector_position": panel_sector.sector_position,
    "sector_correlation": panel_sector.sector_correlation,
    "sector_breadth": panel_sector.sector_breadth,
    "sector_lead": panel_sector.sector_lead,
    "against_sector": panel_sector.against_sector,
    "against_peers": panel_sector.against_peers,
    "peers_lead": panel_sector.peers_lead,
    "rank_in_sector": panel_rank.rank_in_sector,
    "rank_of_return": panel_rank.rank_of_return,
    "rank_of_volatility": panel_rank.rank_of_volatility,
    "rank_of_volume_anomaly": panel_rank.rank_of_volume_anomaly,
    "rank_of_turnover": panel_rank.rank_of_turnover,
    "rank_of_distance_to_high": panel_rank.rank_of_distance_to_high,
}


def month_block(
    panel: Panel, wanted: Sequence[tuple[str, Mapping[str, float]]], *, newest: bool = False
) -> tuple[F64, ...]:
    """Return the columns at each share's bars of the month, or at the newest of them alone.

    Shapes: one (rows, k) for each share, columns in the order of `wanted` (kernel and parameters).
    Units:  those of each column.
    NaN:    as each column; bars that are not on the grid.
    Causal: a bar reads its row of the grid and those before.
    Raises: KeyError for a kernel that is not in COLUMNS.
    """
    stops, kept = panel.month_stops, panel.month_places
    if newest:
        has_rows = np.diff(stops) > 0
        kept, stops = kept[stops[1:][has_rows] - 1], np.cumsum([0, *has_rows.tolist()])
    block = np.full((len(wanted), kept.size), np.nan)
    places = np.maximum(kept, 0)
    if panel.begin_s.size and kept.size:
        rows = places % panel.begin_s.size
        panel = replace(panel, asked_from=max(panel.first_row, int(rows.min())))
        for j, (kernel, parameters) in enumerate(wanted):
            values = COLUMNS[kernel](panel, **parameters)
            np.take(values, rows if values.ndim == 1 else places, out=block[j])
        block[:, kept < 0] = np.nan
    return tuple(block[:, begin:end].T for begin, end in itertools.pairwise(stops))
