"""Loading what a recipe's council reads of the daily ranker: each year ordered by what the years before had taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np

from features.selectors.catalogue import feature_set_get
from market.contracts import Timeframe
from modeling.contracts import RankLabelSet
from modeling.errors import DatasetRefusedError
from modeling.fitting.cross_data import RankPanel, panel_load
from modeling.fitting.cross_rankers import RANKERS, Ranker
from modeling.fitting.cross_settings import RankFeed, RankReportConfig
from modeling.fitting.cross_walk import rank_walk
from modeling.fitting.daily_ranks import DailyRanks, daily_ranks
from modeling.fitting.label_data import LabelScope, shares_chosen
from modeling.fitting.recipe import Recipe
from modeling.fitting.report_settings import CONFIG, midnight, rank_report_config
from modeling.kernels.cross_section import calendar_years
from modeling.kernels.splits import DAY_S
from modeling.kernels.walk_forward import FoldDates, WalkConfig, named_folds
from modeling.selectors.configuration import cost_model_get
from modeling.selectors.label_sets import label_set_get
from traderai.common import clock
from traderai.common.config import fingerprint
from traderai.common.errors import InputError, NotReadyError, did_you_mean
from traderai.common.progress import Progress, silent

FUND: Final = "a fund, not a share"
_SEED: Final = 0  # of models that draw: one order for all who read it


def recipe_ranks(
    recipe: Recipe, *, as_of: datetime, since: datetime | None, simulated: bool, progress: Progress = silent
) -> DailyRanks | str | None:
    """Return the daily ranks that a recipe's council reads, or why there are none; None: it asks for none.

    Raises: as `daily_ranks_load`, but for what is not there yet.
    """
    if recipe.council is None or recipe.council.ranks is None:
        return None
    if simulated:
        return "simulated shares are not ranked: nobody would order them while they are served"
    try:
        return daily_ranks_load(label_set=recipe.council.ranks, since=since, as_of=as_of, progress=progress)
    except (NotReadyError, DatasetRefusedError) as error:
        return error.detail


def daily_ranks_load(
    *, label_set: str, since: datetime | None, as_of: datetime, progress: Progress = silent
) -> DailyRanks:
    """Return the order of the liquid real shares on every day from the year of `since` on, known at `as_of`.

    The universe is that of the set's rank report: to be ranked among a few would be another rank.
    Raises: InputError for a set whose report feeds no council, NotReadyError where no year can be ranked.
    """
    config, feed, spec = _settings(label_set)
    scope = rank_scope(spec, secids=None, since=midnight(config.since), as_of=as_of)
    if scope.is_simulated:
        raise NotReadyError(
            "there are no real daily bars to rank, only simulated ones; ingest real ones first",
            code="no_bars",
        )
    columns = feature_set_get(name=config.feature_set).columns
    panel = panel_load(scope, spec, feature_set=config.feature_set, columns=columns, progress=progress)
    return panel_ranks(panel, config, feed, name=_feature(config, feed, spec), since=since, progress=progress)


def panel_ranks(
    panel: RankPanel,
    config: RankReportConfig,
    feed: RankFeed,
    *,
    name: str,
    since: datetime | None,
    progress: Progress = silent,
) -> DailyRanks:
    """Return the daily ranks of a panel that is loaded; everything after the loading of `daily_ranks_load`."""
    walk = rank_walk(
        panel,
        _rankers(feed),
        dates=_years(panel, config, since),
        config=WalkConfig(embargo_s=round(config.embargo_days * DAY_S), rolling_days=config.rolling_days),
        seed=_SEED,
        say=progress,
    )
    return daily_ranks(walk, feed.horizon, name=name)


def rank_feature(label_set: str) -> str:
    """Return the name of the column that a set's ranks make, with a mark of all that decides what it says."""
    return _feature(*_settings(label_set))


def _feature(config: RankReportConfig, feed: RankFeed, spec: RankLabelSet) -> str:
    features = feature_set_get(name=config.feature_set).sha
    lengths = [config.since, config.validation_days, config.embargo_days, config.rolling_days]
    return f"daily_rank_{feed.horizon}@{fingerprint([feed, spec, features, lengths])[:8]}"


def _settings(label_set: str) -> tuple[RankReportConfig, RankFeed, RankLabelSet]:
    config = rank_report_config(label_set)
    if config.feed is None:
        raise InputError(
            f"{CONFIG} must say what {label_set} feeds a council with; add a feed, or leave out the recipe's council.ranks",
            field="ranks",
        )
    return config, config.feed, replace(rank_set(label_set), horizons=(config.feed.horizon,))


def _rankers(feed: RankFeed) -> tuple[Ranker, ...]:
    for name in feed.models:
        if name not in RANKERS:
            raise InputError(
                f"a feed's models must be of {', '.join(RANKERS)}{did_you_mean(name, tuple(RANKERS))}, was {name!r}",
                field="ranks",
            )
    return tuple(RANKERS[name] for name in feed.models)


def _years(panel: RankPanel, config: RankReportConfig, since: datetime | None) -> tuple[FoldDates, ...]:
    """Return a fold for each year with labels; the last one goes on to the last day that can be ranked.

    Until the first label of a new year is complete, the model of the year before goes on.
    """
    earliest = config.test_years[0]
    labelled = np.unique(calendar_years(panel.day[panel.labelled.any(axis=1)])).tolist()
    known = [year for year in labelled if year >= earliest]
    first = earliest if since is None else since.astimezone(clock.MOSCOW).year
    years = [year for year in known if year >= first] or known[-1:]
    if not years:
        raise NotReadyError(
            f"no daily bar from {earliest} on has a complete label to rank by; ingest more daily bars",
            code="no_bars",
        )
    borders = {str(year): year_borders(year, config.validation_days) for year in years}
    start, test, end = borders[str(years[-1])]
    borders[str(years[-1])] = (start, test, max(end, int(panel.decision_s.max()) + 1))
    return named_folds(borders)


def rank_set(label_set: str, *, timeframe: str | None = None) -> RankLabelSet:
    """Return a label set of daily ranks; another one is an InputError."""
    spec = label_set_get(name=label_set, timeframe=timeframe)
    if not isinstance(spec, RankLabelSet) or Timeframe.parse(spec.timeframe).minutes < 1440:
        raise InputError(
            f"a rank report is about ranks of daily bars, {spec.name} is of kind {spec.kind} at {spec.timeframe}; "
            "give its entry in edge_reports.yaml a set of daily ranks",
            field="label_set",
        )
    return spec


def rank_scope(
    spec: RankLabelSet, *, secids: Sequence[str] | None, since: datetime | None, as_of: datetime
) -> LabelScope:
    """Return the shares to rank, those traded no more among them, without funds.

    Raises: NotReadyError where there is none.
    """
    timeframe = Timeframe.parse(spec.timeframe)
    shares, left_out = shares_chosen(timeframe=timeframe, secids=secids, as_of=as_of)
    funds = {facts.secid: FUND for facts in shares if facts.kind == "etf"}
    kept = tuple(facts for facts in shares if facts.secid not in funds)
    if not kept:
        raise NotReadyError("there is no share to rank, only funds; ingest shares first", code="no_bars")
    return LabelScope(
        timeframe=timeframe,
        shares=kept,
        left_out=left_out | funds,
        since=since,
        as_of=as_of,
        costs=cost_model_get(),
    )


def year_borders(year: int, validation_days: float) -> tuple[int, int, int]:
    """Return where validation, test and what comes after the test begin, of the test of one year."""
    # The last bar of a year is known at the midnight that begins the next one: the border lies a day later.
    starts = [
        clock.to_epoch_s(moment)
        for moment in (midnight(f"{year}-01-02"), midnight(f"{year + 1}-01-02"))
        if moment is not None
    ]
    return starts[0] - round(validation_days * DAY_S), starts[0], starts[1]
