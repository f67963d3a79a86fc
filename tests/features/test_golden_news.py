"""Every news feature equals a second, slow implementation, on made rows and on the real archives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.families.news import FEATURES
from features.kernels.news_columns import COLUMNS
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.services.news_score import news_score
from market.services.news_write import news_write
from market.sources.news_files import markettwits_of, telegram_of
from market.sources.records import NewsRecord, RecordPage
from tests.features import news_world
from tests.features.golden_news import GOLDEN, World, golden_column, world_of
from tests.features.news_world import BARS, NAMES, busy_market, columns_of, real_shares
from traderai.common.arrays import F64, I64

pytestmark = pytest.mark.django_db


# The comparison must see another feature.
MISTAKEN = {
    "news_sum_60": "news_sum_240", "news_bull_sum_1440": "news_bear_sum_1440",
    "news_sector_sum_1440": "news_sum_1440", "news_trigger_score": "news_market_trigger_score",
    "news_report_bull_count_1440": "news_dividends_bull_count_1440",
    "news_alerts_active": "news_alert_count_1440", "news_embedding_00": "news_embedding_01",
    "news_market_intensity_60": "news_market_intensity_1440",
}  # fmt: skip


def unequal(fast: F64, world: World, moments_s: I64, names: Mapping[str, str] | None = None) -> list[str]:
    """Name the features that differ; `names` compares one with the second implementation of another."""
    wrong = []
    for name, other in (names or {name: name for name in NAMES}).items():
        got = fast[:, NAMES.index(name)].astype(np.float32)
        want = np.array(golden_column(other, world, moments_s), dtype=np.float32)
        if not np.allclose(got, want, rtol=2e-5, atol=1e-6, equal_nan=True):
            wrong.append(name)
    return wrong


def test_every_feature_has_a_second_implementation_and_a_column() -> None:
    assert set(GOLDEN) == set(NAMES)
    assert len(set(NAMES)) == len(NAMES)
    assert {spec.kernel.split(".")[1] for spec in FEATURES} == set(COLUMNS)


def test_every_feature_equals_its_second_implementation() -> None:
    shares = busy_market()
    rows = np.arange(0, len(BARS), 9)
    for group in (real_shares(shares), {"SIMA": shares["SIMA"]}):
        found = columns_of(group)
        for secid in group:
            world = world_of(secid, as_of=news_world.AS_OF)
            assert unequal(found[secid][rows], world, BARS.known_s[rows]) == [], secid
    told = columns_of(real_shares(shares))["LKOH"]
    # A column that never changes would equal anything that never changes.
    assert [
        name for j, name in enumerate(NAMES) if np.unique(told[np.isfinite(told[:, j]), j]).size < 2
    ] == []
    assert np.isnan(told).any(axis=0).all()
    world = world_of("LKOH", as_of=news_world.AS_OF)
    assert unequal(told[rows], world, BARS.known_s[rows], MISTAKEN) == list(MISTAKEN)


SAMPLES = {
    "1m": ("candles/1m_2024.parquet", "SBER", date(2024, 7, 8), date(2024, 7, 10), 29),
    "10m": ("candles/10m_second_tier_2020_2023.parquet", "MTLR", date(2023, 11, 28), date(2023, 12, 6), 13),
    "1h": ("candles/1h_blue_chips_2022_2024.parquet", "GAZP", date(2023, 11, 24), date(2023, 12, 6), 2),
    "1d": ("daily/1d_as_traded_2000_2024.parquet", "SBER", date(2023, 11, 14), date(2023, 12, 8), 1),
}
REAL_SHARES = {
    "SBER": "finance", "GAZP": "oil_gas", "LKOH": "oil_gas", "MTLR": "metals", "VTBR": "finance", "GMKN": "metals",
}  # fmt: skip


def real_news(folder: Path, part: Path) -> None:
    """Ingest and score some weeks of two archives by the doors that `ingest` and the schedule use."""
    now = datetime(2025, 1, 1, tzinfo=UTC)
    spans = [("2023-10-10", "2023-12-06"), ("2024-06-05", "2024-07-10")]
    day = pl.col("date").cast(pl.String).str.slice(0, 10)
    rows = pl.scan_parquet(folder / "news" / "telegram_general_2023_2024.parquet")
    rows.filter(pl.any_horizontal(day.is_between(pl.lit(a), pl.lit(b)) for a, b in spans)).sink_parquet(part)
    wanted: list[NewsRecord] = []
    twits = markettwits_of(folder / "news" / "markettwits_2023.parquet").records
    wanted += [record for record in twits if date(2023, 11, 27) <= record.published_at.date()]
    wanted += telegram_of(part).records
    news_write(page=RecordPage(place="real", records=tuple(wanted)), now=now)
    news_score(now=now, limit=10_000)


def real_moments(folder: Path, timeframe: str) -> tuple[str, Bars, int]:
    place, secid, since, until, step = SAMPLES[timeframe]
    rows = pl.scan_parquet(folder / place).filter(pl.col("secid") == secid)
    rows = rows.rename(lambda name: "begin" if name == "date" else name)
    begin = pl.col("begin").cast(pl.Datetime("us"))
    begins = rows.select(begin).filter(begin.is_between(since, until)).unique().sort("begin").collect()
    begin_s = begins["begin"].dt.epoch("s").to_numpy() - 3 * 3600
    blank = np.zeros(begin_s.size)
    bars = Bars(
        secid=secid, timeframe=Timeframe(timeframe), begin_s=begin_s, open=blank, high=blank, low=blank, close=blank,
        volume_shares=blank, turnover_rub=blank, split_factor=blank, dividend_rub=blank,
        trading_day=blank.astype(np.int64), session=blank.astype(np.int8),
    )  # fmt: skip
    return secid, bars, step


@pytest.mark.realdata
def test_every_feature_equals_its_second_implementation_on_real_news(real_data: Path, tmp_path: Path) -> None:
    shares: dict[str, InstrumentFacts] = {
        secid: news_world.share(secid, sector) for secid, sector in REAL_SHARES.items()
    }
    real_news(real_data, tmp_path / "part.parquet")
    alive: set[str] = set()
    as_of = datetime(2025, 1, 1, tzinfo=UTC)
    for timeframe in SAMPLES:
        secid, bars, step = real_moments(real_data, timeframe)
        found = columns_of(shares, replace(bars, secid="ANY"), as_of=as_of)
        rows = np.arange(0, len(bars), step)
        assert rows.size >= 15
        for asked in {secid, "SBER"}:
            assert unequal(found[asked][rows], world_of(asked, as_of=as_of), bars.known_s[rows]) == [], (
                timeframe
            )
            alive |= {name for j, name in enumerate(NAMES) if np.unique(found[asked][:, j]).size > 2}
    families = ("news_sum", "news_market_sum", "news_market_bear", "news_embedding", "news_market_intensity")
    assert [start for start in families if not any(name.startswith(start) for name in alive)] == []
