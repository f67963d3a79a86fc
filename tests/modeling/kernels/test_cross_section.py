from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.cross_section import (
    CrossSection,
    cross_section,
    daily_rank_ic,
    decile_edge,
    ic_by_year,
    ic_decay,
    mean_ic,
)
from modeling.kernels.overlap import overlap_mean

HORIZONS = (1, 3)


def drawn(seed, dates=9, shares=16):
    """Return arrays in a random order: ties, missing returns, absent shares, dates with equal scores or returns."""
    rng = np.random.default_rng(seed)
    date, share = np.divmod(rng.permutation(dates * shares), shares)
    score = rng.integers(0, 8, date.size) / 4.0
    forward = np.round(rng.normal(0, 0.05, (date.size, 2)), 2)
    score[date == 2], forward[date == 3] = 1.0, 0.01
    forward[rng.random(date.size) < 0.1, :] = np.nan
    forward[rng.random(date.size) < 0.1, 1] = np.nan
    kept = (rng.random(date.size) < 0.9) & ((date != 4) | (share < 3))
    return 19_700 + 40 * date[kept], share[kept], score[kept], forward[kept]


def rows_by_date(arrays, column):
    """Return {date: {share: (score, return)}} of the rows with a known return."""
    table = {int(date): {} for date in sorted(set(arrays[0]))}
    for date, share, score, forward in zip(*arrays, strict=True):
        if not np.isnan(forward[column]):
            table[int(date)][int(share)] = (float(score), float(forward[column]))
    return table


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([0, 1]), st.integers(2, 12))
def test_daily_rank_ic_equals_scipy_on_each_date(seed, column, min_shares):
    arrays = drawn(seed)
    rows = cross_section(*arrays, horizons_days=HORIZONS)
    got = daily_rank_ic(rows, horizon_days=HORIZONS[column], min_shares=min_shares)
    table = rows_by_date(arrays, column)
    few = constant = 0
    wanted = []
    for known in table.values():
        pairs = np.array(list(known.values())).reshape(-1, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", scipy.stats.ConstantInputWarning)
            enough = len(known) >= min_shares
            wanted.append(scipy.stats.spearmanr(*pairs.T).statistic if enough else np.nan)
        few += not enough
        constant += enough and bool(np.isnan(wanted[-1]))
    np.testing.assert_allclose(got.ic, wanted, atol=1e-12)
    assert list(got.date) == list(table)
    assert list(got.shares) == [len(known) for known in table.values()]
    assert (got.dates_few, got.dates_constant) == (few, constant)
    assert few + constant == np.isnan(got.ic).sum()
    assert got.rows_without_return == int(np.isnan(arrays[3][:, column]).sum())


def test_the_mean_counts_dates_and_takes_the_lag_from_the_horizon():
    rows = cross_section(*drawn(5), horizons_days=HORIZONS)
    daily = daily_rank_ic(rows, horizon_days=3, min_shares=5)
    got = mean_ic(daily)
    assert got == overlap_mean(daily.ic, horizon_days=3)
    assert got.days + daily.dates_few + daily.dates_constant == daily.date.size
    assert daily.dates_few >= 1
    assert daily.dates_constant >= 2
    assert got.t_newey_west != got.t_plain


def test_decay_measures_each_horizon_with_its_own_column():
    rows = cross_section(*drawn(6), horizons_days=HORIZONS)
    for horizon, daily in zip(HORIZONS, ic_decay(rows, min_shares=5), strict=True):
        wanted = daily_rank_ic(rows, horizon_days=horizon, min_shares=5)
        assert daily.horizon_days == horizon
        np.testing.assert_array_equal(daily.ic, wanted.ic)


def test_years_are_calendar_years_of_the_dates():
    rng = np.random.default_rng(0)
    days = np.array(["2022-12-30", "2022-12-31", "2023-01-01", "2024-02-29"], dtype="datetime64[D]").astype(
        np.int64
    )
    rows = cross_section(
        np.repeat(days, 6),
        np.tile(np.arange(6), 4),
        rng.normal(size=24),
        rng.normal(0, 0.02, (24, 1)),
        horizons_days=(1,),
    )
    daily = daily_rank_ic(rows, horizon_days=1, min_shares=6)
    years = ic_by_year(daily)
    assert [(year.year, year.ic.days) for year in years] == [(2022, 2), (2023, 1), (2024, 1)]
    assert years[0].ic.mean == pytest.approx(daily.ic[:2].mean())
    assert np.isnan(years[1].ic.t_plain)


def weights_slowly(known, part, sign):
    """Share out equal weights from the best score down; shares that tie at the cut split what is left."""
    wanted = int(part * len(known) + 1e-9)
    left, weights = wanted, {}
    for score in sorted({score for score, _ in known.values()}, reverse=sign > 0):
        tied = [share for share, row in known.items() if row[0] == score]
        for share in tied:
            weights[share] = min(left, len(tied)) / len(tied) / wanted
        left = max(0, left - len(tied))
    return weights


def cohort_slowly(table, *, sign, horizon, min_shares, part):
    """Return excess and turnover by date with dictionaries and no ranks."""
    names = list(table)
    cohorts = [weights_slowly(k, part, sign) if len(k) >= min_shares else None for k in table.values()]
    excess, turnover = [], []
    for place, (name, weights) in enumerate(zip(names, cohorts, strict=True)):
        if weights is None:
            excess.append(np.nan)
            turnover.append(np.nan)
            continue
        known = table[name]
        held = sum(weight * known[share][1] for share, weight in weights.items())
        excess.append(held - sum(row[1] for row in known.values()) / len(known))
        old = {}
        if place >= horizon and cohorts[place - horizon] is not None:
            past = table[names[place - horizon]]
            grown = {share: w * (1 + past[share][1]) for share, w in cohorts[place - horizon].items()}
            old = {share: value / sum(grown.values()) for share, value in grown.items()}
        traded = sum(abs(weights.get(share, 0) - old.get(share, 0)) for share in set(weights) | set(old))
        is_last = place + horizon >= len(names) or cohorts[place + horizon] is None
        turnover.append(traded + is_last)
    return np.array(excess), np.array(turnover)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 10**6),
    st.sampled_from([0, 1]),
    st.sampled_from(["top", "bottom"]),
    st.sampled_from([0.1, 0.25, 0.5]),
)
def test_decile_edge_equals_dictionaries(seed, column, end, part):
    arrays = drawn(seed)
    rows = cross_section(*arrays, horizons_days=HORIZONS)
    got = decile_edge(
        rows, end=end, horizon_days=HORIZONS[column], min_shares=10, cost_per_side_bp=20.0, part=part
    )
    sign = 1 if end == "top" else -1
    table = rows_by_date(arrays, column)
    excess, turnover = cohort_slowly(table, sign=sign, horizon=HORIZONS[column], min_shares=10, part=part)
    np.testing.assert_allclose(got.excess_gross_frac, excess, atol=1e-14)
    np.testing.assert_allclose(got.turnover, turnover, atol=1e-12)
    np.testing.assert_allclose(got.edge_net_frac, sign * excess - turnover * 0.002, atol=1e-14)
    assert got.dates_few == np.isnan(excess).sum()
    for mean, daily in ((got.edge_net, got.edge_net_frac), (got.excess_gross, got.excess_gross_frac)):
        assert repr(mean) == repr(overlap_mean(daily, horizon_days=HORIZONS[column]))  # NaN is not NaN
    means = [np.mean([row[1] for row in k.values()]) for k in table.values() if len(k) >= 10]
    assert got.mean_turnover == pytest.approx(np.nanmean(turnover), nan_ok=True)
    assert got.universe_mean_frac == pytest.approx(np.mean(means) if means else np.nan, nan_ok=True)


def square(scores, returns):
    """Return rows in which every share of every date has a score and a return: (dates, shares)."""
    dates, shares = np.shape(scores)
    return cross_section(
        np.repeat(np.arange(dates), shares),
        np.tile(np.arange(shares), dates),
        np.ravel(scores).astype(np.float64),
        np.reshape(returns, (-1, 1)).astype(np.float64),
        horizons_days=(1,),
    )


def test_decile_edge_by_hand():
    scores = [np.arange(10), np.arange(10)[::-1], np.arange(10)[::-1]]
    returns = np.zeros((3, 10))
    returns[0, 9], returns[1, 0], returns[2, 0] = 0.10, 0.20, -0.10
    rows = square(scores, returns)
    top = decile_edge(rows, end="top", horizon_days=1, min_shares=10, cost_per_side_bp=100.0)
    np.testing.assert_allclose(top.excess_gross_frac, [0.09, 0.18, -0.09])
    np.testing.assert_allclose(top.turnover, [1.0, 2.0, 1.0])  # bought; replaced; held, then sold
    np.testing.assert_allclose(top.edge_net_frac, [0.08, 0.16, -0.10])
    bottom = decile_edge(rows, end="bottom", horizon_days=1, min_shares=10, cost_per_side_bp=0.0)
    np.testing.assert_allclose(bottom.excess_gross_frac, [-0.01, -0.02, 0.01])
    np.testing.assert_allclose(bottom.edge_net_frac, [0.01, 0.02, -0.01])


def test_weights_drift_with_the_returns_before_they_are_traded_back():
    scores = np.tile(np.arange(4), (2, 1))
    returns = [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    got = decile_edge(
        square(scores, returns), end="top", horizon_days=1, min_shares=4, cost_per_side_bp=0.0, part=0.5
    )
    # The halves have drifted to a third and two thirds: a third of a half each way, and the last sale.
    np.testing.assert_allclose(got.turnover, [1.0, 1.0 / 3.0 + 1.0])
    lost = decile_edge(
        square(scores, np.full((2, 4), -1.0)),
        end="top",
        horizon_days=1,
        min_shares=4,
        cost_per_side_bp=0.0,
        part=0.5,
    )
    np.testing.assert_allclose(lost.turnover, [1.0, 2.0])  # nothing was left to sell: all is bought anew


def test_equal_scores_hold_the_universe_whatever_the_order_of_the_rows():
    returns = np.random.default_rng(0).normal(0, 0.02, (3, 20))
    rows = square(np.ones((3, 20)), returns)
    got = decile_edge(rows, end="top", horizon_days=1, min_shares=20, cost_per_side_bp=5.0)
    np.testing.assert_allclose(got.excess_gross_frac, 0.0, atol=1e-15)
    assert daily_rank_ic(rows, horizon_days=1, min_shares=20).dates_constant == 3


def test_a_market_without_a_usable_date_has_counts_and_no_figure():
    rows = square(np.ones((2, 3)), np.zeros((2, 3)))
    daily = daily_rank_ic(rows, horizon_days=1, min_shares=10)
    assert (daily.dates_few, mean_ic(daily).days) == (2, 0)
    got = decile_edge(rows, end="top", horizon_days=1, min_shares=10, cost_per_side_bp=5.0)
    assert got.dates_few == 2
    assert np.isnan([got.mean_turnover, got.universe_mean_frac, got.edge_net.mean]).all()


def test_scores_shifted_by_a_date_lose_their_skill():
    returns = np.random.default_rng(0).normal(0, 0.02, (60, 30))
    sighted = daily_rank_ic(square(returns, returns), horizon_days=1, min_shares=30)
    shifted = daily_rank_ic(square(np.roll(returns, 1, axis=0), returns), horizon_days=1, min_shares=30)
    assert mean_ic(sighted).mean == pytest.approx(1.0)
    assert abs(mean_ic(shifted).mean) < 0.1


GOOD = {
    "date": np.array([1, 1, 2]),
    "share": np.array([0, 1, 0]),
    "score": np.zeros(3),
    "forward_frac": np.zeros((3, 1)),
    "horizons_days": (1,),
}
EMPTY = {name: value[:0] for name, value in GOOD.items() if name != "horizons_days"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"date": np.array([1, 2, 1])}, "date must not fall"),
        ({"date": np.array([1, 1])}, "must be"),
        ({"share": np.array([[0, 1, 0]])}, "must be"),
        ({"forward_frac": np.zeros(3)}, "must be"),
        ({"forward_frac": np.zeros((3, 2))}, "must be"),
        (EMPTY, "a row at least"),
        ({"share": np.array([0, 0, 0])}, "share 0 stands twice on date 1"),
        ({"share": np.array([0, -1, 0])}, "number the shares"),
        ({"share": np.array([0, 10**6, 0])}, "number the shares"),
        ({"score": np.array([0.0, np.nan, 0.0])}, "a score is missing"),
        ({"score": np.array([0.0, np.inf, 0.0])}, "a score is missing"),
        ({"forward_frac": np.array([[0.0], [-1.1], [0.0]])}, "below -1 or infinite"),
        ({"forward_frac": np.array([[0.0], [np.inf], [0.0]])}, "below -1 or infinite"),
        ({"horizons_days": (0,)}, "horizons_days must be"),
        ({"horizons_days": (), "forward_frac": np.zeros((3, 0))}, "horizons_days must be"),
        ({"horizons_days": (2, 2), "forward_frac": np.zeros((3, 2))}, "horizons_days must be"),
    ],
)
def test_wrong_rows_are_refused(changes, text):
    CrossSection(**GOOD)
    with pytest.raises(ValueError, match=text):
        CrossSection(**(GOOD | changes))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"horizon_days": 2}, r"must be one of \(1,\)"),
        ({"min_shares": 9}, "raise it to 10"),
        ({"part": 0.0}, "part must lie"),
        ({"part": 0.6}, "part must lie"),
        ({"cost_per_side_bp": -1.0}, "must not be negative"),
        ({"cost_per_side_bp": np.nan}, "must not be negative"),
        ({"end": "middle"}, "top or bottom"),
    ],
)
def test_wrong_options_are_refused(options, text):
    usual = {"end": "top", "horizon_days": 1, "min_shares": 10, "cost_per_side_bp": 5.0}
    with pytest.raises(ValueError, match=text):
        decile_edge(CrossSection(**GOOD), **(usual | options))


def test_one_share_has_no_rank():
    with pytest.raises(ValueError, match="min_shares must be at least 2"):
        daily_rank_ic(CrossSection(**GOOD), horizon_days=1, min_shares=1)
    with pytest.raises(ValueError, match="must be"):
        cross_section(
            np.array([2, 1]), np.zeros(3, dtype=np.int64), np.zeros(3), np.zeros((3, 1)), horizons_days=(1,)
        )
