from __future__ import annotations

from datetime import date

import pytest

from market.sources.corporate_files import (
    announced_dividends_of,
    dividends_of,
    manual_splits,
    splits_merged,
    splits_of,
)
from market.sources.records import SplitRecord
from traderai.common.errors import InputError

SPLITS = "secid,date,before,after,type,source\n"
DIVIDENDS = "secid,registry_close,amount,currency,source,registry_close_source,split_adjusted_back_by\n"
ANNOUNCED = (
    ",Дата объявления дивиденда,Дата закрытия реестра,Год для учета дивиденда,Дивиденд,page_url,ticker\n"
)


def written(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def reasons(page):
    return [(row.place, row.reason) for row in page.rejected]


def test_splits_are_read_and_broken_ones_are_named(tmp_path):
    page = splits_of(
        written(
            tmp_path,
            SPLITS
            + "BELU,2024-08-20,1,8,bonus_issue,manual_bonus_issue\n"
            + "ROLO,2023-01-18,1,10,forward,moex_iss\n"
            + "AAAA,2024-07-15,0,1,reverse,moex_iss\n"
            + "AAAA,2024-13-15,1,2,reverse,moex_iss\n"
            + "AAAA,2024-07-15,1,0,reverse,moex_iss\n"
            + "AAAA,2024-07-15,1,inf,reverse,moex_iss\n",
        )
    )
    assert [(s.secid, s.ex_date, s.shares_after_per_before, s.source) for s in page.records] == [
        ("BELU", date(2024, 8, 22), 8.0, "manual"),  # as splits.yaml dates it
        ("ROLO", date(2023, 1, 18), 10.0, "moex_iss"),
    ]
    assert reasons(page) == [
        ("table.csv:4", "bad_number"),
        ("table.csv:5", "bad_number"),
        ("table.csv:6", "ratio_not_positive"),
        ("table.csv:7", "ratio_not_positive"),
    ]


def test_a_split_dated_otherwise_by_another_table_is_taken_once_from_the_earlier_table():
    def split(day, ratio, secid="BELU"):
        return SplitRecord(
            secid=secid, ex_date=date.fromisoformat(day), shares_after_per_before=ratio, source="x"
        )

    first = split("2024-08-22", 8.0)
    assert splits_merged([first], [split("2024-08-20", 8.0)]) == (first,)
    for other in (split("2024-08-20", 4.0), split("2024-09-20", 8.0), split("2024-08-20", 8.0, "GMKN")):
        assert splits_merged([first], [other]) == (first, other)
    ours = {s.secid: (s.ex_date.isoformat(), s.shares_after_per_before) for s in manual_splits()}
    assert ours["BELU"] == ("2024-08-22", 8.0)
    assert ours["IRAO"] == ("2015-01-20", 0.01)
    assert ours["PLZL"] == ("2025-03-27", 10.0)


def test_dividends_are_read_with_corrections_trust_and_turned_amounts(tmp_path):
    page = dividends_of(
        written(
            tmp_path,
            DIVIDENDS
            + "TATN,2024-07-04,25.17,RUB,moex_iss,,\n"
            + "GMKN,2008-05-26,112.00000000000001,RUB,skill_fill_tbank,tbank_reestr,100.0\n"
            + "SBER,2018-06-25,12.0,RUB,skill_fill_yahoo,yahoo_ex_div,\n"
            + "T,2018-06-15,0.24,USD,skill_fill_tbank,tbank_reestr,10.0\n"
            + "SBER,2018-06-25,12.0,RUB,a_forum,,\n"
            + "SBER,2018-06-25,-1,RUB,moex_iss,,\n"
            + "SBER,2018-06-25,nan,RUB,moex_iss,,\n"
            + "SBER,2018-06-35,12,RUB,moex_iss,,\n",
        )
    )
    tatn, gmkn, sber = page.records
    assert (tatn.registry_close, tatn.ex_date, tatn.amount_rub) == (date(2024, 7, 9), None, 25.17)
    assert (gmkn.amount_rub, gmkn.turned_back_by, tatn.turned_back_by) == (112.0, 100.0, None)
    assert (sber.registry_close, sber.ex_date, sber.place) == (None, date(2018, 6, 25), "table.csv:4")
    assert [reason for _, reason in reasons(page)] == [
        "currency_not_rub", "source_not_trusted", "amount_not_positive", "amount_not_positive", "bad_number",
    ]  # fmt: skip


def test_announcements_are_read_and_forecasts_refused(tmp_path):
    page = announced_dividends_of(
        written(
            tmp_path,
            ANNOUNCED
            + "0,,09.07.2025 (прогноз),,7.5,https://x,KZOS\n"
            + '1,24.05.2024,09.07.2024,2024.0,"6,22",https://x,KZOS\n'
            + "2,,10.09.2024,,31.06,https://x,CHMF\n"
            + "3,24.05.2024,soon,2024.0,1,https://x,KZOS\n"
            + "4,24.05.2024,09.07.2024,2024.0,0.0,https://x,KZOS\n",
        )
    )
    (record,) = page.records
    assert (record.secid, record.announced_on, record.registry_close, record.amount_rub) == (
        "KZOS",
        date(2024, 5, 24),
        date(2024, 7, 9),
        6.22,
    )
    assert [reason for _, reason in reasons(page)] == [
        "forecast", "announcement_missing", "bad_number", "amount_not_positive",
    ]  # fmt: skip


@pytest.mark.parametrize("read", [splits_of, dividends_of, announced_dividends_of])
def test_a_file_of_another_shape_is_named_with_a_remedy(tmp_path, read):
    with pytest.raises(InputError, match=r"must have the columns .* missing; rename"):
        read(written(tmp_path, "a,b\n1,2\n"))
    with pytest.raises(InputError, match="name an existing file"):
        read(tmp_path / "none.csv")
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        read(broken)


@pytest.mark.realdata
def test_the_real_tables_are_read_whole(real_data):
    splits = splits_of(real_data / "corporate" / "splits.csv")
    assert (len(splits.records), splits.rejected) == (8, ())
    dividends = dividends_of(real_data / "corporate" / "dividends.csv")
    assert len(dividends.records) + len(dividends.rejected) == 2_910
    assert {row.reason for row in dividends.rejected} == {"currency_not_rub"}
    sber = {
        (d.registry_close.year, d.amount_rub)
        for d in dividends.records
        if d.secid == "SBER" and d.source == "moex_iss"
    }
    assert sber == {(2019, 16.0), (2020, 18.7), (2021, 18.7), (2023, 25.0), (2024, 33.3)}
    announced = announced_dividends_of(real_data / "corporate" / "dividends_announced_dohod.csv")
    assert len(announced.records) == 1_760
    assert (
        sorted(row.reason for row in announced.rejected) == ["announcement_missing"] * 2 + ["forecast"] * 208
    )
