"""The rows that companies' figures are made of, as arrays."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from django.db import connection
from django.db.models import Q

from market.contracts import Bars, Timeframe
from market.fundamentals_config import fundamentals_config, period_of
from market.kernels.adjustment import split_factors
from market.kernels.reports import Reports
from market.models import CorporateAction, FundamentalMetric
from market.selectors.bars import bars_load
from market.selectors.instruments import instrument_get
from traderai.common.arrays import F64, I64
from traderai.common.clock import midnight, to_epoch_s
from traderai.common.errors import InvariantError

_DAY_S = 86_400
OF_THE_CLASS = ("market_cap", "shares")  # every class of shares has its own; reports are the company's
PRICED_BY = (Timeframe.D1, Timeframe.H1, Timeframe.M30, Timeframe.M10)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFigure:
    """One stored figure."""

    metric: str
    period: str
    value: float
    known_at: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FundamentalRows:
    """A company's stored figures by metric, and of each metric the newest one."""

    reports: dict[str, Reports]
    known: tuple[StoredFigure, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DividendRows:
    """Dividends on the scale of the first shares; all arrays have shape (k,)."""

    ex_s: I64
    known_s: I64
    amount_rub: F64  # as of the ex-date
    amount_forward: F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceRows:
    """Closes on the scale of the first shares with the moments from which they were known."""

    known_s: I64
    close_forward: F64
    split_s: I64  # first moment of each split's first day
    split_known_s: I64
    split_product: F64  # shares of that day for one of the first shares
    dividends: DividendRows

    def split_factor_at(self, moments_s: I64) -> F64:
        """Return at each moment the shares of that day for one of the first shares."""
        products = np.concatenate([[1.0], self.split_product])
        factors: F64 = products[np.searchsorted(self.split_s, moments_s, side="right")]
        return factors


def report_rows(*, secid: str, reports_of: str, as_of: datetime) -> FundamentalRows:
    """Return the figures known at `as_of`: counts of shares of `secid`, reports of the company under `reports_of`."""
    rows = (
        FundamentalMetric.objects.filter(known_at__lte=as_of)
        .filter(
            Q(instrument__secid=secid, metric__in=OF_THE_CLASS)
            | Q(instrument__secid=reports_of) & ~Q(metric__in=OF_THE_CLASS)
        )
        .order_by("period_end", "known_at", "source")
        .values_list("metric", "period", "value", "known_at", "source")
    )
    by_metric: dict[str, list[StoredFigure]] = defaultdict(list)
    for metric, period, value, known_at, source in rows:
        by_metric[metric].append(
            StoredFigure(metric=metric, period=period, value=value, known_at=known_at, source=source)
        )
    return FundamentalRows(
        reports={
            metric: reports_of_figures(metric, [(row.period, row.value, row.known_at) for row in figures])
            for metric, figures in by_metric.items()
        },
        known=tuple(figures[-1] for _, figures in sorted(by_metric.items())),
    )


def price_rows(*, secid: str, as_of: datetime) -> PriceRows:
    """Return the closes, splits and dividends known at `as_of`; closes of the longest bars that are stored."""
    instrument = instrument_get(secid=secid)
    bars = bars_load(secid=secid, timeframe=_priced_by(instrument.id), as_of=as_of)
    actions = CorporateAction.objects.filter(instrument_id=instrument.id, known_at__lte=as_of)
    return price_rows_of(bars, actions.order_by("ex_date", "source"))


def price_rows_of(bars: Bars, actions: Iterable[CorporateAction]) -> PriceRows:
    """Return bars and the actions of their share, by ex-date, as rows that figures are made of."""
    actions = list(actions)
    # Two sources that tell of one split tell of one split; two dividends of one day are two payments.
    splits = list({row.ex_date: row for row in actions if row.kind == CorporateAction.Kind.SPLIT}.values())
    dividends = [row for row in actions if row.kind == CorporateAction.Kind.DIVIDEND]
    ratios = np.array([row.shares_after_per_before for row in splits], dtype=np.float64)
    factors = split_factors(_days(dividends), _days(splits), ratios)
    amounts = np.array([row.amount_rub for row in dividends], dtype=np.float64)
    return PriceRows(
        known_s=bars.known_s,
        close_forward=bars.close,
        split_s=_moments([row.ex_date for row in splits]),
        split_known_s=_known(splits),
        split_product=np.cumprod(ratios).astype(np.float64),
        dividends=DividendRows(
            ex_s=_moments([row.ex_date for row in dividends]),
            known_s=_known(dividends),
            amount_rub=amounts,
            amount_forward=amounts * factors,
        ),
    )


def known_from_s(known_at: datetime) -> int:
    """Return the first whole second at which something was known: never the one in whose course it became so."""
    return math.ceil(known_at.timestamp())


def reports_of_figures(metric: str, figures: Sequence[tuple[str, float, datetime]]) -> Reports:
    """Return the stored figures of one metric, each with its period, value and moment, as arrays."""
    config = fundamentals_config()
    is_flow = metric in config.metrics and config.metrics[metric].kind == "flow"
    ends: dict[str, tuple[int, bool, int]] = {}
    for code, _, _ in figures:
        if code in ends:
            continue
        period = period_of(code)
        if period is None:
            raise InvariantError(f"a stored period must be a year, a quarter or a day, was {code!r}")
        # Only flows are summed by quarters; of everything else the period's end puts the figures in order.
        order = period.quarter_index if is_flow else period.end.toordinal()
        fresh_days = config.lag_days(period) + config.stale_after_days
        ends[code] = (order, period.kind == "year", midnight_s(period.end) + fresh_days * _DAY_S)
    return Reports(
        quarter=np.array([ends[code][0] for code, _, _ in figures], dtype=np.int64),
        is_year=np.array([ends[code][1] for code, _, _ in figures], dtype=np.bool_),
        known_s=np.array([known_from_s(known_at) for _, _, known_at in figures], dtype=np.int64),
        expires_s=np.array([ends[code][2] for code, _, _ in figures], dtype=np.int64),
        value=np.array([value for _, value, _ in figures], dtype=np.float64),
    )


def _priced_by(instrument_id: int) -> Timeframe:
    with connection.cursor() as cursor:
        for timeframe in PRICED_BY:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM market_candle WHERE instrument_id = %s AND timeframe_min = %s)",
                [instrument_id, timeframe.minutes],
            )
            if cursor.fetchone()[0]:
                return timeframe
    return Timeframe.D1


def _days(rows: list[CorporateAction]) -> I64:
    return np.array([row.ex_date.toordinal() - 719_163 for row in rows], dtype=np.int64)


def _moments(days: list[date]) -> I64:
    return np.array([midnight_s(day) for day in days], dtype=np.int64)


def _known(rows: list[CorporateAction]) -> I64:
    return np.array([known_from_s(row.known_at) for row in rows], dtype=np.int64)


def midnight_s(day: date) -> int:
    """Return the moment at which a day begins in Moscow, seconds since 1970 UTC."""
    return to_epoch_s(midnight(day))
