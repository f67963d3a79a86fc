"""Every column of longer timeframes equals a second, slow implementation that reads the rows of the candles."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.families import higher
from features.kernels.higher import newest_known
from features.sources import higher as source
from market.contracts import Timeframe
from tests.features.golden_higher import GOLDEN, world_of
from tests.features.longer import (
    NOW,
    action,
    assert_equal_columns,
    begins_of,
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
NAMES = [spec.name for spec in higher.FEATURES]
BARS = {"5m": 700, "15m": 420, "1h": 360, "4h": 340, "1d": 620, "1w": 130}


def market(own: Timeframe, *, bars: int) -> None:
    """Store one share with candles of every length, a split in the middle of April and two dividends."""
    share = held("AAAA")
    store(share, own, walk(begins_of(own, bars), seed=1))
    for seed, (code, count) in enumerate(BARS.items(), start=2):
        timeframe = Timeframe(code)
        if timeframe.minutes > own.minutes:
            # The candles of a quarter end a day too early: they lag behind.
            last = "2024-05-02" if code == "15m" else "2024-05-03"
            store(share, timeframe, walk(begins_of(timeframe, count, last=last), seed=seed))
    action(share, "2024-04-16", shares_after_per_before=10.0)
    action(share, "2024-04-22", amount_rub=4.0)
    action(share, "2023-07-11", amount_rub=6.0)


def assert_golden(own: Timeframe, secid: str = "AAAA", *, names: list[str] = NAMES, **mistaken: str) -> None:
    specs = tuple(spec for spec in higher.FEATURES if spec.name in names)
    world = world_of(secid, own.minutes, NOW)
    slow = {name: GOLDEN[mistaken.get(name, name)](world) for name in names}
    assert_equal_columns(joined(specs, own)[secid], slow, [spec.name for spec in specs])


def test_every_feature_has_a_second_implementation() -> None:
    assert list(GOLDEN.keys() ^ set(NAMES)) == []
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize(
    ("own", "bars", "known"),
    [
        (Timeframe.M1, 1_900, ("m5", "m15", "h1", "h4", "d1", "w1")),
        (Timeframe.M10, 400, ("m15", "h1", "h4", "d1", "w1")),
        (Timeframe.H1, 200, ("h4", "d1", "w1")),
        (Timeframe.D1, 90, ("w1",)),
    ],
)
def test_the_columns_equal_their_second_implementation(
    own: Timeframe, bars: int, known: tuple[str, ...]
) -> None:
    market(own, bars=bars)
    assert_golden(own)
    values = joined(higher.FEATURES, own)["AAAA"]
    told = {name.partition("_")[0] for place, name in enumerate(NAMES) if np.isfinite(values[:, place]).any()}
    assert told == set(known)


def test_the_comparison_sees_another_column_and_another_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    market(Timeframe.H1, bars=60)
    with pytest.raises(AssertionError, match="d1_rsi_14"):
        assert_golden(Timeframe.H1, names=["d1_rsi_14"], d1_rsi_14="h4_rsi_14")
    by_name = {spec.name: spec for spec in higher.FEATURES}
    slow = {"d1_rsi_14": GOLDEN["d1_rsi_14"](world_of("AAAA", 60, NOW))}
    other = replace(by_name["d1_rsi_14"], parameters={"timeframe_min": 1_440, "window": 15})
    with pytest.raises(AssertionError, match="d1_rsi_14"):
        assert_equal_columns(joined((other,), Timeframe.H1)["AAAA"], slow, ["d1_rsi_14"])
    monkeypatch.setattr(source, "WARMUP_BARS", 240)
    with pytest.raises(AssertionError, match="d1_dist_high_250"):
        assert_golden(Timeframe.H1, names=["d1_dist_high_250"])


def test_a_level_whose_candles_lag_behind_is_unknown() -> None:
    market(Timeframe.M10, bars=400)
    values = joined(higher.FEATURES, Timeframe.M10)["AAAA"]
    bars_a_day, quarter = 54, values[:, NAMES.index("m15_rsi_14")]
    # Of the day without any the first bar still waits for a quarter that cannot have ended.
    assert np.isfinite(quarter[: 1 - bars_a_day]).all()
    assert np.isnan(quarter[1 - bars_a_day :]).all()
    assert np.isfinite(values[-bars_a_day:, NAMES.index("h1_rsi_14")]).all()


def test_nothing_reads_across_a_hole_in_the_candles() -> None:
    share = held("AAAA")
    store(share, Timeframe.M10, walk(begins_of(Timeframe.M10, 400), seed=1))
    hours = begins_of(Timeframe.H1, 90)
    old = begins_of(Timeframe.H1, 180, last="2024-03-01")
    store(share, Timeframe.H1, walk(old + hours, seed=2))
    store(share, Timeframe.D1, walk(begins_of(Timeframe.D1, 400), seed=3))
    assert_golden(Timeframe.M10, names=["h1_ret_20", "h1_price_sma_50", "h1_rsi_14"])
    spec = next(spec for spec in higher.FEATURES if spec.name == "h1_price_sma_50")
    unknown = np.isnan(joined((spec,), Timeframe.M10)["AAAA"][:, 0])
    # The first 49 hours after the hole have no mean of 50; the share's candles begin in them.
    assert unknown.any()
    assert not unknown.all()


def unclosed(own: Any, own_known_s: Any, day: Any, known_s: Any, **options: Any) -> Any:
    """Plant a leak: a longer bar counts from its begin on."""
    length_s = int(np.median(np.diff(known_s)))
    return newest_known(own, own_known_s, day, known_s - length_s, **options)


def test_an_unclosed_longer_bar_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    market(Timeframe.H1, bars=60)
    monkeypatch.setattr(source, "newest_known", unclosed)
    with pytest.raises(AssertionError, match="d1_ret_1"):
        assert_golden(Timeframe.H1, names=["d1_ret_1"])


@pytest.mark.realdata
@pytest.mark.parametrize("code", ["1m", "10m", "1h", "1d"])
def test_the_columns_of_real_candles_equal_their_second_implementation(real_data: Path, code: str) -> None:
    own = Timeframe(code)
    secid, candles = real_candles(real_data, own)
    share = held(secid)
    if own is Timeframe.M1:
        candles = candles.take(
            (candles.begin_s >= to_epoch_s(midnight(date(2024, 7, 11))))
            & (candles.begin_s < to_epoch_s(midnight(date(2024, 7, 17))))
        )
        action(share, "2024-07-15", shares_after_per_before=1 / 5000)
        for every in ("5m", "15m"):
            store(share, Timeframe(every), longer_of(candles, every))
    if own is Timeframe.D1:
        action(share, "2024-04-08", shares_after_per_before=100.0)
        candles = candles.take(candles.begin_s > candles.begin_s[-300])
        action(share, "2023-12-25", amount_rub=900.0)
    store(share, own, candles)
    first, last = (from_epoch_s(int(candles.begin_s[at])).date() for at in (0, -1))
    days = real_days(real_data, secid, since=date(first.year - 2, 1, 1), until=last)
    if own is not Timeframe.D1:
        store(share, Timeframe.D1, days)
    store(share, Timeframe.W1, longer_of(days, "1w"))
    levels = {"1m": ("m5", "m15", "d1", "w1"), "10m": ("d1", "w1"), "1h": ("d1", "w1"), "1d": ("w1",)}[code]
    names = [name for name in NAMES if name.partition("_")[0] in levels]
    assert_golden(own, secid, names=names)
    values = joined(tuple(spec for spec in higher.FEATURES if spec.name in names), own)[secid]
    assert np.isfinite(values).mean() > 0.5
