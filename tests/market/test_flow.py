from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import IntegrityError, transaction

from market.models import OrderBookStatistic, TradeStatistic
from market.selectors.flow import flow_load, order_book_load
from market.services.flow_write import flow_write, order_book_write
from market.services.ingest import ingest_flow
from market.sources.files import files_source
from market.sources.flow_files import order_book_statistics_of, trade_statistics_of
from market.sources.records import FlowRecord, OrderBookRecord, RecordPage
from tests.market import make
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError, NotFoundError

pytestmark = pytest.mark.django_db
START = make.moscow("2023-08-17T10:00")


def flow(at=0, buys=30.0, sells=10.0, source="tradestats", secid="TEST", **changed):
    record = FlowRecord(
        secid=secid, begin_at=START + timedelta(minutes=5 * at), trades=7, buy_volume_lots=buys,
        sell_volume_lots=sells, value_rub=4000.0, imbalance=(buys - sells) / (buys + sells), vwap_rub=100.0,
        source=source,
    )  # fmt: skip
    return replace(record, **changed)


def book(at=0, spread=2.0, source="obstats", **changed):
    record = OrderBookRecord(
        secid="TEST", begin_at=START + timedelta(minutes=5 * at), spread_best_bp=spread, spread_10_levels_bp=9.0,
        spread_1m_rub_bp=None, imbalance_best=-0.5, imbalance_book=0.25, source=source,
    )  # fmt: skip
    return replace(record, **changed)


def bring(*records):
    write = order_book_write if isinstance(records[0], OrderBookRecord) else flow_write
    report = write(page=RecordPage(place="x", records=records))
    return report.new, report.changed, report.unchanged, report.outside, [r.reason for r in report.rejected]


def parquet(tmp_path, **columns):
    path = tmp_path / "flow.parquet"
    pq.write_table(pa.table(columns), path)
    return path


ROW = {
    "secid": "ABIO", "begin": START.replace(tzinfo=None), "value": 4000.0, "trades": 7.0, "disb": 0.5,
    "pr_vwap": 100.0, "vol_b": 30.0, "vol_s": 10.0,
}  # fmt: skip


def test_order_flow_is_read_and_its_imbalance_checked(tmp_path):
    rows = [
        ROW, ROW | {"disb": -0.5}, ROW | {"disb": 0.56}, ROW | {"trades": 7.5}, ROW | {"trades": None},
        ROW | {"vol_s": -1.0}, ROW | {"pr_vwap": 0.0}, ROW | {"value": float("inf")}, ROW | {"secid": ""},
        ROW | {"begin": ROW["begin"] + timedelta(minutes=1)}, ROW | {"vol_b": 0.0, "vol_s": 0.0, "disb": 0.0},
    ]  # fmt: skip
    (page,) = trade_statistics_of(parquet(tmp_path, **{name: [row[name] for row in rows] for name in ROW}))
    assert page.records[0] == flow(secid="ABIO")
    assert [record.imbalance for record in page.records] == [0.5, None]
    assert [(row.place, row.reason) for row in page.rejected] == [
        (f"flow.parquet:{at}", reason)
        for at, reason in enumerate(
            [
                "imbalance_disagrees", "imbalance_disagrees", "trades_not_a_count", "trades_not_a_count",
                "volume_negative", "vwap_not_positive", "bad_number", "secid_missing", "time_off_grid",
            ],
            start=1,
        )
    ]  # fmt: skip


OBSTATS = (
    "tradedate", "tradetime", "secid", "spread_bbo", "spread_lv10", "spread_1mio", "levels_b",
    "imbalance_vol_bbo", "imbalance_vol",
)  # fmt: skip


def test_order_books_are_read_from_json_and_csv_alike(tmp_path):
    rows = [
        ["2023-08-17", "10:00:00", "TEST", 2.0, 9.0, None, 20, -0.5, 0.25],
        ["2023-08-17", "10:05:00", "TEST", -2.0, 9.0, None, 20, -0.5, 0.25],
        ["2023-08-17", "10:05:00", "TEST", 2.0, 9.0, None, 20, -1.5, 0.25],
        ["2023-08-17", "noon", "TEST", 2.0, 9.0, None, 20, -0.5, 0.25],
        ["2023-08-17", "10:05:00", "TEST", "wide", 9.0, None, 20, -0.5, 0.25],
    ]
    (tmp_path / "ob.json").write_text(json.dumps({"data": {"columns": OBSTATS, "data": rows}}))
    text = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in [OBSTATS, *rows])
    (tmp_path / "ob.csv").write_text(text)
    for name in ("ob.json", "ob.csv"):
        (page,) = order_book_statistics_of(tmp_path / name)
        assert page.records == (book(),)
        assert [row.reason for row in page.rejected] == [
            "spread_negative", "imbalance_out_of_range", "unparseable_time", "bad_number",
        ]  # fmt: skip


def test_a_row_cut_short_is_refused_and_not_stored_without_its_figures(tmp_path):
    whole = ["2023-08-17", "10:00:00", "TEST", 2.0, 9.0, None, 20, -0.5, 0.25]
    rows = [whole, whole[:3], [*whole, 1], 5]
    (tmp_path / "ob.json").write_text(json.dumps({"data": {"columns": OBSTATS, "data": rows}}))
    (page,) = order_book_statistics_of(tmp_path / "ob.json")
    assert page.records == (book(),)
    assert [row.reason for row in page.rejected] == ["row_of_other_width"] * 3
    text = "\n".join([",".join(OBSTATS), "2023-08-17,10:00:00,TEST"])
    (tmp_path / "ob.csv").write_text(text)
    (page,) = order_book_statistics_of(tmp_path / "ob.csv")
    assert (page.records, [row.reason for row in page.rejected]) == ((), ["row_of_other_width"])


def test_a_file_of_another_shape_is_named_with_a_remedy(tmp_path):
    with pytest.raises(InputError, match=r"vol_b, .*begin missing; rename"):
        list(trade_statistics_of(parquet(tmp_path, secid=["A"], trades=[1.0])))
    for name, content in (("x.json", "{}"), ("x.parquet", "PAR1"), ("x.json", "no")):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match="cannot be read"):
            list(order_book_statistics_of(tmp_path / name))


@pytest.mark.parametrize("make_record", [flow, book])
def test_records_are_written_once_and_overwritten_by_their_own_source_alone(make_record):
    make.instrument()
    first = make_record()
    own = {"value_rub": 1.0} if make_record is flow else {"imbalance_book": 0.0}
    later = make_record(source="zzz")
    assert bring(first, replace(first)) == (1, 0, 1, 0, [])
    assert bring(first) == (0, 0, 1, 0, [])
    assert bring(replace(first, **own), make_record(1)) == (1, 1, 0, 0, [])
    assert bring(replace(first, **own)) == (0, 0, 1, 0, [])
    assert bring(later) == (0, 1, 0, 0, [])
    assert bring(replace(first, **own)) == (0, 0, 0, 0, ["told_by_other_source"])
    assert bring(later) == (0, 0, 1, 0, [])
    assert bring(first, replace(first, **own)) == (0, 0, 1, 0, ["told_twice_differently"])
    assert bring(replace(first, secid="NONE")) == (0, 0, 0, 1, [])


def test_a_span_is_shown_when_it_has_ended():
    make.instrument()
    bring(*[flow(at, buys=10.0 + at) for at in range(6)], flow(6, imbalance=None, vwap_rub=None))
    bring(book(0), book(1, spread=None))
    whole = flow_load(secid="TEST", as_of=make.moscow("2024-01-01"))
    assert whole.begin_s.tolist() == [to_epoch_s(START) + 300 * at for at in range(7)]
    assert whole.trades.tolist() == [7.0] * 7
    assert np.isnan(whole.imbalance).tolist() == [False] * 6 + [True]
    for minutes, count in ((4, 0), (5, 1), (9, 1), (10, 2), (60, 7)):
        cut = flow_load(secid="TEST", as_of=START + timedelta(minutes=minutes))
        assert cut.begin_s.size == count
        for name in ("begin_s", "buy_volume_lots", "sell_volume_lots", "value_rub", "imbalance", "vwap_rub"):
            assert np.array_equal(getattr(cut, name), getattr(whole, name)[:count], equal_nan=True)
    late = flow_load(secid="TEST", as_of=make.moscow("2024-01-01"), since=START + timedelta(minutes=20))
    assert late.begin_s.size == 3
    books = order_book_load(secid="TEST", as_of=START + timedelta(minutes=10))
    assert books.imbalance_best.tolist() == [-0.5, -0.5]
    assert np.isnan(books.spread_best_bp).tolist() == [False, True]
    assert order_book_load(secid="TEST", as_of=START).begin_s.size == 0
    with pytest.raises(NotFoundError):
        flow_load(secid="NONE", as_of=START)


@pytest.mark.parametrize(
    ("model", "values", "constraint"),
    [
        (TradeStatistic, {"trades": 1, "imbalance": 1.01}, "market_tradestatistic_imbalance_range"),
        (TradeStatistic, {"trades": 1, "imbalance": -1.01}, "market_tradestatistic_imbalance_range"),
        (TradeStatistic, {"trades": 1, "vwap_rub": 0.0}, "market_tradestatistic_vwap_positive"),
        (TradeStatistic, {"trades": -1}, "trades"),
        (OrderBookStatistic, {"imbalance_best": 1.01}, "market_orderbookstatistic_imbalance_range"),
        (OrderBookStatistic, {"imbalance_book": -1.01}, "market_orderbookstatistic_imbalance_range"),
        (OrderBookStatistic, {"spread_best_bp": -0.1}, "market_orderbookstatistic_spread_not_negative"),
    ],
)
def test_the_tables_refuse_what_makes_no_sense(model, values, constraint):
    facts = make.instrument()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model.objects.create(instrument_id=facts.id, begin=START, source="t", **values)


@pytest.mark.realdata
def test_the_real_order_flow_loads_and_agrees_with_the_exchange_s_imbalance(real_data):
    path = real_data / "candles" / "5m_tradestats_2022_2023.parquet"
    for secid in ("ABIO", "ELFV", "WUSH"):
        make.instrument(secid)
    pages = list(trade_statistics_of(path))
    first = [flow_write(page=page) for page in pages]
    assert [row for page in pages for row in page.rejected] == []  # our imbalance is the exchange's, rounded
    assert sum(report.new for report in first) == 52_815
    second = [flow_write(page=page) for page in pages]
    assert sum(report.new + report.changed for report in second) == 0
    stored = flow_load(secid="ABIO", as_of=make.moscow("2024-01-01"))
    told = pl.read_parquet(path).filter(pl.col("secid") == "ABIO").sort("begin")
    assert stored.begin_s.size == told.height
    assert stored.imbalance[0] == pytest.approx((1301 - 774) / (1301 + 774))
    assert stored.value_rub.sum() == pytest.approx(told["value"].sum())
    assert (stored.vwap_rub > 0).all()


def test_files_of_order_books_are_found_by_their_names_and_stored(tmp_path):
    make.instrument()
    folder = tmp_path / "algopack"
    folder.mkdir()
    rows = [["2023-08-17", f"10:0{5 * at}:00", "TEST", 2.0, 9.0, None, 20, -0.5, 0.25] for at in range(2)]
    bad = ["2023-08-17", "10:10:00", "TEST", -2.0, 9.0, None, 20, -0.5, 0.25]
    (folder / "obstats_2023-08-17.json").write_text(
        json.dumps({"data": {"columns": OBSTATS, "data": [*rows, bad]}})
    )
    source = files_source([tmp_path])
    for new in (2, 0):
        report = ingest_flow(source=source, now=START + timedelta(days=1))
        assert (report.rows_received, report.rows_new, report.rows_quarantined) == (3, new, 1)
        assert report.rows_unchanged == 2 - new
    books = order_book_load(secid="TEST", as_of=START + timedelta(hours=1))
    assert books.spread_best_bp.tolist() == [2.0, 2.0]
    assert source.skipped() == {}
