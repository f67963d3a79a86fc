"""The simulated market looks like the real one: the same figures of both, side by side (`-s` prints them)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from market.configs import simulator_config
from market.simulator.calendar import bar_clock
from market.simulator.paths import simulated_panel
from market.simulator.series import index_hours, share_hours
from tests.market import make
from traderai.common.clock import to_epoch_s

CONFIG = simulator_config()
NOW = make.moscow("2026-11-20T17:30")
# Names of one trade among the fifteen of the file of real hours.
REAL_SECTORS = {
    "oil": ("GAZP", "LKOH", "ROSN", "NVTK", "TATN", "SNGS"), "metals": ("CHMF", "GMKN", "PLZL"),
    "it": ("OZON", "VKCO", "YNDX"),
}  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """Stylised facts of hourly bars, means over shares."""

    daily_volatility: float
    overnight_share: float  # of a day's variance
    kurtosis: float  # of hourly moves in units of their hour's deviation, the median over shares
    next_correlation: float  # of a move with the next one
    size_correlation_1: float  # of a move's size with the next one's
    size_correlation_15: float  # and with that a day later
    size_correlation_45: float
    volume_spread: float  # standard deviation of the logarithm of volume about its hour's mean
    volume_correlation_1: float
    volume_with_size: float
    pair_correlation: float
    sector_correlation: float
    opening_hour: float  # of a day's variance
    midday_hour: float
    evening_hour: float


def facts_of(bars: pd.DataFrame, sectors: dict[str, tuple[str, ...]]) -> Facts:
    """Return the facts of (secid, at, open, close, value)."""
    rows, moves, variance = [], {}, []
    for secid, one in bars.groupby("secid"):
        hour = one["at"].dt.hour
        move = np.log(one["close"] / one["open"])
        gap = np.log(one["open"] / one["close"].shift())[
            one["at"].dt.date != one["at"].dt.date.shift()
        ].dropna()
        gap = gap[gap.abs() < 0.2]  # splits and the day a ticker was moved
        days = one["at"].dt.date.nunique()
        within = (move**2).sum() / days
        scaled = move / move.groupby(hour).transform("std").clip(lower=1e-9)
        size = scaled.abs().to_numpy()
        volume = np.log(one["value"].clip(lower=1.0))
        volume = (volume - volume.groupby(hour).transform("mean")).to_numpy()
        calm = volume - pd.Series(volume).rolling(200, min_periods=20).mean().fillna(0.0).to_numpy()
        rows.append(
            (np.sqrt(within + gap.var()), gap.var() / (within + gap.var()), (scaled**4).mean() / (scaled**2).mean() ** 2,
             lagged(scaled.to_numpy(), 1), *(lagged(size, lag) for lag in (1, 15, 45)),
             calm.std(), lagged(volume, 1), np.corrcoef(calm, np.log(size + 0.05))[0, 1])
        )  # fmt: skip
        moves[secid] = pd.Series(move.to_numpy(), index=one["at"])
        variance.append((move**2).groupby(hour).sum() / (move**2).sum())
    table = np.array(rows)
    mean = table.mean(axis=0)
    mean[2] = np.median(table[:, 2])
    together = pd.DataFrame(moves).corr()
    pairs = [together.loc[a, b] for a, b in combinations(together.columns, 2)]
    peers = [together.loc[a, b] for names in sectors.values() for a, b in combinations(names, 2)]
    hours = pd.concat(variance, axis=1).mean(axis=1)
    return Facts(*mean, np.mean(pairs), np.mean(peers), hours[10], hours[13], hours[21])


def lagged(x: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(x[:-lag], x[lag:])[0, 1])


@pytest.fixture(scope="module")
def panel():
    return simulated_panel(CONFIG, bar_clock(CONFIG, closed_by_s=to_epoch_s(NOW)))


@pytest.fixture(scope="module")
def simulated(panel) -> Facts:
    frames = []
    for at, share in enumerate(CONFIG.shares):
        if share.idle_frac or share.splits:
            continue
        hours = share_hours(panel, at)
        frames.append(
            pd.DataFrame(
                {
                    "secid": share.secid, "at": pd.to_datetime(hours.begin_s + 10_800, unit="s"), "open": hours.open,
                    "close": hours.close, "value": hours.value_rub,
                }
            )
        )  # fmt: skip
    sectors: dict[str, tuple[str, ...]] = {}
    for share in CONFIG.shares:
        if not (share.idle_frac or share.splits):
            sectors[share.sector] = (*sectors.get(share.sector, ()), share.secid)
    return facts_of(pd.concat(frames), sectors)


def test_it_looks_like_a_market(simulated: Facts):
    print(simulated)
    assert simulated.kurtosis > 6  # fat tails; a normal law has 3
    assert abs(simulated.next_correlation) < 0.01  # no move tells of the next
    assert 0.1 < simulated.size_correlation_1 < 0.35  # calm and storm come in spells
    assert 0.05 < simulated.size_correlation_45 < simulated.size_correlation_1  # that last for days and fade
    assert simulated.sector_correlation > simulated.pair_correlation + 0.04
    assert simulated.opening_hour > 2 * simulated.midday_hour > 2 * simulated.evening_hour


def test_a_day_is_busiest_at_its_opening_and_quiet_in_the_evening(panel):
    volume = np.array([panel.value_rub[panel.clock.hour == hour].mean() for hour in sorted(CONFIG.hours)])
    share = volume / volume.sum()
    wanted = np.array([CONFIG.hours[hour][1] for hour in sorted(CONFIG.hours)])
    assert np.abs(share - wanted).max() < 0.02
    assert share.argmax() == 1 and share[-1] < share[5] / 3


def test_the_index_moves_less_than_its_shares(panel, simulated: Facts):
    bars = index_hours(CONFIG, panel)
    moves = np.log(bars.close[1:] / bars.close[:-1])
    daily = moves.std() * np.sqrt(len(CONFIG.hours))
    print(
        f"index: {daily:.2%} a day against {simulated.daily_volatility:.2%}, last close {bars.close[-1]:.0f}"
    )
    assert 0.4 < daily / simulated.daily_volatility < 0.9
    assert abs(lagged(moves, 1)) < 4 / np.sqrt(moves.size)


@pytest.mark.realdata
def test_its_figures_are_those_of_real_hours(real_data, simulated: Facts):
    """Each figure within a third of the real one, or within what is stated for those near nought."""
    path = real_data / "candles" / "1h_blue_chips_2022_2024.parquet"
    bars = pd.read_parquet(path)
    bars = bars[(bars["begin"] >= "2023-01-01") & (bars["volume"] > 0)].sort_values(["secid", "begin"])
    bars["value"] = bars["volume"] * bars["close"]
    real = facts_of(bars.rename(columns={"begin": "at"}), REAL_SECTORS)
    near = {
        "next_correlation": 0.02,
        "overnight_share": 0.05,
        "size_correlation_45": 0.05,
        "size_correlation_1": 0.06,
    }
    near |= {"evening_hour": 0.01, "size_correlation_15": 0.05}
    for name in Facts.__dataclass_fields__:
        told, wanted = getattr(simulated, name), getattr(real, name)
        print(f"{name:22} simulated {told:8.4f}  real {wanted:8.4f}")
        assert told == pytest.approx(wanted, rel=1 / 3) or abs(told - wanted) < near.get(name, 0.0), name
