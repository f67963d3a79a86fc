"""A small market in PostgreSQL with something of everything that full_v1 reads, and what is stored of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from features import store
from features.contracts import REGIMES, BuildReport
from features.models import FeatureSnapshot, RegimeHistory
from features.selectors.catalogue import feature_set_get, feature_specs
from features.services.build import features_build
from features.services.month_columns import Joins, month_values
from features.services.months import build_scope, month_scopes
from market.contracts import Bars, Timeframe
from market.models import Instrument, TradeStatistic
from market.selectors.instruments import traded_list
from market.services.news_sources import news_sources_ensure
from tests.features import companies, news_world
from tests.features.conftest import store_candles
from tests.features.longer import begins_of, held, midnight, walk
from tests.features.longer import store as store_longer
from tests.features.series import random_bars

SET = "full_v1"
NOW = datetime(2024, 6, 5, 12, tzinfo=UTC)
SECTORS = {"OILA": "oil_gas", "OILB": "oil_gas", "OILC": "oil_gas", "BNKA": "finance", "BNKB": "finance"}
BARS = 1_300  # hours of all weekdays from 2024-01-15 to 2024-05-23
LAST_DAY = "2024-05-23"
DAYS = begins_of(Timeframe.D1, 350, last=LAST_DAY)
Place = tuple[str, str]  # share and month


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """One month of one share, computed anew; float32."""

    joined: bytes
    whole: bytes


def bars_of(secid: str) -> Bars:
    """Return the hourly bars of a share."""
    bars = random_bars(BARS, seed=200 + list(SECTORS).index(secid))
    bars.dividend_rub[:] = 0.0
    return bars


def make_market() -> None:
    """Write shares with hours, days and weeks, an index, news, reports, regimes, flow and the key rate."""
    rng = np.random.default_rng(17)
    news_world.SOURCES.update(news_sources_ensure())
    weeks = begins_of(Timeframe.W1, 70, last=LAST_DAY)
    for place, (secid, sector) in enumerate(SECTORS.items()):
        share = held(secid, sector=sector)
        store_candles(share, bars_of(secid))
        store_longer(share, Timeframe.D1, walk(DAYS, seed=300 + place, level=250.0))
        store_longer(share, Timeframe.W1, walk(weeks, seed=400 + place, level=250.0))
        companies.capitalisations(share, [begin.date() for begin in DAYS], rng)
        companies.reports(share, rng)
    store_longer(held("IMOEX", kind="index"), Timeframe.D1, walk(DAYS, seed=500, level=3_000.0))
    companies.key_rate()
    news_world.quiet_flow(begin=datetime(2023, 12, 1, tzinfo=UTC), days=180)
    for number in range(60):
        known_at = datetime(2024, 1, 16, 9, 10, tzinfo=UTC) + timedelta(days=2 * number)
        about = Instrument.objects.get(secid=list(SECTORS)[number % 5])
        one = news_world.item(known_at, text=f"прибыль {number}")
        news_world.verdict(one, known_at, instrument=about, score=20.0 + number)
    regimes()
    flow()


def regimes() -> None:
    """Write a regime of the market and of both sectors on every day."""
    rng = np.random.default_rng(5)
    rows = []
    for begin in DAYS[-120:]:
        for scope in ("", "oil_gas", "finance"):
            chances = rng.dirichlet(np.ones(len(REGIMES)))
            rows.append(
                RegimeHistory(
                    market="MOEX", scope=scope, trading_day=begin.date(), name="flat", shares=5, reasons=[],
                    probabilities=dict(zip(REGIMES, chances.tolist(), strict=True)), source="test",
                    spell_began_on=begin.date(), as_of=begin + timedelta(days=1), config_sha="0" * 64,
                    built_at=begin + timedelta(days=1),
                )
            )  # fmt: skip
    RegimeHistory.objects.bulk_create(rows)


def flow() -> None:
    """Write the order flow of one share in April."""
    rng, share = np.random.default_rng(6), Instrument.objects.get(secid="OILA")
    begins = [
        midnight(date(2024, 4, 1) + timedelta(days=day)) + timedelta(hours=10, minutes=5 * step)
        for day in range(26)
        for step in range(12 * 14)
    ]
    TradeStatistic.objects.bulk_create(
        TradeStatistic(
            instrument=share, begin=begin, trades=100, buy_volume_lots=50.0,
            sell_volume_lots=40.0, value_rub=1e6, imbalance=float(rng.uniform(-1, 1)), vwap_rub=250.0, source="t",
        )
        for begin in begins
    )  # fmt: skip


def build(now: datetime = NOW, **options: Any) -> BuildReport:
    """Build full_v1 on hours."""
    wanted: dict[str, Any] = {"feature_set": SET, "timeframe": Timeframe.H1, "now": now}
    return features_build(**(wanted | options))


def snapshots() -> dict[Place, FeatureSnapshot]:
    """Return what is stored of each share and month."""
    rows = FeatureSnapshot.objects.select_related("instrument")
    return {(row.instrument.secid, f"{row.month:%Y-%m}"): row for row in rows}


def stored_values(places: set[Place] | None = None) -> dict[Place, bytes]:
    """Return the values of some stored months, of every one without places."""
    columns = feature_set_get(name=SET).columns
    return {
        place: store.snapshot_read(row, columns)[1].tobytes(order="C")
        for place, row in snapshots().items()
        if places is None or place in places
    }


def computed(*, as_of: datetime = NOW, since: datetime | None = None) -> dict[Place, Values]:
    """Return every month from that of `since` on as it is computed from the database, without the store."""
    facts, specs = feature_set_get(name=SET), feature_specs(name=SET)
    universe = traded_list(timeframe=Timeframe.H1, active_only=False)
    covered = build_scope(universe=universe, timeframe=Timeframe.H1, since=since, as_of=as_of)
    assert covered is not None
    joins = Joins(covered[0], specs)
    failed: dict[str, str] = {}
    found = {}
    for month in month_scopes(*covered, warmup_bars=facts.warmup_bars, failed=failed):
        joined = joins.month_columns(month)
        for secid, bars in month.bars.items():
            if bars.rows:
                whole = month_values(bars, specs, joined[secid]).tobytes(order="C")
                found[secid, month.month] = Values(joined[secid].tobytes(order="C"), whole)
    assert not failed
    return found
