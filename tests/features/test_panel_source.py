"""The panel's columns know no future, do not depend on how much is handed in, and count who should count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.families import cross_section, market, sector
from features.kernels import panel_columns
from features.kernels.panel_grid import Panel
from features.sources.base import MonthScope
from features.sources.listed import SOURCES
from features.sources.panel import PanelSource
from features.spec import FeatureSpec
from tests.features.panel_series import (
    Universe,
    facts_of,
    month_of,
    random_universe,
    rows_of,
    scope_of,
    with_noise,
)
from traderai.common.arrays import F64
from traderai.common.errors import InvariantError

SPECS = market.FEATURES + sector.FEATURES + cross_section.FEATURES
NAMES = [spec.name for spec in SPECS]
RANDOM = random_universe(11)
HOUR_S = 3_600


def columns(universe: Universe, specs: tuple[FeatureSpec, ...] = SPECS, **options: Any) -> dict[str, F64]:
    return dict(PanelSource(scope_of(universe), specs).month_columns(month_of(universe, **options)))


def value(universe: Universe, name: str, secid: str) -> F64:
    return columns(universe)[secid][:, NAMES.index(name)]


def assert_prefix(got: dict[str, F64], whole: dict[str, F64], names: list[str] = NAMES) -> None:
    """Fail unless every value that was there earlier has the same bits now."""
    unequal = set()
    for secid, values in got.items():
        for j, name in enumerate(names):
            want = np.ascontiguousarray(whole[secid][: len(values), j])
            if np.ascontiguousarray(values[:, j]).tobytes() != want.tobytes():
                unequal.add(name)
    assert not unequal, f"columns that know the future: {sorted(unequal)}"


def cut_moments(universe: Universe, count: int = 12) -> list[int]:
    times = np.unique(np.concatenate([bars.begin_s for bars in universe.bars.values()]))
    inside = times[times > universe.begin_s]
    return [int(inside[i]) for i in np.linspace(1, inside.size - 1, count).astype(int)]


def assert_causal(universe: Universe, specs: tuple[FeatureSpec, ...], names: list[str]) -> None:
    """Fail if a value changes when all bars from a moment on are removed or replaced by noise."""
    whole = columns(universe, specs)
    for moment in cut_moments(universe):
        cut = columns(universe, specs, until_s=moment)
        assert_prefix(cut, whole, names)
        noisy = columns(with_noise(universe, moment), specs)
        assert_prefix({secid: noisy[secid][: len(values)] for secid, values in cut.items()}, whole, names)


@pytest.mark.parametrize("seed", [11, 12])
def test_no_column_knows_the_future(seed: int) -> None:
    assert_causal(random_universe(seed), SPECS, NAMES)


def test_every_single_cut_of_some_days_gives_the_same_bits() -> None:
    whole = columns(RANDOM)
    times = RANDOM.bars["S01"].begin_s
    for moment in times[times >= RANDOM.begin_s][20:60]:
        assert_prefix(columns(RANDOM, until_s=int(moment)), whole)


@pytest.mark.parametrize("rows", [1, 2, 19, 61])
def test_the_first_days_of_a_market_have_fewer_rows_than_a_window(rows: int) -> None:
    universe = random_universe(13, rows=200, month_row=0)
    moment = np.unique(np.concatenate([bars.begin_s for bars in universe.bars.values()]))[rows]
    assert_prefix(columns(universe, until_s=int(moment)), columns(universe))


def next_row(panel: Panel) -> F64:
    return np.roll(panel.level, -1, axis=1) - panel.level


def whole_month_mean(panel: Panel) -> F64:
    mean = np.nanmean(panel.level, axis=1, keepdims=True)
    return np.asarray(panel.level - mean, dtype=np.float64)


def all_that_ever_trade(panel: Panel) -> F64:
    """Return the mean over all shares of the panel, those included that have not traded yet."""
    shares = np.isfinite(panel.level).any(axis=1).sum()
    return np.asarray(np.nansum(panel.moves, axis=0) / shares, dtype=np.float64)


def scaled_by_last(panel: Panel) -> F64:
    return np.asarray(panel.turnover / np.nansum(panel.turnover), dtype=np.float64)


LEAKS: dict[str, Callable[[Panel], F64]] = {
    "next row": next_row,
    "mean of the month": whole_month_mean,
    "shares of the future": all_that_ever_trade,
    "weights of the month": scaled_by_last,
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_planted_leak_is_caught(leak: Callable[[Panel], F64], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(panel_columns.COLUMNS, "leak", leak)
    spec = replace(SPECS[0], name="leak", kernel="leak", parameters={})
    with pytest.raises(AssertionError, match="leak"):
        assert_causal(RANDOM, (SPECS[0], spec), [NAMES[0], "leak"])


def test_more_history_changes_no_bit() -> None:
    universe = random_universe(13, rows=1_300, month_row=1_150)
    whole = columns(universe, warmup_bars=1_140)
    assert_prefix(columns(universe, warmup_bars=600), whole)
    assert_prefix(whole, columns(universe, warmup_bars=600))


def test_too_little_history_would_be_seen() -> None:
    universe = random_universe(13, rows=1_300, month_row=1_150)
    with pytest.raises(AssertionError, match="market_beta_250"):
        assert_prefix(columns(universe, warmup_bars=200), columns(universe, warmup_bars=600))


@pytest.mark.parametrize("seed", [3, 8])
def test_the_newest_row_alone_has_the_same_bits(seed: int) -> None:
    universe = random_universe(seed)
    for moment in cut_moments(universe):
        month = month_of(universe, until_s=moment)
        source = PanelSource(scope_of(universe), SPECS)
        whole, newest = source.month_columns(month), source.newest_columns(month)
        assert whole.keys() == newest.keys()
        for secid, values in whole.items():
            assert (
                np.ascontiguousarray(newest[secid]).tobytes() == np.ascontiguousarray(values[-1:]).tobytes()
            )


def test_the_order_of_the_shares_changes_no_bit() -> None:
    month = month_of(RANDOM)
    turned = MonthScope(
        month=month.month,
        begin_s=month.begin_s,
        end_s=month.end_s,
        bars=dict(reversed(list(month.bars.items()))),
    )
    got = PanelSource(scope_of(RANDOM), SPECS).month_columns(turned)
    assert_prefix(dict(got), columns(RANDOM))


def test_a_share_listed_later_changes_nothing_before() -> None:
    """S02 trades from the 41st row of the month on; that it will is not known before."""
    listed_s = int(RANDOM.bars["S02"].begin_s[0])
    without = columns(RANDOM, without=["S02"], until_s=listed_s)
    assert_prefix(without, columns(RANDOM))
    with pytest.raises(AssertionError, match="market_advancers"):
        assert_prefix(columns(RANDOM, without=["S02"]), columns(RANDOM))


def test_a_fund_gets_columns_and_changes_none() -> None:
    got, without = columns(RANDOM), columns(RANDOM, without=["S07"])
    assert_prefix(without, got)
    fund = RANDOM.bars["S07"]
    own_times = (fund.begin_s % HOUR_S != 0)[fund.begin_s >= RANDOM.begin_s]
    assert own_times.sum() > 5
    assert np.isfinite(got["S07"][-1]).sum() > 45
    assert not np.isfinite(got["S07"][own_times]).any(), "a fund's bar where no share has one"


def test_a_fund_of_kind_share_would_count() -> None:
    facts = tuple(replace(one, kind="share") if one.secid == "S07" else one for one in RANDOM.facts)
    with pytest.raises(AssertionError, match="market_ret_1"):
        assert_prefix(columns(RANDOM._replace(facts=facts)), columns(RANDOM))


def test_shares_without_a_sector_or_alone_in_it_have_no_sector_columns() -> None:
    got = columns(RANDOM)
    own = [j for j, name in enumerate(NAMES) if name.startswith("sector_")]
    peers = [j for j, name in enumerate(NAMES) if name.startswith("peers_")]
    for secid in ("S09", "S10"):
        assert not np.isfinite(got[secid][:, own]).any()
        assert np.isfinite(got[secid][:, peers]).any()
    assert np.isfinite(got["S00"][:, own]).any(axis=0).all()


def test_a_share_is_not_part_of_its_own_sector() -> None:
    """Another price of a share changes its sector for the others, never for itself."""
    bars = RANDOM.bars["S00"]
    moved = replace(bars, close=bars.close * np.exp(0.01 * (np.arange(len(bars)) % 3)))
    other = RANDOM._replace(bars=RANDOM.bars | {"S00": moved})
    for name in ("sector_ret_5", "sector_vol_20", "sector_range_60"):
        assert np.allclose(value(other, name, "S00"), value(RANDOM, name, "S00"), atol=1e-12, equal_nan=True)
        assert not np.allclose(
            value(other, name, "S03"), value(RANDOM, name, "S03"), atol=1e-6, equal_nan=True
        )


def test_four_shares_are_no_market() -> None:
    few = RANDOM._replace(bars={secid: RANDOM.bars[secid] for secid in ("S00", "S01", "S08", "S09", "S07")})
    got = columns(few)["S01"]
    unknown = [j for j, name in enumerate(NAMES) if name.startswith(("market_", "rank_", "peers_"))]
    assert not np.isfinite(got[:, unknown]).any()
    five = RANDOM._replace(bars=few.bars | {"S10": RANDOM.bars["S10"]})
    assert np.isfinite(columns(five)["S01"][:, NAMES.index("market_ret_1")]).any()


def test_a_split_or_a_dividend_leaves_no_trace() -> None:
    """A share whose prices are a hundred times as high and whose volume is a hundredth has the same columns."""
    bars = RANDOM.bars["S01"]
    prices: dict[str, Any] = {name: 100.0 * getattr(bars, name) for name in ("open", "high", "low", "close")}
    scaled = replace(bars, **prices, dividend_rub=100.0 * bars.dividend_rub)
    other = columns(RANDOM._replace(bars=RANDOM.bars | {"S01": scaled}))
    for secid, values in columns(RANDOM).items():
        np.testing.assert_allclose(other[secid], values, rtol=1e-6, atol=1e-9)


def test_a_dividend_above_the_price_ends_the_share_for_the_panel_only() -> None:
    """Its own columns are refused elsewhere with the reason; the others must not suffer, nor see it beforehand."""
    bars = RANDOM.bars["S01"]
    at = int(np.searchsorted(bars.begin_s, RANDOM.begin_s)) + 50
    dividend = bars.dividend_rub.copy()
    dividend[at] = 1e6
    broken = columns(RANDOM._replace(bars=RANDOM.bars | {"S01": replace(bars, dividend_rub=dividend)}))
    ended = columns(RANDOM._replace(bars=RANDOM.bars | {"S01": bars.cut(at)}))
    assert len(broken["S01"]) == len(columns(RANDOM)["S01"])
    assert not np.isfinite(broken["S01"][50:]).any()
    assert_prefix(ended, broken)


def test_a_long_pause_makes_a_share_stale() -> None:
    """S04 does not trade for 90 rows; its first return after them is its own and no move of the market."""
    bars = RANDOM.bars["S04"]
    back = int(np.flatnonzero(bars.begin_s >= RANDOM.begin_s)[0])
    jumped = replace(
        bars, close=bars.close * np.where(np.arange(len(bars)) >= back, 3.0, 1.0), high=bars.high * 3.0
    )
    other = RANDOM._replace(bars=RANDOM.bars | {"S04": jumped})
    for name in ("market_ret_1", "market_dispersion_1", "market_beta_60"):
        np.testing.assert_allclose(
            value(other, name, "S01"), value(RANDOM, name, "S01"), rtol=1e-6, atol=1e-9, equal_nan=True
        )


def test_a_month_without_members_is_unknown() -> None:
    only = RANDOM._replace(bars={"S07": RANDOM.bars["S07"]})
    assert not np.isfinite(columns(only)["S07"]).any()
    empty = replace_bars_before(RANDOM, "S00")
    assert len(columns(empty)["S00"]) == 0


def replace_bars_before(universe: Universe, secid: str) -> Universe:
    bars = universe.bars[secid]
    return universe._replace(bars=universe.bars | {secid: rows_of(bars, bars.begin_s < universe.begin_s)})


def test_a_share_of_no_universe_is_left_out() -> None:
    stranger = RANDOM._replace(facts=(*RANDOM.facts[1:], facts_of("ELSE", "a")))
    assert "S00" not in columns(stranger)


def test_values_are_in_the_ranges_that_the_catalogue_says() -> None:
    got = np.concatenate(list(columns(RANDOM).values()))
    assert not np.isinf(got).any()
    for j, spec in enumerate(SPECS):
        known = got[np.isfinite(got[:, j]), j]
        assert known.size > 100, spec.name
        assert known.min() >= (-np.inf if spec.low is None else spec.low), spec.name
        assert known.max() <= (np.inf if spec.high is None else spec.high), spec.name


def test_an_unknown_kernel_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvariantError, match="market_return"):
        PanelSource(scope_of(RANDOM), (replace(SPECS[0], kernel="market_retrun"),))


def test_the_source_is_listed_and_reads_no_own_bars() -> None:
    assert SOURCES["panel"] is PanelSource
    assert all(spec.reads == "panel" and spec.lookback_bars == 0 for spec in SPECS)
    assert {spec.kernel for spec in SPECS} == set(panel_columns.COLUMNS)
