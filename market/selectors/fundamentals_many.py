"""Reading the figures of many companies in a few queries: the numbers of `market.selectors.fundamentals`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from django.db import connection

from market.contracts import InstrumentFacts, Timeframe
from market.fundamentals_config import fundamentals_config
from market.kernels.multiples import price_at
from market.kernels.reports import Reports
from market.models import CorporateAction, FundamentalMetric
from market.selectors.bars_many import bars_load_many
from market.selectors.company_figures import CompanyFigures
from market.selectors.fundamental_rows import (
    OF_THE_CLASS,
    PRICED_BY,
    FundamentalRows,
    PriceRows,
    midnight_s,
    price_rows_of,
    reports_of_figures,
)
from market.selectors.fundamentals import metrics_check
from traderai.common.arrays import F64, I64
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.errors import InputError, InvariantError

_DAY_S = 86_400
# A count of shares is smoothed over 21: the one in force at a moment and the 20 before it.
_COUNTS_BEFORE = 21
_BEFORE_ALL: Final = from_epoch_s(-10_000_000_000)
# What expired longer ago than this can be neither in force nor, as a quarter of a year, part of what is.
_REPORTS_BEFORE = timedelta(days=730)
# Counts of shares change every day: one row an instrument with its columns whole, as arrays of 8 bytes.
_COUNTS = """
SELECT wanted.id, counts.*
FROM unnest(%(ids)s::int8[]) AS wanted(id) CROSS JOIN LATERAL (
    SELECT string_agg(int8send(day), ''), string_agg(int8send(code_length), ''),
           string_agg(int8send(known_s), ''), string_agg(float8send(value), '')
    FROM (
        SELECT (period_end - DATE '0001-01-01' + 1)::int8 AS day, length(period)::int8 AS code_length,
               ceil(extract(epoch FROM known_at))::int8 AS known_s, value
        FROM market_fundamentalmetric
        WHERE instrument_id = wanted.id AND metric = %(metric)s AND known_at <= %(as_of)s
          AND known_at >= coalesce((
              SELECT date_trunc('second', min(known_at)) - interval '1 second' FROM (
                  SELECT known_at FROM market_fundamentalmetric
                  WHERE instrument_id = wanted.id AND metric = %(metric)s AND known_at < %(since)s
                  ORDER BY known_at DESC LIMIT %(before)s
              ) AS last
          ), %(since)s)
        ORDER BY period_end, known_at, source
    ) AS ordered
) AS counts
"""
# A scalar look-up for each share and length: as EXISTS it would be planned as one pass over all candles.
_PRICED = """
SELECT wanted.id, (
    SELECT priced.minutes FROM unnest(%s::int4[]) WITH ORDINALITY AS priced(minutes, place)
    WHERE (SELECT true FROM market_candle
           WHERE instrument_id = wanted.id AND timeframe_min = priced.minutes LIMIT 1)
    ORDER BY priced.place LIMIT 1)
FROM unnest(%s::int8[]) AS wanted(id)
"""
_FIRST = """
SELECT wanted.id, (SELECT min(begin) FROM market_candle WHERE instrument_id = wanted.id AND timeframe_min = %s)
FROM unnest(%s::int8[]) AS wanted(id)
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompanyRows:
    """What one share's figures are made of, from a moment on."""

    secid: str
    rows: FundamentalRows  # `known` is empty
    prices: PriceRows


def companies_load(
    *, instruments: Sequence[InstrumentFacts], since: datetime | None = None, as_of: datetime
) -> dict[str, CompanyRows]:
    """Return by ticker what the figures from `since` on are made of, as known at `as_of`.

    `since` leaves out what cannot count any more; it changes no figure of a later moment.
    """
    since = since or _BEFORE_ALL
    rows = _rows(instruments, since, as_of)
    prices = _prices(instruments, rows, since, as_of)
    return {
        facts.secid: CompanyRows(
            secid=facts.secid, rows=FundamentalRows(reports=rows[facts.id], known=()), prices=prices[facts.id]
        )
        for facts in instruments
    }


def company_figures(*, company: CompanyRows, metrics: Sequence[str], moments_s: I64) -> dict[str, F64]:
    """Return figures as they were known at each moment: what `fundamental_series` returns, to the bit.

    Raises: InputError for a metric that fundamentals.yaml lacks.
    """
    metrics_check(metrics)
    figures = CompanyFigures(
        secid=company.secid, rows=company.rows, prices=lambda: company.prices, moments_s=moments_s
    )
    return {name: figures.figure(name) for name in metrics}


def report_figures(
    *, instruments: Sequence[InstrumentFacts], metrics: Sequence[str], as_of: datetime
) -> dict[str, dict[str, float]]:
    """Return by ticker figures that are made of reports alone, as known at `as_of`; the unknown are left out.

    One query for all, and no price is read: figures that need one are an InputError, as is a metric that
    fundamentals.yaml lacks.
    """
    metrics_check(metrics)
    priced = [name for name in metrics if fundamentals_config().metrics[name].kind == "market"]
    if priced:
        raise InputError(
            f"metrics must be made of reports alone, were {', '.join(priced)}; ask company_figures",
            field="metrics",
        )
    moment_s = np.array([to_epoch_s(as_of)], dtype=np.int64)
    found: dict[str, dict[str, float]] = {}
    for secid, reports in _company_reports(instruments, as_of, as_of).items():
        rows = FundamentalRows(reports=reports, known=())
        company = CompanyFigures(secid=secid, rows=rows, prices=_no_prices, moments_s=moment_s)
        figures = {name: float(company.figure(name)[0]) for name in metrics}
        found[secid] = {name: value for name, value in figures.items() if np.isfinite(value)}
    return found


def _no_prices() -> PriceRows:
    raise InvariantError("a figure that is made of reports alone must not read a price")


def company_price_forward(*, company: CompanyRows, moments_s: I64) -> F64:
    """Return the newest close known at each moment, on the scale of the first shares; NaN where it is too old."""
    stale_s = fundamentals_config().price_stale_after_days * _DAY_S
    return price_at(company.prices.known_s, company.prices.close_forward, moments_s, stale_s)


def first_bars(*, instruments: Sequence[InstrumentFacts], timeframe: Timeframe) -> dict[str, datetime]:
    """Return by ticker the begin of the earliest stored candle; instruments without candles are left out."""
    names = {facts.id: facts.secid for facts in instruments}
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [timeframe.minutes, list(names)])
        return {names[key]: begin for key, begin in cursor.fetchall() if begin is not None}


def _rows(
    instruments: Sequence[InstrumentFacts], since: datetime, as_of: datetime
) -> dict[int, dict[str, Reports]]:
    reports = _company_reports(instruments, since, as_of)
    rows = {facts.id: dict(reports.get(facts.secid, {})) for facts in instruments}
    wanted: dict[str, Any] = {"ids": list(rows), "since": since, "as_of": as_of, "before": _COUNTS_BEFORE}
    with connection.cursor() as cursor:
        for metric in OF_THE_CLASS:
            cursor.execute(_COUNTS, wanted | {"metric": metric})
            for key, *columns in cursor.fetchall():
                if columns[0] is not None:
                    rows[key][metric] = _counts(*columns)
    return rows


def _company_reports(
    instruments: Sequence[InstrumentFacts], since: datetime, as_of: datetime
) -> dict[str, dict[str, Reports]]:
    """Return by ticker and metric the reports, which may stand under the ticker of another class."""
    config = fundamentals_config()
    stands_under = {facts.secid: config.reports_of.get(facts.secid, facts.secid) for facts in instruments}
    lags = config.publication_lag_days
    longest_days = max(lags.year, lags.quarter, lags.day) + config.stale_after_days
    found = FundamentalMetric.objects.filter(
        instrument__secid__in=set(stands_under.values()), known_at__lte=as_of
    ).exclude(metric__in=OF_THE_CLASS)
    if since > _BEFORE_ALL:
        oldest = since - timedelta(days=longest_days) - _REPORTS_BEFORE
        found = found.filter(period_end__gte=oldest.date())
    figures: dict[str, dict[str, list[tuple[str, float, datetime]]]] = defaultdict(lambda: defaultdict(list))
    ordered = found.order_by("period_end", "known_at", "source")
    columns = ("instrument__secid", "metric", "period", "value", "known_at")
    for secid, metric, period, value, known_at in ordered.values_list(*columns):
        figures[secid][metric].append((period, value, known_at))
    made = {
        secid: {metric: reports_of_figures(metric, rows) for metric, rows in by_metric.items()}
        for secid, by_metric in figures.items()
    }
    return {secid: made.get(under, {}) for secid, under in stands_under.items()}


def _counts(days: Any, code_lengths: Any, known: Any, values: Any) -> Reports:
    """Return counts of shares, or what all shares of a class cost, from their columns."""
    config = fundamentals_config()
    lags = config.publication_lag_days
    ends = np.frombuffer(days, dtype=">i8").astype(np.int64)
    lengths = np.frombuffer(code_lengths, dtype=">i8").astype(np.int64)  # 2023, 2023Q4 or 2023-12-29
    unique, place = np.unique(ends, return_inverse=True)
    dates = [date.fromordinal(int(day)) for day in unique]
    quarter_lags = [lags.year if day.month == 12 else lags.quarter for day in dates]
    lag_days = np.select(
        [lengths == 4, lengths == 6],
        [np.int64(lags.year), np.array(quarter_lags, dtype=np.int64)[place]],
        np.int64(lags.day),
    )
    midnights = np.array([midnight_s(day) for day in dates], dtype=np.int64)[place]
    return Reports(
        quarter=ends,
        is_year=lengths == 4,
        known_s=np.frombuffer(known, dtype=">i8").astype(np.int64),
        expires_s=midnights + (lag_days + config.stale_after_days) * _DAY_S,
        value=np.frombuffer(values, dtype=">f8").astype(np.float64),
    )


def _prices(
    instruments: Sequence[InstrumentFacts],
    rows: Mapping[int, Mapping[str, Reports]],
    since: datetime,
    as_of: datetime,
) -> dict[int, PriceRows]:
    stale_s = (fundamentals_config().price_stale_after_days + 1) * _DAY_S
    since_by_id: dict[int, datetime | None] = {}
    for facts in instruments:
        caps = rows[facts.id].get("market_cap")
        # A capitalisation is divided by the price known with it.
        first_s = min(to_epoch_s(since), to_epoch_s(since) if caps is None else int(caps.known_s.min()))
        since_by_id[facts.id] = None if since <= _BEFORE_ALL else from_epoch_s(first_s - stale_s - _DAY_S)
    actions: dict[int, list[CorporateAction]] = defaultdict(list)
    found = CorporateAction.objects.filter(instrument_id__in=list(since_by_id), known_at__lte=as_of)
    for row in found.order_by("ex_date", "source"):
        actions[row.instrument_id].append(row)
    made: dict[int, PriceRows] = {}
    for timeframe, group in _by_timeframe(instruments).items():
        loaded = bars_load_many(instruments=group, timeframe=timeframe, as_of=as_of, since_by_id=since_by_id)
        made |= {facts.id: price_rows_of(loaded[facts.secid], actions[facts.id]) for facts in group}
    return made


def _by_timeframe(instruments: Sequence[InstrumentFacts]) -> dict[Timeframe, list[InstrumentFacts]]:
    """Return the instruments by the longest bars that are stored of each."""
    minutes = [timeframe.minutes for timeframe in PRICED_BY]
    with connection.cursor() as cursor:
        cursor.execute(_PRICED, [minutes, [facts.id for facts in instruments]])
        priced = dict(cursor.fetchall())
    groups: dict[Timeframe, list[InstrumentFacts]] = defaultdict(list)
    for facts in instruments:
        groups[Timeframe.of_minutes(priced[facts.id] or Timeframe.D1.minutes)].append(facts)
    return groups
