"""What holds of the kernels of reports, dividends and scores for any input."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.kernels.fundamental import (
    Dividends,
    announced_rub_forward,
    days_since_dividend,
    days_to_dividend,
    dividend_change,
    newest_known_s,
    paid_years,
    quotient,
    relative_change,
    report_days,
    report_steps,
)
from features.kernels.fundamental_scores import peer_robust_z, weighted_score
from market.kernels.reports import Reports, latest_steps, trailing_year_steps, values_at
from traderai.common.arrays import F64, I64

DAY_S = 86_400
FIRST_DAY = 19_000


def random_reports(seed: int, *, is_flow: bool) -> Reports:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 40))
    is_year = rng.random(count) < 0.3
    quarter = np.where(is_year, 4 * rng.integers(2018, 2024, count) + 3, rng.integers(8072, 8096, count))
    ordinals = np.array([_end_ordinal(int(one)) for one in quarter], dtype=np.int64)
    known_s = (ordinals - 719_163 + rng.integers(1, 400, count)) * DAY_S
    return Reports(
        quarter=quarter if is_flow else ordinals,
        is_year=is_year,
        known_s=known_s,
        expires_s=(ordinals - 719_163 + np.where(quarter % 4 == 3, 540, 480)) * DAY_S,
        value=rng.normal(0.0, 100.0, count),
    )


def _end_ordinal(quarter: int) -> int:
    return date((quarter + 1) // 4, (quarter + 1) % 4 * 3 + 1, 1).toordinal() - 1


def random_dividends(seed: int) -> tuple[Dividends, I64, I64]:
    rng = np.random.default_rng(seed)
    count, splits = int(rng.integers(0, 12)), int(rng.integers(0, 3))
    ex_day = np.sort(FIRST_DAY + rng.integers(-2_000, 900, count))
    split_day = np.sort(FIRST_DAY + rng.integers(0, 600, splits))
    day = FIRST_DAY + np.arange(0, 700, 13)
    dividends = Dividends(
        ex_day=ex_day,
        known_s=(ex_day - rng.integers(-5, 60, count)) * DAY_S,
        amount_rub=rng.uniform(0.1, 20.0, count),
        split_day=split_day,
        split_known_s=(split_day - rng.integers(0, 40, splits)) * DAY_S,
        split_ratio=rng.choice([0.01, 10.0, 100.0], splits),
    )
    return dividends, day, day * DAY_S


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), is_flow=st.booleans())
def test_the_newest_figure_is_the_one_that_market_tells(seed: int, is_flow: bool) -> None:
    reports = random_reports(seed, is_flow=is_flow)
    moments = np.arange(17_500, 20_500, 7) * DAY_S
    told = values_at((trailing_year_steps if is_flow else latest_steps)(reports), moments)
    made = report_days(report_steps(reports, is_flow=is_flow), moments)
    assert made.value.tobytes() == told.tobytes()
    known = np.isfinite(made.value)
    assert (made.end_day[known] > 0).all() and (made.end_day[~known] < 0).all()
    assert (made.first_known_s[known] <= moments[known]).all()
    before = np.isfinite(made.before)
    steps = (made.quarter - made.before_quarter)[before]
    assert ((steps >= 1) & (steps <= 4)).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), is_flow=st.booleans(), cut=st.integers(17_600, 20_000))
def test_later_reports_change_nothing_before(seed: int, is_flow: bool, cut: int) -> None:
    reports = random_reports(seed, is_flow=is_flow)
    kept = reports.known_s <= cut * DAY_S
    early = Reports(**{name: getattr(reports, name)[kept] for name in reports.__dataclass_fields__})
    noisy = replace(reports, value=np.where(kept, reports.value, 1e12))
    moments = np.arange(17_500, cut + 1, 5) * DAY_S
    whole = report_days(report_steps(noisy, is_flow=is_flow), moments)
    part = report_days(report_steps(early, is_flow=is_flow), moments)
    for name in whole.__dataclass_fields__:
        assert getattr(whole, name).tobytes() == getattr(part, name).tobytes(), name


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_dividends_keep_their_ranges_and_later_ones_change_nothing_before(seed: int) -> None:
    dividends, day, moments = random_dividends(seed)
    made = _all_of(dividends, day, moments)
    ahead, behind, announced, years, change = made
    assert not (ahead < 1).any() and not (behind < 0).any() and not (announced < 0).any()
    assert not ((years < 0) | (years > 1)).any() and not (np.abs(change) > 200.0 + 1e-9).any()
    assert (announced[np.isfinite(ahead)] > 0).all()
    cut = day.size // 2
    known = dividends.known_s <= moments[cut]
    splits = dividends.split_known_s <= moments[cut]
    early = Dividends(
        ex_day=dividends.ex_day[known], known_s=dividends.known_s[known], amount_rub=dividends.amount_rub[known],
        split_day=dividends.split_day[splits], split_known_s=dividends.split_known_s[splits],
        split_ratio=dividends.split_ratio[splits],
    )  # fmt: skip
    for whole, part in zip(made, _all_of(early, day[: cut + 1], moments[: cut + 1]), strict=True):
        assert whole[: cut + 1].tobytes() == part.tobytes()


def _all_of(dividends: Dividends, day: I64, moments: I64) -> list[F64]:
    return [
        days_to_dividend(dividends, day, moments),
        days_since_dividend(dividends, day, moments),
        announced_rub_forward(dividends, day, moments),
        paid_years(dividends, day, moments, years=5),
        dividend_change(dividends, day, moments),
    ]


def test_an_announced_dividend_counts_from_its_announcement_to_the_day_before() -> None:
    day = np.arange(FIRST_DAY, FIRST_DAY + 8)
    none = np.empty(0, dtype=np.int64)
    dividends = Dividends(
        ex_day=np.array([FIRST_DAY + 5]), known_s=np.array([(FIRST_DAY + 2) * DAY_S]), amount_rub=np.array([7.0]),
        split_day=none, split_known_s=none, split_ratio=np.empty(0),
    )  # fmt: skip
    nan = math.nan
    ahead, behind, announced = _all_of(dividends, day, day * DAY_S)[:3]
    np.testing.assert_array_equal(ahead, [nan, nan, 3, 2, 1, nan, nan, nan])
    np.testing.assert_array_equal(behind, [nan, nan, nan, nan, nan, 0, 1, 2])
    np.testing.assert_array_equal(announced, [nan, nan, 7, 7, 7, 0, 0, 0])


def random_panel(seed: int) -> tuple[F64, F64, I64]:
    rng = np.random.default_rng(seed)
    rows, shares = 6, int(rng.integers(1, 30))
    values = np.round(rng.normal(0.0, 3.0, (rows, shares)), int(rng.integers(0, 3)))
    values[rng.random(values.shape) < 0.3] = np.nan
    return values, rng.random(values.shape) < 0.9, rng.integers(-1, 4, shares)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_robust_z_scores_are_those_of_their_definition(seed: int) -> None:
    values, counts, sector = random_panel(seed)
    z = peer_robust_z(values, counts, sector, least_peers=4)
    for row, share in np.ndindex(*values.shape):
        expected = _slow_z(values[row], counts[row], sector, share)
        np.testing.assert_allclose(z[row, share], expected, rtol=1e-9, atol=1e-12, equal_nan=True)
    for scale in (2.0, 0.25):
        assert peer_robust_z(values * scale, counts, sector, least_peers=4).tobytes() == z.tobytes()
    rows = [slice(at, at + 1) for at in range(6)]
    alone = np.concatenate([peer_robust_z(values[r], counts[r], sector, least_peers=4) for r in rows])
    assert alone.tobytes() == z.tobytes()
    more = np.hstack([values, np.full((6, 3), np.nan)])
    wider = peer_robust_z(
        more, np.hstack([counts, np.ones((6, 3), dtype=np.bool_)]),
        np.concatenate([sector, [0, 1, -1]]), least_peers=4,
    )  # fmt: skip
    assert wider[:, : values.shape[1]].tobytes() == z.tobytes()


def _slow_z(values: F64, counts: F64, sector: I64, share: int) -> float:
    places = range(values.size)
    same = [at for at in places if sector[at] == sector[share] and sector[share] >= 0]
    for group in (same, list(places)):
        peers = [float(values[at]) for at in group if counts[at] and np.isfinite(values[at])]
        if len(peers) >= 4:
            middle = statistics.median(peers)
            distances = [abs(one - middle) for one in peers]
            spread = 1.4826 * statistics.median(distances) or 1.253314 * statistics.fmean(distances)
            return float(values[share] - middle) / spread if spread > 0 else math.nan
    return math.nan


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_scores_lie_between_minus_one_and_one_and_need_half_the_weights(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = [np.where(rng.random((4, 5)) < 0.4, np.nan, rng.normal(0.0, 30.0, (4, 5))) for _ in range(3)]
    weights = [1.0, -0.5, 0.5]
    score = weighted_score(z, weights)
    known = sum(np.isfinite(one) * abs(weight) for one, weight in zip(z, weights, strict=True))
    assert np.array_equal(np.isfinite(score), known >= 1.0)
    assert not (np.abs(score) > 1.0).any()
    turned = weighted_score(z, [-weight for weight in weights])
    assert np.array_equal(-turned, score, equal_nan=True)


@pytest.mark.parametrize("weights", [[], [1.0, 2.0], [0.0]])
def test_a_score_without_a_figure_for_each_weight_is_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="one weight other than 0"):
        weighted_score([np.zeros((1, 1))] if weights else [], weights)


@given(
    now=st.floats(-1e12, 1e12, allow_subnormal=False),
    before=st.floats(-1e12, 1e12, allow_subnormal=False),
    scale=st.sampled_from([2.0, 1024.0]),
)
def test_changes_lie_within_200_percent_and_know_no_scale(now: float, before: float, scale: float) -> None:
    one, other = np.array([now]), np.array([before])
    made = relative_change(one, other)[0]
    assert math.isnan(made) == (now == before == 0.0)
    if math.isnan(made):
        return
    assert abs(made) <= 200.0 + 1e-9
    assert np.sign(made) == np.sign(now - before)
    np.testing.assert_allclose(relative_change(one * scale, other * scale)[0], made, rtol=1e-9)
    np.testing.assert_allclose(relative_change(other, one)[0], -made, rtol=1e-12)


def test_a_quotient_without_a_divisor_is_missing() -> None:
    made = quotient(np.array([1.0, 1.0, 1.0, np.nan]), np.array([2.0, 0.0, -1.0, 1.0]))
    np.testing.assert_array_equal(made, [0.5, np.nan, np.nan, np.nan])


def test_the_age_is_that_of_the_newest_period() -> None:
    def steps(ends: list[int], known: list[int]) -> Reports:
        count = len(ends)
        return Reports(
            quarter=np.array([_end_ordinal(end) for end in ends]), is_year=np.zeros(count, np.bool_),
            known_s=np.array(known) * DAY_S, expires_s=np.full(count, 2**60), value=np.ones(count),
        )  # fmt: skip

    moments = np.array([50, 150, 250, 350]) * DAY_S
    one = report_days(report_steps(steps([8090, 8091, 8091], [100, 200, 300]), is_flow=False), moments)
    other = report_days(report_steps(steps([8090], [90]), is_flow=False), moments)
    assert newest_known_s([one, other]).tolist() == [-(2**40), 90 * DAY_S, 200 * DAY_S, 200 * DAY_S]
