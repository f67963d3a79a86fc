"""A market of companies in PostgreSQL: reports, restatements, counts of shares, dividends, a split, the key rate."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from features.families.fundamental import FEATURES
from features.sources.base import BuildScope, MonthBars, MonthScope
from features.sources.fundamental import FundamentalSource
from features.spec import FeatureSpec
from market.contracts import Bars, Timeframe
from market.fundamentals_config import fundamentals_config, period_of
from market.models import CorporateAction, FundamentalMetric, Instrument, MacroSeries, MacroValue
from market.selectors.bars_many import bars_load_many
from market.selectors.instruments import traded_list
from market.services.candle_write import candles_write
from tests.market import make
from traderai.common.arrays import F64
from traderai.common.clock import MOSCOW, to_epoch_s

FIRST, LAST = date(2022, 1, 3), date(2023, 12, 29)
LATE = datetime(2025, 1, 1, tzinfo=MOSCOW)
SPLIT_ON, SPLIT_RATIO = date(2023, 5, 15), 10.0
SECTORS = {
    "OILA": "oil_gas", "OILB": "oil_gas", "OILC": "oil_gas", "OILD": "oil_gas", "OILE": "oil_gas",
    "SBER": "finance", "SBERP": "finance", "VTBR": "finance", "METL": "metals", "NONE": "", "FUND": "",
}  # fmt: skip
SPANS = {"OILD": (date(2023, 2, 6), LAST), "METL": (FIRST, date(2023, 4, 20))}
QUIET = {"FUND", "SBERP"}  # no reports of their own


def at(day: date | str, hour: int = 0) -> datetime:
    """Return an hour of a day in Moscow."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime(day.year, day.month, day.day, hour, tzinfo=MOSCOW)


def company_market(*, seed: int = 3) -> None:
    """Write the market; the same seed writes the same rows."""
    rng = np.random.default_rng(seed)
    for secid, sector in SECTORS.items():
        kind = {"FUND": "etf", "SBERP": "preferred"}.get(secid, "share")
        share = Instrument.objects.create(secid=secid, name_ru=secid, name_en=secid, sector=sector, kind=kind)
        days = candles(share, rng)
        if secid not in {"OILE", "FUND"}:
            capitalisations(share, days, rng)
        if secid not in QUIET:
            reports(share, rng)
        dividends(share, rng)
    share = Instrument.objects.get(secid="OILE")
    figure(share, "shares", "2022-02-01", 5e6, at("2022-02-01", 12))
    figure(share, "shares", "2023-03-01", 6e6, at("2023-03-01", 12))
    for secid, score in (("OILA", 70.0), ("OILB", 20.0), ("OILC", 35.0), ("OILE", 90.0)):
        figure(Instrument.objects.get(secid=secid), "sanction_score", "2022-06-01", score, at("2022-06-02"))
    key_rate()


def candles(share: Instrument, rng: np.random.Generator) -> list[date]:
    """Write daily candles on weekdays, on the price of the day."""
    first, last = SPANS.get(share.secid, (FIRST, LAST))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    days = [day for day in days if day.weekday() < 5]
    close = 200.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, len(days))))
    if share.secid == "OILA":
        close[np.array(days) >= SPLIT_ON] /= SPLIT_RATIO
        CorporateAction.objects.create(
            instrument=share, kind="split", ex_date=SPLIT_ON, shares_after_per_before=SPLIT_RATIO,
            known_at=at(SPLIT_ON - timedelta(days=20)), source="t",
        )  # fmt: skip
    candles_write(
        instrument_id=share.pk,
        timeframe=Timeframe.D1,
        columns=make.columns([at(day) for day in days], list(close)),
        origin=make.FILE,
    )
    return days


def capitalisations(share: Instrument, days: list[date], rng: np.random.Generator) -> None:
    """Write what the class costs day by day, made of average prices: off by percents."""
    caps = 1e9 * np.exp(rng.normal(0.0, 0.02, len(days)) + np.cumsum(rng.normal(0.0, 0.01, len(days))))
    FundamentalMetric.objects.bulk_create(
        FundamentalMetric(
            instrument=share, metric="market_cap", period=day.isoformat(), period_end=day, value=cap,
            known_at=at(day + timedelta(days=1)), source="caps",
        )
        for day, cap in zip(days, caps.tolist(), strict=True)
    )  # fmt: skip


def figure(share: Instrument, metric: str, period: str, value: float, known_at: datetime) -> None:
    """Write one figure."""
    told = period_of(period)
    assert told is not None
    FundamentalMetric.objects.create(
        instrument=share, metric=metric, period=period, period_end=told.end, value=value, known_at=known_at,
        source="t",
    )  # fmt: skip


def reports(share: Instrument, rng: np.random.Generator) -> None:
    """Write five years of reports: some are missing, some late, some restated, one in the middle of a second."""
    yearly_only = share.secid in {"OILC", "NONE"}
    rows = []
    for metric, level in (
        ("revenue", 9e8),
        ("profit", 1e8),
        ("ebitda", 2e8),
        ("equity", 8e8),
        ("net_debt", 3e8),
    ):
        if share.secid in {"SBER", "VTBR"} and metric in {"revenue", "ebitda"}:
            continue
        for period in [
            f"{year}{part}" for year in range(2018, 2024) for part in ("", "Q1", "Q2", "Q3", "Q4")
        ]:
            is_year, spread = len(period) == 4, 1.2 if metric in {"profit", "net_debt"} else 0.3
            if (yearly_only and not is_year) or rng.random() < 0.06:
                continue
            told = period_of(period)
            assert told is not None
            value = level * (1.0 if is_year or metric in {"equity", "net_debt"} else 0.25)
            value *= 1.0 + spread * rng.normal()
            known = fundamentals_config().known_at(told) + timedelta(days=int(rng.integers(0, 25)))
            rows.append((metric, period, told.end, value, known))
            if rng.random() < 0.2:
                restated = known + timedelta(days=int(rng.integers(1, 200)), seconds=0.5)
                rows.append((metric, period, told.end, value * (1.0 + 0.2 * rng.normal()), restated))
    FundamentalMetric.objects.bulk_create(
        FundamentalMetric(
            instrument=share, metric=metric, period=period, period_end=end, value=value, known_at=known,
            source="t",
        )
        for metric, period, end, value, known in rows
    )  # fmt: skip


def dividends(share: Instrument, rng: np.random.Generator) -> None:
    """Write dividends, most announced before; some shares never pay, some leave years out."""
    if share.secid in {"FUND", "OILB"}:
        return
    for year in range(2018, 2024):
        for month in (5, 7, 12):
            if rng.random() < 0.5:
                continue
            ex_date = date(year, month, int(rng.integers(1, 28)))
            after = share.secid == "OILA" and ex_date >= SPLIT_ON
            CorporateAction.objects.create(
                instrument=share, kind="dividend", ex_date=ex_date, source="t",
                amount_rub=float(rng.uniform(2.0, 20.0)) / (SPLIT_RATIO if after else 1.0),
                known_at=at(ex_date) - timedelta(days=int(rng.integers(-2, 45))),
            )  # fmt: skip


def key_rate() -> None:
    """Write the key rate of two years, each change published days before it holds."""
    series = MacroSeries.objects.create(code="key_rate", name_ru="с", name_en="r", unit="pct")
    changes = {
        "2021-02-01": 5.0, "2021-09-13": 6.75, "2022-02-14": 9.5, "2022-02-28": 20.0, "2022-09-19": 7.5,
        "2023-07-24": 8.5, "2023-08-15": 12.0, "2023-12-18": 16.0,
    }  # fmt: skip
    for day, value in changes.items():
        known_at = at(day, 13) - timedelta(days=3)
        MacroValue.objects.create(
            series=series, date=date.fromisoformat(day), value=value, known_at=known_at, source="t"
        )


def scope_of(since: date, until: date, *, as_of: datetime = LATE) -> BuildScope:
    """Return a build of whole months over everything that has daily candles."""
    return BuildScope(
        timeframe=Timeframe.D1,
        universe=traded_list(timeframe=Timeframe.D1, active_only=False),
        since_s=to_epoch_s(at(since)),
        until_s=to_epoch_s(at(until)),
        as_of=as_of,
    )


def months_of(scope: BuildScope) -> list[MonthScope]:
    """Return the months of a build with the bars of each share and 20 bars before them."""
    loaded = bars_load_many(
        instruments=scope.universe, timeframe=scope.timeframe, as_of=scope.as_of, since_by_id={}
    )
    months, begin = [], datetime.fromtimestamp(scope.since_s, MOSCOW)
    while to_epoch_s(begin) < scope.until_s:
        end = at(date(begin.year + begin.month // 12, begin.month % 12 + 1, 1))
        span = (to_epoch_s(begin), to_epoch_s(end))
        bars = {secid: _month_bars(bars, *span) for secid, bars in loaded.items()}
        months.append(
            MonthScope(
                month=f"{begin:%Y-%m}", begin_s=span[0], end_s=span[1],
                bars={secid: one for secid, one in bars.items() if one.rows},
            )
        )  # fmt: skip
        begin = end
    return months


def _month_bars(bars: Bars, begin_s: int, end_s: int) -> MonthBars:
    first, stop = np.searchsorted(bars.begin_s, [begin_s, end_s]).tolist()
    arrays: dict[str, Any] = {
        name: getattr(bars, name)[max(first - 20, 0) : stop]
        for name in bars.__dataclass_fields__
        if isinstance(getattr(bars, name), np.ndarray)
    }
    return MonthBars(bars=Bars(secid=bars.secid, timeframe=bars.timeframe, **arrays), start=min(first, 20))


def columns_of(
    scope: BuildScope, specs: tuple[FeatureSpec, ...] = FEATURES
) -> dict[tuple[str, str], tuple[MonthBars, F64]]:
    """Return by share and month its bars and the values joined to them."""
    source = FundamentalSource(scope, specs)
    found = {}
    for month in months_of(scope):
        columns = source.month_columns(month)
        for secid, values in columns.items():
            found[secid, month.month] = (month.bars[secid], values)
    return found
