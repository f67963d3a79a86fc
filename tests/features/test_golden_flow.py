"""Every feature of order flow equals a second implementation that reads the rows, and none knows later spans."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.db import connection

from features.families import flow as family
from features.sources.flow import FlowSource
from market.contracts import Timeframe
from market.models import Instrument, OrderBookStatistic, TradeStatistic
from market.selectors.bars import bars_load
from market.services.flow_write import flow_write
from market.sources.flow_files import trade_statistics_of
from tests.features.golden_flow import GOLDEN_JOINED, FlowWorld
from tests.features.longer import (
    NOW,
    action,
    assert_equal_columns,
    assert_same_bits,
    columns_of,
    held,
    joined,
    longer_of,
    midnight,
    store,
    walk,
)
from tests.market.make import days_of

pytestmark = pytest.mark.django_db
SPECS = family.FEATURES
NAMES = [spec.name for spec in SPECS]
EVERY = {"5m": "5m", "10m": "10m", "1h": "1h", "1d": "1d"}


def begins(first: str, days: int) -> list[datetime]:
    """Return the begins of 5-minute bars from 10:00 to 13:00."""
    return [
        midnight(day) + timedelta(minutes=at) for day in days_of(first, days) for at in range(600, 780, 5)
    ]


def share_with_flow(timeframe: Timeframe = Timeframe.M5, *, days: int = 12) -> Instrument:
    """Store a share with bars, a split, and flow: spans that are missing, without trades and unknown ones."""
    share = held("FLOW")
    candles = walk(begins("2024-03-20", days), seed=1)
    store(share, timeframe, candles if timeframe is Timeframe.M5 else longer_of(candles, timeframe.value))
    action(share, "2024-03-27", shares_after_per_before=10.0)
    rng = np.random.default_rng(2)
    for at, begin in enumerate(begins("2024-03-20", days)):
        if at % 17 == 3 or 60 <= at < 66:
            continue  # nothing was traded
        buys, sells = (float(x) for x in rng.integers(0, 50, 2))
        both, known = buys + sells, at % 41 != 5
        TradeStatistic.objects.create(
            instrument=share,
            begin=begin,
            trades=int(rng.integers(0, 30)),
            buy_volume_lots=buys if known else None,
            sell_volume_lots=sells if known else None,
            value_rub=float(rng.lognormal(10, 1)) if at % 53 else None,
            imbalance=(buys - sells) / both if both and known else None,
            vwap_rub=float(rng.uniform(80, 120)) if at % 43 else None,
            source="test",
        )
        OrderBookStatistic.objects.create(
            instrument=share,
            begin=begin,
            spread_best_bp=float(rng.uniform(0, 20)),
            spread_1m_rub_bp=float(rng.uniform(20, 90)) if at % 31 else None,
            imbalance_best=float(rng.uniform(-1, 1)),
            imbalance_book=float(rng.uniform(-1, 1)),
            source="test",
        )
    return share


def assert_golden(secid: str, timeframe: Timeframe, **mistaken: str) -> None:
    world = FlowWorld(bars=bars_load(secid=secid, timeframe=timeframe, as_of=NOW))
    slow = {name: GOLDEN_JOINED[mistaken.get(name, name)](world) for name in NAMES}
    assert_equal_columns(joined(SPECS, timeframe)[secid], slow, NAMES)


def test_every_feature_has_a_second_implementation() -> None:
    assert list(GOLDEN_JOINED) == NAMES


@pytest.mark.parametrize("timeframe", [Timeframe.M5, Timeframe.M15, Timeframe.H1, Timeframe.D1])
def test_the_columns_equal_their_second_implementation(timeframe: Timeframe) -> None:
    share_with_flow(timeframe)
    assert_golden("FLOW", timeframe)
    values = joined(SPECS, timeframe)["FLOW"]
    short = timeframe in (Timeframe.H1, Timeframe.D1)  # too few bars for means, and one in them is unknown
    told = [name for place, name in enumerate(NAMES) if np.isfinite(values[:, place]).any()]
    assert len(told) >= (4 if short else 11)


@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", EVERY)
def test_the_columns_of_real_statistics_equal_their_second_implementation(
    real_data: Path, tmp_path: Path, timeframe: str
) -> None:
    share = held("ABIO")
    until = date(2023, 9, 8) if timeframe != "1d" else date(2023, 12, 9)
    told = pl.scan_parquet(real_data / "candles" / "5m_tradestats_2022_2023.parquet")
    rows = told.filter((pl.col("secid") == "ABIO") & (pl.col("begin").dt.date() < until)).collect()
    candles = columns_of(rows.with_columns(volume=pl.col("volume_lots_raw")))
    store(share, Timeframe(timeframe), candles if timeframe == "5m" else longer_of(candles, EVERY[timeframe]))
    rows.write_parquet(tmp_path / "told.parquet")
    for page in trade_statistics_of(tmp_path / "told.parquet"):
        flow_write(page=page)
    assert_golden("ABIO", Timeframe(timeframe))
    values = joined(SPECS, Timeframe(timeframe))["ABIO"]
    assert np.isfinite(values[:, :7]).any(axis=0).all()
    assert not np.isfinite(values[:, 7:]).any()  # nobody told us of its order book
    for spec, column in zip(SPECS, values.T, strict=True):
        known = column[np.isfinite(column)]
        assert spec.low is None or (known >= spec.low).all()
        assert spec.high is None or (known <= spec.high).all()
    assert abs(np.nanmedian(values[:, NAMES.index("flow_vwap_dist")])) < 0.01


@pytest.mark.parametrize(
    ("name", "mistaken_for"),
    [
        ("flow_imbalance", "flow_imbalance_12"),
        ("flow_trades_ratio_60", "flow_trade_size_ratio_60"),
        ("flow_vwap_dist", "flow_day_vwap_dist"),
        ("book_imbalance", "book_imbalance_best"),
    ],
)
def test_the_comparison_sees_another_feature(name: str, mistaken_for: str) -> None:
    share_with_flow(days=5)
    with pytest.raises(AssertionError, match=name):
        assert_golden("FLOW", Timeframe.M5, **{name: mistaken_for})


def test_a_minute_holds_no_span_and_a_share_without_statistics_no_figure() -> None:
    share = share_with_flow(days=4)
    store(share, Timeframe.M1, walk(begins("2024-03-20", 4), seed=3))
    store(held("NONE"), Timeframe.M5, walk(begins("2024-03-20", 4), seed=4))
    assert np.isnan(joined(SPECS, Timeframe.M1)["FLOW"]).all()
    both = joined(SPECS, Timeframe.M5)
    assert np.isnan(both["NONE"]).all()
    assert np.isfinite(both["FLOW"]).any()


@pytest.mark.parametrize("minute", [0, 2, 5, 41])
def test_what_was_known_earlier_is_a_prefix_of_the_same_bits(minute: int) -> None:
    share_with_flow()
    as_of = midnight(date(2024, 4, 2)) + timedelta(hours=11, minutes=minute)
    whole, early = joined(SPECS, Timeframe.M5)["FLOW"], joined(SPECS, Timeframe.M5, as_of=as_of)["FLOW"]
    assert 0 < len(early) < len(whole)
    assert_same_bits(early, whole[: len(early)], NAMES)


def test_spans_that_come_later_change_nothing_before_them() -> None:
    share_with_flow()
    before = joined(SPECS, Timeframe.M5)["FLOW"]
    at = midnight(date(2024, 4, 2)) + timedelta(hours=11)
    cut = begins("2024-03-20", 12).index(at)
    later = TradeStatistic.objects.filter(begin__gte=at)
    later.update(trades=1_000_000, value_rub=1e12, buy_volume_lots=5e6, imbalance=1.0, vwap_rub=1.0)
    OrderBookStatistic.objects.filter(begin__gte=at).delete()
    after = joined(SPECS, Timeframe.M5)["FLOW"]
    assert_same_bits(after[:cut], before[:cut], NAMES)
    with pytest.raises(AssertionError, match="flow_imbalance"):
        assert_same_bits(after[: cut + 1], before[: cut + 1], NAMES)


def test_a_month_is_the_same_in_a_longer_build() -> None:
    share_with_flow()
    whole = joined(SPECS, Timeframe.M5)["FLOW"]
    late = joined(SPECS, Timeframe.M5, since=datetime(2024, 4, 2, tzinfo=UTC))["FLOW"]
    assert 0 < len(late) < len(whole)
    assert_same_bits(late, whole[-len(late) :], NAMES)


def test_shares_without_statistics_cost_no_query() -> None:
    share_with_flow(days=10)
    store(held("NONE"), Timeframe.M5, walk(begins("2024-03-20", 10), seed=4))
    asked: list[str] = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.extend(name for name in ("market_tradestatistic", "market_orderbookstatistic") if name in sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        joined(SPECS, Timeframe.M5)
    # Once for who has any, once for the one share that has, over two months.
    assert sorted(asked) == ["market_orderbookstatistic"] * 2 + ["market_tradestatistic"] * 2


def test_the_source_is_listed() -> None:
    from features.sources.listed import SOURCES

    assert SOURCES["flow"] is FlowSource
