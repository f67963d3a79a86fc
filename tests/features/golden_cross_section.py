"""The ranks a second time, slowly."""

from __future__ import annotations

import numpy as np

from tests.features.golden_panel import Frame, Slow, SlowPanel, rank, std, windowed


def _rank(p: SlowPanel, frame: Frame) -> Frame:
    return rank(p, frame.where(p.has_bar), among=lambda _secid: p.members, least=5)


def _volatility(p: SlowPanel) -> Frame:
    return _rank(p, windowed(p.own, 20, std, least=10))


def _volume(p: SlowPanel) -> Frame:
    logs = np.log(1 + p.volume)
    return _rank(p, logs - windowed(logs, 60, np.nanmean, least=30))


def _high(p: SlowPanel) -> Frame:
    distance = p.log_close - windowed(p.log_high, 60, np.nanmax, least=1)
    return _rank(p, distance.where(p.level.shift(59).notna()))


GOLDEN: dict[str, Slow] = {
    **{f"rank_ret_{rows}": lambda p, rows=rows: _rank(p, p.span(rows)) for rows in (1, 5, 20, 60)},  # type: ignore[misc]
    "rank_vol_20": _volatility,
    "rank_volume_anomaly_60": _volume,
    "rank_turnover_1": lambda p: _rank(p, p.turnover),
    "rank_turnover_20": lambda p: _rank(p, windowed(p.turnover.fillna(0.0), 20, np.sum)),
    "rank_dist_high_60": _high,
}
