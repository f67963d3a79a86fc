"""Every column of the regime equals a second implementation that reads the rows of the history."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.contracts import REGIMES
from features.families import regime
from features.models import RegimeHistory
from market.contracts import Timeframe
from market.models import Instrument
from tests.features.golden_regime import GOLDEN, world_of
from tests.features.longer import (
    NOW,
    assert_equal_columns,
    assert_same_bits,
    begins_of,
    held,
    joined,
    midnight,
    real_candles,
    store,
    walk,
    weekdays_before,
)
from traderai.common.arrays import F64

pytestmark = pytest.mark.django_db
NAMES = [spec.name for spec in regime.FEATURES]
LENGTHS = [(Timeframe.M10, 300), (Timeframe.H1, 240), (Timeframe.D1, 60), (Timeframe.W1, 12)]


def history(
    days: list[date], *, scope: str = "", seed: int = 0, market: str = "MOEX", news_from: int = 0
) -> None:
    """Store a regime for each day; news are read from one of them on."""
    rng = random.Random(seed)
    began = days[0]
    for place, day in enumerate(days):
        weights = [rng.random() for _ in REGIMES]
        began = day if rng.random() < 0.2 else began
        reasons: list[list[object]] = [["drawdown_20d_pct", -1.0]]
        if place >= news_from:
            reasons.append(["news_number_ratio", 0.5])
        else:
            weights[-1] = 0.0
        RegimeHistory.objects.create(
            market=market, scope=scope, trading_day=day, name=rng.choice(REGIMES), spell_began_on=began,
            probabilities={name: w / sum(weights) for name, w in zip(REGIMES, weights, strict=True)},
            reasons=reasons, shares=9, as_of=midnight(day + timedelta(days=1)), source="x", config_sha="x",
            built_at=NOW,
        )  # fmt: skip


def market(own: Timeframe, bars: int, *, simulated: bool = False) -> None:
    """Store a share of a sector, one without, and regimes with gaps."""
    for secid, sector in (("AAAA", "metals"), ("BBBB", "")):
        share = held(secid, sector=sector, is_simulated=simulated)
        store(share, own, walk(begins_of(own, bars), seed=1))
    days = weekdays_before("2024-05-03", 70)
    of = "SIMULATED" if simulated else "MOEX"
    history([day for place, day in enumerate(days) if place % 11], news_from=40, market=of)
    history([day for place, day in enumerate(days) if place % 7], scope="metals", seed=1, market=of)
    history(days, scope="oil_gas", seed=2, market=of)
    history(days, seed=3, market="MOEX" if simulated else "SIMULATED")


def assert_golden(secid: str, own: Timeframe, **mistaken: str) -> F64:
    world = world_of(secid, own.minutes, NOW)
    slow = {name: GOLDEN[mistaken.get(name, name)](world) for name in NAMES}
    got = joined(regime.FEATURES, own)[secid]
    assert_equal_columns(got, slow, NAMES)
    return got


def test_every_feature_has_a_second_implementation() -> None:
    assert list(GOLDEN) == NAMES
    assert len(NAMES) == 13


@pytest.mark.parametrize(("own", "bars"), LENGTHS)
@pytest.mark.parametrize("simulated", [False, True])
def test_the_columns_equal_their_second_implementation(own: Timeframe, bars: int, simulated: bool) -> None:
    market(own, bars, simulated=simulated)
    got = assert_golden("AAAA", own)
    known = np.isfinite(got).mean(axis=0)
    assert (known[[NAMES.index("regime_p_flat"), NAMES.index("regime_sector_p_flat")]] > 0.5).all()
    assert np.isnan(got[:, NAMES.index("regime_p_news_storm")]).any()
    without = assert_golden("BBBB", own)
    assert np.isnan(without[:, 6:12]).all()
    assert np.isfinite(without[:, 0]).any()


def test_the_comparison_sees_another_column() -> None:
    market(Timeframe.H1, 60)
    with pytest.raises(AssertionError, match="regime_p_panic"):
        assert_golden("AAAA", Timeframe.H1, regime_p_panic="regime_p_flat")
    with pytest.raises(AssertionError, match="regime_sector_p_flat"):
        assert_golden("AAAA", Timeframe.H1, regime_sector_p_flat="regime_p_flat")


def test_a_bar_knows_the_day_before_until_the_day_is_over() -> None:
    market(Timeframe.D1, 30)
    market_days = dict(
        RegimeHistory.objects.filter(market="MOEX", scope="").values_list("trading_day", "probabilities")
    )
    begins = begins_of(Timeframe.D1, 30)
    daily = joined(regime.FEATURES, Timeframe.D1, secids=["AAAA"])["AAAA"][:, 2]
    store(Instrument.objects.get(secid="AAAA"), Timeframe.H1, walk(begins_of(Timeframe.H1, 90), seed=2))
    hourly = joined(regime.FEATURES, Timeframe.H1, secids=["AAAA"])["AAAA"][:, 2]
    last, before = begins[-1].date(), begins[-2].date()
    # A daily bar ends with its day; the hours of a day know the one before.
    assert daily[-1] == market_days[last]["flat"]
    assert set(hourly[-9:]) == {market_days[before]["flat"]}


def test_without_a_history_everything_is_unknown() -> None:
    market(Timeframe.H1, 60)
    RegimeHistory.objects.filter(market="MOEX").delete()
    assert np.isnan(joined(regime.FEATURES, Timeframe.H1)["AAAA"]).all()


def test_no_bar_knows_what_was_not_over_by_then() -> None:
    market(Timeframe.H1, 240)
    whole = joined(regime.FEATURES, Timeframe.H1)["AAAA"]
    begins = begins_of(Timeframe.H1, 240)
    cut = begins[150]
    early = joined(regime.FEATURES, Timeframe.H1, as_of=cut)["AAAA"]
    assert len(early) == 150
    assert_same_bits(early, whole[:150], NAMES)
    # Other regimes from then on change nothing before.
    RegimeHistory.objects.filter(as_of__gt=cut).update(
        probabilities=dict.fromkeys(REGIMES, 0.7), spell_began_on=date(2020, 1, 1)
    )
    changed = joined(regime.FEATURES, Timeframe.H1)["AAAA"]
    assert_same_bits(changed[:150], whole[:150], NAMES)
    assert (changed[150:][np.isfinite(whole[150:])] != whole[150:][np.isfinite(whole[150:])]).any()
    # Sabotage: a row that claims to have been known earlier is seen.
    RegimeHistory.objects.filter(as_of__gt=cut).update(as_of=begins[140])
    with pytest.raises(AssertionError, match="columns that differ"):
        assert_same_bits(joined(regime.FEATURES, Timeframe.H1)["AAAA"][:150], whole[:150], NAMES)


def test_a_month_is_the_same_whatever_the_build_covers() -> None:
    market(Timeframe.H1, 400)
    whole = joined(regime.FEATURES, Timeframe.H1)["AAAA"]
    since = datetime(2024, 4, 10, tzinfo=NOW.tzinfo)
    part = joined(regime.FEATURES, Timeframe.H1, since=since)["AAAA"]
    assert 100 < len(part) < 400
    assert_same_bits(part, whole[-len(part) :], NAMES)


@pytest.mark.realdata
@pytest.mark.parametrize("own", [Timeframe.M1, Timeframe.M10, Timeframe.H1, Timeframe.D1])
def test_the_columns_equal_their_second_implementation_on_real_bars(real_data: Path, own: Timeframe) -> None:
    secid, candles = real_candles(real_data, own)
    kept = {Timeframe.M1: 1_800, Timeframe.M10: 1_200, Timeframe.H1: 600, Timeframe.D1: 200}[own]
    candles = candles.take(np.arange(len(candles) - kept, len(candles)))
    store(held(secid, sector="metals"), own, candles)
    dates = sorted({datetime.fromtimestamp(int(s) + 10_800, tz=NOW.tzinfo).date() for s in candles.begin_s})
    history([day for place, day in enumerate(dates) if place % 9 != 4], news_from=len(dates) // 2)
    history([day for place, day in enumerate(dates) if place % 5 != 4], scope="metals", seed=1)
    got = assert_golden(secid, own)
    assert np.isfinite(got[:, 0]).mean() > 0.4
