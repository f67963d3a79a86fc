"""Figures of companies made of the real files, against figures from outside."""

from __future__ import annotations

import time

import numpy as np
import polars as pl
import pytest

from market.contracts import CandleColumns, Timeframe
from market.models import CorporateAction, FundamentalMetric, Instrument, TradingDay
from market.selectors.bars import bars_load
from market.selectors.fundamentals import fundamental_series, fundamentals_at
from market.services.actions_write import actions_write
from market.services.candle_write import candles_write
from market.services.fundamentals_write import fundamentals_write
from market.services.instruments_write import instruments_write
from market.sources.corporate_files import announced_dividends_of, dividends_of, manual_splits, splits_of
from market.sources.fundamental_files import market_caps_of, smartlab_of
from market.sources.records import ActionPage, InstrumentRecord
from market.sources.wall_clock import moscow_to_epoch_s
from tests.market import make
from traderai.common.clock import to_epoch_s

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
SECIDS = ["SBER", "SBERP", "LKOH", "GMKN", "ROSN", "NVTK", "TATN", "PLZL", "TRNFP", "VTBR", "PHOR", "AFLT"]


def daily_market(real_data):
    daily = pl.scan_parquet(real_data / "daily" / "1d_as_traded_2000_2024.parquet").filter(
        pl.col("date") >= pl.date(2017, 6, 1)
    )
    calendar = daily.select("date").unique().sort("date").collect()["date"].to_list()
    TradingDay.objects.bulk_create(
        [TradingDay(date=day, trading_date=day, is_real=True, is_simulated=False) for day in calendar]
    )
    instruments_write(records=tuple(InstrumentRecord(secid=s, name_ru=s, name_en=s) for s in SECIDS))
    rows = daily.filter(
        pl.col("secid").is_in(SECIDS) & (pl.col("board") == "TQBR") & (pl.col("close") > 0)
    ).collect()
    for (secid,), of_share in rows.sort("date").group_by("secid", maintain_order=True):
        columns = CandleColumns(
            begin_s=moscow_to_epoch_s(of_share["date"].to_numpy().astype("datetime64[s]")),
            volume_shares=of_share["volume"].to_numpy(),
            value_rub=np.full(len(of_share), np.nan),
            **{name: of_share[name].to_numpy() for name in ("open", "high", "low", "close")},
        )
        candles_write(
            instrument_id=Instrument.objects.get(secid=secid).pk, timeframe=Timeframe.D1, columns=columns,
            origin=make.FILE, marks_trading_days=False,
        )  # fmt: skip


def pages_of(real_data):
    return [
        smartlab_of(real_data / "fundamentals" / "smartlab_2008_2024.parquet"),
        *market_caps_of(real_data / "daily" / "market_cap_2018_2024.parquet"),
    ]


def bring(pages):
    reports = [fundamentals_write(page=page) for page in pages]
    for page, report in zip(pages, reports, strict=True):
        told = report.new + report.changed + report.unchanged + report.outside + len(report.rejected)
        assert told == len(page.records)
    return sum(r.new for r in reports), sum(r.changed for r in reports), sum(len(r.rejected) for r in reports)


def test_real_reports_make_the_known_multiples(real_data):
    daily_market(real_data)
    corporate = real_data / "corporate"
    actions_write(
        page=ActionPage(
            splits=(*manual_splits(), *splits_of(corporate / "splits.csv").records),
            dividends=(
                *dividends_of(corporate / "dividends.csv").records,
                *announced_dividends_of(corporate / "dividends_announced_dohod.csv").records,
            ),
        ),
        trust=("moex_iss",),
    )
    pages = pages_of(real_data)
    new, changed, rejected = bring(pages)
    assert (new, changed, rejected) == (FundamentalMetric.objects.count(), 0, 0)
    assert new > 20_000
    assert bring(pages) == (0, 0, 0)

    def at(secid, moment):
        return fundamentals_at(secid=secid, as_of=make.moscow(moment)).values

    # SBER on 2024-05-02: 308.57 roubles, 1,509 bn of profit for 2023, 22.587 bn shares, 6,584 bn of equity.
    sber = at("SBER", "2024-05-03")
    assert sber["profit"] == 1.509e12
    assert sber["eps_ttm"] == pytest.approx(66.8, rel=0.02)
    assert sber["pe"] == pytest.approx(308.57 / 66.81, rel=0.02)
    assert sber["pb"] == pytest.approx(308.57 * 22.587e9 / 6.584e12, rel=0.02)
    assert sber["market_cap"] == pytest.approx(308.57 * 21.587e9, rel=0.02)
    assert sber["dividend_yield"] == pytest.approx(100 * 25 / 308.57, rel=0.01)
    assert "ev_ebitda" not in sber
    # The 2023 report was published on 2024-02-28; before its usual lag ends, that of 2022 counts.
    assert at("SBER", "2024-02-20")["profit"] == pytest.approx(270.5e9)
    assert at("SBERP", "2024-05-03")["pe"] == pytest.approx(sber["pe"], rel=0.03)
    for secid, name in (
        ("GMKN", "pe"),
        ("GMKN", "market_cap"),
        ("TRNFP", "market_cap"),
        ("VTBR", "market_cap"),
    ):
        days = {"GMKN": ("2024-04-02", "2024-04-09"), "TRNFP": ("2024-02-15", "2024-02-22")}
        before, after = (at(secid, day) for day in days.get(secid, ("2024-07-09", "2024-07-16")))
        assert after[name] / before[name] == pytest.approx(1.0, rel=0.09), (secid, name)  # across the split
    assert "pe" not in at("VTBR", "2024-05-03")
    check_against_the_site(real_data)
    check_speed_and_cutting()


def check_against_the_site(real_data):
    """The site's yearly P/E and P/B at the year's end against ours once the report was known, at the later price."""
    table = pl.read_parquet(real_data / "fundamentals" / "smartlab_2008_2024.parquet").filter(
        (pl.col("freq") == "yearly") & pl.col("ticker").is_in(SECIDS) & (pl.col("value") > 0)
    )
    told = {row[:3]: row[3] for row in table.select("ticker", "period", "metric", "value").rows()}
    off = {"pe": [], "pb": []}
    for secid in SECIDS:
        bars = bars_load(secid=secid, timeframe=Timeframe.D1, as_of=make.moscow("2024-12-31"))
        moments = [make.moscow(f"{year + 1}-05-02") for year in range(2018, 2024)]
        moments_s = np.array([to_epoch_s(moment) for moment in moments], dtype=np.int64)
        ours = fundamental_series(secid=secid, metrics=list(off), moments_s=moments_s, as_of=moments[-1])
        for at, year in enumerate(range(2018, 2024)):
            year_end_s = to_epoch_s(make.moscow(f"{year + 1}-01-01"))
            ends = np.searchsorted(bars.known_s, [year_end_s, moments_s[at]], side="right") - 1
            rise = bars.close[ends[1]] / bars.close[ends[0]]
            for name, row in (("pe", "P/E"), ("pb", "P/BV")):
                site = told.get((secid, str(year), row))
                if site is not None and np.isfinite(ours[name][at]):
                    off[name].append(ours[name][at] / site / rise)
    assert len(off["pe"]) > 40 and len(off["pb"]) > 30
    assert np.median(off["pe"]) == pytest.approx(1.0, abs=0.02)
    assert np.mean([abs(value - 1) < 0.05 for value in off["pe"]]) > 0.75
    assert np.median(off["pb"]) == pytest.approx(1.0, abs=0.05)  # the site takes intangibles off


def check_speed_and_cutting():
    moments = np.arange(to_epoch_s(make.moscow("2019-01-01")), to_epoch_s(make.moscow("2024-12-30")), 3600)
    names = ["pe", "pb", "ev_ebitda", "dividend_yield", "earnings_yoy", "roe"]
    started = time.perf_counter()
    whole = fundamental_series(
        secid="LKOH", metrics=names, moments_s=moments, as_of=make.moscow("2024-12-31")
    )
    assert time.perf_counter() - started < 2.0
    assert all(np.isfinite(values).mean() > 0.4 for values in whole.values()), whole
    for day in ("2020-06-01", "2022-03-01", "2024-05-01"):
        cut = int(np.searchsorted(moments, to_epoch_s(make.moscow(day)), side="right"))
        early = fundamental_series(
            secid="LKOH", metrics=names, moments_s=moments[:cut], as_of=make.moscow(day)
        )
        for name in names:
            assert np.array_equal(early[name], whole[name][:cut], equal_nan=True), (day, name)
    assert CorporateAction.objects.exists()
