"""The regime on real daily bars: the days everybody knows, no flicker, and no knowledge of later days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from features.models import RegimeHistory
from features.services.regime import SETTLE, regime_build
from market.contracts import CandleColumns, Timeframe
from market.models import CorporateAction, Instrument
from market.selectors.candle_columns import candle_columns
from market.services.candle_write import candles_write
from tests.features.test_regime_sectors import FIELDS
from tests.market.make import FILE
from traderai.common.clock import MOSCOW

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
NOW = datetime(2025, 1, 10, 12, tzinfo=UTC)
CUT = date(2022, 9, 22)
SECTORS = {
    "oil_gas": ("GAZP", "LKOH", "ROSN", "SNGS", "SNGSP", "TATN", "TATNP", "NVTK", "SIBN", "TRNFP", "BANEP"),
    "metals": ("GMKN", "CHMF", "MAGN", "ALRS", "PLZL", "RUAL", "MTLR", "MTLRP", "POLY", "VSMO"),
    "finance": ("SBER", "SBERP", "VTBR", "MOEX", "AFKS", "BSPB", "CBOM"),
    "power": ("HYDR", "IRAO", "FEES", "UPRO", "MSNG", "OGKB", "TGKA", "MRKC", "MRKP"),
}
OTHERS = ("AFLT", "MGNT", "PHOR", "PIKK", "LSRG", "RTKM", "NMTP", "FLOT", "YNDX", "OZON", "DSKY", "AKRN")


def load(folder: Path, *, since: date, until: date = date(2025, 1, 1), index: bool = True) -> None:
    """Store the real days of the shares above in a span, their splits, and the indices."""
    sector_of = {secid: code for code, secids in SECTORS.items() for secid in secids}
    frame = pl.scan_parquet(folder / "daily/1d_as_traded_2000_2024.parquet")
    frame = frame.filter(
        pl.col("date").is_between(since, until) & (pl.col("low") > 0) & (pl.col("volume") >= 0)
    )
    for secid, rows in _by_secid(frame, [*sector_of, *OTHERS]):
        made = _held(secid, sector=sector_of.get(secid, ""))
        _store(made, rows)
    splits = pl.read_csv(folder / "corporate/splits.csv").filter(pl.col("secid").is_in([*sector_of, *OTHERS]))
    for row in splits.iter_rows(named=True):
        day = date.fromisoformat(row["date"])
        CorporateAction.objects.create(
            instrument=Instrument.objects.get(secid=row["secid"]), kind="split", ex_date=day,
            shares_after_per_before=row["after"] / row["before"], source="test",
            known_at=datetime(day.year, day.month, day.day, tzinfo=MOSCOW),
        )  # fmt: skip
    if index:
        for place, secid in (("imoex_1d_2010_2024", "IMOEX"), ("rvi_1d_2022_2024", "RVI")):
            scan = pl.scan_parquet(folder / f"indices/{place}.parquet").filter(
                pl.col("date").is_between(since, until)
            )
            for _, rows in _by_secid(scan, [secid]):
                _store(_held(secid, kind="index"), rows)


def _by_secid(frame: pl.LazyFrame, secids: list[str]) -> list[tuple[str, pl.DataFrame]]:
    kept = (
        frame.filter(pl.col("secid").is_in(secids))
        .unique(["secid", "date"], keep="first")
        .sort("date")
        .collect()
    )
    return [(str(key[0]), rows) for key, rows in kept.group_by("secid", maintain_order=True)]


def _held(secid: str, **known: str) -> Instrument:
    return Instrument.objects.create(secid=secid, name_ru=secid, name_en=secid, **known)


def _columns(rows: pl.DataFrame) -> CandleColumns:
    begins = [datetime(day.year, day.month, day.day, tzinfo=MOSCOW).timestamp() for day in rows["date"]]
    prices = {name: rows[name].to_numpy().astype(np.float64) for name in ("open", "high", "low", "close")}
    return CandleColumns(
        begin_s=np.array(begins, dtype=np.int64), **prices, volume_shares=np.ones(len(rows)),
        value_rub=prices["close"],
    )  # fmt: skip


def _store(instrument: Instrument, rows: pl.DataFrame | CandleColumns) -> None:
    columns = rows if isinstance(rows, CandleColumns) else _columns(rows)
    candles_write(instrument_id=instrument.pk, timeframe=Timeframe.D1, columns=columns, origin=FILE)


def stored(*, until: date = date(2030, 1, 1)) -> list[tuple[Any, ...]]:
    rows = RegimeHistory.objects.filter(trading_day__lt=until).order_by("scope", "trading_day")
    return list(rows.values_list(*FIELDS))


def between(first: date, last: date, *, scope: str = "") -> list[str]:
    rows = RegimeHistory.objects.filter(scope=scope, trading_day__gte=first, trading_day__lte=last)
    return list(rows.order_by("trading_day").values_list("name", flat=True))


def median_spell(scope: str) -> float:
    starts = RegimeHistory.objects.filter(scope=scope).values_list("spell_began_on", flat=True)
    return float(np.median(np.unique([day.toordinal() for day in starts], return_counts=True)[1]))


@pytest.mark.parametrize("index", [True, False])
def test_the_known_days_are_right_and_spells_last(real_data: Path, index: bool) -> None:
    load(real_data, since=date(2018, 1, 1), index=index)
    (report,) = regime_build(now=NOW)
    assert report.days > 1_600
    assert set(between(date(2020, 3, 10), date(2020, 3, 18))) == {"panic"}
    assert set(between(date(2022, 2, 21), date(2022, 2, 25))) == {"panic"}
    assert set(between(date(2022, 9, 20), date(2022, 9, 30))) == {"panic"}
    summer = between(date(2023, 6, 1), date(2023, 8, 31))
    assert summer.count("uptrend") >= 0.9 * len(summer)
    assert median_spell("") >= 5
    assert {code for code, _ in report.sectors} == set(SECTORS)
    for code in SECTORS:
        assert median_spell(code) >= 5, code
        assert between(date(2022, 2, 24), date(2022, 2, 25), scope=code) == ["panic", "panic"], code
    everything = between(date(2018, 1, 1), date(2024, 12, 31))
    assert everything.count("panic") < 0.1 * len(everything)
    assert {"uptrend", "downtrend", "flat"} <= set(everything)
    told = "level: index IMOEX" if index else "level: equal-weight proxy"
    assert RegimeHistory.objects.filter(scope="", source__startswith=told).count() > 0.99 * report.days
    assert ("; RVI;" in RegimeHistory.objects.filter(scope="").latest("trading_day").source) is index


def test_what_comes_after_a_day_changes_nothing_up_to_it(real_data: Path) -> None:
    load(real_data, since=date(2021, 9, 1), until=date(2023, 3, 31))
    regime_build(now=NOW)
    whole = stored()
    early = [row for row in whole if row[1] <= CUT]
    assert 0 < len(early) < len(whole)
    # Built as of that day.
    RegimeHistory.objects.all().delete()
    regime_build(now=early[-1][7] + SETTLE)
    assert stored() == early
    # The build that extends it.
    (report,) = regime_build(now=NOW)
    assert (report.days_changed, report.sector_days_changed) == (0, 0)
    assert stored() == whole
    # Noise after that day, a share that is listed later, and a split that nobody knew of by then.
    noise_after(CUT)
    (changed,) = regime_build(now=NOW)
    assert changed.days_changed > 100
    assert stored(until=CUT + timedelta(days=1)) == early
    # Sabotage: one close of the day itself is seen.
    share = Instrument.objects.get(secid="SBER")
    close = np.array([1.0])
    begin_s = np.array([int(datetime(CUT.year, CUT.month, CUT.day, tzinfo=MOSCOW).timestamp())])
    _store(
        share,
        CandleColumns(
            begin_s=begin_s,
            open=close,
            high=close,
            low=close,
            close=close,
            volume_shares=close,
            value_rub=close,
        ),
    )
    regime_build(now=NOW)
    assert stored(until=CUT + timedelta(days=1)) != early


def noise_after(day: date) -> None:
    rng = np.random.default_rng(1)
    after_s = int(datetime(day.year, day.month, day.day, tzinfo=MOSCOW).timestamp())
    for instrument in Instrument.objects.all():
        rows = candle_columns(instrument_id=instrument.pk, timeframe=Timeframe.D1, as_of=NOW).columns
        rows = rows.take(np.flatnonzero(rows.begin_s > after_s))
        factor = rng.lognormal(0.0, 0.2, len(rows))
        prices = {name: getattr(rows, name) * factor for name in ("open", "high", "low", "close")}
        _store(instrument, replace(rows, **prices))
    late = _held("LATE", sector="power")
    _store(
        late, replace(rows, **{name: np.full(len(rows), 7.0) for name in ("open", "high", "low", "close")})
    )
    CorporateAction.objects.create(
        instrument=Instrument.objects.get(secid="GAZP"), kind="split", ex_date=day - timedelta(days=100),
        shares_after_per_before=2.0, source="late", known_at=NOW - timedelta(days=3),
    )  # fmt: skip
