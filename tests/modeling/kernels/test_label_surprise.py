"""Reports beside the labels after them: the right row, the right surprise, and a correlation that scipy finds too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from features.kernels.fundamental import report_steps
from market.kernels.reports import Reports
from modeling.kernels.label_surprise import rank_correlation_interval, report_events
from modeling.kernels.significance import draw_days

DAY = 86_400


def steps_of(*reports):
    """Return the steps of yearly figures: (year, known day, value)."""
    year, known, value = (np.array(column) for column in zip(*reports, strict=True))
    return report_steps(
        Reports(
            quarter=year.astype(np.int64) * 4 + 3,
            is_year=np.ones(year.size, dtype=np.bool_),
            known_s=known.astype(np.int64) * DAY,
            expires_s=known.astype(np.int64) * DAY + 500 * DAY,
            value=value.astype(np.float64),
        ),
        is_flow=True,
    )


def test_an_event_is_the_first_labelled_row_after_a_new_report():
    steps = steps_of(
        (2000, 10, 100.0), (2001, 20, 300.0), (2001, 25, 310.0), (2002, 40, 155.0), (2003, 60, 200.0)
    )
    decision_s = np.arange(12, 55) * DAY + 3_600
    labelled = np.ones(decision_s.size, dtype=np.bool_)
    labelled[decision_s // DAY < 22] = False
    found = report_events(steps, decision_s, labelled)
    assert (decision_s[found.row] // DAY).tolist() == [
        22,
        40,
    ]  # not 10: nothing before; not 25: restated; not 60
    assert found.surprise_frac == pytest.approx([2 * 200 / 400, 2 * -155 / 465])


def test_a_row_too_late_is_not_about_the_report():
    steps = steps_of((2000, 1, 100.0), (2001, 20, 300.0))
    late = np.array([20 * DAY + 8 * DAY])
    assert report_events(steps, late, np.ones(1, dtype=np.bool_)).row.size == 0
    assert report_events(steps, late - DAY, np.ones(1, dtype=np.bool_)).row.tolist() == [0]


def test_a_row_before_the_report_is_never_taken():
    steps = steps_of((2000, 1, 100.0), (2001, 20, 300.0))
    decision_s = np.array([20 * DAY - 1, 20 * DAY])
    assert report_events(steps, decision_s, np.ones(2, dtype=np.bool_)).row.tolist() == [1]


def test_the_correlation_is_spearmans():
    rng = np.random.default_rng(2)
    first = rng.integers(0, 30, 300).astype(float)
    second = first + rng.normal(0, 20, 300)
    day = rng.integers(0, 60, 300)
    draws = draw_days(60, level=0.95, mean_block_days=3, resamples=300, rng=rng)
    found = rank_correlation_interval(first, second, day, draws)
    assert found.value == pytest.approx(spearmanr(first, second).statistic)
    assert found.low < found.value < found.high
    # A draw that takes every day once gives the correlation itself: weights of one.
    flat = rank_correlation_interval(first, np.zeros(300), day, draws)
    assert np.isnan(flat.value)
    with pytest.raises(ValueError, match="a value is missing"):
        rank_correlation_interval(first, np.full(300, np.nan), day, draws)
    with pytest.raises(ValueError, match="day must index"):
        rank_correlation_interval(first, second, day + 60, draws)
