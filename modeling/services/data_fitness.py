"""Whether the data are fit to be learned from: looked at lately, mostly in order, and new."""

from __future__ import annotations

from datetime import datetime, timedelta

from market.contracts import Timeframe
from market.selectors.bars import newest_bars
from market.selectors.quality import quality_report_latest
from modeling.contracts.retraining import DataLimits
from modeling.fitting.loading import universe_of
from modeling.fitting.recipe import Recipe
from traderai.common.errors import NotReadyError


def require_fit_data(plan: Recipe, limits: DataLimits, *, now: datetime) -> None:
    """Raise NotReadyError where a recipe's data are too old or too bad to be learned from."""
    if complaint := data_complaint(plan, limits, now=now):
        raise NotReadyError(complaint, code="unfit_data")


def data_complaint(plan: Recipe | None, limits: DataLimits, *, now: datetime) -> str | None:
    """Return why a recipe's data are too old or too bad to be learned from, None where they are not.

    No recipe is that of a version in service which is not there.
    """
    report = quality_report_latest(as_of=now)
    max_age = timedelta(hours=limits.max_report_age_hours)
    if report is None or now - report.as_of > max_age:
        was = "there is none" if report is None else f"the newest is of {report.as_of:%Y-%m-%d %H:%M} UTC"
        return (
            f"a report on the quality of the data of the last {limits.max_report_age_hours:g} hours is needed, "
            f"{was}; run manage.py data_quality"
        )
    if plan is None:
        return "no version is in service whose recipe it could go by; train one first"
    secids = {item.secid for item in universe_of(plan)}
    if not secids:
        return f"recipe {plan.name} has no share to learn from; run manage.py ingest"
    unfit = sorted(
        secid for secid in secids if f"{secid} {plan.timeframe}" in report.findings["unfit_series"]
    )
    if len(unfit) > limits.max_unfit_frac * len(secids):
        return (
            f"the bars of {len(unfit)} of {len(secids)} shares are not fit for use, at most "
            f"{limits.max_unfit_frac:.0%} may be: {', '.join(unfit[:10])}; see the quality report of "
            f"{report.as_of:%Y-%m-%d %H:%M} UTC"
        )
    bars = newest_bars(timeframe=Timeframe.parse(plan.timeframe))
    newest = max((bars[secid] for secid in secids & bars.keys()), default=None)
    if newest is None or now - newest > timedelta(days=limits.max_bar_age_days):
        was = "there is none" if newest is None else f"the newest is of {newest:%Y-%m-%d %H:%M} UTC"
        return f"a bar of the last {limits.max_bar_age_days:g} days is needed, {was}; run manage.py ingest"
    return None
