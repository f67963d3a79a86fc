"""A small real market in the database, all of full_v1 computed from it, and ways to spoil what comes after a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from django.db import connection

from features.families.higher import LEVELS
from features.selectors.catalogue import feature_set_get, feature_specs
from features.services.month_columns import Joins, month_values
from features.services.months import build_scope, month_scopes
from features.services.regime import regime_build
from market.contracts import Timeframe
from market.selectors.instruments import traded_list
from market.services.ingest import ingest_all, ingest_candles, ingest_indices
from market.services.news_score import news_score
from market.services.resample_due import candles_resample
from market.sources.files import files_source
from traderai.common.arrays import F32, I64
from traderai.common.clock import MOSCOW, to_epoch_s

SET = "full_v1"
NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
# So much of what comes after the last moment looked at is loaded, too.
AFTER = timedelta(days=2)
# Three of oil and gas, two of metals, two banks; ABIO has trade statistics, VTBR a consolidation, GMKN a split.
SHARES = ("SBER", "GAZP", "ROSN", "LKOH", "GMKN", "VTBR", "MTLR", "SGZH", "ABIO")


class Case(NamedTuple):
    """What is looked at on one timeframe: months from `since` on, known at `until`, cut at `cuts`."""

    timeframe: Timeframe
    files: tuple[str, ...]
    loaded_from: datetime
    since: datetime
    until: datetime
    cuts: tuple[datetime, ...]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


CASES = {
    "1m": Case(
        Timeframe.M1, ("candles/1m_2024.parquet",), _at("2024-07-12"), _at("2024-07-01"), _at("2024-07-17 13:31"),
        (_at("2024-07-15 10:17"), _at("2024-07-16 23:49")),
    ),
    "10m": Case(
        Timeframe.M10,
        ("candles/10m_second_tier_2020_2023.parquet", "candles/10m_blue_chips_2022_2024.parquet"),
        _at("2023-11-01"), _at("2023-11-01"), _at("2023-12-04 15:55"),
        (_at("2023-11-27 12:34"), _at("2023-12-01 10:10")),
    ),
    "1h": Case(
        Timeframe.H1, ("candles/1h_blue_chips_2022_2024.parquet",), _at("2023-07-01"), _at("2023-11-01"),
        _at("2023-12-05 18:10"), (_at("2023-11-20 16:30"), _at("2023-12-01 00:00")),
    ),
    "1d": Case(
        Timeframe.D1, (), _at("2019-01-01"), _at("2023-11-01"), _at("2024-04-20"),
        (_at("2023-11-24 00:00"), _at("2024-04-03 12:00")),
    ),
}  # fmt: skip
BESIDE = ("corporate", "news/markettwits_2023.parquet")
# The longer bars that features read.
LONGER = tuple(one for one in Timeframe if one.minutes in {minutes for _, minutes, _ in LEVELS})
DAYS_SINCE = _at("2019-01-01")
FLOW_SINCE = _at("2023-11-01")
# Of these files only the rows of the shares above are read: the rest of them is most of the time that they take.
CUT = {
    "fundamentals/smartlab_2008_2024.parquet": pl.col("ticker").is_in(SHARES),
    "daily/market_cap_2018_2024.parquet": pl.col("secid").is_in(SHARES),
    "candles/5m_tradestats_2022_2023.parquet": (pl.col("secid") == "ABIO")
    & (pl.col("begin") >= FLOW_SINCE.replace(tzinfo=None)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """All features of one share: begin (n,) and values (n, k)."""

    begin_s: I64
    values: F32

    def known(self, at: datetime, timeframe: Timeframe) -> Rows:
        """Return the rows whose bar had closed at a moment."""
        stop = int(np.searchsorted(self.begin_s, to_epoch_s(at) - 60 * timeframe.minutes, side="right"))
        return Rows(self.begin_s[:stop], self.values[:stop])


def cut_files(folder: Path, cut: Path) -> None:
    """Write of some files the rows that are read, where the same rules find them."""
    for place, kept in CUT.items():
        (cut / place).parent.mkdir(parents=True, exist_ok=True)
        pl.scan_parquet(folder / place).filter(kept).collect().write_parquet(cut / place)


def load_market(folder: Path, cut: Path) -> None:
    """Bring the real market of the cases into the database: candles, indices, actions, figures, news, regime."""
    cut_files(folder, cut)
    beside = [folder / place for place in BESIDE] + [cut / "fundamentals", cut / "daily"]
    days = folder / "daily" / "1d_as_traded_2000_2024.parquet"
    ingest_all(source=files_source([days, *beside]), secids=SHARES, since=DAYS_SINCE, now=NOW)
    ingest_indices(source=files_source([folder / "indices"]), now=NOW)
    for case in CASES.values():
        if case.files:
            ingest_candles(
                source=files_source([folder / place for place in case.files]),
                secids=SHARES,
                timeframes=[case.timeframe],
                since=case.loaded_from,
                until=case.until + AFTER,
                now=NOW,
            )
    ingest_all(source=files_source([cut / "candles"]), secids=["ABIO"], since=FLOW_SINCE, now=NOW)
    # No statistics know of the rows of this transaction: without them every query reads too much.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE market_candle")
    candles_resample(secids=SHARES, targets=LONGER, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    while news_score(now=NOW, limit=5_000).items:
        pass
    regime_build(now=NOW)


def rows_of(case: Case, *, as_of: datetime) -> dict[str, Rows]:
    """Return by ticker all features of the case's months, as the builder computes them."""
    facts, specs = feature_set_get(name=SET), feature_specs(name=SET)
    universe = traded_list(timeframe=case.timeframe, active_only=False)
    covered = build_scope(universe=universe, timeframe=case.timeframe, since=case.since, as_of=as_of)
    assert covered is not None
    joins = Joins(covered[0], specs)
    failed: dict[str, str] = {}
    parts: dict[str, list[Rows]] = {}
    for month in month_scopes(*covered, warmup_bars=facts.warmup_bars, failed=failed):
        joined = joins.month_columns(month)
        for secid, bars in month.bars.items():
            if bars.rows:
                values = month_values(bars, specs, joined[secid])
                parts.setdefault(secid, []).append(Rows(bars.bars.begin_s[bars.start :], values))
    assert not failed
    return {
        secid: Rows(
            np.concatenate([part.begin_s for part in found]), np.concatenate([part.values for part in found])
        )
        for secid, found in parts.items()
    }


def unequal_columns(got: dict[str, Rows], want: dict[str, Rows]) -> dict[str, str]:
    """Return the columns whose bits differ, each with the first share and moment where they do."""
    columns = feature_set_get(name=SET).columns
    assert got.keys() == want.keys()
    unequal: dict[str, str] = {}
    for secid, rows in want.items():
        np.testing.assert_array_equal(got[secid].begin_s, rows.begin_s)
        differs = got[secid].values.view(np.int32) != rows.values.view(np.int32)
        for j in np.flatnonzero(differs.any(axis=0)):
            at = int(np.argmax(differs[:, j]))
            moment = datetime.fromtimestamp(int(rows.begin_s[at]), tz=MOSCOW)
            told = f"{secid} {moment:%Y-%m-%d %H:%M}: {got[secid].values[at, j]} and {rows.values[at, j]}"
            unequal.setdefault(columns[j], told)
    return unequal


# Everything that became known after the moment is another number, or nothing.
_NOISE = (
    """UPDATE market_candle AS c SET open = n.price, high = n.price * 1.2, low = n.price * 0.7, close = n.price * 0.9,
    volume_shares = c.volume_shares * 7 + 3, value_rub = c.value_rub * 0.3 + 1
    FROM (SELECT instrument_id, timeframe_min, begin, close * (0.3 + random()) AS price FROM market_candle
          WHERE begin + timeframe_min * interval '1 minute' > %(at)s) AS n
    WHERE c.instrument_id = n.instrument_id AND c.timeframe_min = n.timeframe_min AND c.begin = n.begin""",
    "DELETE FROM market_newstrigger WHERE known_at > %(at)s AND id %% 3 = 0",
    "UPDATE market_newstrigger SET score = 100 - score, direction = -direction WHERE known_at > %(at)s",
    """DELETE FROM market_newslink WHERE item_id IN
    (SELECT id FROM market_newsitem WHERE known_at > %(at)s AND id %% 2 = 0)""",
    "UPDATE market_riskalert SET severity = 'critical' WHERE known_at > %(at)s",
    "UPDATE market_fundamentalmetric SET value = value * -3.3 WHERE known_at > %(at)s",
    "DELETE FROM market_corporateaction WHERE known_at > %(at)s",
    "UPDATE market_macrovalue SET value = value * 2 WHERE known_at > %(at)s",
    "UPDATE market_tradestatistic SET imbalance = -imbalance, trades = trades * 5 WHERE begin > %(at)s",
    """UPDATE features_regimehistory SET name = 'panic', probabilities = jsonb_build_object('uptrend', 0.0,
    'downtrend', 0.0, 'flat', 0.0, 'panic', 1.0, 'euphoria', 0.0, 'news_storm', 0.0) WHERE as_of > %(at)s""",
)


def spoil_after(at: datetime) -> int:
    """Replace by noise or take away what became known after a moment; return how many rows were changed."""
    changed = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        for statement in _NOISE:
            cursor.execute(statement, {"at": at})
            changed += cursor.rowcount
    return changed
