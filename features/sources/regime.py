"""The stored regime joined to bars: the market's and that of the share's sector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from features.contracts import REGIMES, RegimeFacts
from features.kernels.higher import newest_known
from features.kernels.session import DAY_S
from features.selectors.regime import regime_spans
from features.sources.base import BuildScope, MonthBars, MonthScope
from features.spec import FeatureSpec
from traderai.common.arrays import F64, I64
from traderai.common.clock import from_epoch_s, to_epoch_s

# What lies before a month and may be read: the closure of 2022 took 27 days.
STRETCH_BEFORE_DAYS: Final = 45
# Own trading days after which a day with a regime should have been followed by another one.
STALE_DAYS: Final = 1
NEWS_FIGURE: Final = "news_number_ratio"
_MARKET: Final = tuple(f"market_{name}" for name in REGIMES)
_SECTOR: Final = tuple(f"sector_{name}" for name in REGIMES)
_SPELL: Final = "spell_days"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Days:
    """The days of one scope that have a regime; rows of `values` are six probabilities and the spell's days."""

    known_s: I64  # (d,)
    values: F64  # (d, 7)


class RegimeSource:
    """The columns of `features.families.regime`, read once for a build."""

    def __init__(self, scope: BuildScope, specs: tuple[FeatureSpec, ...]) -> None:
        spans = regime_spans(
            as_of=scope.as_of,
            since=from_epoch_s(scope.since_s) - timedelta(days=STRETCH_BEFORE_DAYS),
            simulated=scope.is_simulated,
        )
        self._days = {sector: _days(facts) for sector, facts in spans.items()}
        self._sector = {facts.secid: facts.sector for facts in scope.universe}
        self._market = [
            (at, _place(spec.kernel)) for at, spec in enumerate(specs) if spec.kernel not in _SECTOR
        ]
        self._of_sector = [
            (at, _SECTOR.index(spec.kernel)) for at, spec in enumerate(specs) if spec.kernel in _SECTOR
        ]
        # A bar of a week is over when its days are: the regime of the last one must be known by then.
        self._stale_days = 0 if scope.timeframe.duration > timedelta(days=1) else STALE_DAYS

    def month_columns(self, month: MonthScope) -> Mapping[str, F64]:
        """Return by ticker the values at the month's bars.

        Shapes: (rows, k), in the order of the specs.
        NaN:    where no regime is stored of the newest day over, or none of the share's sector; the probability of
            a news storm where no news were read.
        Causal: row t reads the days that were over when its bar ended.
        """
        found = {}
        for secid, own in month.bars.items():
            out = np.full((own.rows, len(self._market) + len(self._of_sector)), np.nan)
            sector = self._sector.get(secid, "")
            for whose, columns in (("", self._market), *([(sector, self._of_sector)] if sector else [])):
                if columns and whose in self._days:
                    values = self._at_bars(self._days[whose], own, month)
                    out[:, [at for at, _ in columns]] = values[:, [place for _, place in columns]]
            found[secid] = out
        return found

    def _at_bars(self, days: _Days, own: MonthBars, month: MonthScope) -> F64:
        first = int(np.searchsorted(days.known_s, month.begin_s - STRETCH_BEFORE_DAYS * DAY_S, side="right"))
        at = newest_known(
            own.bars.begin_s,
            own.bars.known_s,
            own.bars.trading_day,
            days.known_s[first:],
            start=own.start,
            stale_days=self._stale_days,
        )
        values = np.full((own.rows, days.values.shape[1]), np.nan)
        values[at >= 0] = days.values[first + at[at >= 0]]
        return values


def _place(kernel: str) -> int:
    return len(REGIMES) if kernel == _SPELL else _MARKET.index(kernel)


def _days(facts: tuple[RegimeFacts, ...]) -> _Days:
    values = np.array(
        [
            [day.probabilities[name] for name in REGIMES]
            + [round((day.as_of - day.since) / timedelta(days=1))]
            for day in facts
        ],
        dtype=np.float64,
    )
    # Without news nothing is known of a storm; the stored 0 says only that it was not considered.
    without_news = [NEWS_FIGURE not in dict(day.reasons) for day in facts]
    values[without_news, REGIMES.index("news_storm")] = np.nan
    return _Days(known_s=np.array([to_epoch_s(day.as_of) for day in facts], dtype=np.int64), values=values)
