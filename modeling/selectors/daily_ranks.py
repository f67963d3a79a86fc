"""Where shares stand by the daily ranker; light enough for the web process."""

from __future__ import annotations

from datetime import datetime, timedelta

from modeling.contracts.ranks import RankFacts
from modeling.kernels.known_ranks import ORDER_TAKES_S, STALE_RANK_S
from modeling.models import DailyOrder


def rank_known(*, secid: str, as_of: datetime) -> RankFacts | None:
    """Return a real share's newest place told at a moment, None where none of the last week is.

    An order is told some hours after its day's bars, as the councils that read it have learned.
    """
    newest = as_of - timedelta(seconds=ORDER_TAKES_S)
    oldest = newest - timedelta(seconds=STALE_RANK_S)
    rows = DailyOrder.objects.filter(known_at__lte=newest, known_at__gte=oldest, places__has_key=secid)
    row = rows.order_by("-known_at", "-pk").first()
    return None if row is None else _facts(row, secid)


def _facts(row: DailyOrder, secid: str) -> RankFacts:
    place = float(row.places[secid])
    return RankFacts(
        feature=row.feature,
        place=place,
        position=1 + round((row.shares - 1) * (1.0 - place) / 2.0),
        shares=row.shares,
        horizon=row.horizon,
        known_at=row.known_at,
        learned_until=row.learned_until,
        rank_ic=row.rank_ic,
    )
