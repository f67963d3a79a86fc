"""Staggered portfolios: hand-computed days, a slow account in rubles as the second method, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.staggered_portfolio import PriceGrid, staggered_book, top_part_weights

DAYS, SHARES = 40, 6


def grid(seed: int, *, gaps: float = 0.15, days: int = DAYS) -> PriceGrid:
    """Return random prices with days without a bar, dividends, and a share that stops trading."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(0.03 * rng.standard_normal((days, SHARES)), axis=0))
    opens = close * np.exp(0.01 * rng.standard_normal((days, SHARES)))
    absent = rng.random((days, SHARES)) < gaps
    absent[days // 2 :, 0] = gaps > 0
    dividend = np.where(rng.random((days, SHARES)) < 0.05, 3.0, 0.0)
    return PriceGrid(
        day=np.arange(days) + 20_000,
        open=np.where(absent, np.nan, opens),
        close=np.where(absent, np.nan, close),
        dividend_rub=np.where(absent, 0.0, dividend),
        side_cost_frac=rng.uniform(0.0, 0.01, (days, SHARES)),
    )


def random_weights(seed: int, days: int = DAYS) -> np.ndarray:
    rng = np.random.default_rng([seed, 1])
    weights = rng.random((days, SHARES)) * (rng.random((days, SHARES)) < 0.5)
    total = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


def slow_account(prices: PriceGrid, weights: np.ndarray, horizon: int, number: int) -> list[float]:
    """Return the capital at each close of one portfolio kept in shares and rubles, costs paid in cash at once."""
    cash, owned, last = 1.0, dict.fromkeys(range(SHARES), 0.0), dict.fromkeys(range(SHARES), 0.0)
    capital = []
    for day in range(len(prices.day)):
        bars = [share for share in range(SHARES) if np.isfinite(prices.open[day, share])]
        # A dividend is bought back into the share at once, as the kernel lets it grow the holding.
        for share in bars:
            owned[share] *= 1.0 + prices.dividend_rub[day, share] / prices.open[day, share]
        now = {share: prices.open[day, share] if share in bars else last[share] for share in range(SHARES)}
        if day and (day - 1) % horizon == number and weights[day - 1].sum() > 0:
            worth = {share: owned[share] * now[share] for share in range(SHARES)}
            total = cash + sum(worth.values())
            goal = dict.fromkeys(range(SHARES), 0.0)
            free = total
            for share in range(SHARES):
                ends = not np.isfinite(prices.open[day:, share]).any()
                if share not in bars and worth[share] > 0 and not ends:
                    goal[share] = worth[share]
                    free -= worth[share]
            reach = sum(weights[day - 1, share] for share in bars)
            for share in bars:
                goal[share] = free * weights[day - 1, share] / reach if reach > 0 else 0.0
            cost = sum(abs(goal[s] - worth[s]) * prices.side_cost_frac[day, s] for s in range(SHARES))
            cash = total - sum(goal.values())
            # Costs are shared by all that is held, so that the weights stay the wanted ones.
            left = (total - cost) / total
            owned = {s: goal[s] * left / now[s] if goal[s] > 0 else 0.0 for s in range(SHARES)}
            cash *= left
        for share in bars:
            last[share] = prices.close[day, share]
        capital.append(cash + sum(owned[share] * last[share] for share in range(SHARES)))
    return capital


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 7), st.sampled_from([0.0, 0.15, 0.5]))
def test_a_book_equals_accounts_in_rubles(seed: int, horizon: int, gaps: float):
    prices, weights = grid(seed, gaps=gaps), random_weights(seed)
    book = staggered_book(prices, weights, horizon_days=horizon)
    net = (1.0 + book.gross_frac) * (1.0 - book.cost_frac) - 1.0
    for number in range(horizon):
        expected = np.array(slow_account(prices, weights, horizon, number))
        np.testing.assert_allclose(np.cumprod(1.0 + net[number]), expected, rtol=1e-9)
    np.testing.assert_allclose(book.net_frac(), net.mean(axis=0), atol=1e-15)


def by_hand() -> PriceGrid:
    """Return two shares over four days; the first pays 2 rubles on the third."""
    return PriceGrid(
        day=np.arange(4),
        open=np.array([[10.0, 10.0], [10.0, 10.0], [10.0, 10.0], [12.0, 10.0]]),
        close=np.array([[10.0, 10.0], [11.0, 10.0], [12.0, 10.0], [12.0, 20.0]]),
        dividend_rub=np.array([[0.0, 0.0], [0.0, 0.0], [2.0, 0.0], [0.0, 0.0]]),
        side_cost_frac=np.full((4, 2), 0.01),
    )


def test_days_by_hand():
    weights = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    book = staggered_book(by_hand(), weights, horizon_days=2)
    # Bought at 10, closed at 11; then (10 + 2) / 11 overnight, 12 / 10 inside; sold at 12 for the other, which doubles.
    np.testing.assert_allclose(book.gross_frac[0], [0.0, 0.1, 12.0 / 11.0 * 1.2 - 1.0, 1.0])
    np.testing.assert_allclose(book.traded_frac[0], [0.0, 1.0, 0.0, 2.0])
    np.testing.assert_allclose(book.cost_frac[0], [0.0, 0.01, 0.0, 0.02])
    assert book.bought.tolist() == [0, 1, 0, 1]
    np.testing.assert_array_equal(book.gross_frac[1], 0.0)  # its turn never came
    np.testing.assert_allclose(book.net_frac(round_trip_bp=100.0)[1], 0.5 * (1.1 * 0.995 - 1.0))
    assert book.turnover_yearly == pytest.approx(252.0 * 3.0 / 8.0)


def test_a_dividend_goes_to_who_held_the_night_before():
    weights = np.zeros((4, 2))
    weights[1, 0] = 1.0  # bought on the very ex-date
    book = staggered_book(by_hand(), weights, horizon_days=1)
    assert book.gross_frac[0, 2] == pytest.approx(0.2)


def test_a_held_share_without_a_bar_is_kept_and_one_that_is_gone_is_sold():
    prices = by_hand()
    absent = prices.open.copy()
    absent[2, 0] = np.nan
    halted = replace(
        prices,
        open=absent,
        close=np.where(np.isnan(absent), np.nan, prices.close),
        dividend_rub=np.zeros((4, 2)),
    )
    weights = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    book = staggered_book(halted, weights, horizon_days=1)
    assert book.kept == 1
    np.testing.assert_allclose(book.traded_frac[0], [0.0, 1.0, 0.0, 2.0])
    absent[3, 0] = np.nan
    gone = replace(halted, open=absent, close=np.where(np.isnan(absent), np.nan, prices.close))
    book = staggered_book(gone, weights, horizon_days=1)
    assert book.kept == 0
    np.testing.assert_allclose(book.traded_frac[0], [0.0, 1.0, 2.0, 0.0])


def test_later_days_change_nothing_before_them():
    prices, weights = grid(3), random_weights(3)
    whole = staggered_book(prices, weights, horizon_days=3)
    cut = 15  # the share that stops trading still trades later
    noisy = replace(
        prices,
        open=np.concatenate((prices.open[:cut], 2.0 * prices.open[cut:])),
        close=np.concatenate((prices.close[:cut], 3.0 * prices.close[cut:])),
    )
    changed = staggered_book(noisy, weights, horizon_days=3)
    np.testing.assert_array_equal(changed.gross_frac[:, :cut], whole.gross_frac[:, :cut])
    assert not np.array_equal(changed.gross_frac, whole.gross_frac)
    # Weights of a day are traded on the next one: the same day's result must not know them.
    later = weights.copy()
    later[cut - 1 :] = np.eye(SHARES)[0]
    np.testing.assert_array_equal(
        staggered_book(prices, later, horizon_days=3).gross_frac[:, :cut], whole.gross_frac[:, :cut]
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=9), min_size=1, max_size=4), st.floats(0.1, 1.0)
)
def test_top_weights_are_those_of_a_sorted_list(dates: list[list[int]], part: float):
    starts = np.cumsum([0, *map(len, dates)])
    share = np.concatenate([np.arange(len(own)) for own in dates])
    score = np.concatenate([np.array(own, dtype=np.float64) for own in dates])
    least = int(np.ceil(1.0 / part))
    found = top_part_weights(starts, share, score, shares=9, part=part, min_shares=least)
    for date, own in enumerate(dates):
        wanted = int(part * len(own) + 1e-9)
        if len(own) < least:
            assert found[date].sum() == 0
            continue
        assert found[date].sum() == pytest.approx(1.0)
        best = sorted(own, reverse=True)[:wanted]
        assert found[date, : len(own)] @ np.array(own) == pytest.approx(np.mean(best))
        assert found[date].max() <= 1.0 / wanted + 1e-12


def test_a_row_without_a_score_is_not_weighted():
    score = np.array([np.nan, 3.0, 1.0, 2.0])
    found = top_part_weights(np.array([0, 4]), np.arange(4), score, shares=4, part=0.5, min_shares=3)
    assert found.tolist() == [[0.0, 1.0, 0.0, 0.0]]


def test_bad_input_is_refused():
    prices, weights = grid(1), random_weights(1)
    for change, said in (
        ({"open": prices.open[:, :2]}, r"the tables \(d, s\)"),
        ({"day": prices.day[::-1]}, "day must rise"),
        ({"open": np.full((DAYS, SHARES), np.nan)}, "without the other"),
        ({"close": -prices.close}, "above 0 and finite"),
        ({"dividend_rub": -np.ones((DAYS, SHARES))}, "not negative"),
        ({"side_cost_frac": np.full((DAYS, SHARES), np.nan)}, "not negative"),
    ):
        with pytest.raises(ValueError, match=said):
            replace(prices, **change)
    with pytest.raises(ValueError, match="weights must be"):
        staggered_book(prices, weights[1:], horizon_days=1)
    with pytest.raises(ValueError, match="add up to 1"):
        staggered_book(prices, weights * 0.9, horizon_days=1)
    with pytest.raises(ValueError, match="horizon_days"):
        staggered_book(prices, weights, horizon_days=0)
    with pytest.raises(ValueError, match="part must lie"):
        top_part_weights(np.array([0, 1]), np.zeros(1, int), np.zeros(1), shares=1, part=0.1, min_shares=9)
