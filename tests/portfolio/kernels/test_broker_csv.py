"""Brokers' tables of trades, whole and broken."""

from __future__ import annotations

import contextlib
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.kernels.broker_csv import LAYOUTS, file_text, trades_parsed
from portfolio.kernels.csv_values import CellError, moment_of, number_of, side_of, whole_of

MOSCOW = ZoneInfo("Europe/Moscow")
OWN = "traded_at;secid;side;qty;qty_unit;price;commission;stop;signal_id;id\n"
# As T-Investments' report looks when its sheet is saved as CSV: titles above, names of columns broken over lines,
# another section behind.
T_REPORT = """ООО «Брокер»;;;;;;;;;;;;
"1.1 Информация о совершенных и исполненных сделках на конец отчетного периода";;;;;;;;;;;;
Номер сделки;Номер поручения;"Дата заклю-
чения";Время;Торговая площадка;Вид сделки;Сокращенное наименование актива;Код актива;"Цена за едини-
цу";Валюта цены;Количество;Комиссия брокера;Комиссия биржи
3001;1;01.03.2024;12:30:15;ММВБ;Покупка;Сбербанк;SBER;290,55;RUB;40;4,65;1,16
3002;2;01.03.2024;12:31:00;ММВБ;РЕПО 1 Покупка;Сбербанк;SBER;290,55;RUB;40;0;0
3003;3;04.03.2024;10:05:00;ММВБ;Продажа;Сбербанк;SBER;1 295,00;USD;40;4,65;
;;;;;;;;;;;;
2. Операции с денежными средствами;;;;;;;;;;10;;
Дата;;;;;Сумма;;Валюта;5;;7;;
"""
QUIK = """Номер\tДата торгов\tВремя\tКод инструмента\tОперация\tКол-во\tЦена\tКомиссия ТС
77\t20240301\t123015\tSBER\tКупля\t4\t290.55\t1.16
78\t01.03.2024\t12:31:00\tSBER\tПродажа\t4\t291,10\t
"""


def parsed(text: str, unit=None, max_rows: int = 100):
    return trades_parsed(text, unit=unit, max_rows=max_rows)


def test_our_own_columns():
    text = OWN + (
        "2024-03-01T12:30:00+03:00;SBER;buy;4;lots;290,55;4.65;285;7;a1\n"
        "2024-03-01 12:31;GAZP;SELL;10;shares;1 160.5;;;;\n"
    )
    told = parsed(text)
    assert told.layout == "own" and told.problems == ()
    first, second = told.rows
    assert (first.row, first.secid, first.side, first.qty, first.unit) == (2, "SBER", "BUY", 4, "lots")
    assert (first.price_rub, first.commission_rub, first.stop_rub, first.signal_id) == (
        290.55,
        4.65,
        285.0,
        7,
    )
    assert (second.unit, second.price_rub, second.commission_rub, second.number) == (
        "shares",
        1160.5,
        None,
        "",
    )
    assert second.traded_at == datetime(2024, 3, 1, 12, 31, tzinfo=MOSCOW)


def test_a_report_of_t_investments():
    told = parsed(T_REPORT)
    assert told.layout == "t_investments"
    (row,) = told.rows
    assert (row.row, row.number, row.secid, row.side, row.qty, row.unit) == (
        6,
        "3001",
        "SBER",
        "BUY",
        40,
        "shares",
    )
    assert row.commission_rub == pytest.approx(5.81), "the broker's and the exchange's"
    assert row.traded_at == datetime(2024, 3, 1, 12, 30, 15, tzinfo=MOSCOW)
    assert [(each.row, each.field, each.code) for each in told.problems] == [
        (7, "side", "not_a_trade"),
        (8, "currency", "not_rub"),
    ]


def test_quik_counts_in_lots():
    told = parsed(QUIK)
    assert told.layout == "quik" and [row.unit for row in told.rows] == ["lots", "lots"]
    first, second = told.rows
    assert (first.side, first.price_rub, first.commission_rub) == ("BUY", 290.55, 1.16)
    assert first.traded_at == datetime(2024, 3, 1, 12, 30, 15, tzinfo=MOSCOW)
    assert (second.side, second.price_rub, second.commission_rub) == ("SELL", 291.1, None)


def test_another_table_must_be_said_in_what_it_counts():
    text = (
        'Дата сделки,Тикер,Направление,Количество,Цена,Комиссия\n01.03.2024,SBER,Покупка,10,"290,5","1,2"\n'
    )
    with pytest.raises(ValueError, match="qty_unit must be given"):
        parsed(text)
    (row,) = parsed(text, unit="shares").rows
    assert (row.qty, row.price_rub, row.commission_rub) == (10, 290.5, 1.2)
    assert row.traded_at == datetime(2024, 3, 1, tzinfo=MOSCOW)


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_delimiters_and_encodings(delimiter, encoding):
    text = "Дата;Тикер;Операция;Количество;Цена\n01.03.2024;SBER;Продажа;10;290.5\n".replace(";", delimiter)
    (row,) = parsed(file_text(text.encode(encoding)), unit="shares").rows
    assert (row.side, row.price_rub) == ("SELL", 290.5)


@pytest.mark.parametrize(
    ("place", "cell", "field"),
    [
        (0, "soon", "traded_at"),
        (0, "2024-13-01", "traded_at"),
        (1, "", "secid"),
        (2, "hold", "side"),
        (3, "1.5", "qty"),
        (3, "many", "qty"),
        (4, "boxes", "qty_unit"),
        (5, "", "price"),
        (5, "nan", "price"),
        (6, "free", "commission"),
        (7, "low", "stop"),
        (8, "x", "signal_id"),
    ],
)
def test_a_broken_cell_is_told_by_row_and_field_and_the_others_are_kept(place, cell, field):
    good = ["2024-03-01T12:30", "SBER", "BUY", "4", "lots", "290.55", "4.65", "285", "7", "a1"]
    broken = [*good[:place], cell, *good[place + 1 :]]
    told = parsed(OWN + "\n".join(";".join(row) for row in (good, broken, good)) + "\n")
    assert [row.row for row in told.rows] == [2, 4]
    assert [(each.row, each.field) for each in told.problems] == [(3, field)]
    assert cell[:5] in told.problems[0].detail


def test_a_row_that_is_cut_off_is_told():
    told = parsed(OWN + "2024-03-01T12:30;SBER\n;;;;;;;;;\n")
    assert [(each.row, each.field) for each in told.problems] == [(2, "qty_unit")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 a sheet", "save the report as CSV"),
        (b"a\x00b", "text table"),
        ("a\x00b".encode("utf-16"), "text table"),
    ],
)
def test_what_is_no_text_is_refused(content, words):
    with pytest.raises(ValueError, match=words):
        file_text(content)


def test_what_is_no_table_of_trades_is_refused():
    with pytest.raises(ValueError, match="names of its columns"):
        parsed("hello\nworld\n")
    with pytest.raises(ValueError, match="at most 2 trades"):
        parsed(OWN + "x;SBER;BUY;1;lots;1\n" * 3, max_rows=2)
    with pytest.raises(ValueError, match="cannot be read"):
        parsed(OWN + '"' + "x" * 200_000)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 234,56", 1234.56), ("1\u00a0234.5", 1234.5), ("1,234.56", 1234.56), ("1.234,56", 1234.56), ("-7", -7.0),
     ("0,01", 0.01), ("10 ₽", 10.0), ("5.", 5.0)],
)  # fmt: skip
def test_numbers(text, value):
    assert number_of(text, "price") == value


@pytest.mark.parametrize("text", ["", "1e5", "inf", "nan", "1-2", "--1", "1.2.3", "٣", "9" * 30])
def test_no_numbers(text):
    with pytest.raises(CellError):
        number_of(text, "price")


def test_other_cells():
    assert whole_of("10,0", "qty") == 10 and side_of(" КУПЛЯ ", "side") == "BUY"
    assert moment_of("01.03.24", "12:30", "date") == datetime(2024, 3, 1, 12, 30, tzinfo=MOSCOW)
    with pytest.raises(CellError):
        moment_of("01.03.0024", "", "date")


@given(st.text(max_size=300), st.sampled_from([layout.name for layout in LAYOUTS]))
def test_nothing_but_a_value_error_comes_of_any_text(text, name):
    layout = next(each for each in LAYOUTS if each.name == name)
    header = ";".join(names[0] for names in (*layout.needed.values(), *layout.optional.values()))
    for whole in (text, header + "\n" + text):
        try:
            told = parsed(whole, unit="shares")
        except ValueError:
            continue
        assert all(row.row > 0 and row.secid for row in told.rows)


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(content):
    with contextlib.suppress(ValueError):
        assert isinstance(file_text(content), str)
