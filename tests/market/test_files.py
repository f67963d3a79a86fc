from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from market.contracts import Timeframe
from market.models import Candle, CorporateAction, IngestionRun, Instrument, QuarantinedRow
from market.selectors.bars import bars_load
from market.selectors.candles import candle_list
from market.services.ingest import ingest_all, ingest_candles
from market.services.sources import source_open
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
    with pytest.raises(InputError, match="no instrument 'SBRE' .did you mean 'SBER'"):
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


def test_the_command_refuses_a_ticker_that_nobody_has(tmp_path):
    (tmp_path / "SBER_1h.csv").write_text("secid,timeframe,begin,open,high,low,close,volume\n")
    with pytest.raises(CommandError, match="SBRE"):
        call_command("ingest", "candles", "--source", "files", "--path", str(tmp_path), "--secids", "SBRE")
