"""What the report says of real prices; the facts come from outside the files."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import UTC, date, datetime

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from market.contracts import CandleColumns, CandleOrigin, Timeframe
from market.models import CorporateAction, Instrument
from market.services.candle_write import candles_write
from market.services.quality import data_quality_run
from market.sources.wall_clock import moscow_to_epoch_s
from tests.market import make
from traderai.common.clock import midnight
from traderai.common.lake import lake_at

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
UNEXPLAINED = {
    ("GAZT", "2023-11-30"),
    ("RGSS", "2016-04-28"),
    ("POGR", "2022-07-12"),
    ("PRFN", "2023-07-19"),
}
# Two of 2015 whose days the README leaves out.
UNEXPLAINED_IN_2015 = {"LPSB", "TAER"}
SPLIT = {"GMKN", "TRNFP", "IRAO", "BELU", "VTBR"}
LIQUID = {
    "SBER",
    "GAZP",
    "LKOH",
    "ROSN",
    "NVTK",
    "TATN",
    "CHMF",
    "MGNT",
    "SNGS",
    "AFLT",
    "MOEX",
    "HYDR",
    "FEES",
}
PATH = "daily/1d_as_traded_2000_2024.parquet"


@pytest.fixture(autouse=True)
def lake(tmp_path, settings):
    settings.LAKE_URL = f"file://{tmp_path / 'lake'}"
    return lake_at(settings.LAKE_URL)


def write(table, timeframe, name, stamp):
    """Store the rows of each share; begins are naive Moscow wall clock."""
    for secid in pc.unique(table["secid"]).to_pylist():
        rows = table.filter(pc.equal(table["secid"], secid)).sort_by(stamp)
        figures = {
            name_: rows[name_].to_numpy().astype(np.float64) for name_ in ("open", "high", "low", "close")
        }
        columns = CandleColumns(
            begin_s=moscow_to_epoch_s(rows[stamp].to_numpy().astype("datetime64[s]")),
            **figures,
            volume_shares=rows["volume"].to_numpy().astype(np.float64),
            value_rub=np.full(rows.num_rows, np.nan),
        )
        candles_write(
            instrument_id=make.instrument(secid).id,
            timeframe=timeframe,
            columns=columns.take((columns.low > 0) & np.isfinite(columns.volume_shares)),
            origin=CandleOrigin(name=name, kind="file", priority=500),
        )


def load_daily(real_data):
    secids = {secid for secid, _ in UNEXPLAINED} | UNEXPLAINED_IN_2015 | SPLIT | LIQUID
    table = pq.read_table(
        real_data / PATH, filters=[("secid", "in", sorted(secids)), ("board", "==", "TQBR")]
    )
    write(table, Timeframe.D1, PATH, "date")


def load_splits(real_data, *, leave_out=()):
    with (real_data / "corporate" / "splits.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            instrument = Instrument.objects.filter(secid=row["secid"]).exclude(secid__in=leave_out).first()
            day = date.fromisoformat(row["date"])
            if instrument is not None and day < AS_OF.date():
                CorporateAction.objects.create(
                    instrument=instrument,
                    kind="split",
                    ex_date=day,
                    known_at=midnight(day),
                    shares_after_per_before=float(row["after"]) / float(row["before"]),
                    source="splits.csv",
                )


def looked_at(lake):
    """Return the whole report, and by check where and when something was found."""
    report = data_quality_run(as_of=AS_OF, now=AS_OF)
    figures = json.loads(lake.read(report.json_key))
    by_check = defaultdict(dict)
    for one in figures["findings"]:
        by_check[one["check"]][one["secid"], one["at"]] = one["text"]
    return figures, by_check


def test_the_unexplained_jumps_of_illiquid_names_are_found_and_the_splits_are_not(real_data, lake):
    load_daily(real_data)
    load_splits(real_data)
    figures, found = looked_at(lake)
    big = set(found["big_jump"])
    assert big >= UNEXPLAINED
    assert {secid for secid, at in big if at.startswith("2015")} == UNEXPLAINED_IN_2015
    assert {secid for secid, _ in big} == {secid for secid, _ in UNEXPLAINED} | UNEXPLAINED_IN_2015
    assert {one["secid"] for one in figures["series"] if one["verdict"] == "failed"} == {
        secid for secid, _ in big
    }
    # GAZP's fall of 30 % on 2022-06-30 (no dividend) was its own; that of 2022-02-24 was the market's.
    assert ("GAZP", "2022-06-30") in found["jump"]
    days = {at for secid, at in found["jump"] if secid in LIQUID}
    assert not days & {"2022-02-24", "2022-03-24", "2022-03-25"}
    causes = {(secid, cause) for secid, _, _, cause in figures["jumps"]["daily"]}
    assert ("SBER", "market move") in causes and {(secid, "split") for secid in SPLIT - {"IRAO"}} <= causes
    # The weeks of the closed market are nobody's fault, GMKN's pause before its split is its own.
    assert not any("2022-02-28" <= at < "2022-03-24" for _, at in found["missing_days"])
    assert "a split lies between" in found["missing_days"]["GMKN", "2024-04-02"]


def test_a_split_that_is_not_told_is_named(real_data, lake):
    load_daily(real_data)
    load_splits(real_data, leave_out={"TRNFP", "VTBR"})
    _, found = looked_at(lake)
    suspected = found["split_suspected"]
    assert "looks like a split 1:100" in suspected["TRNFP", "2024-02-21"]
    assert "looks like a split 5000:1" in suspected["VTBR", "2024-07-15"]
    assert not {"GMKN", "IRAO", "BELU"} & {secid for secid, _ in suspected}


def test_the_exchanges_halt_is_nobodys_gap(real_data, lake):
    """On 2024-02-13 the exchange stood still for over an hour, as it announced."""
    table = pq.read_table(
        real_data / "candles/1m_2024.parquet",
        filters=[
            ("secid", "in", ["SBER", "GAZP", "ROSN", "AFLT"]),
            ("begin", ">=", datetime(2024, 1, 22)),  # noqa: DTZ001  # naive as in the file
            ("begin", "<", datetime(2024, 2, 20)),  # noqa: DTZ001
        ],
    )
    write(table, Timeframe.M1, "candles/1m_2024.parquet", "begin")
    _, found = looked_at(lake)
    assert set(found["halt"]) == {("", "2024-02-13 00:00")}
    assert not found["session_gap"]
