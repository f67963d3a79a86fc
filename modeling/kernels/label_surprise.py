"""Whether what a report said beyond the one before went with what the price did after it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features.kernels.fundamental import ReportSteps, relative_change
from modeling.kernels.significance import DayDraws, FigureInterval, figure_interval
from traderai.common.arrays import F64, I64, Bools

LATEST_DAYS = 7  # a first row later than this after the report is not about the report
_DAY_S = 86_400


class ReportEvents(NamedTuple):
    """The reports after which a share had a labelled row: arrays (k,)."""

    row: I64  # the first labelled row decided at or after the report became known
    surprise_frac: F64  # 2 (x - x0) / (|x| + |x0|), x0 what stood before


def report_events(steps: ReportSteps, decision_s: I64, labelled: Bools) -> ReportEvents:
    """Return the first labelled row after each new report of a flow, with its surprise.

    The surprise is the change of the twelve months' figure against that of the report before: there is no consensus
    of analysts in the data, and "as before" is the plainest expectation that anybody had. A report that only restates
    a period already told is none.

    Shapes: steps of s reports; decision_s, labelled (n,); returns (k,), k at most s.
    Units:  seconds since 1970 UTC; the surprise from -2 to 2.
    NaN:    reports without a figure before, or without a labelled row within 7 days, are left out.
    Causal: a row reads reports known by its decision alone.
    """
    new = np.concatenate(([True], np.diff(steps.quarter) > 0))[: steps.known_s.size]
    surprise = relative_change(steps.value, steps.before) / 100.0
    usable = new & np.isfinite(surprise)
    rows = np.flatnonzero(labelled)
    known_s = steps.known_s[usable]
    at = np.searchsorted(decision_s[rows], known_s)
    found = at < rows.size
    row = rows[at[found]]
    near = decision_s[row] - known_s[found] <= LATEST_DAYS * _DAY_S
    return ReportEvents(row=row[near].astype(np.int64), surprise_frac=surprise[usable][found][near])


def rank_correlation_interval(first: F64, second: F64, day: I64, draws: DayDraws) -> FigureInterval:
    """Return Spearman's rank correlation with bounds from drawing whole days: reports come in the same weeks.

    The ranks stay those of all rows; each draw weighs the rows of its days.

    Shapes: first, second, day (k,); day indexes the days drawn.
    Units:  from -1 to 1.
    NaN:    no correlation of fewer than 3 rows or of equal values.
    Raises: ValueError for missing values or a day that was not drawn.
    """
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("a value is missing; leave its row out")
    if day.size and (day.min() < 0 or day.max() >= draws.weights.shape[1]):
        raise ValueError(f"day must index the {draws.weights.shape[1]} days drawn, was up to {day.max()}")
    a, b = _mean_ranks(first), _mean_ranks(second)
    value = float(_weighted_correlation(np.ones((1, a.size)), a, b)[0]) if a.size > 2 else float("nan")
    return figure_interval(value, _weighted_correlation(draws.weights[:, day], a, b), draws)


def _weighted_correlation(weights: F64, a: F64, b: F64) -> F64:
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_a, mean_b = weights @ a / total, weights @ b / total
        product = weights @ (a * b) / total - mean_a * mean_b
        square = (weights @ a**2 / total - mean_a**2) * (weights @ b**2 / total - mean_b**2)
        return np.asarray(np.where(square > 0, product / np.sqrt(np.abs(square)), np.nan))


def _mean_ranks(values: F64) -> F64:
    """Return ranks about their mean, equal values sharing their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: F64 = (ends - (counts - 1) / 2.0)[place]
    return ranks - (values.size + 1) / 2.0
