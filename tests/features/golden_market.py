"""The market family a second time, slowly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from tests.features.golden_panel import (
    Frame,
    Slow,
    SlowPanel,
    between_own_bars,
    fitted,
    place_in_range,
    std,
    windowed,
)


def proxy_moves(p: SlowPanel) -> Any:
    """Return the rows' returns of all members, weighted by their mean turnover in the rows before the month."""
    before = p.turnover[p.members].iloc[: p.month_begins_at]
    weight = before.sum() / max(1, len(before))
    if len(before) < 60 or not weight.any():
        weight = pd.Series(1.0, index=p.members)
    weight = weight[weight > 0]
    out = []
    for _, row in p.moves[list(weight.index)].iterrows():
        known = row.dropna()
        part = weight[known.index]
        out.append((known * part).sum() / part.sum() if len(known) >= 5 else math.nan)
    return pd.Series(out, index=p.moves.index)


def _one(p: SlowPanel) -> Frame:
    return proxy_moves(p).to_frame("market")


def _return(p: SlowPanel, rows: int) -> Frame:
    return p.of_market(windowed(_one(p), rows, np.sum)["market"])


def _volatility(p: SlowPanel, rows: int) -> Frame:
    return p.of_market(windowed(_one(p), rows, std)["market"])


def _relative(p: SlowPanel, rows: int) -> Frame:
    return p.span(rows) - _return(p, rows)


def _fit(p: SlowPanel, rows: int, *, slope: bool) -> Frame:
    market = proxy_moves(p)
    pairs = between_own_bars(p, pd.DataFrame(dict.fromkeys(p.secids, market)))
    found = fitted(pairs, p.own, rows, slope=slope)
    return found.where(p.of_market(pd.Series(1.0, index=found.index)).notna())


def _residual(p: SlowPanel) -> Frame:
    spread = windowed(p.own, 60, std, least=30)
    return spread * (1 - _fit(p, 60, slope=False) ** 2) ** 0.5


def above_mean(p: SlowPanel, rows: int) -> Frame:
    """Return 1 where the log close is above its mean of some rows by more than a rounding."""
    mean = windowed(p.level, rows, np.mean)
    return (p.level > mean + 1e-9).astype(float).where(mean.notna() & p.has_bar)


def _share(p: SlowPanel, flags: Frame) -> Frame:
    return p.of_market(p.across(flags, np.nanmean))


def _extreme(p: SlowPanel, *, sign: int) -> Frame:
    level = sign * p.level
    before = windowed(level, 59, np.max).shift(1)
    flags = (level > before).astype(float).where(windowed(level, 60, np.max).notna())
    return _share(p, flags.where(p.has_bar))


def _big(p: SlowPanel) -> Frame:
    usual = windowed(p.own, 60, std, least=30).shift(1)
    flags = (p.own.abs() > 2 * usual).astype(float)
    return _share(p, flags.where(p.own.notna() & usual.notna()))


def _dispersion(p: SlowPanel, rows: int) -> Frame:
    return p.of_market(p.across(p.span(rows), std))


def _mean_correlation(p: SlowPanel) -> Frame:
    """Return the mean of all pairwise correlations, each weighted by the product of the two deviations."""
    moves = p.moves[p.members].fillna(0.0)
    known = windowed(_one(p), 60, np.sum)["market"]
    out = [math.nan] * p.month_begins_at
    for t in range(p.month_begins_at, len(moves)):
        part = moves.iloc[max(0, t - 59) : t + 1]
        part = part.loc[:, part.ne(0.0).any()]
        if part.shape[1] < 5 or math.isnan(known.iloc[t]):
            out.append(math.nan)
            continue
        weights = np.outer(part.std(), part.std())
        pairs = ~np.eye(part.shape[1], dtype=bool)
        out.append(float((part.corr().to_numpy() * weights)[pairs].sum() / weights[pairs].sum()))
    return p.of_market(pd.Series(out, index=moves.index))


def _turnover(p: SlowPanel) -> Frame:
    paid = p.turnover[p.members].fillna(0.0).sum(axis=1).to_frame("market")
    return p.of_market(windowed(paid, 20, np.mean)["market"] / windowed(paid, 120, np.mean)["market"])


GOLDEN: dict[str, Slow] = {
    **{f"market_ret_{rows}": lambda p, rows=rows: _return(p, rows) for rows in (1, 5, 20, 60)},  # type: ignore[misc]
    **{f"market_vol_{rows}": lambda p, rows=rows: _volatility(p, rows) for rows in (20, 60)},  # type: ignore[misc]
    "market_range_60": lambda p: p.of_market(place_in_range(_one(p), 60)["market"]),
    **{f"market_rel_{rows}": lambda p, rows=rows: _relative(p, rows) for rows in (5, 20, 60)},  # type: ignore[misc]
    "market_beta_60": lambda p: _fit(p, 60, slope=True),
    "market_corr_60": lambda p: _fit(p, 60, slope=False),
    "market_beta_250": lambda p: _fit(p, 250, slope=True),
    "market_corr_250": lambda p: _fit(p, 250, slope=False),
    "market_residual_vol_60": _residual,
    "market_above_ma_20": lambda p: _share(p, above_mean(p, 20)),
    "market_above_ma_50": lambda p: _share(p, above_mean(p, 50)),
    "market_advancers": lambda p: _share(p, (p.own > 0).astype(float).where(p.own.notna())),
    "market_new_highs_60": lambda p: _extreme(p, sign=1),
    "market_new_lows_60": lambda p: _extreme(p, sign=-1),
    "market_big_moves_60": _big,
    "market_dispersion_1": lambda p: _dispersion(p, 1),
    "market_dispersion_20": lambda p: _dispersion(p, 20),
    "market_mean_corr_60": _mean_correlation,
    "market_turnover_20_120": _turnover,
}
