"""Reports of companies beside the labels of the rows after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from features.kernels.fundamental import ReportSteps
from modeling.fitting.label_figures import bounds
from modeling.kernels.label_surprise import rank_correlation_interval, report_events
from modeling.kernels.significance import DayDraws
from traderai.common.arrays import F64, I32, I64, Bools

LEAST_EVENTS: Final = 20
MEASURE: Final = (
    "change of the net profit of twelve months against the report before, 2 (x - x0) / (|x| + |x0|); the data hold "
    "no consensus of analysts, so this is a surprise only to those who expected what was before"
)


def surprise_rows(
    steps: ReportSteps, *, decision_s: I64, labelled: Bools, day: I32, outcomes: Mapping[str, F64]
) -> pl.DataFrame:
    """Return the first labelled row after each report with its surprise and outcomes."""
    events = report_events(steps, decision_s, labelled)
    columns = {name: values[events.row] for name, values in outcomes.items()}
    return pl.DataFrame({"day": day[events.row], "surprise": events.surprise_frac, **columns})


def surprise_figures(
    events: Sequence[pl.DataFrame], days: I64, draws: DayDraws | None, *, any_reports: bool
) -> dict[str, Any]:
    """Return the rank correlations of surprises with outcomes, or in words why there are none."""
    rows = pl.concat(events) if events else pl.DataFrame()
    if not any_reports or draws is None or rows.height < LEAST_EVENTS:
        why = (
            f"{rows.height} reports are followed by a labelled row, {LEAST_EVENTS} are needed"
            if any_reports
            else "the database holds no company reports of these shares; run manage.py ingest with fundamentals"
        )
        return {"measure": MEASURE, "events": rows.height, "none": why, "correlations": {}}
    at = np.searchsorted(days, rows["day"].to_numpy()).astype(np.int64)
    surprise = rows["surprise"].to_numpy()
    names = [name for name in rows.columns if name not in ("day", "surprise")]
    return {
        "measure": MEASURE,
        "events": rows.height,
        "event_days": rows["day"].n_unique(),
        "none": None,
        "correlations": {
            name: bounds(rank_correlation_interval(surprise, rows[name].to_numpy(), at, draws))
            for name in names
        },
    }
