"""What the regime is computed from, read whole: closes of shares, indices, verdicts on news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import numpy as np

from features.kernels.panel import DailyPanel, ShareDays, daily_panel, panel_days
from features.kernels.regime_config import RegimeConfig
from features.kernels.regime_figures import RegimeInputs
from features.kernels.regime_news import NewsDays, NewsLoad, heaviest_since, news_load
from features.kernels.session import DAY_S, moscow_seconds
from market.contracts import InstrumentFacts
from market.selectors.daily_closes import daily_closes
from market.selectors.news_readings import NewsReadings, news_readings
from traderai.common.arrays import F64, I64, Bools
from traderai.common.clock import midnight, to_epoch_s


@dataclass(frozen=True, kw_only=True, eq=False)
class MarketDays:
    """The finished trading days of one market and what is stored about them."""

    market: str
    shares: tuple[InstrumentFacts, ...]  # those with a close, the columns of the panel
    panel: DailyPanel
    index_secid: str
    index_close: F64  # (d,) NaN where none is stored
    volatility_secid: str
    volatility_index: F64
    readings: NewsReadings
    config: RegimeConfig

    def inputs(self, sector: str) -> RegimeInputs:
        """Return what a sector's regime, the market's for "", is computed from."""
        if not sector:
            return RegimeInputs(
                closes=self.panel.closes,
                index_close=self.index_close,
                volatility_index=self.volatility_index,
                news=self._news(sector),
            )
        unknown = np.full(self.panel.trading_day.size, np.nan)
        return RegimeInputs(
            closes=self.panel.closes[:, self.columns(sector)],
            index_close=unknown,
            volatility_index=unknown,
            news=self._news(sector),
        )

    def columns(self, sector: str) -> Bools:
        """Return which shares belong to a sector, all of them to ""."""
        return np.array([not sector or facts.sector == sector for facts in self.shares], dtype=np.bool_)

    @property
    def sectors(self) -> tuple[str, ...]:
        """Return the sectors with enough shares for a regime of their own."""
        codes = [facts.sector for facts in self.shares if facts.sector]
        return tuple(
            code for code in sorted(set(codes)) if codes.count(code) >= self.config.sector_shares_min
        )

    @cached_property
    def _last_news_day(self) -> I64:
        """The last date whose news each day may read: its own, or the one over when the day was known to be."""
        over = moscow_seconds(self.panel.known_s) // DAY_S - 1
        return np.minimum(self.panel.trading_day, over)

    def _news(self, sector: str) -> NewsLoad:
        unknown = np.full(self.panel.trading_day.size, np.nan)
        if not len(self.readings):
            return NewsLoad(number=unknown, severity=unknown, number_ratio=unknown, severity_ratio=unknown)
        first_day = int(self.readings.day[0])
        last_day = int(max(self.readings.day[-1], self._last_news_day[-1]))
        loads = news_load(_news_days(self.readings, sector, self.config, last_day), self.config.news)
        return heaviest_since(loads, first_day, self._last_news_day)


def market_days(
    *, market: str, shares: Sequence[InstrumentFacts], indices: dict[str, int], config: RegimeConfig,
    now: datetime, over_by: datetime,
) -> MarketDays:  # fmt: skip
    """Return what is stored at `now` about the trading days that were over at `over_by`."""
    rows = daily_closes(instrument_ids=tuple(sorted(facts.id for facts in shares)), as_of=now)
    ids, share = np.unique(rows.instrument_id, return_inverse=True)
    named = {facts.id: facts for facts in shares}
    table = ShareDays(
        share=share.astype(np.int64),
        trading_day=rows.trading_day,
        last_day=rows.last_day,
        first_end_s=rows.first_end_s,
        is_daily=rows.is_daily,
        close=rows.close,
        dividend_rub=rows.dividend_rub,
    )
    panel = daily_panel(table, shares=ids.size, midnight_s=_midnights_after(panel_days(table)))
    finished = int(np.searchsorted(panel.known_s, to_epoch_s(over_by), side="right"))
    panel = DailyPanel(
        trading_day=panel.trading_day[:finished],
        known_s=panel.known_s[:finished],
        closes=panel.closes[:finished],
        is_daily=panel.is_daily[:finished],
    )
    index_secid = config.indices.get(market, "")
    volatility_secid = config.volatility_indices.get(market, "")
    return MarketDays(
        market=market,
        shares=tuple(named[int(one)] for one in ids),
        panel=panel,
        index_secid=index_secid,
        index_close=_index_closes(indices.get(index_secid), panel.trading_day, now),
        volatility_secid=volatility_secid,
        volatility_index=_index_closes(indices.get(volatility_secid), panel.trading_day, now),
        readings=news_readings(as_of=now, simulated=market == "SIMULATED"),
        config=config,
    )


def _midnights_after(days: I64) -> I64:
    """Return the Moscow midnights that end some dates; Moscow's offset was another one before 2014."""
    after = [date(1970, 1, 1) + timedelta(days=int(day) + 1) for day in days]
    moments = [midnight(day).astimezone(UTC) for day in after]
    return np.array([to_epoch_s(moment) for moment in moments], dtype=np.int64)


def _index_closes(instrument_id: int | None, days: I64, now: datetime) -> F64:
    """Return an index's closes on the days, NaN where it has none of a day."""
    out = np.full(days.size, np.nan)
    if instrument_id is None:
        return out
    rows = daily_closes(instrument_ids=(instrument_id,), as_of=now)
    at = np.searchsorted(days, rows.trading_day)
    inside = at < days.size
    inside[inside] = days[at[inside]] == rows.trading_day[inside]
    out[at[inside]] = rows.close[inside]
    return out


def _news_days(readings: NewsReadings, sector: str, config: RegimeConfig, last_day: int) -> NewsDays:
    """Return the verdicts on a sector and its companies, for "" all, each text counted once a day.

    A text counts with its gravest verdict; one on the whole market weighs `market_weight`.
    """
    codes, source = np.unique(np.array(readings.source), return_inverse=True)
    shape = (last_day - int(readings.day[0]) + 1, codes.size)
    texts, number, severity = (np.zeros(shape) for _ in range(3))
    about = np.array([not sector or one == sector for one in readings.sector], dtype=np.bool_)
    weight = np.where(readings.is_market & (not sector), config.news.market_weight, 1.0)
    heaviest: dict[tuple[int, int, int], tuple[float, float]] = {}
    for row in range(len(readings)):
        at = (int(readings.day[row] - readings.day[0]), int(source[row]))
        texts[at] += 1
        if about[row] and readings.score[row] > 0.0:
            counted = float(weight[row]), float(weight[row] * readings.score[row] / 100.0)
            key = (int(readings.text[row]), *at)
            heaviest[key] = max(heaviest.get(key, (0.0, 0.0)), counted)
    for (_, *place), (counts, graveness) in heaviest.items():
        number[tuple(place)] += counts
        severity[tuple(place)] += graveness
    return NewsDays(texts=texts.astype(np.int64), number=number, severity=severity)
