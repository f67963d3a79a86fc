from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from market.configs import simulator_config
from market.contracts import Timeframe
from market.models import Candle, Instrument, QuarantinedRow
from market.selectors.bars import bars_load
from market.services.ingest import ingest_all
from market.simulator.calendar import bar_begins
from market.simulator.paths import simulated_panel
from market.sources.simulator import SimulatorSource
from tests.market import make
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError

NOW = make.moscow("2026-11-20T17:30")


def panel_at(moment, config=None):
    config = config or simulator_config()
    return simulated_panel(config, *bar_begins(config, closed_by_s=to_epoch_s(moment)))


@pytest.fixture(scope="module")
def panel():
    return panel_at(NOW)


def test_it_is_long_and_wide_enough_and_ends_at_the_last_closed_bar(panel):
    assert panel.close.shape[1] >= 16
    assert panel.begin_s[-1] == to_epoch_s(make.moscow("2026-11-20T16:00"))
    assert panel.begin_s[-1] - panel.begin_s[0] > 2.5 * 365 * 86_400
    assert (np.diff(panel.begin_s) > 0).all()


def test_time_only_appends(panel):
    earlier = panel_at(make.moscow("2025-03-05T13:10"))
    n = len(earlier.begin_s)
    for name in ("begin_s", "open", "high", "low", "close", "volume_shares", "value_rub"):
        assert np.array_equal(getattr(panel, name)[:n], getattr(earlier, name)), name


def test_another_seed_is_another_market(panel):
    other = panel_at(make.moscow("2024-03-05"), replace(simulator_config(), seed=1))
    assert not np.array_equal(other.close, panel.close[: len(other.close)])


def test_bars_are_sound_and_on_their_steps(panel):
    assert (panel.low > 0).all()
    assert (panel.low <= np.minimum(panel.open, panel.close)).all()
    assert (panel.high >= np.maximum(panel.open, panel.close)).all()
    for at, share in enumerate(simulator_config().shares):
        steps = panel.close[:, at] / share.price_step_rub
        assert np.abs(steps - np.round(steps)).max() < 1e-5
        assert (panel.volume_shares[:, at] % share.lot_size == 0).all()


def test_it_looks_like_a_market(panel):
    config = simulator_config()
    moves = np.log(panel.close / panel.open)
    z = (moves - moves.mean(0)) / moves.std(0)
    assert (np.mean(z**4, axis=0) > 4.0).all()  # fat tails; a normal law has 3
    size = np.abs(moves).mean(1)
    opening = size[(panel.begin_s + 3 * 3600) // 3600 % 24 == 10].mean()
    evening = size[(panel.begin_s + 3 * 3600) // 3600 % 24 == 22].mean()
    assert opening > 2 * evening  # the day has its rhythm
    own_day = np.abs(np.add.reduceat(moves, np.flatnonzero(np.diff(panel.begin_s, prepend=0) > 7200)))
    lagged = [np.corrcoef(own_day[:-1, k], own_day[1:, k])[0, 1] for k in range(own_day.shape[1])]
    assert np.mean(lagged) > 0.02  # calm and storm come in spells
    together = np.corrcoef(moves.T)
    sectors = [share.sector for share in config.shares]
    pairs = [(together[i, j], sectors[i] == sectors[j]) for i in range(16) for j in range(i)]
    same, other = (np.mean([c for c, s in pairs if s is kind]) for kind in (True, False))
    assert other == pytest.approx(0.35, abs=0.08)
    assert same == pytest.approx(0.55, abs=0.08)


def test_no_edge_is_planted(panel):
    """A move tells nothing of the next one: over 16 shares and years of bars, |correlation| stays in the noise."""
    moves = np.log(panel.close[1:] / panel.close[:-1])
    market = moves.mean(1)
    assert abs(np.corrcoef(market[:-1], market[1:])[0, 1]) < 4 / np.sqrt(len(market))
    assert abs(market.mean()) < 4 * market.std() / np.sqrt(len(market))


@pytest.mark.django_db
def test_it_is_a_source_like_the_others():
    source = SimulatorSource(config=simulator_config())
    now = make.moscow("2024-02-01T17:30")
    report = ingest_all(source=source, now=now)
    assert report.rows_new == 16 + Candle.objects.count()
    assert not QuarantinedRow.objects.exists()
    assert set(Instrument.objects.values_list("is_simulated", flat=True)) == {True}
    bars = bars_load(secid="SIM01", timeframe=Timeframe.H1, as_of=now)
    assert bars.known_s[-1] == to_epoch_s(make.moscow("2024-02-01T17:00"))
    again = ingest_all(source=SimulatorSource(config=simulator_config()), now=make.moscow("2024-02-01T18:30"))
    assert (again.rows_new, again.rows_changed) == (16, 0)
    with pytest.raises(InputError, match="1h bars only"):
        ingest_all(source=source, now=now, timeframes=[Timeframe.M10])
    with pytest.raises(InputError, match="starts on"):
        ingest_all(source=source, now=make.moscow("2023-02-01"))
