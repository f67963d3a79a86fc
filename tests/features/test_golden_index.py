"""Every column of the indices equals a second, slow implementation that reads the rows of the candles."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from features.families import market_index
from features.kernels.higher import newest_known
from features.sources import index as source
from market.contracts import Timeframe
from tests.features.golden_index import GOLDEN, World, world_of
from tests.features.longer import (
    NOW,
    action,
    assert_equal_columns,
    begins_of,
    columns_of,
    held,
    joined,
    longer_of,
    midnight,
    real_candles,
    real_days,
    store,
    walk,
)
from traderai.common.clock import from_epoch_s, to_epoch_s

pytestmark = pytest.mark.django_db
NAMES = [spec.name for spec in market_index.FEATURES]
DAYS = begins_of(Timeframe.D1, 380)


def market(own: Timeframe, *, bars: int, simulated: bool = False) -> None:
    """Store a share that does not trade on every day, and its indices; RTSI is held without candles."""
    share = held("AAAA", is_simulated=simulated)
    if own is not Timeframe.D1:
        store(share, own, walk(begins_of(own, bars), seed=1))
    traded = [day for place, day in enumerate(DAYS) if place % 9 or place > 300]
    store(share, Timeframe.D1, walk(traded, seed=2))
    action(share, "2024-04-22", amount_rub=3.0)
    action(share, "2023-07-11", amount_rub=6.0)
    action(share, "2024-04-16", shares_after_per_before=10.0)
    if simulated:
        index = held("SIMX", kind="index", is_simulated=True)
        store(index, Timeframe.D1, walk(DAYS, seed=3, level=1_000.0))
        return
    held("RTSI", kind="index")
    store(held("IMOEX", kind="index"), Timeframe.D1, walk(DAYS, seed=3, level=3_000.0))
    store(held("RVI", kind="index"), Timeframe.D1, walk(DAYS, seed=4, level=30.0))


def assert_golden(world: World, own: Timeframe, *, names: list[str] = NAMES, **mistaken: str) -> None:
    specs = tuple(spec for spec in market_index.FEATURES if spec.name in names)
    slow = {name: GOLDEN[mistaken.get(name, name)](world) for name in names}
    assert_equal_columns(joined(specs, own)[world.secid], slow, [spec.name for spec in specs])


def known(own: Timeframe, secid: str = "AAAA") -> set[str]:
    """Return what has a value in the newest row."""
    newest = joined(market_index.FEATURES, own)[secid][-1]
    return {name for place, name in enumerate(NAMES) if np.isfinite(newest[place])}


def test_every_feature_has_a_second_implementation() -> None:
    assert list(GOLDEN.keys() ^ set(NAMES)) == []
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize(
    ("own", "bars"), [(Timeframe.M10, 300), (Timeframe.H1, 200), (Timeframe.D1, 380), (Timeframe.W1, 30)]
)
def test_the_columns_equal_their_second_implementation(own: Timeframe, bars: int) -> None:
    market(own, bars=bars)
    assert_golden(world_of("AAAA", own.minutes, NOW), own)
    assert known(own) == {name for name in NAMES if not name.startswith("rtsi_")}


def test_in_a_simulated_market_its_index_stands_for_the_main_one() -> None:
    market(Timeframe.H1, bars=60, simulated=True)
    real = held("IMOEX", kind="index")
    store(real, Timeframe.D1, walk(DAYS, seed=9))
    assert_golden(world_of("AAAA", 60, NOW, tickers={"imoex": "SIMX"}), Timeframe.H1)
    assert known(Timeframe.H1) == {name for name in NAMES if name.startswith("imoex_")}
    # Sabotage: the real index is another one.
    with pytest.raises(AssertionError, match="imoex_ret_1"):
        assert_golden(world_of("AAAA", 60, NOW), Timeframe.H1, names=["imoex_ret_1"])


def test_the_comparison_sees_another_column_and_another_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    market(Timeframe.H1, bars=60)
    world = world_of("AAAA", 60, NOW)
    for name, mistaken in (
        ("imoex_rsi_14", "imoex_adx_14"),
        ("imoex_beta_60", "imoex_beta_250"),
        ("imoex_strength_5", "imoex_strength_20"),
        ("rvi_percentile_250", "rvi_level"),
    ):
        with pytest.raises(AssertionError, match=name):
            assert_golden(world, Timeframe.H1, names=[name], **{name: mistaken})
    spec = next(spec for spec in market_index.FEATURES if spec.name == "imoex_corr_60")
    other = replace(spec, parameters={"window": 61})
    slow = {"imoex_corr_60": GOLDEN["imoex_corr_60"](world)}
    with pytest.raises(AssertionError, match="imoex_corr_60"):
        assert_equal_columns(joined((other,), Timeframe.H1)["AAAA"], slow, ["imoex_corr_60"])


def unclosed(own: Any, own_known_s: Any, day: Any, known_s: Any, **options: Any) -> Any:
    """Plant a leak: a day of the index counts from its begin on."""
    return newest_known(own, own_known_s, day, known_s - 86_400, **options)


def test_a_day_of_the_index_that_has_not_ended_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    market(Timeframe.H1, bars=60)
    monkeypatch.setattr(source, "newest_known", unclosed)
    for name in ("imoex_ret_1", "imoex_strength_5", "imoex_beta_60", "rvi_level"):
        with pytest.raises(AssertionError, match=name):
            assert_golden(world_of("AAAA", 60, NOW), Timeframe.H1, names=[name])


@pytest.mark.realdata
@pytest.mark.parametrize("code", ["1m", "10m", "1h", "1d"])
def test_the_columns_of_real_candles_equal_their_second_implementation(real_data: Path, code: str) -> None:
    own = Timeframe(code)
    secid, candles = real_candles(real_data, own)
    share = held(secid)
    if own is Timeframe.M1:
        since, until = (to_epoch_s(midnight(day)) for day in (date(2024, 7, 11), date(2024, 7, 17)))
        candles = candles.take((candles.begin_s >= since) & (candles.begin_s < until))
        action(share, "2024-07-15", shares_after_per_before=1 / 5000)
    if own is Timeframe.D1:
        candles = candles.take(candles.begin_s > candles.begin_s[-400])
        action(share, "2024-04-08", shares_after_per_before=100.0)
        action(share, "2023-12-25", amount_rub=900.0)
    store(share, own, candles)
    first, last = (from_epoch_s(int(candles.begin_s[at])).date() for at in (0, -1))
    if own is not Timeframe.D1:
        days = real_days(real_data, secid, since=date(first.year - 2, 1, 1), until=last)
        store(share, Timeframe.D1, days)
    for index, place in (("IMOEX", "imoex_1d_2010_2024"), ("RVI", "rvi_1d_2022_2024")):
        rows = (
            pl.read_parquet(real_data / f"indices/{place}.parquet")
            .filter((pl.col("secid") == index) & pl.col("date").is_between(date(first.year - 2, 1, 1), last))
            .with_columns(begin=pl.col("date").cast(pl.Datetime("us")), volume=pl.lit(0.0))
        )
        store(held(index, kind="index"), Timeframe.D1, columns_of(rows))
    names = [name for name in NAMES if not name.startswith("rtsi_")]
    if own in {Timeframe.M10, Timeframe.H1}:
        names = [name for name in names if not name.startswith("rvi_")]  # it begins with these samples
    assert_golden(world_of(secid, own.minutes, NOW), own, names=names)
    assert known(own, secid) >= set(names)


def test_longer_candles_of_a_test_are_made_of_shorter_ones() -> None:
    shorter = walk(begins_of(Timeframe.M10, 54), seed=1)
    hours = longer_of(shorter, "1h")
    assert len(hours) == 9
    assert hours.high.max() == shorter.high.max()
    assert (hours.close == shorter.close[5::6]).all()
