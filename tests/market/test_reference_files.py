"""Reading reference data: small files by hand, the real folder by known facts."""

from __future__ import annotations

import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from market.configs import file_sources_config
from market.industries_config import IndustriesConfig, industries_config
from market.sources.reference_files import (
    boards_of,
    described_secids,
    index_weights_of,
    lots_of,
    read_instruments,
    sectors_of,
    ticker_changes_of,
)
from traderai.common.config import parse
from traderai.common.errors import InputError

D = date.fromisoformat
LISTED = {
    "NEW": {
        "canonical": "Новая ао", "aliases": ["Новая ПАО ао", "New PJSC ao"], "type": "share",
        "boards": [
            {"board": "TQBR", "history_from": "2024-11-28", "history_till": "2026-06-30", "is_primary": True},
            {"board": "EQBR", "history_from": "2011-01-11", "history_till": "2013-08-30", "is_primary": False},
        ],
        "history": [
            {"prev_ticker": "OLD", "renamed": "2024-11-27", "source": "iss_changeover"},
            {"prev_ticker": "ELDER", "renamed": "2011-11-21", "source": "iss_changeover"},
        ],
    },
    "GONEP": {
        "canonical": "Ушла-п", "delisted_after": "2015-03-02", "type": "share",
        "boards": [
            {"board": "TQNE", "history_from": "2014-01-09", "history_till": "2015-03-02", "is_primary": True}
        ],
    },
    "BARE": {"canonical": "Голая", "type": "share"},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "corporate").mkdir()
    (tmp_path / "iss" / "securities").mkdir(parents=True)
    path = tmp_path / "corporate" / "boards_and_aliases.json"
    path.write_text(json.dumps(LISTED), encoding="utf-8")
    (tmp_path / "corporate" / "sectors.csv").write_text(
        "ticker,sector\nNEW,Нефть и газ\nGONEP,IT\nBARE,Магия\n,IT\n", encoding="utf-8"
    )
    description = {
        "description": {
            "columns": ["name", "title", "value"],
            "data": [
                ["SECID", "", "NEW"], ["SHORTNAME", "", "Новая"], ["LATNAME", "", "New"],
                ["ISIN", "", "RU000A000001"], ["TYPE", "", "common_share"], ["LISTLEVEL", "", "2"],
                ["ISSUESIZE", "", "1000"],
            ],
        }
    }  # fmt: skip
    (tmp_path / "iss" / "securities" / "NEW.json").write_text(json.dumps(description), encoding="utf-8")
    return tmp_path


def test_instruments_from_what_tells_of_them(folder):
    page = read_instruments(folder, file_sources_config(), ["NEW", "GONEP", "BARE", "SBER", "NOBODY"])
    found = {record.secid: record for record in page.records}
    assert set(found) == {"NEW", "GONEP", "BARE", "SBER"}
    new, gone, bare, ours = (found[secid] for secid in ("NEW", "GONEP", "BARE", "SBER"))
    assert (new.name_ru, new.name_en, new.isin, new.list_level) == ("Новая", "New", "RU000A000001", 2)
    assert (new.sector, new.kind, new.board, new.active) == ("oil_gas", "share", "TQBR", True)
    assert (new.first_traded_on, new.terms_told) == (D("2011-01-11"), False)
    assert (gone.kind, gone.active, gone.delisted_on) == ("preferred", False, D("2015-03-02"))
    assert (gone.name_en, gone.board, gone.sector) == ("GONEP", "TQNE", "it")
    assert (bare.first_traded_on, bare.board, bare.sector) == (None, "TQBR", "")
    assert (ours.lot_size, ours.terms_told, ours.name_ru, ours.industry) == (10, True, "Сбербанк", "banks")
    assert [(row.reason, row.raw.get("secid") or row.raw.get("ticker")) for row in page.rejected] == [
        ("unknown_sector", "BARE"), ("bad_row", ""), ("unknown_ticker", "NOBODY"),
    ]  # fmt: skip
    assert {"NEW", "GONEP", "BARE", "SBER"} <= set(described_secids(folder, file_sources_config()))


@pytest.mark.parametrize(
    ("secid", "industry"),
    [("SBER", "banks"), ("SBERP", "banks"), ("TRNFP", "pipelines"), ("MRKP", "grids"), ("NONEP", ""), ("YDEX", "internet")],
)  # fmt: skip
def test_industries(secid, industry):
    assert industries_config().industry_of(secid) == industry


def test_industries_that_cannot_be_are_refused():
    names = {"oil": {"ru": "Нефть", "en": "Oil"}, "gas": {"ru": "Газ", "en": "Gas"}}
    for shares, message in (
        ({"gold": ["A"]}, "must be one of the industries"),
        ({"oil": ["A"], "gas": ["A"]}, "a ticker has one industry, A"),
    ):
        with pytest.raises(InputError, match=message):
            parse({"industries": names, "shares": shares}, IndustriesConfig, where="t")


@pytest.mark.parametrize(
    ("secid", "names", "kind"),
    [
        ("SBERP", ["Сбербанк-п", "Сбербанк России ПАО ап"], "preferred"),
        ("MRKP", ["РСетиЦП ао"], "share"),
        ("MRKP-001D", ["МРСКЦП001", "МРСК Центр. и Приволж. ао 001D"], "share"),
        ("KUST", ["КубанСт ап", '"Кубанская степь" ОАО ап'], "preferred"),
        ("KROTP", ["КрасОкт-1п", "KrasnyiOctabr-1(pr)"], "preferred"),
        ("PRSB", ["ВТБ СевЗап"], "share"),
        ("TUMAP", ['АО "Туламашзавод"'], "preferred"),
        ("TRNFP", ["Транснф ап", "Transneft (pref)"], "preferred"),
    ],
)
def test_preferred_shares_by_their_names(tmp_path, secid, names, kind):
    (tmp_path / "corporate").mkdir()
    listed = {secid: {"canonical": names[0], "aliases": names[1:]}}
    path = tmp_path / "corporate" / "boards_and_aliases.json"
    path.write_text(json.dumps(listed), encoding="utf-8")
    (record,) = read_instruments(tmp_path, file_sources_config(), [secid]).records
    assert record.kind == kind


def test_changes_from_both_files(folder):
    page = ticker_changes_of(folder / "corporate" / "boards_and_aliases.json")
    assert [(one.old_secid, one.new_secid, one.changed_on, one.source) for one in page.records] == [
        # The board of the new ticker begins the day after the day told: that is the first day under it.
        ("OLD", "NEW", D("2024-11-28"), "iss_changeover"),
        ("ELDER", "NEW", D("2011-11-21"), "iss_changeover"),
    ]
    table = folder / "ticker_changes.csv"
    table.write_text("old,new,date\nOLD,NEW,2024-11-28\nA,,2024-01-09\nA,B,yesterday\n", encoding="utf-8")
    page = ticker_changes_of(table)
    assert [one.changed_on for one in page.records] == [D("2024-11-28")]
    assert [row.place for row in page.rejected] == ["ticker_changes.csv:3", "ticker_changes.csv:4"]


def test_boards(folder):
    path = folder / "corporate" / "boards_and_aliases.json"
    page = boards_of(path)
    spans = {
        (one.secid, one.board): (one.traded_from, one.traded_till, one.is_primary) for one in page.records
    }
    assert spans == {
        ("NEW", "TQBR"): (D("2024-11-28"), None, True),  # still traded when the file was made
        ("NEW", "EQBR"): (D("2011-01-11"), D("2013-08-30"), False),
        ("GONEP", "TQNE"): (D("2014-01-09"), D("2015-03-02"), True),
    }
    bad = {
        "A": {"boards": [
            {"board": "TQBR", "history_from": "2015-01-09", "history_till": "2014-01-09", "is_primary": True},
            {"board": "TQBR", "history_till": "2014-01-09", "is_primary": True},
            {"board": "TQBR", "history_from": "soon", "history_till": "never", "is_primary": True},
            "nonsense",
        ], "delisted_after": "once", "history": [{"renamed": "2014-01-09"}, 7]},
    }  # fmt: skip
    path.write_text(json.dumps(bad), encoding="utf-8")
    assert [row.reason for row in boards_of(path).rejected] == ["bad_row"] * 4
    assert [row.reason for row in ticker_changes_of(path).rejected] == ["bad_row"] * 2
    (record,) = read_instruments(folder, file_sources_config(), ["A"]).records
    assert (record.active, record.delisted_on, record.first_traded_on) == (True, None, D("2015-01-09"))


def test_sectors(folder):
    page = sectors_of(folder / "corporate" / "sectors.csv")
    assert [(one.secid, one.sector) for one in page.records] == [("NEW", "oil_gas"), ("GONEP", "it")]
    assert [row.reason for row in page.rejected] == ["unknown_sector", "bad_row"]


def test_weights(tmp_path):
    path = tmp_path / "analytics_IMOEX.json"
    columns = ["indexid", "tradedate", "ticker", "secids", "weight", "new_column"]
    rows = [["IMOEX", "2023-06-01", "A", "A", 0.42, 1], ["IMOEX", "2023-06-01", "B", None, 1.0, 1]]
    path.write_text(json.dumps({"analytics": {"columns": columns, "data": rows}}), encoding="utf-8")
    page = index_weights_of(path)
    assert [(one.index_secid, one.secid, one.day, one.weight_pct) for one in page.records] == [
        ("IMOEX", "A", D("2023-06-01"), 0.42)
    ]
    assert [row.reason for row in page.rejected] == ["bad_row"]


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (index_weights_of, "<html>"),
        (index_weights_of, '{"analytics": {"columns": ["a"], "data": []}}'),
        (index_weights_of, '{"analytics": []}'),
        (boards_of, "[1, 2]"),
        (boards_of, "{"),
        (lots_of, "no parquet"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path, reader, text):
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"broken\.json"):
        reader(path)


def test_lots_from_the_days_on_which_they_change(tmp_path):
    from datetime import datetime

    rows = [
        ("A", "2024-01-03", 10.0), ("A", "2024-01-03", 10.0), ("A", "2024-01-04", 10.0), ("A", "2024-07-15", 1.0),
        ("B", "2024-01-03", None), ("B", "2024-01-04", 100.0), ("C", "2024-01-03", 1.0), ("C", "2024-01-03", 2.0),
        ("C", "2024-01-04", 0.5),
    ]  # fmt: skip
    table = pa.table(
        {
            "secid": [row[0] for row in rows],
            "begin": pa.array(
                [datetime.fromisoformat(f"{row[1]}T10:00") for row in rows], pa.timestamp("us")
            ),
            "lot": [row[2] for row in rows],
        }
    )
    path = tmp_path / "lots.parquet"
    pq.write_table(table, path)
    page = lots_of(path)
    assert [(one.secid, one.valid_from, one.lot_size) for one in page.records] == [
        ("A", D("2024-01-03"), 10), ("A", D("2024-07-15"), 1), ("B", D("2024-01-04"), 100),
    ]  # fmt: skip
    assert [(row.reason, row.raw["secid"]) for row in page.rejected] == [("lot_unclear", "C")] * 2
    pq.write_table(table.drop_columns(["lot"]), path)
    with pytest.raises(InputError, match="secid, begin and lot"):
        lots_of(path)


@pytest.mark.realdata
def test_the_real_folder(real_data):
    secids = described_secids(real_data, file_sources_config())
    daily = set(
        pq.read_table(real_data / "daily/1d_as_traded_2000_2024.parquet", columns=["secid"])[0].to_pylist()
    )
    assert len(daily) == 1012
    assert daily <= set(secids)
    page = read_instruments(real_data, file_sources_config(), secids)
    found = {record.secid: record for record in page.records}
    assert not page.rejected
    assert set(found) == set(secids)
    assert (found["SBER"].isin, found["SBER"].list_level) == ("RU0009029540", 1)
    assert {
        found[secid].kind for secid in ("SBERP", "SNGSP", "TATNP", "TRNFP", "BANEP", "RTKMP", "MTLRP")
    } == {"preferred"}
    assert {found[secid].kind for secid in ("SBER", "MRKP", "SVAP" if "SVAP" in found else "GAZP")} == {
        "share"
    }
    assert found["RSTI"].delisted_on == D("2022-12-30")
    assert not found["RSTI"].active
    changes = {
        (one.old_secid, one.new_secid): one.changed_on
        for name in ("boards_and_aliases.json", "ticker_changes.csv")
        for one in ticker_changes_of(real_data / "corporate" / name).records
    }
    assert changes["TCSG", "T"] == D("2024-11-28")
    assert changes["YNDX", "YDEX"] == D("2024-07-24")
    assert changes["MAIL", "VKCO"] == D("2021-12-14")
    assert changes["ISKJ", "ABIO"] == D("2023-08-18")
    lots = lots_of(real_data / "candles" / "1m_2024.parquet")
    assert [(one.valid_from, one.lot_size) for one in lots.records if one.secid == "VTBR"] == [
        (D("2024-01-03"), 10_000), (D("2024-07-15"), 1),
    ]  # fmt: skip
    assert not lots.rejected
    weights = index_weights_of(real_data / "iss" / "analytics_IMOEX_2023-06-01.json")
    assert len(weights.records) == 40
    assert sum(one.weight_pct for one in weights.records) == pytest.approx(100.0, abs=0.5)
    assert not sectors_of(real_data / "corporate" / "sectors.csv").rejected
