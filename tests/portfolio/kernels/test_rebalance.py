"""Rebalancing against all portfolios that there are, and what is said where none keeps the limits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio.kernels import rebalance as module
from portfolio.kernels.rebalance import Holdings, Limits, rebalance

LOOSE = Limits(share_frac=9.0, sector_frac=9.0, gross_frac=9.0, short_frac=9.0, cash_frac=-9.0)


def holdings(lots, lot_rub, **changed) -> Holdings:
    n = len(lots)
    return Holdings(
        **{
            "lots": np.array(lots, dtype=np.int64),
            "lot_rub": np.array(lot_rub, dtype=np.float64),
            "odd_rub": np.zeros(n),
            "cost_rub": 0.1 * np.arange(1, n + 1),
            "tradable": np.ones(n, dtype=np.bool_),
            "sector": np.arange(n),
            "exit_cap_rub": np.full(n, np.inf),
            "covariance": np.zeros((n, n)),
            **changed,
        }
    )


def keeps(held: Holdings, limits: Limits, capital: float, traded) -> bool:
    """Every limit, written once more and in rubles."""
    sign = np.where(held.lots * held.lot_rub + held.odd_rub < 0, -1, 1)
    left = np.abs(held.lots) - np.array(traded)
    size = left * held.lot_rub + np.abs(held.odd_rub)
    spare = 1e-6 * capital
    cash = capital - size[sign > 0].sum() - np.array(traded) @ held.cost_rub
    sigma = np.sqrt((sign * size) @ held.covariance @ (sign * size))
    return bool(
        (size <= limits.share_frac * capital + spare).all()
        and (size <= held.exit_cap_rub + spare).all()
        and all(size[held.sector == s].sum() <= limits.sector_frac * capital + spare for s in held.sector)
        and size.sum() <= limits.gross_frac * capital + spare
        and size[sign < 0].sum() <= limits.short_frac * capital + spare
        and cash >= limits.cash_frac * capital - spare
        and (limits.volatility_frac is None or sigma <= limits.volatility_frac * capital + spare)
    )


def brute_force(held: Holdings, limits: Limits, capital: float) -> tuple[int, float] | None:
    most = np.where(held.tradable, np.abs(held.lots), 0)
    kept = [
        (sum(traded), float(np.array(traded) @ held.cost_rub))
        for traded in itertools.product(*(range(count + 1) for count in most))
        if keeps(held, limits, capital, traded)
    ]
    return min(kept, default=None)


@st.composite
def cases(draw):
    n = draw(st.integers(1, 4))
    lots = draw(st.lists(st.integers(-4, 5), min_size=n, max_size=n))
    prices = draw(st.lists(st.integers(1, 40), min_size=n, max_size=n))
    held = holdings(
        lots,
        [10.0 * price for price in prices],
        odd_rub=np.array([draw(st.sampled_from([0.0, 0.0, 7.0])) * (1 if lot >= 0 else -1) for lot in lots]),
        cost_rub=np.array(draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))) / 10,
        tradable=np.array(draw(st.lists(st.sampled_from([True, True, True, False]), min_size=n, max_size=n))),
        sector=np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))),
        exit_cap_rub=np.array(
            draw(st.lists(st.sampled_from([np.inf, np.inf, 100.0, 500.0]), min_size=n, max_size=n))
        ),
    )
    fractions = [x / 20 for x in range(1, 31)]
    limits = Limits(
        share_frac=draw(st.sampled_from(fractions)),
        sector_frac=draw(st.sampled_from(fractions)),
        gross_frac=draw(st.sampled_from(fractions)),
        short_frac=draw(st.sampled_from([0.0, *fractions])),
        cash_frac=draw(st.sampled_from([-0.5, 0.0, 0.1, 0.3])),
    )
    return held, limits, float(draw(st.sampled_from([400, 1000, 2000])))


@settings(max_examples=120)
@given(cases())
def test_the_fewest_lots_and_of_these_the_cheapest(case):
    held, limits, capital = case
    found, best = rebalance(held, limits, capital_rub=capital), brute_force(held, limits, capital)
    assert (best is None) == bool(found.unkept)
    assert (found.traded_lots >= 0).all() and (found.traded_lots <= np.abs(held.lots)).all()
    assert not found.traded_lots[~held.tradable].any()
    if best is not None:
        assert keeps(held, limits, capital, found.traded_lots)
        assert (found.lots, found.cost_rub) == (best[0], pytest.approx(best[1]))
        assert found.is_fewest


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), limit=st.sampled_from([0.002, 0.01, 0.02, 0.05]))
def test_the_limit_of_volatility_is_exact(seed, limit):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(0, 0.02, (3, 3))
    held = holdings(rng.integers(-4, 6, 3), rng.integers(20, 400, 3), covariance=mixing @ mixing.T)
    limits = Limits(**dict.fromkeys(("share_frac", "sector_frac", "gross_frac", "short_frac"), 9.0),
                    cash_frac=-9.0, volatility_frac=limit)  # fmt: skip
    found, best = rebalance(held, limits, capital_rub=2000.0), brute_force(held, limits, 2000.0)
    assert best is not None and not found.unkept
    assert keeps(held, limits, 2000.0, found.traded_lots)
    assert (found.lots, found.cost_rub) == (best[0], pytest.approx(best[1]))


def test_the_brute_force_can_fail():
    """One lot fewer than the answer breaks a limit: the comparison above has teeth."""
    held = holdings([5], [100.0])
    limits = Limits(share_frac=0.25, sector_frac=9, gross_frac=9, short_frac=9, cash_frac=-9)
    assert rebalance(held, limits, capital_rub=1000.0).lots == 3
    assert not keeps(held, limits, 1000.0, [2]) and keeps(held, limits, 1000.0, [3])


def test_what_is_inside_its_limits_is_left_alone():
    found = rebalance(holdings([5, -3], [100.0, 50.0]), LOOSE, capital_rub=1000.0)
    assert found.lots == 0 and found.cost_rub == 0.0 and not found.unkept and found.is_fewest
    exactly = Limits(share_frac=0.5, sector_frac=0.5, gross_frac=0.65, short_frac=0.15, cash_frac=0.5)
    assert rebalance(holdings([5, -3], [100.0, 50.0]), exactly, capital_rub=1000.0).lots == 0
    assert rebalance(holdings([], [], covariance=np.zeros((0, 0))), exactly, capital_rub=1.0).lots == 0


def test_a_limit_that_cannot_be_kept_is_named_and_the_others_kept():
    held = holdings([5, 5], [100.0, 100.0], tradable=np.array([False, True]))
    limits = Limits(share_frac=0.2, sector_frac=9, gross_frac=0.55, short_frac=9, cash_frac=-9)
    found = rebalance(held, limits, capital_rub=1000.0)
    assert [(one.code, one.at, one.best_frac) for one in found.unkept] == [("share", 0, 0.5)]
    assert found.traded_lots.tolist() == [0, 5], "the gross limit is kept by the other share"
    tighter = Limits(share_frac=9, sector_frac=9, gross_frac=0.4, short_frac=9, cash_frac=0.7)
    found = rebalance(held, tighter, capital_rub=1000.0)
    assert {one.code for one in found.unkept} == {"gross", "cash"}
    assert found.traded_lots.tolist() == [0, 5], "as near as can be"
    cash = next(one for one in found.unkept if one.code == "cash")
    assert cash.limit_frac == pytest.approx(0.7) and cash.best_frac == pytest.approx(0.5 - 0.001)


def test_a_volatility_that_cannot_be_reached_is_named():
    held = holdings([5, 5], [100.0, 100.0], tradable=np.array([False, True]), covariance=np.eye(2) * 0.01)
    limits = Limits(
        share_frac=9, sector_frac=9, gross_frac=9, short_frac=9, cash_frac=-9, volatility_frac=0.01
    )
    found = rebalance(held, limits, capital_rub=1000.0)
    assert [one.code for one in found.unkept] == ["volatility"]


def test_where_the_cuts_run_out_the_way_to_nothing_leads_inside(monkeypatch):
    monkeypatch.setattr(module, "MAX_CUTS", 1)
    rng = np.random.default_rng(3)
    mixing = rng.normal(0, 0.02, (6, 6))
    held = holdings(rng.integers(50, 90, 6), rng.integers(20, 400, 6), covariance=mixing @ mixing.T)
    limits = Limits(
        share_frac=9, sector_frac=9, gross_frac=9, short_frac=9, cash_frac=-9, volatility_frac=0.02
    )
    found = rebalance(held, limits, capital_rub=50_000.0)
    assert not found.is_fewest and not found.unkept
    assert keeps(held, limits, 50_000.0, found.traded_lots)
    monkeypatch.setattr(module, "MAX_CUTS", 20)
    best = rebalance(held, limits, capital_rub=50_000.0)
    assert best.is_fewest and best.lots <= found.lots


def test_a_solver_without_time_still_ends_inside(monkeypatch):
    monkeypatch.setattr(module, "SOLVER_SECONDS", 0.0)
    rng = np.random.default_rng(5)
    held = holdings(rng.integers(50, 90, 30), rng.integers(20, 400, 30), sector=rng.integers(0, 4, 30))
    limits = Limits(share_frac=0.1, sector_frac=0.2, gross_frac=0.6, short_frac=0.0, cash_frac=0.3)
    found = rebalance(held, limits, capital_rub=300_000.0)
    assert not found.unkept and keeps(held, limits, 300_000.0, found.traded_lots)


def test_absurd_quantities_are_cut_too():
    held = holdings([10**12, 10**12], [300.0, 0.01])
    limits = Limits(share_frac=0.1, sector_frac=0.2, gross_frac=0.6, short_frac=0.0, cash_frac=0.3)
    found = rebalance(held, limits, capital_rub=1_000_000.0)
    assert [one.code for one in found.unkept] == ["cash"], "the costs alone are more than the capital"
    left = (held.lots - found.traded_lots) * held.lot_rub
    assert (left <= 100_001).all()


def test_what_cannot_be_reckoned_with_is_refused():
    with pytest.raises(ValueError, match="capital_rub"):
        rebalance(holdings([1], [1.0]), LOOSE, capital_rub=0.0)
    with pytest.raises(ValueError, match="NaN"):
        rebalance(holdings([1], [np.nan]), LOOSE, capital_rub=1.0)
