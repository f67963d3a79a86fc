"""Features made in memory have the bits of those that are built from the database and stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.contracts import FeatureMatrix
from features.selectors.matrix import feature_matrix_load
from features.services.build import features_build
from features.services.in_memory import features_in_memory
from features.sources.bar_series import BarSeries
from features.sources.base import BuildScope
from features.sources.facts import MemoryFacts
from market.contracts import Timeframe
from market.selectors.simulated import market_of
from market.simulated_contracts import SimulatedMarket
from tests.market.simulated import AS_OF, LONGER, small_simulator, store_market
from traderai.common.errors import InputError

WIDE = """
sets:
  wide:
    warmup_bars: 600
    keep_fresh: []
    families: [returns, trend, oscillators, volatility, volume, position, candles, higher, market, sector, cross_section, news]
  narrow:
    warmup_bars: 60
    keep_fresh: []
    features: [ret_1, news_sum_240]
  told:
    warmup_bars: 60
    keep_fresh: []
    features: [ret_1, fund_value_score, session_frac]
  hourly:
    warmup_bars: 60
    keep_fresh: []
    features: [m15_rsi_14, h4_rsi_14]
"""


@pytest.fixture
def sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "feature_sets.yaml").write_text(WIDE)
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(folder))


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return market_of(small_simulator(), as_of=AS_OF, longer=LONGER)


def unequal(one: FeatureMatrix, other: FeatureMatrix) -> set[str]:
    """Return the columns whose bits differ."""
    assert np.array_equal(one.begin_s, other.begin_s) and one.columns == other.columns
    differs = one.values.view(np.int32) != np.ascontiguousarray(other.values).view(np.int32)
    return {one.columns[at] for at in np.flatnonzero(differs.any(axis=0))}


@pytest.mark.django_db
def test_memory_gives_the_bits_of_the_store(sets: None, lake: Path, market: SimulatedMarket) -> None:
    made = features_in_memory(market=market, feature_set="wide")
    store_market(small_simulator())
    report = features_build(feature_set="wide", timeframe=Timeframe.H1, now=AS_OF)
    assert report.failed == ()
    for share in market.shares:
        stored = feature_matrix_load(
            feature_set="wide", secid=share.secid, timeframe=Timeframe.H1, as_of=AS_OF
        )
        assert unequal(stored, made[share.secid]) == set()
        there = {name: np.isfinite(stored.values[:, at]).any() for at, name in enumerate(stored.columns)}
        # The sources were asked: their columns hold numbers.
        for name in (
            "ret_1",
            "d1_rsi_14",
            "w1_ret_1",
            "imoex_ret_5",
            "market_ret_1",
            "sector_rel_1",
            "news_sum_240",
        ):
            assert there[name], name
        assert np.count_nonzero(stored.values[:, stored.columns.index("news_sum_240")] > 0) > 5


def test_news_that_came_a_bar_later_are_seen(sets: None, market: SimulatedMarket) -> None:
    told = market.news.verdicts
    late = {key: replace(one, known_s=one.known_s + 3_600) for key, one in told.instruments.items()}
    later = replace(market, news=replace(market.news, verdicts=replace(told, instruments=late)))
    one, other = (features_in_memory(market=which, feature_set="narrow") for which in (market, later))
    assert unequal(one["SIM01"], other["SIM01"]) == {"news_sum_240"}


def test_sets_that_read_the_real_economy_and_bars_that_were_not_made_are_refused(
    sets: None, market: SimulatedMarket
) -> None:
    with pytest.raises(InputError, match="not so do fund_value_score, session_frac"):
        features_in_memory(market=market, feature_set="told")
    with pytest.raises(InputError, match="must have 4h bars, has 1h; name it in `longer`"):
        features_in_memory(market=market_of(small_simulator(), as_of=AS_OF, longer=()), feature_set="hourly")


def test_the_database_is_not_asked(sets: None, market: SimulatedMarket) -> None:
    """Without the mark of pytest-django every query is an error."""
    made = features_in_memory(market=market, feature_set="narrow")
    assert made.keys() == {share.secid for share in market.shares}


def test_a_market_in_memory_has_no_later_moment(market: SimulatedMarket) -> None:
    begins_s = market.bars[Timeframe.D1][market.shares[0].secid].begin_s
    scope = BuildScope(
        timeframe=Timeframe.H1,
        universe=market.shares,
        since_s=int(begins_s[0]),
        until_s=int(begins_s[-1]),
        as_of=AS_OF,
        facts=MemoryFacts(market=market),
    )
    series = BarSeries(scope, Timeframe.D1, lambda wanted: {facts.id: None for facts in wanted})
    assert series.of(market.shares).keys() == {share.secid for share in market.shares}
    with pytest.raises(ValueError, match="asked of StoredFacts, was of MemoryFacts"):
        series.renewed(scope)
