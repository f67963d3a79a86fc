"""The figures of a rank label set: the panel of all shares at once, for a rank needs the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from modeling.contracts import Horizon, RankLabelSet
from modeling.fitting import label_figures as figures
from modeling.fitting.label_barriers import FLAT_COSTS_BP
from modeling.fitting.label_data import LabelScope, ShareRows, share_rows
from modeling.fitting.label_sums import RowCoverage
from modeling.kernels.cross_section import (
    CrossSection,
    DecileEdge,
    calendar_years,
    cross_section,
    daily_rank_ic,
    decile_edge,
    ic_by_year,
    mean_ic,
)
from modeling.kernels.label_profile import row_conditions
from modeling.kernels.overlap import OverlapMean, overlap_mean
from modeling.kernels.rank_labels import RankLabels, rank_labels
from modeling.kernels.rank_profile import decile_profile, rank_persistence, shares_by_day
from modeling.kernels.significance import DayDraws, ratio_interval
from modeling.kernels.simple_rules import SCORES
from traderai.common.arrays import F64, I64, Bools
from traderai.common.errors import NotReadyError
from traderai.common.progress import Progress

LAGS_DAYS: Final = (1, 5, 20)
SCORE_NAMES: Final = {"momentum_12_1": "12-1 momentum", "reversal_1m": "1-month reversal"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankRows:
    """The ranked rows of one horizon."""

    day: I64  # (n,) since 1970
    share: I64  # (n,)
    rank: F64  # (n,)
    forward_frac: F64  # (n,)
    cost_frac: F64  # (n,) round trip
    scores: Mapping[str, F64]  # (n,) NaN where not known


def rank_figures(scope: LabelScope, spec: RankLabelSet, *, progress: Progress) -> list[dict[str, Any]]:
    """Return the figures of each horizon of a set."""
    panel = []
    for number, share in enumerate(share_rows(scope)):
        progress(number, len(scope.shares), share.facts.secid)
        panel.append(share)
    if not panel:
        raise NotReadyError("no share has bars in the span; widen --since and --until", code="no_bars")
    return [_horizon(name, panel, scope, spec) for name in spec.horizons]


def _horizon(name: str, panel: list[ShareRows], scope: LabelScope, spec: RankLabelSet) -> dict[str, Any]:
    labels = rank_labels([(share.bars, share.inputs) for share in panel], spec, name)
    inside = np.concatenate([np.arange(len(share.bars)) >= share.first for share in panel])
    rows = _rows(panel, labels, labels.labelled & inside)
    days = np.unique(rows.day)
    block = figures.block_days(name, scope.timeframe)
    draws = figures.days_drawn(days, mean_block_days=block)
    horizon = Horizon.parse(name).count
    universe = _universe(rows, days, draws)
    scores = {
        score: score_figures(rows, score, horizon, days, draws, spec.min_shares)
        for score in SCORES
        if days.size
    }
    return {
        "horizon": name,
        "sentence": sentence(name, rows, days, universe, scores),
        "block_days": block,
        "first_day": figures.day_text(days[0]) if days.size else None,
        "last_day": figures.day_text(days[-1]) if days.size else None,
        "coverage": _coverage(panel, labels, inside),
        "shares": _shares(rows.day),
        "universe_mean_bp": universe,
        "persistence": [_persistence(rows, lag, spec.min_shares, days, draws) for lag in _lags(horizon)],
        "scores": scores,
    }


def _lags(horizon: int) -> list[int]:
    return sorted({*LAGS_DAYS, horizon})


def _rows(panel: list[ShareRows], labels: RankLabels, wanted: Bools) -> RankRows:
    day = np.concatenate(
        [row_conditions(share.bars, share.inputs, share.regime)["day"].to_numpy() for share in panel]
    )
    share = np.repeat(np.arange(len(panel)), np.diff(labels.offset))
    order = np.flatnonzero(wanted)
    order = order[np.lexsort((share[order], day[order]))]
    return RankRows(
        day=day[order].astype(np.int64),
        share=share[order].astype(np.int64),
        rank=labels.rank[order],
        forward_frac=labels.forward_return[order],
        cost_frac=np.concatenate([share.inputs.cost_frac for share in panel])[order],
        scores={
            name: np.concatenate([score(share.bars) for share in panel])[order]
            for name, score in SCORES.items()
        },
    )


def _coverage(panel: list[ShareRows], labels: RankLabels, inside: Bools) -> dict[str, Any]:
    rows = RowCoverage()
    for place, share in enumerate(panel):
        span = slice(labels.offset[place], labels.offset[place + 1])
        rows.add(share.facts.secid, labels.row_state[span][inside[span]])
    return rows.figures()


def _shares(day: I64) -> dict[str, Any]:
    """Return how many shares are ranked on a day, over all days and by month."""
    daily = shares_by_day(day)
    rows = daily["rows"]
    if not daily.height:
        return {"days": 0, "least": None, "median": None, "most": None, "by_month": []}
    months = daily.with_columns(
        month=pl.from_epoch(pl.col("day"), time_unit="d").dt.truncate("1mo").cast(pl.String)
    )
    by_month = months.group_by("month").agg(mean=pl.col("rows").mean(), days=pl.len()).sort("month")
    return {
        "days": daily.height,
        "least": rows.min(),
        "median": rows.median(),
        "most": rows.max(),
        "by_month": by_month.to_dicts(),
    }


def _universe(rows: RankRows, days: I64, draws: DayDraws | None) -> dict[str, float | None]:
    """Return the mean forward return of the ranked shares, days weighing the same: what buying all of them made."""
    at = np.searchsorted(days, rows.day)
    count = np.bincount(at, minlength=days.size)
    mean = np.bincount(at, weights=rows.forward_frac, minlength=days.size) / np.maximum(count, 1)
    return _bounded(mean * 1e4, days, days, draws)


def _persistence(
    rows: RankRows, lag: int, min_shares: int, days: I64, draws: DayDraws | None
) -> dict[str, Any]:
    own_days, found = rank_persistence(rows.day, rows.share, rows.rank, lag_days=lag, min_shares=min_shares)
    return {
        "lag_days": lag,
        "days": int(own_days.size),
        "correlation": _bounded(found, own_days, days, draws),
    }


def score_figures(
    rows: RankRows, name: str, horizon: int, days: I64, draws: DayDraws | None, min_shares: int
) -> dict[str, Any]:
    """Return how well one of the rows' scores ranks, and what its extreme tenths brought over the mean."""
    known = np.isfinite(rows.scores[name])
    if not known.any():
        return {"rows": 0}
    day, score, forward = rows.day[known], rows.scores[name][known], rows.forward_frac[known]
    section = cross_section(day, rows.share[known], score, forward[:, None], horizons_days=(horizon,))
    daily = daily_rank_ic(section, horizon_days=horizon, min_shares=min_shares)
    cost_bp = 1e4 * float(rows.cost_frac[known].mean()) / 2.0
    return {
        "rows": int(known.sum()),
        "ic": _overlap(mean_ic(daily)),
        "ic_bounds": _bounded(daily.ic, daily.date, days, draws),
        "ic_by_year": [{"year": one.year, **_overlap(one.ic)} for one in ic_by_year(daily)],
        "ic_daily": _cumulative(daily.date, daily.ic),
        "cost_per_side_bp": cost_bp,
        "ends": {
            end: _end(section, end, horizon, max(min_shares, 10), cost_bp, days, draws)
            for end in ("top", "bottom")
        },
        "deciles": decile_profile(day, score, forward).to_dicts(),
    }


def _end(
    section: CrossSection,
    end: Any,
    horizon: int,
    min_shares: int,
    cost_bp: float,
    days: I64,
    draws: DayDraws | None,
) -> dict[str, Any]:
    """Return what an extreme tenth brought over the universe, gross and at several costs."""
    edge: DecileEdge = decile_edge(
        section, end=end, horizon_days=horizon, min_shares=min_shares, cost_per_side_bp=cost_bp
    )
    sign = 1.0 if end == "top" else -1.0
    flat = [
        {
            "round_trip_bp": cost,
            "edge_bp": _bounded(
                1e4 * sign * edge.excess_gross_frac - edge.turnover * cost / 2.0, edge.date, days, draws
            ),
        }
        for cost in FLAT_COSTS_BP
    ]
    return {
        "excess_gross_bp": _bounded(1e4 * edge.excess_gross_frac, edge.date, days, draws),
        "edge_net_bp": _bounded(1e4 * edge.edge_net_frac, edge.date, days, draws),
        "t_newey_west": figures.plain(edge.edge_net.t_newey_west),
        "gross": _overlap(edge.excess_gross),
        "net": _overlap(edge.edge_net),
        "gross_by_year": _years(edge),
        "turnover": figures.plain(edge.mean_turnover),
        "dates": int(np.isfinite(edge.excess_gross_frac).sum()),
        "flat_costs": flat,
    }


def _years(edge: DecileEdge) -> list[dict[str, Any]]:
    years = calendar_years(edge.date)
    return [
        {
            "year": int(year),
            **_overlap(overlap_mean(edge.excess_gross_frac[years == year], horizon_days=edge.horizon_days)),
        }
        for year in np.unique(years)
    ]


def _bounded(daily: F64, own_days: I64, days: I64, draws: DayDraws | None) -> dict[str, float | None]:
    """Return the mean of the days with a figure, with block-bootstrap bounds."""
    known = np.isfinite(daily)
    if draws is None or not known.any():
        value = float(daily[known].mean()) if known.any() else float("nan")
        return {"value": figures.plain(value), "low": None, "high": None}
    sums, counts = np.zeros(days.size), np.zeros(days.size)
    at = np.searchsorted(days, own_days[known])
    sums[at], counts[at] = daily[known], 1.0
    return figures.bounds(ratio_interval(sums, counts, draws))


def _overlap(found: OverlapMean) -> dict[str, Any]:
    return {key: figures.plain(value) for key, value in asdict(found).items()}


def _cumulative(day: I64, ic: F64) -> dict[str, list[Any]]:
    known = np.isfinite(ic)
    return {
        "days": [figures.day_text(one) for one in day[known]],
        "sum": np.cumsum(ic[known]).round(5).tolist(),
    }


def sentence(
    horizon: str, rows: RankRows, days: I64, universe: Mapping[str, float | None], scores: Mapping[str, Any]
) -> str:
    """Return in plain words what a model of this horizon must beat."""
    if not days.size:
        return f"{horizon}: no row carries a rank; the table of coverage says why."
    told = [
        f"{SCORE_NAMES[name]} had a mean rank IC of {figures.told(score['ic_bounds'], digits=3, unit='')} and its "
        f"top tenth earned {figures.told(score['ends']['top']['edge_net_bp'])} over the mean after costs"
        for name, score in scores.items()
        if score["rows"]
    ]
    return (
        f"{horizon}: the mean ranked share made {figures.told(universe)} over the horizon before costs "
        f"({rows.day.size:,} overlapping rows on {days.size:,} days); {'; '.join(told) or 'no score was known'}."
    )
