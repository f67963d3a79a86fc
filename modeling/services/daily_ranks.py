"""The daily order of the liquid shares, stored as it becomes known: councils read it, and signals tell of it."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from django.db import transaction

from features.services.build import features_build
from market.contracts import Timeframe
from market.selectors.bars import newest_bars
from modeling.fitting.daily_ranks import DailyRanks
from modeling.fitting.rank_loading import daily_ranks_load, rank_feature
from modeling.fitting.report_settings import fed_label_sets, rank_report_config
from modeling.kernels.known_ranks import STALE_RANK_S
from modeling.models import DailyOrder
from modeling.selectors.label_sets import label_set_get
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.errors import NotReadyError
from traderai.common.progress import Progress, silent


def daily_ranks_update(*, now: datetime, progress: Progress = silent) -> int:
    """Order the liquid real shares of the days that have become known, and store it; return how many days are new.

    The model is that of a walk: what is stored is what a council was judged with. Repeating finds nothing new, and
    where nothing is new nothing is loaded. Days older than a week are left out: nobody would read them.
    """
    return sum(_update(label_set, now=now, progress=progress) for label_set in fed_label_sets())


def _update(label_set: str, *, now: datetime, progress: Progress) -> int:
    feature, config = rank_feature(label_set), rank_report_config(label_set)
    timeframe = Timeframe.parse(label_set_get(name=label_set).timeframe)
    if not _due(feature, timeframe, now=now):
        return 0
    features_build(feature_set=config.feature_set, timeframe=timeframe, now=now, progress=progress)
    try:
        ranks = daily_ranks_load(label_set=label_set, since=now, as_of=now, progress=progress)
    except NotReadyError:
        return 0  # too few liquid shares, or too few years: there is no order to tell
    return ranks_store(ranks, now=now)


def ranks_store(ranks: DailyRanks, *, now: datetime) -> int:
    """Store the orders of the newest week that are known at `now` and not stored yet; return how many days are new."""
    known = ranks.known_s[ranks.known_s <= to_epoch_s(now)]
    days = np.unique(known[known >= known.max(initial=0) - STALE_RANK_S])
    stored = set(DailyOrder.objects.filter(feature=ranks.name).values_list("known_at", flat=True))
    rows = [_order(ranks, int(day), now=now) for day in days.tolist() if from_epoch_s(int(day)) not in stored]
    with transaction.atomic():
        # Another worker may have stored the same days meanwhile: what stands stands.
        DailyOrder.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _order(ranks: DailyRanks, known_s: int, *, now: datetime) -> DailyOrder:
    own = ranks.known_s == known_s
    year = list(ranks.told["models"])[-1]
    return DailyOrder(
        feature=ranks.name,
        known_at=from_epoch_s(known_s),
        horizon=ranks.told["horizon"],
        model=ranks.told["models"][year],
        learned_until=from_epoch_s(int(ranks.learned_until_s[own].max())),
        rank_ic=ranks.told["choice_ic"][year],
        shares=int(own.sum()),
        places={
            ranks.secids[number]: round(place, 6)
            for number, place in zip(ranks.share[own].tolist(), ranks.place[own].tolist(), strict=True)
        },
        at=now,
    )


def _due(feature: str, timeframe: Timeframe, *, now: datetime) -> bool:
    """Return whether a whole bar is known that no stored order has seen."""
    ended = [begin + timeframe.duration for begin in newest_bars(timeframe=timeframe).values()]
    known = [end for end in ended if end <= now]
    newest = DailyOrder.objects.filter(feature=feature).order_by("-known_at").first()
    return bool(known) and (newest is None or max(known) > newest.known_at)
