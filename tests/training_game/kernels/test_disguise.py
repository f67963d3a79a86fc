"""A disguise keeps the shape and tells nothing of levels and dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.kernels.sessions import moscow_offset_s
from training_game.kernels.disguise import (
    FIRST_YEAR,
    LAST_YEAR,
    PLAIN,
    PRICES,
    Disguise,
    ShownCandles,
    candles_shown,
    disguise_drawn,
)

HOUR = 3600


def candles(seed: int, *, n: int = 120, price: float = 250.0, begin: int = 1_600_000_000) -> ShownCandles:
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    opened = np.concatenate(([price], close[:-1]))
    return ShownCandles(
        begin_s=begin // HOUR * HOUR + HOUR * np.arange(n, dtype=np.int64),
        open=opened,
        high=np.maximum(opened, close) * 1.002,
        low=np.minimum(opened, close) * 0.998,
        close=close,
        volume=np.round(rng.lognormal(10, 1, n)) * (rng.random(n) > 0.1),
    )


def drawn(own: ShownCandles, seed: int) -> Disguise:
    return disguise_drawn(own.begin_s, own.close, own.volume, rng=np.random.default_rng(seed))


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 50_000), st.integers(1_000_000_000, 1_760_000_000))
def test_what_stays_and_what_does_not(seed, price, begin):
    own = candles(seed % 50, price=price, begin=begin)
    shown = candles_shown(own, drawn(own, seed))
    assert PRICES[0] - 0.01 <= shown.close[-1] <= PRICES[1] + 0.01
    assert np.allclose(shown.close / shown.close[0], own.close / own.close[0], rtol=3e-4)
    assert (shown.low <= np.minimum(shown.open, shown.close)).all()
    assert (shown.high >= np.maximum(shown.open, shown.close)).all()
    assert ((shown.volume > 0) == (own.volume > 0)).all() and (shown.volume % 1 == 0).all()
    local = own.begin_s + moscow_offset_s(own.begin_s)
    moved = shown.begin_s + 3 * HOUR - local
    assert (moved == moved[0]).all() and moved[0] % (7 * 86_400) == 0
    years = {datetime.fromtimestamp(int(at), tz=UTC).year for at in shown.begin_s[[0, -1]]}
    assert years <= set(range(FIRST_YEAR, LAST_YEAR + 1))


def test_the_level_shown_does_not_depend_on_the_real_one():
    cheap, dear = candles(1, price=0.5), candles(1, price=5000.0, begin=1_300_000_000)
    one, other = (candles_shown(own, drawn(own, 7)) for own in (cheap, dear))
    assert one.close == pytest.approx(other.close)
    assert (one.volume == other.volume).all()
    assert abs(int(one.begin_s[-1] - other.begin_s[-1])) < 8 * 86_400


def test_a_disguise_that_kept_the_level_would_be_seen():
    cheap, dear = candles(1, price=0.5), candles(1, price=5000.0)
    assert candles_shown(cheap, PLAIN).close != pytest.approx(candles_shown(dear, PLAIN).close)


def test_the_clock_of_2011_to_2014_does_not_show():
    four_hours = int(datetime(2012, 6, 1, 6, tzinfo=UTC).timestamp())  # ten o'clock in Moscow then
    own = candles(2, begin=four_hours)
    shown = candles_shown(own, drawn(own, 3))
    first = datetime.fromtimestamp(int(shown.begin_s[0]), tz=UTC) + timedelta(hours=3)
    assert (first.hour, first.weekday()) == (10, datetime(2012, 6, 1, tzinfo=UTC).weekday())


def test_plain_changes_nothing():
    own = candles(4, begin=1_340_000_000)  # the years of the other clock too
    shown = candles_shown(own, PLAIN)
    for name in ("begin_s", "open", "high", "low", "close", "volume"):
        assert (getattr(shown, name) == getattr(own, name)).all()


def test_a_disguise_reads_nothing_but_the_seed_and_what_it_is_given():
    own = candles(5)
    assert drawn(own, 11) == drawn(own, 11) != drawn(own, 12)


@pytest.mark.parametrize("close", [np.empty(0), np.array([0.0]), np.array([1.0, np.nan])])
def test_nothing_to_disguise_is_refused(close):
    with pytest.raises(ValueError, match="last close"):
        disguise_drawn(
            np.zeros(close.size, np.int64), close, np.ones(close.size), rng=np.random.default_rng(0)
        )
