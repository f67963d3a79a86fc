"""Daily rank ICs of what a walk said of its test rows."""

from __future__ import annotations

import numpy as np

from modeling.fitting.cross_walk import RankWalk
from modeling.fitting.label_ranks import RankRows
from modeling.kernels.cross_section import DailyIc, cross_section, daily_rank_ic


def tested_rows(walk: RankWalk, h: int) -> RankRows:
    """Return the labelled test rows of a horizon with every model's scores."""
    panel = walk.panel
    own = walk.test & panel.labelled[:, h]
    return RankRows(
        day=panel.day[own],
        share=panel.share[own],
        rank=panel.rank[own, h],
        forward_frac=panel.forward_frac[own, h],
        cost_frac=panel.cost_frac[own],
        scores={name: score[own, h] for name, score in walk.scores.items()},
    )


def daily_ic(rows: RankRows, name: str, horizon_days: int, min_shares: int) -> DailyIc:
    """Return the rank IC of one of the rows' scores on each date."""
    known = np.isfinite(rows.scores[name])
    section = cross_section(
        rows.day[known],
        rows.share[known],
        rows.scores[name][known],
        rows.forward_frac[known][:, None],
        horizons_days=(horizon_days,),
    )
    return daily_rank_ic(section, horizon_days=horizon_days, min_shares=min_shares)
