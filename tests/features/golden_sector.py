"""The sector family a second time, slowly."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.features.golden_market import above_mean
from tests.features.golden_panel import (
    Frame,
    Slow,
    SlowPanel,
    between_own_bars,
    fitted,
    place_in_range,
    rank,
    std,
    windowed,
)


def colleagues(p: SlowPanel, secid: str) -> list[str]:
    """Return the other members of a share's sector."""
    if not p.sector[secid]:
        return []
    return [other for other in p.members if other != secid and p.sector[other] == p.sector[secid]]


def closest(p: SlowPanel, secid: str) -> list[str]:
    """Return the five members whose moves in the rows before the month correlate most with a share's."""
    rows = slice(1, p.month_begins_at)
    has_bar, moves = p.has_bar.iloc[rows], p.moves.iloc[rows].fillna(0.0)
    dense = [other for other in p.secids if 3 * has_bar[other].sum() >= len(has_bar)]
    if p.month_begins_at < 60 or secid not in dense:
        return []
    alike = {
        other: np.corrcoef(moves[secid], moves[other])[0, 1]
        for other in p.members
        if other != secid and other in dense
    }
    best = sorted(alike, key=lambda other: -alike[other])[:5]
    return best if len(best) == 5 else []


def _mean_of(p: SlowPanel, frame: Frame, others: dict[str, list[str]], *, least: int) -> Frame:
    out = {}
    for secid in p.secids:
        known = frame[others[secid]].notna().sum(axis=1)
        out[secid] = frame[others[secid]].mean(axis=1).where(known >= least)
    return pd.DataFrame(out, index=frame.index)


def sector_moves(p: SlowPanel) -> Frame:
    return _mean_of(p, p.moves, {secid: colleagues(p, secid) for secid in p.secids}, least=1)


def peer_moves(p: SlowPanel) -> Frame:
    return _mean_of(p, p.moves, {secid: closest(p, secid) for secid in p.secids}, least=3)


def _return(p: SlowPanel, rows: int) -> Frame:
    return windowed(sector_moves(p), rows, np.sum)


def _volatility(p: SlowPanel, rows: int) -> Frame:
    return windowed(sector_moves(p), rows, std)


def _lead(p: SlowPanel, others: Frame) -> Frame:
    own = p.own.where(p.has_bar.shift(1, fill_value=False))
    return fitted(own.shift(1), others, 60) - fitted(others.shift(1), own, 60)


def _rank(p: SlowPanel) -> Frame:
    def group(secid: str) -> list[str]:
        inside = [secid] if secid in p.members else []
        return inside + colleagues(p, secid)

    return rank(p, p.span(20), among=group, least=2)


def _breadth(p: SlowPanel) -> Frame:
    return _mean_of(p, above_mean(p, 20), {secid: colleagues(p, secid) for secid in p.secids}, least=1)


GOLDEN: dict[str, Slow] = {
    **{f"sector_ret_{rows}": lambda p, rows=rows: _return(p, rows) for rows in (1, 5, 20)},  # type: ignore[misc]
    **{f"sector_vol_{rows}": lambda p, rows=rows: _volatility(p, rows) for rows in (20, 60)},  # type: ignore[misc]
    "sector_range_60": lambda p: place_in_range(sector_moves(p), 60),
    "sector_corr_60": lambda p: fitted(between_own_bars(p, sector_moves(p)), p.own, 60),
    "sector_rank_20": _rank,
    **{
        f"sector_rel_{rows}": lambda p, rows=rows: p.span(rows) - _return(p, rows)  # type: ignore[misc]
        for rows in (1, 2, 5, 10, 20)
    },
    "sector_momentum_60": lambda p: _return(p, 60),
    "sector_above_ma_20": _breadth,
    "sector_lead_60": lambda p: _lead(p, sector_moves(p)),
    "peers_rel_5": lambda p: p.span(5) - windowed(peer_moves(p), 5, np.sum),
    "peers_rel_20": lambda p: p.span(20) - windowed(peer_moves(p), 20, np.sum),
    "peers_lead_60": lambda p: _lead(p, peer_moves(p)),
}
