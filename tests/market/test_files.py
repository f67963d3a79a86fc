from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from market.contracts import Timeframe
from market.models import (
    Candle,
    CorporateAction,
    IngestionRun,
    Instrument,
    MacroValue,
    QuarantinedRow,
    TradingDay,
)
from market.selectors.bars import bars_load
from market.selectors.candles import candle_list
from market.services import ingest_files
from market.services.ingest import ingest_all, ingest_candles, ingest_instruments
from market.services.sources import source_open
from market.sources.candle_files import chunks_of
from market.sources.candle_rows import grouped
from market.sources.files import files_source
from tests.market import make
from traderai.common.errors import InputError

pytestmark = pytest.mark.django_db
NOW = make.moscow("2026-11-21")
ISO = "datetime,open,high,low,close,volume\n"
FINAM = "<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n"


def bring(folder, **options):
    return ingest_all(source=source_open(name="files", path=folder), now=NOW, **options)


def parts(report):
    return (
        report.rows_new + report.rows_changed + report.rows_unchanged + report.rows_outranked
        + report.rows_unclosed + report.rows_outside + report.rows_quarantined
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "finam_csv/SBER_10m_2021.csv",
            ISO + "2021-01-04 10:10:00,1,2,1,2,5\n2021-01-04 10:20:00,2,3,2,3,6\n",
        ),
        (
            "finam_csv/any.csv",
            FINAM + "SBER;10;20210104;101000;1;2;1;2;5\nSBER;10;20210104;102000;2;3;2;3;6\n",
        ),
        (
            "finam_csv/SBER/10m/2021.csv",
            "<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n20210104;101000;1;2;1;2;5\n20210104;102000;2;3;2;3;6\n",
        ),
    ],
)
def test_finam_stamps_are_bar_ends_in_every_header_style(tmp_path, name, text):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    bring(tmp_path, secids=["SBER"], timeframes=[Timeframe.M10])
    begins = [c.begin for c in candle_list(secid="SBER", timeframe=Timeframe.M10, as_of=NOW)]
    assert begins == [make.moscow("2021-01-04T10:00"), make.moscow("2021-01-04T10:10")]


def test_a_broken_row_goes_to_quarantine_and_its_neighbours_stay(tmp_path):
    (tmp_path / "SBER_1h.csv").write_text(
        ISO
        + "2021-01-04 10:00:00,1,2,1,2,5\n"
        + "2021-01-04 11:00:00,abc,2,1,2,5\n"
        + "not a time,1,2,1,2,5\n"
        + "2021-01-04 12:00:00,1,2,3,2,5\n"
        + "2021-01-04 13:00:00,1,2,1,2,-5\n"
        + "2021-01-04 13:30:00,1,2,1,2,5\n"
        + "2021-01-04 14:00:00,1,2\n"
        + "2021-01-04 15:00:00,1,2,1,2,5,9,9\n"
        + "2021-01-04 10:00:00,1,2,1,2,7\n"
        + "2021-01-04 16:00:00,1,2,1,2,5\n"
    )
    report = bring(tmp_path, secids=["SBER"])
    assert sorted(QuarantinedRow.objects.values_list("reason", flat=True)) == [
        "bad_number", "duplicate_in_page", "low_above_high", "time_off_grid", "too_few_cells", "too_many_cells",
        "unparseable_time", "volume_negative",
    ]  # fmt: skip
    assert Candle.objects.count() == 2
    assert report.rows_received == parts(report)
    kept = QuarantinedRow.objects.count()
    again = bring(tmp_path, secids=["SBER"])
    assert (again.rows_new, again.rows_changed) == (0, 0)
    assert again.rows_quarantined == report.rows_quarantined
    assert QuarantinedRow.objects.count() == kept


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("SBER_1h.parquet", b"PAR1 not really", "SBER_1h.parquet"),
        ("SBER_1h.csv", b"\xff\xfe\x00broken", "SBER_1h.csv"),
        ("SBER_1h.csv", b"a,b,c\n1,2,3\n", "rename them"),
    ],
)
def test_an_unreadable_file_is_named_with_a_remedy(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        bring(tmp_path, secids=["SBER"])
    assert Candle.objects.count() == 0
    assert "InputError" in IngestionRun.objects.get(kind="candles").error


def parquet(path, rows, **extra):
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ("secid", "timeframe", "begin", "open", "high", "low", "close", "volume")
    table = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    table["begin"] = [make.datetime.fromisoformat(text) for text in table["begin"]]
    pq.write_table(pa.table(table | extra), path)


def test_split_adjusted_prices_are_stored_as_traded_and_volume_is_left(tmp_path):
    rows = [
        ("GMKN", "1h", "2024-04-01 10:00", 151.2, 151.3, 151.1, 151.24, 10.0),
        ("GMKN", "1h", "2024-04-08 10:00", 152.5, 153.0, 152.0, 152.96, 1000.0),
    ]
    parquet(tmp_path / "candles" / "1h_blue_chips_x.parquet", rows)
    bring(tmp_path, secids=["GMKN"])
    stored = candle_list(secid="GMKN", timeframe=Timeframe.H1, as_of=NOW)
    assert [(c.close, c.volume_shares) for c in stored] == [(15124.0, 10.0), (152.96, 1000.0)]
    bars = bars_load(secid="GMKN", timeframe=Timeframe.H1, as_of=NOW)
    assert bars.close.tolist() == [15124.0, 15296.0]


def test_the_file_of_the_higher_priority_wins_and_a_second_run_changes_nothing(tmp_path):
    row = ("SBER", "10m", "2024-04-01 10:00", 300.0, 301.0, 299.0, 300.0, 10.0)
    parquet(tmp_path / "candles" / "10m_blue_chips_x.parquet", [row])
    parquet(tmp_path / "candles" / "10m_a_finam.parquet", [(*row[:6], 300.5, 11.0)])
    first = bring(tmp_path, secids=["SBER"], timeframes=[Timeframe.M10])
    # The files are read by their names: the lower one comes first and is overwritten.
    assert (first.rows_changed, first.rows_disagreeing, Candle.objects.get().close) == (1, 1, 300.0)
    again = bring(tmp_path, secids=["SBER"], timeframes=[Timeframe.M10])
    assert (again.rows_new, again.rows_changed) == (0, 0)


def boards(folder, **spans):
    (folder / "corporate").mkdir(exist_ok=True)
    content = {
        secid: {
            "canonical": secid, "aliases": [], "type": "share",
            "boards": [
                {"board": board, "history_from": first, "history_till": last, "is_primary": board == "TQBR"}
                for board, (first, last) in found.items()
            ],
        }
        for secid, found in spans.items()
    }  # fmt: skip
    (folder / "corporate" / "boards_and_aliases.json").write_text(json.dumps(content))


def daily(folder, rows, name="1d_as_traded_x"):
    """Rows of (secid, day, close, board)."""
    table = [(r[0], "1d", r[1], r[2], r[2], r[2], r[2], 10.0) for r in rows]
    parquet(folder / "daily" / f"{name}.parquet", table, board=[r[3] for r in rows])


def closes(secid, timeframe=Timeframe.D1):
    rows = candle_list(secid=secid, timeframe=timeframe, as_of=NOW)
    return {f"{row.begin.astimezone(make.MOSCOW):%Y-%m-%d}": row.close for row in rows}


def test_rows_of_another_board_than_the_days_main_one_are_left_out(tmp_path):
    boards(tmp_path, AAAA={"EQNE": ("2010-01-11", "2013-08-30"), "TQNE": ("2013-09-02", "2014-06-06"),
                           "TQBR": ("2014-06-09", "2026-06-30"), "SMAL": ("2010-01-11", "2026-06-30"),
                           "EQDP": ("2012-01-10", "2019-03-01")})  # fmt: skip
    daily(tmp_path, [
        ("AAAA", "2013-08-30", 1.0, "EQNE"), ("AAAA", "2013-09-02", 2.0, "TQNE"), ("AAAA", "2013-09-03", 3.0, "SMAL"),
        ("AAAA", "2013-09-04", 4.0, "EQNE"), ("AAAA", "2013-09-05", 5.0, "EQDP"), ("AAAA", "2014-06-09", 6.0, "TQBR"),
        ("AAAA", "2014-06-10", 7.0, "TQLV"),
    ])  # fmt: skip
    report = bring(tmp_path)
    assert closes("AAAA") == {"2013-08-30": 1.0, "2013-09-02": 2.0, "2014-06-09": 6.0}
    assert list(Candle.objects.order_by("begin").values_list("board", flat=True)) == ["EQNE", "TQNE", "TQBR"]
    account = next(one for one in report.by_file if one.place.startswith("daily/"))
    assert account.outside == {
        "odd_lots_board": 1, "not_on_main_board": 1, "dark_pool_board": 1, "board_not_recorded": 1,
    }  # fmt: skip


def test_a_ticker_change_makes_one_series_and_the_ticker_of_the_day_wins(tmp_path):
    boards(tmp_path, TCSG={"TQBR": ("2019-10-28", "2024-11-27")}, T={"TQBR": ("2024-11-28", "2026-06-30")})
    (tmp_path / "corporate" / "ticker_changes.csv").write_text("old,new,date\nTCSG,T,2024-11-28\n")
    days = ("2024-11-26", "2024-11-27", "2024-11-28", "2024-11-29")
    # T is carried back over TCSG's days with other figures; the day before is told of T alone.
    rows = [("T", day, 10.0 + at, "TQBR") for at, day in enumerate(days)] + [("TCSG", days[1], 99.0, "TQBR")]
    daily(tmp_path, rows)
    report = bring(tmp_path)
    assert closes("T") == {days[0]: 10.0, days[1]: 99.0, days[2]: 12.0, days[3]: 13.0}
    assert closes("TCSG") == closes("T")
    assert Instrument.objects.filter(secid__in=["T", "TCSG"]).count() == 1
    assert report.rows_outside >= 1
    again = bring(tmp_path)
    assert (again.rows_new, again.rows_changed) == (0, 0)


def test_a_bar_on_both_sides_of_a_split_is_refused(tmp_path):
    rows = [
        ("BELU", "1d", "2024-08-15", 4700.0, 4767.0, 4400.0, 4680.0, 10.0),
        ("BELU", "1d", "2024-08-22", 4223.0, 4223.0, 651.0, 714.0, 10.0),
        ("BELU", "1d", "2024-08-23", 713.0, 719.0, 652.0, 687.0, 10.0),
    ]
    boards(tmp_path, BELU={"TQBR": ("2014-06-09", "2026-06-30")})
    parquet(tmp_path / "daily" / "1d_as_traded_x.parquet", rows, board=["TQBR"] * 3)
    bring(tmp_path)
    assert closes("BELU") == {"2024-08-15": 4680.0, "2024-08-23": 687.0}
    assert QuarantinedRow.objects.get().reason == "on_both_sides_of_split"
    bars = bars_load(secid="BELU", timeframe=Timeframe.D1, as_of=NOW)
    assert abs(bars.close[1] / bars.close[0] - 1) < 0.4


def test_a_wrongly_declared_price_basis_is_refused(tmp_path):
    rows = [
        ("GMKN", "1h", "2024-04-01 10:00", 151.2, 151.3, 151.1, 151.24, 10.0),
        ("GMKN", "1h", "2024-04-08 10:00", 152.5, 153.0, 152.0, 152.96, 1000.0),
    ]
    parquet(tmp_path / "candles" / "any.parquet", rows)  # this rule says as traded, the prices say adjusted
    bring(tmp_path)
    assert Candle.objects.get().close == 152.96
    assert QuarantinedRow.objects.get().reason == "price_basis_contradicted"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # As ends: the bar until 10:10 and one until 23:50; as begins the last one would lie after the evening session.
        ("SBER_10m.csv", ISO + "2021-01-04 10:10:00,1,2,1,2,5\n2021-01-04 23:50:00,1,2,1,2,5\n"),
        # As begins: the opening auction; as ends the first one would lie before the session.
        ("finam_csv/SBER_10m.csv", ISO + "2021-01-04 09:50:00,1,2,1,2,5\n2021-01-04 10:00:00,1,2,1,2,5\n"),
    ],
)
def test_stamps_that_fit_the_sessions_worse_than_the_other_way_are_refused(tmp_path, name, text):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    with pytest.raises(InputError, match="bars outside the exchange's sessions, as bar"):
        bring(tmp_path, secids=["SBER"])
    assert not Candle.objects.exists()


def test_bars_outside_every_session_are_refused(tmp_path):
    begins = ["2019-01-04 10:00:00", "2019-01-04 12:00:00", "2019-01-04 20:00:00", "2021-01-04 20:00:00"]
    (tmp_path / "SBER_10m.csv").write_text(ISO + "".join(f"{begin},1,2,1,2,5\n" for begin in begins))
    bring(tmp_path, secids=["SBER"])
    # There was no evening session in 2019.
    row = QuarantinedRow.objects.get()
    assert (row.reason, row.raw["begin"]) == ("outside_sessions", "2019-01-04T20:00:00")
    assert Candle.objects.count() == 3


def test_bars_of_a_session_without_this_share_are_refused(tmp_path):
    boards(tmp_path, EUTR={"TQBR": ("2023-11-21", "2026-06-30")}, SBER={"TQBR": ("2014-06-09", "2026-06-30")})
    rows = [
        (secid, "1m", f"2024-01-03 {clock}", 1.0, 1.0, 1.0, 1.0, 1.0)
        for secid in ("EUTR", "SBER")
        for clock in ("10:00", "18:45", "19:30")
    ]
    parquet(tmp_path / "candles" / "1m_2024.parquet", rows, lot=[1.0] * 6)
    bring(tmp_path)
    row = QuarantinedRow.objects.get()
    assert (row.reason, row.raw["secid"], row.raw["begin"][11:]) == (
        "session_without_this_share",
        "EUTR",
        "19:30:00",
    )


def test_raw_lots_become_shares_only_where_the_lot_can_be_told(tmp_path):
    rows = [("ABIO", "5m", f"2023-08-17 10:{m:02}", 110.0, 111.0, 109.0, 110.0, None) for m in (0, 5, 10)]
    parquet(
        tmp_path / "candles" / "5m_tradestats_x.parquet", rows, volume_lots_raw=[20.0, 20.0, 20.0],
        pr_vwap=[110.0, 110.0, 110.0], value=[22_000.0, 2_200.0, 9_000.0], trades=[1.0] * 3, disb=[0.0] * 3,
        vol_b=[10.0] * 3, vol_s=[10.0] * 3,
    )  # fmt: skip
    boards(tmp_path, ABIO={"TQBR": ("2014-06-09", "2026-06-30")})
    report = bring(tmp_path)
    assert list(Candle.objects.order_by("begin").values_list("volume_shares", flat=True)) == [200.0, 20.0]
    account = next(one for one in report.by_file if one.kind == "candles")
    assert account.quarantined == {"bad_number": 1}


def test_saved_replies_of_iss_are_read_by_column_name(tmp_path):
    folder = tmp_path / "iss"
    folder.mkdir()
    candle = [247, 246.46, 247, 246.3, 478557580.6, 1940380, "2023-06-01 10:00:00", "2023-06-01 10:09:59"]
    names = ["open", "close", "high", "low", "value", "volume", "begin", "end"]
    reply = {"candles": {"columns": names, "data": [candle, [*candle[:6], "2023-06-01 25:00:00", ""]]}}
    (folder / "sber_candles_10m_2023.json").write_text(json.dumps(reply))
    names = ["BOARDID", "TRADEDATE", "SECID", "OPEN", "LOW", "HIGH", "CLOSE", "VOLUME", "VALUE"]
    data = [
        ["TQBR", "2023-06-01", "SBER", 141.6, 141.5, 143.2, 141.78, 10, 1400.0],
        ["TQBR", "2023-06-02", "SBER", None, None, None, None, 0, 0],
        ["SMAL", "2023-06-05", "SBER", 1.0, 1.0, 1.0, 1.0, 1, 1.0],
        ["TQBR", "2023-06-06", "SBER", 141.6, None, 143.2, 141.78, 10, 1400.0],
    ]
    (folder / "history_SBER.json").write_text(json.dumps({"history": {"columns": names, "data": data}}))
    bring(tmp_path, secids=["SBER"])
    assert closes("SBER") == {"2023-06-01": 141.78}
    assert closes("SBER", Timeframe.M10) == {"2023-06-01": 246.46}
    assert sorted(QuarantinedRow.objects.values_list("reason", flat=True)) == [
        "bad_number",
        "unparseable_time",
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sber_candles_10m_x.json", b"<html>"),
        ("sber_candles_10m_x.json", b'{"candles": {"columns": ["open"], "data": [[1, 2]]}}'),
        ("sber_candles_10m_x.json", b'{"candles": {"columns": ["open"], "data": [[1]]}}'),
        ("history_x.json", b'{"history": {"columns": ["SECID", "OPEN"], "data": []}}'),
        ("history_x.json", b"[]"),
        ("x_dividends.json", b'{"dividends": {}}'),
    ],
)
def test_a_broken_reply_is_named_with_a_remedy(tmp_path, name, content):
    (tmp_path / "iss").mkdir()
    (tmp_path / "iss" / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name}.*save it"):
        bring(tmp_path, secids=["SBER"])
    assert not Candle.objects.exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"begin": ["2021-01-04 10:00"]}, None),
        ({"begin": [make.moscow("2021-01-04T10:00")]}, "naive Moscow wall clock"),
        ({"begin": ["soon"]}, "wrong type"),
        ({"open": ["much"]}, "wrong type"),
        ({"timeframe": ["7m"]}, None),
        ({"secid": [None]}, None),
    ],
)
def test_columns_of_a_wrong_type_are_refused_and_bad_cells_quarantined(tmp_path, changed, message):
    row = {"secid": ["SBER"], "timeframe": ["1h"], "begin": [datetime(2021, 1, 4, 10)],  # noqa: DTZ001
           "open": [1.0], "high": [1.0], "low": [1.0], "close": [1.0], "volume": [1.0]}  # fmt: skip
    pq.write_table(pa.table(row | changed), tmp_path / "any.parquet")
    if message:
        with pytest.raises(InputError, match=message):
            bring(tmp_path)
        assert not Candle.objects.exists()
        return
    report = bring(tmp_path)
    assert report.rows_received == parts(report)
    refused = QuarantinedRow.objects.count()
    assert (Candle.objects.count(), refused) == ((1, 0) if "begin" in changed else (0, 1))


def test_rows_of_unknown_tickers_are_counted(tmp_path):
    rows = [
        (secid, "1h", "2021-01-04 10:00", 1.0, 1.0, 1.0, 1.0, 1.0) for secid in ("SBER", "GHOST", "GHOST2")
    ]
    parquet(tmp_path / "any.parquet", rows)
    report = bring(tmp_path)
    account = next(one for one in report.by_file if one.kind == "candles")
    assert (account.rows_new, account.outside) == (1, {"unknown_ticker": 2})
    assert report.rows_received == parts(report)


def test_indices_are_stored_without_volume_and_mark_no_trading_days(tmp_path):
    day = [datetime(2022, 1, 7).date(), datetime(2022, 1, 10).date()]  # noqa: DTZ001
    table = {"secid": ["IMOEX"] * 2, "date": day, "open": [1.0, 2.0], "high": [2.0, 3.0], "low": [1.0, 2.0],
             "close": [2.0, 3.0], "volume": pa.array([None, None], pa.float64())}  # fmt: skip
    (tmp_path / "indices").mkdir()
    pq.write_table(pa.table(table), tmp_path / "indices" / "imoex_1d_x.parquet")
    fund = table | {"secid": ["LQDT"] * 2, "volume": [5.0, None]}
    pq.write_table(pa.table(fund), tmp_path / "indices" / "rvi_1d_x.parquet")
    pq.write_table(
        pa.table({"secid": ["MCFTRR"], "date": day[:1], "close": [335.5]}),
        tmp_path / "indices" / "mcftrr_1d_x.parquet",
    )
    report = bring(tmp_path)
    assert closes("IMOEX") == {"2022-01-07": 2.0, "2022-01-10": 3.0}
    assert set(Candle.objects.filter(instrument__secid="IMOEX").values_list("board", "volume_shares")) == {
        ("SNDX", 0.0)
    }
    assert set(Candle.objects.filter(instrument__secid="LQDT").values_list("board", "volume_shares")) == {
        ("TQTF", 5.0)
    }
    assert QuarantinedRow.objects.get().reason == "bad_number"  # a fund is traded: its volume must be told
    assert not TradingDay.objects.exists()
    # A bar made of a close alone would claim a high and a low that nobody saw.
    assert not Candle.objects.filter(instrument__secid="MCFTRR").exists()
    assert MacroValue.objects.get(series__code="mcftrr").value == 335.5
    assert report.rows_received == parts(report)


SHARES = ("SBER", "GAZP")


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_files_in_any_order_give_the_same_table(data):
    """Synthetic files that overlap and contradict each other, told in two orders."""
    rows = st.tuples(st.sampled_from(SHARES), st.integers(0, 5), st.sampled_from([1.0, 2.0, 3.0]))
    held = data.draw(st.lists(st.lists(rows, min_size=1, max_size=8), min_size=2, max_size=4))
    names = [
        "candles/10m_blue_chips_a.parquet",
        "candles/10m_iss_b.parquet",
        "candles/c.parquet",
        "d.parquet",
    ]
    order = data.draw(st.permutations(range(len(held))))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, told in zip(names, held, strict=False):
            bars = [
                (secid, "10m", f"2024-03-0{1 + at // 3} 1{at % 3}:00", price, price, price, price, 1.0)
                for secid, at, price in told
            ]
            parquet(root / name, bars)
        tables = [table_after(files_source(root), chosen) for chosen in (range(len(held)), order)]
    assert tables[0] == tables[1]


def table_after(source, order):
    """Load the files one after another in an order, and return what is stored; the database is left as it was."""
    with transaction.atomic():
        ingest_instruments(source=source, secids=SHARES, now=NOW)
        for at in order:
            ingest_candles(source=replace(source, files=(source.files[at],)), now=NOW)
        bars = list(
            Candle.objects.order_by("instrument__secid", "timeframe_min", "begin").values_list(
                "instrument__secid", "timeframe_min", "begin", "board", "open", "high", "low", "close",
                "volume_shares", "value_rub", "source__name",
            )
        )  # fmt: skip
        days = list(TradingDay.objects.order_by("date").values_list("date", "trading_date"))
        transaction.set_rollback(True)
    return bars, days


def test_a_killed_run_that_is_run_again_ends_like_one_that_was_not(tmp_path, monkeypatch):
    rows = [(s, "1h", f"2024-04-0{d} 10:00", 1.0, 1.0, 1.0, 1.0, 1.0) for s in SHARES for d in (1, 2, 3)]
    parquet(tmp_path / "a.parquet", rows)
    parquet(tmp_path / "b.parquet", [(*row[:3], 2.0, 2.0, 2.0, 2.0, 1.0) for row in rows])
    write, writes = ingest_files.candle_page_write, []

    def dying(**arguments):
        writes.append(arguments["secid"])
        if len(writes) == 2:
            raise KeyboardInterrupt
        return write(**arguments)

    monkeypatch.setattr(ingest_files, "candle_page_write", dying)
    with pytest.raises(KeyboardInterrupt):
        bring(tmp_path)
    assert 0 < Candle.objects.count() < 6
    monkeypatch.setattr(ingest_files, "candle_page_write", write)
    bring(tmp_path)
    assert set(Candle.objects.values_list("close", "source__name")) == {(2.0, "b.parquet")}
    assert Candle.objects.count() == 6
    again = bring(tmp_path)
    assert (again.rows_new, again.rows_changed) == (0, 0)


def test_a_file_is_read_in_pieces_whatever_their_order(tmp_path):
    rows = [(s, "1h", f"2024-04-{d:02} 10:00", 1.0, 1.0, 1.0, 1.0, 1.0) for d in range(1, 29) for s in SHARES]
    parquet(tmp_path / "a.parquet", rows)
    table = pq.read_table(tmp_path / "a.parquet")
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=5)  # every series lies in every piece
    source = files_source(tmp_path)
    survey = source.survey(file=source.files[0])
    assert len(survey.chunks_with) == 12
    series = list(
        source.series(file=source.files[0], survey=survey, groups={"SBER": 1, "GAZP": 2}, rejected=[])
    )
    assert sorted((one.group, len(one)) for one in series) == [(1, 28), (2, 28)]
    # In the order of its tickers a file gives each series as soon as its last piece is read.
    pq.write_table(
        table.sort_by([("secid", "ascending"), ("begin", "ascending")]),
        tmp_path / "a.parquet",
        row_group_size=5,
    )
    survey = source.survey(file=source.files[0])
    read = []
    chunks = ((n, read.append(n) or c) for n, c in chunks_of(source.files[0]))
    first = next(grouped(chunks, groups={"SBER": 1, "GAZP": 2}, last_chunk=survey.last_chunk))
    assert (first.group, len(first), read[-1]) == (2, 28, 5)


def test_odd_lots_never_enter(tmp_path):
    row = ("SBER", "1d", "2024-04-01", 300.0, 301.0, 299.0, 300.0, 10.0)
    parquet(
        tmp_path / "daily" / "1d_as_traded_x.parquet", [row, (*row[:6], 299.5, 1.0)], board=["TQBR", "SMAL"]
    )
    report = bring(tmp_path, secids=["SBER"], timeframes=[Timeframe.D1])
    assert Candle.objects.get().close == 300.0
    assert report.rows_outside == 1


def test_since_and_until_cut_the_span(tmp_path):
    (tmp_path / "SBER_1h.csv").write_text(
        ISO + "".join(f"2021-01-0{day} 10:00:00,1,2,1,2,5\n" for day in range(4, 9))
    )
    report = bring(
        tmp_path, secids=["SBER"], since=make.moscow("2021-01-05"), until=make.moscow("2021-01-08")
    )
    assert Candle.objects.count() == 3
    assert report.rows_outside == 2


DIVIDENDS = "secid,registry_close,amount,currency,source,registry_close_source,split_adjusted_back_by\n"


def test_dividends_get_ex_dates_add_up_and_are_told_once(tmp_path):
    days = make.days_of("2024-06-10", 10)
    (tmp_path / "SBER_1h.csv").write_text(ISO + "".join(f"{day} 10:00:00,9,9,9,9,5\n" for day in days))
    corporate = tmp_path / "corporate"
    corporate.mkdir()
    (corporate / "dividends.csv").write_text(
        DIVIDENDS
        + "SBER,2024-06-18,10.0,RUB,moex_iss,,\n"
        + "SBER,2024-06-18,5.0,RUB,moex_iss,,\n"
        + "SBER,2024-06-18,15.01,RUB,skill_fill_yahoo,yahoo_ex_div,\n"
        + "SBER,2024-06-18,2.0,RUB,skill_fill_dohod,,\n"
        + "SBER,2024-06-19,1.0,USD,skill_fill_tbank,,\n"
        + "SBER,2014-06-19,1.0,RUB,moex_iss,,\n"
        + "SBER,2024-06-20,zero,RUB,moex_iss,,\n"
    )
    report = bring(tmp_path, secids=["SBER"])
    stored = (
        CorporateAction.objects.filter(kind="dividend")
        .order_by("source")
        .values_list("source", "amount_rub", "ex_date")
    )
    assert [(s, a, str(d)) for s, a, d in stored] == [
        ("moex_iss", 15.0, "2024-06-18"),
        ("skill_fill_dohod", 2.0, "2024-06-18"),
    ]
    reasons = sorted(QuarantinedRow.objects.values_list("reason", flat=True))
    assert reasons == ["bad_number", "currency_not_rub", "told_by_other_source"]
    assert report.rows_outside == 1
    assert report.rows_received == parts(report)
    assert bring(tmp_path, secids=["SBER"]).rows_changed == 0


def test_a_split_that_disagrees_is_refused(tmp_path):
    corporate = tmp_path / "corporate"
    corporate.mkdir()
    (tmp_path / "GMKN_1h.csv").write_text(ISO)
    bring(tmp_path, secids=["GMKN"])
    (corporate / "splits.csv").write_text(
        "secid,date,before,after,type,source\nGMKN,2024-04-08,1,10,x,moex_iss\n"
    )
    bring(tmp_path, secids=["GMKN"])
    assert CorporateAction.objects.get(kind="split").shares_after_per_before == 100.0
    assert QuarantinedRow.objects.get().reason == "split_disagrees"


def test_what_staff_edited_stays(tmp_path):
    (tmp_path / "SBER_1h.csv").write_text(ISO)
    bring(tmp_path, secids=["SBER"])
    Instrument.objects.update(sector="it", shortable=False, lot_size=7)
    bring(tmp_path, secids=["SBER"])
    kept = Instrument.objects.get()
    assert (kept.sector, kept.shortable, kept.lot_size) == ("it", False, 10)


def test_a_ticker_that_nobody_has_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "SBER_1h.csv").write_text(ISO + "2021-01-04 10:00:00,1,2,1,2,5\n")
    with pytest.raises(InputError, match=r"no instrument 'SBRE' .did you mean 'SBER'"):
        bring(tmp_path, secids=["SBER", "SBRE"])
    assert not Instrument.objects.exists() and not Candle.objects.exists()
    make.instrument("SBER")
    with pytest.raises(InputError, match="did you mean 'SBER'"):
        ingest_candles(source=source_open(name="files", path=tmp_path), secids=["SBRE"], now=NOW)
    assert not Candle.objects.exists()


def test_the_command_prints_its_account(tmp_path, capsys):
    (tmp_path / "SBER_1h.csv").write_text(ISO + "2021-01-04 10:00:00,1,2,1,2,5\n")
    call_command("ingest", "all", "--source", "files", "--path", str(tmp_path), "--secids", "sber")
    printed = capsys.readouterr().out
    assert "candles: SBER_1h.csv" in printed and "instruments: instruments" in printed
    with pytest.raises(CommandError, match="give --path DIR"):
        call_command("ingest", "all", "--source", "files")
    call_command("ensure_partitions")
    assert "nothing" in capsys.readouterr().out


def test_an_unknown_source_is_named():
    with pytest.raises(InputError, match="did you mean 'files'"):
        source_open(name="file")


def test_a_path_that_nobody_would_read_is_refused(tmp_path):
    with pytest.raises(CommandError, match="say --source files"):
        call_command("ingest", "all", "--path", str(tmp_path))


def test_the_command_refuses_a_ticker_that_nobody_has(tmp_path):
    (tmp_path / "SBER_1h.csv").write_text("secid,timeframe,begin,open,high,low,close,volume\n")
    with pytest.raises(CommandError, match="SBRE"):
        call_command("ingest", "candles", "--source", "files", "--path", str(tmp_path), "--secids", "SBRE")
