from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.backtest import TradeRows, backtest, daily_sharpe, moscow_days

DAY_S = 86_400
CALENDAR = np.arange(0, 80)


def drawn(seed, n=80):
    rng = np.random.default_rng(seed)
    entry_s = rng.integers(0, 60, n) * DAY_S // 2 + DAY_S
    return TradeRows(
        instrument=rng.integers(0, 5, n),
        side=rng.choice([-1, 0, 1], n).astype(np.int8),
        edge=np.round(rng.random(n), 1),
        entry_s=entry_s,
        exit_s=entry_s + rng.integers(1, 10, n) * DAY_S // 4,
        net_frac=rng.normal(0, 0.02, n),
    )


def simulate_slowly(rows, max_open):
    """Walk over every moment of the calendar; return the taken rows and profit by day."""
    taken, positions, profit = [], [], {}
    for moment in sorted(set(rows.entry_s.tolist())):
        positions = [row for row in positions if rows.exit_s[row] > moment]
        waiting = [r for r in range(rows.side.size) if rows.side[r] != 0 and rows.entry_s[r] == moment]
        waiting.sort(key=lambda r: (-rows.edge[r], r))
        for row in waiting:
            held = {int(rows.instrument[other]) for other in positions}
            if int(rows.instrument[row]) in held or len(positions) == max_open:
                continue
            positions.append(row)
            taken.append(row)
            day = int(moscow_days(rows.exit_s[row : row + 1])[0])
            profit[day] = profit.get(day, 0.0) + rows.net_frac[row] / max_open
    return taken, profit


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_the_simulator_equals_the_slow_loop(seed, max_open):
    rows = drawn(seed)
    got = backtest(rows, calendar=CALENDAR, max_open=max_open)
    taken, profit = simulate_slowly(rows, max_open)
    assert list(got.rows) == taken
    np.testing.assert_allclose(got.daily_net, [profit.get(day, 0.0) for day in CALENDAR], atol=1e-15)
    results = [rows.net_frac[row] for row in taken]
    assert got.trades == len(taken)
    assert got.net_expectancy_frac == pytest.approx(sum(results) / len(results))
    assert got.hit_rate == pytest.approx(sum(result > 0 for result in results) / len(results))
    worst, equity, peak = 0.0, 1.0, 1.0
    for day, value in zip(CALENDAR, got.equity, strict=True):
        equity += profit.get(day, 0.0)
        assert value == pytest.approx(equity)
        peak = max(peak, equity)
        worst = max(worst, peak - equity)
    assert got.max_drawdown_frac == pytest.approx(worst)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_positions_never_overlap_in_an_instrument_nor_exceed_the_limit(seed, max_open):
    rows = drawn(seed)
    taken = backtest(rows, calendar=CALENDAR, max_open=max_open).rows
    for row in taken:
        alive = [other for other in taken if rows.entry_s[other] <= rows.entry_s[row] < rows.exit_s[other]]
        assert len(alive) <= max_open
        assert sum(rows.instrument[other] == rows.instrument[row] for other in alive) == 1


def one_row(**changes):
    values = {
        "instrument": np.array([0]),
        "side": np.array([1], dtype=np.int8),
        "edge": np.array([0.1]),
        "entry_s": np.array([DAY_S]),
        "exit_s": np.array([2 * DAY_S]),
        "net_frac": np.array([0.03]),
    }
    return TradeRows(**(values | changes))


def test_profit_is_booked_on_the_exit_day_of_moscow():
    # 21:00 UTC is midnight in Moscow: a bar that ends then belongs to the day before.
    assert list(moscow_days(np.array([21 * 3600, 21 * 3600 + 1]))) == [0, 1]
    got = backtest(one_row(), calendar=CALENDAR, max_open=10)
    assert got.daily_net[2] == pytest.approx(0.003)
    assert got.equity[-1] == pytest.approx(1.003)


def test_a_place_is_free_again_at_the_moment_of_the_exit():
    rows = TradeRows(
        instrument=np.array([0, 0]),
        side=np.array([1, -1], dtype=np.int8),
        edge=np.array([0.1, 0.1]),
        entry_s=np.array([DAY_S, 2 * DAY_S]),
        exit_s=np.array([2 * DAY_S, 3 * DAY_S]),
        net_frac=np.array([0.01, 0.01]),
    )
    assert backtest(rows, calendar=CALENDAR, max_open=1).trades == 2
    early = dataclasses.replace(rows, entry_s=np.array([DAY_S, 2 * DAY_S - 1]))
    assert backtest(early, calendar=CALENDAR, max_open=1).trades == 1


def test_no_trade_is_no_profit_and_no_rate():
    got = backtest(one_row(side=np.zeros(1, dtype=np.int8)), calendar=CALENDAR, max_open=1)
    assert got.trades == 0
    assert not got.daily_net.any()
    assert np.isnan([got.net_expectancy_frac, got.hit_rate, got.sharpe]).all()
    assert got.max_drawdown_frac == 0.0


def test_sharpe_by_hand():
    daily = np.array([0.01, -0.005, 0.002, 0.0])
    assert daily_sharpe(daily) == pytest.approx(np.mean(daily) / np.std(daily, ddof=1) * 252**0.5)
    assert np.isnan(daily_sharpe(daily[:1]))


@pytest.mark.parametrize(
    ("rows", "options", "text"),
    [
        (one_row(), {"max_open": 0}, "max_open must be at least 1"),
        (one_row(exit_s=np.array([DAY_S])), {}, "exit must come after its entry"),
        (one_row(net_frac=np.array([np.nan])), {}, "no result or edge"),
        (one_row(edge=np.array([np.nan])), {}, "no result or edge"),
        (one_row(), {"calendar": np.array([0, 1])}, "not in the calendar"),
        (one_row(), {"calendar": np.array([2, 2])}, "calendar must rise"),
    ],
)
def test_wrong_rows_are_refused(rows, options, text):
    with pytest.raises(ValueError, match=text):
        backtest(rows, **({"calendar": CALENDAR, "max_open": 1} | options))


def test_arrays_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="shape"):
        one_row(edge=np.zeros(2))
