"""A simulated market in memory is what storing the same simulator gives; what is planted is where it says."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import numpy as np
import pytest

from market.contracts import Bars, Timeframe
from market.selectors.bars import bars_load
from market.selectors.instruments import instrument_get
from market.selectors.news_columns import (
    news_alerts,
    news_moments,
    news_read_moments,
    news_texts,
    news_verdicts,
)
from market.selectors.simulated import market_of, simulated_market
from market.simulated_config import simulated_markets_config
from tests.market.simulated import AS_OF, LONGER, small_simulator, store_market
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError

CONFIG = simulated_markets_config()
HOURS = Timeframe.H1


def same_arrays(one, other) -> bool:
    arrays = [field.name for field in fields(one) if isinstance(getattr(one, field.name), np.ndarray)]
    return bool(arrays) and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)


@pytest.mark.django_db
def test_memory_holds_what_is_stored():
    simulator = small_simulator()
    market = market_of(simulator, as_of=AS_OF, longer=LONGER)
    store_market(simulator)
    secids = [facts.secid for facts in market.shares]
    for timeframe in (HOURS, *LONGER):
        for secid in (*secids, market.index.secid):
            stored = bars_load(secid=secid, timeframe=timeframe, as_of=AS_OF)
            assert same_arrays(market.bars[timeframe][secid], stored), (secid, timeframe)
    hours = [market.bars[HOURS][secid] for secid in secids]
    assert {4.0} <= set(hours[3].split_factor) and sum(
        np.count_nonzero(one.dividend_rub) for one in hours
    ) >= 2
    facts = {one.secid: instrument_get(secid=one.secid) for one in (*market.shares, market.index)}
    assert all(replace(facts[one.secid], id=one.id) == one for one in (*market.shares, market.index))
    _same_news(market, {one.id: facts[one.secid].id for one in market.shares})


def _same_news(market, ids):
    span = {"since_s": 0, "until_s": to_epoch_s(AS_OF), "as_of": AS_OF, "simulated": True}
    told = market.news
    assert np.array_equal(told.known_s, news_moments(**span)) and told.known_s.size > 50
    assert np.array_equal(told.read_s, news_read_moments(**span))
    for made, stored in ((told.verdicts, news_verdicts(**span)), (told.alerts, news_alerts(**span))):
        assert (made.sectors, made.market) == (stored.sectors, stored.market) == ({}, None)
        assert {ids[key] for key in made.instruments} == set(stored.instruments)
        for key, arrays in made.instruments.items():
            assert same_arrays(arrays, stored.instruments[ids[key]])
    stored = sorted((one.instrument_id, one.known_s, one.text) for one in news_texts(**span))
    assert sorted((ids[one.instrument_id], one.known_s, one.text) for one in told.texts) == stored


def test_the_comparison_sees_a_bar_that_differs():
    market = market_of(small_simulator(), as_of=AS_OF)
    bars = market.bars[HOURS]["SIM01"]
    assert same_arrays(bars, bars)
    assert not same_arrays(bars, replace(bars, close=bars.close * (1 + 1e-15)))


def test_the_same_seed_is_the_same_market_and_another_is_another():
    one, same, other = (simulated_market(config=CONFIG, size="short_null", seed=seed) for seed in (1, 1, 2))
    first = one.shares[0].secid
    assert same_arrays(one.bars[HOURS][first], same.bars[HOURS][first])
    assert not np.array_equal(one.bars[HOURS][first].close[:99], other.bars[HOURS][first].close[:99])
    assert one.planted == {} and one.rows_frac == 0.0


def test_an_earlier_end_cuts_the_market():
    later = market_of(small_simulator(), as_of=AS_OF)
    earlier = market_of(small_simulator(), as_of=AS_OF - timedelta(days=10))
    for secid, bars in earlier.bars[HOURS].items():
        assert 0 < len(bars) < len(later.bars[HOURS][secid])
        assert same_arrays(bars, later.bars[HOURS][secid].cut(len(bars)))
    rows = earlier.planted["news_drift"]["SIM01"].row
    assert np.array_equal(rows, later.planted["news_drift"]["SIM01"].row[: rows.size])


@pytest.mark.parametrize("edge", CONFIG.edges)
def test_planted_rows_are_few_and_their_drift_comes_after_the_first_bar_that_can_be_traded(edge):
    market = simulated_market(config=CONFIG, size="short_planted", seed=CONFIG.seed, planted=[edge])
    assert 0.01 < market.rows_frac <= CONFIG.rows_frac_max
    gained, sizes = [], []
    for secid, planted in market.planted[edge].items():
        assert (np.diff(planted.row) > 0).all()
        assert (np.sign(planted.drift_frac) == planted.side).all()
        gained.append(planted.side * _return_of_window(market.bars[HOURS][secid], planted))
        sizes.append(np.abs(planted.drift_frac))
    earned, size = np.concatenate(gained), np.concatenate(sizes)
    earned, size = earned[np.isfinite(earned)], size[np.isfinite(earned)]
    # Shares move together, and the windows of patterns overlap: the mean scatters more than single returns say.
    assert earned.size > 300 and abs(earned.mean() / size.mean() - 1.0) < 0.3


def _return_of_window(bars: Bars, planted) -> np.ndarray:
    """Return the return from the first bar that can be traded 15 minutes late to the end of the drift."""
    begin_s = np.append(bars.begin_s, np.iinfo(np.int64).max)
    entry = np.searchsorted(begin_s, bars.known_s[planted.row] + 900)
    end = planted.row + planted.delay_bars + planted.window_bars
    whole = (end < len(bars)) & (entry <= planted.row + 1 + planted.delay_bars)
    assert whole.sum() >= whole.size - 3  # no drift before the entry
    out = np.full(whole.size, np.nan)
    dividends = np.cumsum(bars.dividend_rub)
    paid = dividends[end[whole]] - dividends[entry[whole]]
    out[whole] = (bars.close[end[whole]] + paid) / bars.open[entry[whole]] - 1.0
    return out


def test_the_configured_sizes_and_names_are_checked():
    with pytest.raises(InputError, match="size must be one of short_null"):
        simulated_market(config=CONFIG, size="shrot", seed=1)
    with pytest.raises(InputError, match=r"edge must be one of .* did you mean|edge must be one of"):
        simulated_market(config=CONFIG, size="short_null", seed=1, planted=["gap_revesion"])
    with pytest.raises(InputError, match="share must be one of"):
        simulated_market(
            config=replace(CONFIG, shares=("SBER",) * 1 + CONFIG.shares), size="short_null", seed=1
        )
    size = CONFIG.sizes["short_null"]
    for changed, words in (
        ({"rows_frac_max": 0.06}, "at most 0.05"),
        ({"strengths": (0.0,)}, "strengths"),
        ({"shares": ("SIM01", "SIM01")}, "named once"),
        ({"sizes": {"short_null": replace(size, shares=99)}}, "at most the"),
        ({"edges": {}}, "at least one"),
    ):
        with pytest.raises(ValueError, match=words):
            replace(CONFIG, **changed)
    with pytest.raises(ValueError, match="at least 1"):
        replace(size, days=0)
