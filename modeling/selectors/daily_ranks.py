"""Where shares stand by the daily ranker; light enough for the web process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from modeling.contracts.ranks import RankFacts
from modeling.kernels.known_ranks import ORDER_TAKES_S, STALE_RANK_S
from modeling.models import DailyOrder


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankBook:
    """The orders told in some time, the newest first."""

    orders: tuple[DailyOrder, ...]

    def known(self, *, secid: str, as_of: datetime) -> RankFacts | None:
        """Return a real share's newest place told at a moment, None where none of the last week is.

        An order is told some hours after its day's bars, as the councils that read it have learned.
        """
        newest = as_of - timedelta(seconds=ORDER_TAKES_S)
        oldest = newest - timedelta(seconds=STALE_RANK_S)
        told = (row for row in self.orders if oldest <= row.known_at <= newest and secid in row.places)
        row = next(told, None)
        return None if row is None else _facts(row, secid)


def ranks_read(*, since: datetime, as_of: datetime) -> RankBook:
    """Return the orders that may be told of the moments from `since` to `as_of`."""
    takes, stale = timedelta(seconds=ORDER_TAKES_S), timedelta(seconds=STALE_RANK_S)
    rows = DailyOrder.objects.filter(known_at__lte=as_of - takes, known_at__gte=since - takes - stale)
    return RankBook(orders=tuple(rows.order_by("-known_at", "-pk")))


def rank_known(*, secid: str, as_of: datetime) -> RankFacts | None:
    """Return a real share's newest place told at a moment, None where none of the last week is."""
    return ranks_read(since=as_of, as_of=as_of).known(secid=secid, as_of=as_of)


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
