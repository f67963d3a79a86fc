"""Reading all verdicts of a market at once, by the day on which they became known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import connection

from market.news_config import news_scoring_config
from traderai.common.arrays import F64, I64, Bools

_SIMULATOR = "simulator"  # the source whose news are of the market that does not exist
# A text known at midnight was known when the day before ended.
_READINGS = """
SELECT coalesce(t.item_id, -t.id) AS text,
       ((t.known_at - interval '1 microsecond') AT TIME ZONE 'Europe/Moscow')::date - DATE '1970-01-01' AS day,
       coalesce(s.code, 'push ' || t.scorer) AS source,
       coalesce(i.sector, t.sector) AS sector, t.is_market, max(t.score)
FROM market_newstrigger t
LEFT JOIN market_newsitem n ON n.id = t.item_id
LEFT JOIN market_newssource s ON s.id = n.source_id
LEFT JOIN market_instrument i ON i.id = t.instrument_id
WHERE t.known_at <= %(as_of)s AND t.scorer = ANY(%(scorers)s)
  AND coalesce(i.is_simulated, s.code = %(simulator)s, false) = %(simulated)s
GROUP BY 1, 2, 3, 4, 5
ORDER BY 2, 1, 4, 5
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NewsReadings:
    """What the configured scorers said of texts, a row for each text, day and target; arrays of shape (n,).

    A row of score 0 says that a text was read and triggers nothing.
    """

    text: I64  # rows of one text share its number
    day: I64  # Moscow date on which it became known, days since 1970
    source: tuple[str, ...]  # code of the text's source; "push" and the scorer for a verdict without a text
    sector: tuple[str, ...]  # of the sector or company, "" where there is none
    is_market: Bools
    score: F64  # 0 to 100

    def __len__(self) -> int:
        return int(self.day.size)


def news_readings(
    *, as_of: datetime, simulated: bool = False, scorers: tuple[str, ...] | None = None
) -> NewsReadings:
    """Return every verdict known at `as_of`, the earliest first; `scorers` None: those that are configured."""
    with connection.cursor() as cursor:
        cursor.execute(
            _READINGS,
            {
                "as_of": as_of,
                "scorers": list(scorers or news_scoring_config().used),
                "simulator": _SIMULATOR,
                "simulated": simulated,
            },
        )
        rows = cursor.fetchall()
    return NewsReadings(
        text=np.array([row[0] for row in rows], dtype=np.int64),
        day=np.array([row[1] for row in rows], dtype=np.int64),
        source=tuple(row[2] for row in rows),
        sector=tuple(row[3] or "" for row in rows),
        is_market=np.array([row[4] for row in rows], dtype=np.bool_),
        score=np.array([row[5] for row in rows], dtype=np.float64),
    )
