"""Profiles of labels: every sum a second time by a plain loop, and sums of parts that equal those of the whole."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from market.kernels.sessions import moscow_offset_s
from modeling.kernels.label_profile import (
    CUTS,
    FIGURES,
    added,
    binned_quantiles,
    bucket_names,
    coverage,
    direction_counts,
    distribution,
    figure_intervals,
    row_conditions,
    summed,
    tally,
    trade_frame,
)
from modeling.kernels.label_windows import ROW_STATES, row_inputs
from modeling.kernels.labels import barrier_labels
from modeling.kernels.significance import draw_days, ratio_interval
from tests.modeling.kernels.bars_maker import random_bars, spec

REGIMES = ("uptrend", "downtrend")


def profiled(seed=1, n=600):
    bars = random_bars(seed, n=n)
    inputs = row_inputs(bars, cost_frac=0.002)
    outcomes = barrier_labels(bars, spec(), "2d", inputs)
    rng = np.random.default_rng(seed)
    regime = rng.integers(-1, 2, n).astype(np.int8)
    side = rng.integers(-1, 2, n).astype(np.int8)
    return bars, outcomes, side, row_conditions(bars, inputs, regime)


def slow_rows(outcomes, side):
    rows = []
    for t in np.flatnonzero(outcomes.labelled):
        if side[t]:
            own = outcomes.long if side[t] > 0 else outcomes.short
            rows.append((int(t), own.label[t], own.net_frac[t], own.gross_frac[t], own.r_multiple[t], own))
    return rows


@pytest.mark.parametrize("cut", CUTS)
def test_sums_are_those_of_a_plain_loop(cut):
    _, outcomes, side, conditions = profiled()
    found = {
        (row[cut], row["day"]): row
        for row in tally(trade_frame(outcomes, side, conditions), [cut, "day"]).to_dicts()
    }
    slow: dict = {}
    for t, label, net, gross, r, _ in slow_rows(outcomes, side):
        one = slow.setdefault((conditions[cut][t], conditions["day"][t]), [0, 0, 0, 0.0, 0.0, 0.0])
        one[0] += 1
        one[1] += int(label)
        one[2] += int(net > 0)
        one[3] += gross
        one[4] += net
        one[5] += r
    assert found.keys() == slow.keys()
    assert len(slow) > 20
    for key, sums in slow.items():
        got = [found[key][name] for name in ("rows", "targets", "wins", "gross_frac", "net_frac", "r")]
        assert got == pytest.approx(sums)


def test_the_loop_catches_sides_that_are_swapped():
    _, outcomes, side, conditions = profiled()
    slow = sum(net for _, _, net, _, _, _ in slow_rows(outcomes, side))
    right = tally(trade_frame(outcomes, side, conditions), ["day"])["net_frac"].sum()
    swapped = tally(trade_frame(outcomes, -side, conditions), ["day"])["net_frac"].sum()
    assert right == pytest.approx(slow)
    assert swapped != pytest.approx(slow)


def test_parts_add_up_to_the_whole():
    _, outcomes, side, conditions = profiled()
    trades = trade_frame(outcomes, side, conditions)
    parts = [tally(trades[:50], ["hour", "day"]), tally(trades[50:], ["hour", "day"])]
    whole = tally(trades, ["hour", "day"])
    assert (
        added(parts, ["hour", "day"])
        .select(pl.exclude("net_frac", "gross_frac", "r"))
        .equals(whole.select(pl.exclude("net_frac", "gross_frac", "r")))
    )
    assert added(parts, ["hour", "day"])["r"].to_list() == pytest.approx(whole["r"].to_list())
    with pytest.raises(ValueError, match="there must be a table"):
        added([], ["day"])


def test_the_same_rows_have_sums_of_the_same_bits():
    rng = np.random.default_rng(0)
    rows = pl.DataFrame(
        {
            "week": rng.integers(0, 300, 1500),
            "rows": np.ones(1500, dtype=np.int64),
            "net": rng.standard_normal(1500),
            "gap": pl.Series(np.where(rng.random(1500) < 0.5, np.nan, 1.0), nan_to_null=True),
        }
    )
    found = summed(rows, ["week"])
    for week, count, net, gap in found.iter_rows():
        own = rows.filter(pl.col("week") == week)
        assert (count, gap) == (own.height, own["gap"].drop_nulls().len())
        assert net == pytest.approx(sum(own["net"]), abs=1e-13)
    # Sums of groups that are spread over threads have some ten different last digits in so many calls.
    assert all(summed(rows, ["week"]).equals(found) for _ in range(100))
    assert summed(rows[:0], ["week"]).height == 0


def test_quantiles_are_exact_to_a_hundredth():
    _, outcomes, side, conditions = profiled()
    trades = trade_frame(outcomes, side, conditions)
    for quantity in ("r", "mfe_r", "mae_r"):
        counted = distribution(trades).filter(pl.col("quantity") == quantity)
        assert counted["rows"].sum() == trades.height
        for share in (0.05, 0.5, 0.9):
            exact = np.quantile(trades[quantity].to_numpy(), share, method="inverted_cdf")
            assert binned_quantiles(counted, [share])[0] / 100 == pytest.approx(exact, abs=0.0101)
    held = distribution(trades).filter(pl.col("quantity") == "bars_held")
    assert binned_quantiles(held, [0.5])[0] == np.quantile(trades["bars_held"], 0.5, method="inverted_cdf")
    assert binned_quantiles(held[:0], [0.5]) == [None]


def test_intervals_are_those_of_ratios_of_daily_sums():
    _, outcomes, side, conditions = profiled()
    trades = trade_frame(outcomes, side, conditions)
    days = np.unique(conditions["day"].to_numpy()).astype(np.int64)
    draws = draw_days(days.size, level=0.95, mean_block_days=5, resamples=200, rng=np.random.default_rng(0))
    some = tally(trades.filter(pl.col("regime") == 0), ["day"])
    found = figure_intervals(some, days, draws)
    rows = np.array([sum(some.filter(pl.col("day") == day)["rows"]) for day in days], dtype=float)
    for name, column in FIGURES.items():
        sums = np.array([sum(some.filter(pl.col("day") == day)[column]) for day in days], dtype=float)
        wanted = ratio_interval(sums, rows, draws)
        assert (found[name].value, found[name].low, found[name].high) == pytest.approx(
            (wanted.value, wanted.low, wanted.high)
        )
    with pytest.raises(ValueError, match="must be among the days drawn"):
        figure_intervals(some.with_columns(day=pl.col("day") + 90_000), days, draws)


def test_conditions_say_when_and_how_it_was():
    bars, _, _, conditions = profiled()
    local = bars.known_s + moscow_offset_s(bars.known_s)
    assert conditions["hour"].to_list() == [int(moment % 86_400 // 3600) for moment in local]
    days = (bars.begin_s + 3 * 3600) // 86_400
    assert conditions["day"].to_list() == days.tolist()
    assert (conditions["liquidity"][:99] == -1).all()  # not known before 100 bars
    assert (conditions["liquidity"][99:] == 0).all()  # a turnover of 1 RUB
    atr_frac = row_inputs(bars, cost_frac=0.002).atr_frac
    for t in (50, 300, 599):
        edge = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064]
        assert conditions["volatility"][t] == sum(atr_frac[t] >= one for one in edge)


def test_every_row_is_counted_in_one_state():
    _, outcomes, _, conditions = profiled()
    found = coverage(outcomes.row_state)
    assert sum(found.values()) == outcomes.row_state.size
    for code, name in enumerate(ROW_STATES):
        assert found.get(name, 0) == int((outcomes.row_state == code).sum())
    known = outcomes.labelled & (outcomes.direction >= 0)
    assert direction_counts(outcomes, conditions)["rows"].sum() == known.sum()


def test_buckets_have_words():
    assert bucket_names("volatility", REGIMES)[-1] == "not known"
    assert bucket_names("volatility", REGIMES)[0] == "below 0.1 %"
    assert bucket_names("spread", REGIMES)[6] == "100 bp and more"
    assert bucket_names("liquidity", REGIMES)[3] == "1 m RUB to 10 m RUB"
    assert bucket_names("regime", REGIMES)[1] == "downtrend"
    assert bucket_names("hour", REGIMES)[9] == "09:00"
    with pytest.raises(ValueError, match="cut must be one of"):
        bucket_names("weekday", REGIMES)
