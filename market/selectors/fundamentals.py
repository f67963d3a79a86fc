"""Reading companies' figures as they were known: reports, twelve months, and multiples of the price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from market.fundamentals_config import fundamentals_config
from market.selectors.company_figures import CompanyFigures
from market.selectors.fundamental_rows import FundamentalRows, price_rows, report_rows
from market.selectors.instruments import instrument_get
from traderai.common.arrays import F64, I64
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """One stored figure of a company as it was known."""

    metric: str  # a code of fundamentals.yaml
    period: str  # 2023, 2023Q4 or 2023-12-29
    value: float
    known_at: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FundamentalFacts:
    """What was known of one company at a moment: figures by the codes of fundamentals.yaml, in their units."""

    secid: str
    as_of: datetime
    values: dict[str, float]  # figures that are unknown or too old are left out
    reports: tuple[
        ReportFacts, ...
    ]  # the newest stored figure of each metric, from which the values are made


def fundamentals_at(*, secid: str, as_of: datetime) -> FundamentalFacts:
    """Return what was known of a company at `as_of`; figures older than fundamentals.yaml allows are left out.

    Raises: NotFoundError for a ticker that we do not hold.
    """
    secid = instrument_get(secid=secid).secid
    rows = _rows_of(secid, as_of)
    moment_s = np.array([to_epoch_s(as_of)], dtype=np.int64)
    company = _company(secid, rows, moment_s, as_of)
    figures = {name: float(company.figure(name)[0]) for name in fundamentals_config().metrics}
    return FundamentalFacts(
        secid=secid,
        as_of=as_of,
        values={name: value for name, value in figures.items() if np.isfinite(value)},
        reports=_reports(rows),
    )


def reports_at(*, secid: str, as_of: datetime) -> tuple[ReportFacts, ...]:
    """Return the newest figure of each metric that was known of a company at `as_of`; `secid` is its current ticker."""
    return _reports(_rows_of(secid, as_of))


def fundamental_series(
    *, secid: str, metrics: Sequence[str], moments_s: I64, as_of: datetime
) -> dict[str, F64]:
    """Return figures as they were known at each moment, by the codes and in the units of fundamentals.yaml.

    Flows are those of the newest complete twelve months. A figure made of reports or of the price is made anew for
    each moment, out of what was known then; where that is not enough, a stored figure of that name stands in.
    Moments may come in any order; nothing that became known after `as_of` counts. NaN where a figure is unknown or
    too old.

    Raises: InputError for a metric that fundamentals.yaml lacks; NotFoundError for a ticker that we do not hold.
    """
    metrics_check(metrics)
    secid = instrument_get(secid=secid).secid
    company = _company(secid, _rows_of(secid, as_of), moments_s, as_of)
    return {name: company.figure(name) for name in metrics}


def metrics_check(metrics: Sequence[str]) -> None:
    """Raise an InputError for a metric that fundamentals.yaml lacks."""
    known = fundamentals_config().metrics
    for name in metrics:
        if name not in known:
            raise InputError(
                f"metric must be one of {', '.join(known)}, was {name!r}{did_you_mean(name, known)}",
                code="unknown_metric",
                field="metrics",
            )


def _reports(rows: FundamentalRows) -> tuple[ReportFacts, ...]:
    return tuple(
        ReportFacts(
            metric=row.metric, period=row.period, value=row.value, known_at=row.known_at, source=row.source
        )
        for row in rows.known
    )


def _company(secid: str, rows: FundamentalRows, moments_s: I64, as_of: datetime) -> CompanyFigures:
    return CompanyFigures(
        secid=secid, rows=rows, prices=lambda: price_rows(secid=secid, as_of=as_of), moments_s=moments_s
    )


def _rows_of(secid: str, as_of: datetime) -> FundamentalRows:
    reports_of = fundamentals_config().reports_of.get(secid, secid)
    return report_rows(secid=secid, reports_of=reports_of, as_of=as_of)
