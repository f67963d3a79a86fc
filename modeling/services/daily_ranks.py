"""The daily ranker's scores for a council: each year's shares ordered by what the years before had taught."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from features.selectors.catalogue import feature_set_get
from modeling.fitting.cross_data import RankPanel, panel_load
from modeling.fitting.cross_rankers import RANKERS, Ranker
from modeling.fitting.cross_walk import rank_walk
from modeling.fitting.daily_ranks import DailyRanks, daily_ranks
from modeling.kernels.cross_section import calendar_years
from modeling.kernels.splits import DAY_S
from modeling.kernels.walk_forward import FoldDates, WalkConfig, named_folds
from modeling.services.edge_question import CONFIG, RankFeed, RankReportConfig, midnight, rank_report_config
from modeling.services.rank_report import rank_scope, rank_set, year_borders
from traderai.common import clock
from traderai.common.errors import InputError, NotReadyError, did_you_mean
from traderai.common.progress import Progress, silent


def daily_ranks_load(
    *,
    label_set: str,
    since: datetime | None,
    as_of: datetime,
    simulated: bool,
    seed: int,
    progress: Progress = silent,
) -> DailyRanks:
    """Return the order of the liquid shares on every day from the year of `since` on, known at `as_of`.

    The universe is that of the set's rank report: to be ranked among a few would be another rank.
    Raises: InputError for a set whose report feeds no council, NotReadyError where no year can be ranked.
    """
    config = rank_report_config(label_set)
    feed = _feed(label_set, config)
    spec = rank_set(label_set)
    spec = replace(spec, horizons=(feed.horizon,))
    scope = rank_scope(spec, secids=None, since=midnight(config.since), as_of=as_of)
    if scope.is_simulated != simulated:
        raise NotReadyError(
            f"the daily bars are {'simulated' if scope.is_simulated else 'real'}, what is to be ranked is not; "
            "ingest both of one world",
            code="no_bars",
        )
    columns = feature_set_get(name=config.feature_set).columns
    panel = panel_load(scope, spec, feature_set=config.feature_set, columns=columns, progress=progress)
    return panel_ranks(panel, config, feed, since=since, seed=seed, progress=progress)


def panel_ranks(
    panel: RankPanel,
    config: RankReportConfig,
    feed: RankFeed,
    *,
    since: datetime | None,
    seed: int,
    progress: Progress = silent,
) -> DailyRanks:
    """Return the daily ranks of a panel that is loaded; everything after the loading of `daily_ranks_load`."""
    walk = rank_walk(
        panel,
        _rankers(feed),
        dates=_years(panel, config, since),
        config=WalkConfig(embargo_s=round(config.embargo_days * DAY_S), rolling_days=config.rolling_days),
        seed=seed,
        say=progress,
    )
    return daily_ranks(walk, feed.horizon)


def _feed(label_set: str, config: RankReportConfig) -> RankFeed:
    if config.feed is None:
        raise InputError(
            f"{CONFIG} must say what {label_set} feeds a council with; add a feed, or leave out the recipe's council.ranks",
            field="ranks",
        )
    return config.feed


def _rankers(feed: RankFeed) -> tuple[Ranker, ...]:
    for name in feed.models:
        if name not in RANKERS:
            raise InputError(
                f"a feed's models must be of {', '.join(RANKERS)}{did_you_mean(name, tuple(RANKERS))}, was {name!r}",
                field="ranks",
            )
    return tuple(RANKERS[name] for name in feed.models)


def _years(panel: RankPanel, config: RankReportConfig, since: datetime | None) -> tuple[FoldDates, ...]:
    """Return a fold for each year with labels; the last one goes on to the last day that can be ranked."""
    labelled = np.unique(calendar_years(panel.day[panel.labelled.any(axis=1)]))
    first = (
        config.test_years[0]
        if since is None
        else max(config.test_years[0], since.astimezone(clock.MOSCOW).year)
    )
    years = [int(year) for year in labelled if year >= first]
    if not years:
        raise NotReadyError(
            f"no daily bar from {first} on has a complete label to rank by; ingest more daily bars",
            code="no_bars",
        )
    borders = {str(year): year_borders(year, config.validation_days) for year in years}
    start, test, end = borders[str(years[-1])]
    borders[str(years[-1])] = (start, test, max(end, int(panel.decision_s.max()) + 1))
    return named_folds(borders)
