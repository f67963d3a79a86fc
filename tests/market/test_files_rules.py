"""Which rule reads which file, and the name by which a file is known."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from market.configs import FileRule, file_sources_config, universe_config
from market.contracts import Timeframe
from market.sources.file_rules import files_found, files_under, parts_match
from market.sources.files import files_source
from traderai.common.config import parse
from traderai.common.errors import InputError

CSV = "begin,open,high,low,close,volume\n"
RULES = (
    FileRule(glob="candles/1h_*.csv", readers=("candles",), timeframe="1h"),
    FileRule(glob="{secid}/{timeframe}/*.csv", readers=("candles",)),
    FileRule(glob="secret.bin", skipped="nobody may open it"),
    FileRule(glob="*.csv", readers=("candles",)),
)


def lay(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CSV)


def places(*paths):
    known, unknown = files_found(paths, RULES)
    return [file.place for file in known], [path.name for path in unknown]


def test_a_file_has_the_same_name_from_wherever_one_looks(tmp_path, monkeypatch):
    lay(tmp_path, "data/candles/1h_x.csv", "data/other/SBER_10m.csv")
    monkeypatch.chdir(tmp_path / "data")
    expected = "candles/1h_x.csv"
    for path in (tmp_path, tmp_path / "data", tmp_path / "data" / "candles", tmp_path / "data" / "candles" / "1h_x.csv",
                 ".", "../data/candles", "candles/*.csv", f"{tmp_path}/**/1h_*.csv"):  # fmt: skip
        assert expected in places(path)[0], path
    assert places(".", "candles", "candles/1h_x.csv") == ([expected, "SBER_10m.csv"], [])


def test_ticker_and_timeframe_come_from_the_path(tmp_path):
    lay(
        tmp_path,
        "GAZP/5m/2018.csv",
        "sber/10m/2018.csv",
        "VTBR_M30_2021.csv",
        "candles/1h_x.csv",
        "plain.csv",
    )
    known, _ = files_found([tmp_path], RULES)
    told = {file.place: (file.secid, file.timeframe) for file in known}
    assert told == {
        "GAZP/5m/2018.csv": ("GAZP", Timeframe.M5),
        "sber/10m/2018.csv": ("SBER", Timeframe.M10),
        "VTBR_M30_2021.csv": ("VTBR", Timeframe.M30),
        "candles/1h_x.csv": (None, Timeframe.H1),
        "plain.csv": (None, None),
    }


def test_two_files_of_one_name_are_refused_because_the_later_would_win(tmp_path):
    lay(tmp_path, "a/SBER_1h.csv", "b/SBER_1h.csv")
    with pytest.raises(InputError, match="would both be stored as SBER_1h"):
        files_found([tmp_path], RULES)


def test_what_has_no_rule_is_left_alone_and_named(tmp_path):
    lay(tmp_path, "SBER_1h.csv", "notes.txt", "secret.bin")
    assert places(tmp_path) == (["SBER_1h.csv", "secret.bin"], ["notes.txt"])
    skipped = files_source(tmp_path).skipped()
    assert set(skipped) == {"notes.txt", "secret.bin"}


@pytest.mark.parametrize("path", ["nowhere", "nowhere/*.csv"])
def test_a_path_that_names_nothing_is_refused(tmp_path, path):
    with pytest.raises(InputError, match="that matches some"):
        files_under([tmp_path / path])


def test_files_without_any_reader_are_refused(tmp_path):
    lay(tmp_path, "notes.txt")
    with pytest.raises(InputError, match="has a reader"):
        files_source(tmp_path)
    with pytest.raises(InputError, match="give --path"):
        files_source(None)


def test_a_pattern_is_held_against_the_last_parts():
    assert parts_match(PurePosixPath("/a/candles/x.csv"), "candles/*.csv") == {}
    assert parts_match(PurePosixPath("/a/candles/deep/x.csv"), "candles/*.csv") is None
    assert parts_match(PurePosixPath("x.csv"), "candles/*.csv") is None
    assert parts_match(PurePosixPath("/iss/sber_candles_10m_x.json"), "iss/{secid}_candles_{timeframe}_*.json") == {
        "secid": "sber", "timeframe": "10m",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"readers": ["candles"], "skipped": "x"}, "either readers or"),
        ({}, "either readers or"),
        ({"readers": ["candles"], "price_basis": "split_adjusted"}, "adjusted_through belongs to"),
        ({"readers": ["candles"], "priority": 1000}, "ISS has 1000"),
        ({"readers": ["candels"]}, "candels"),
        ({"readers": ["candles"], "adjusted_through": "soon", "price_basis": "split_adjusted"}, "soon"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(changed, message):
    with pytest.raises(InputError, match=message):
        parse({"glob": "*.csv"} | changed, FileRule, where="here")


def test_every_real_file_has_a_rule(real_data):
    known, unknown = files_found([real_data], file_sources_config().files)
    assert unknown == []
    assert {file.place for file in known if file.rule.skipped and not file.place.startswith("iss/history_day")} == {
        "README.md", "sealed.bin",
    }  # fmt: skip
    alone, _ = files_found([real_data / "candles"], file_sources_config().files)
    assert {file.place for file in alone} == {
        file.place for file in known if file.place.startswith("candles/")
    }


test_every_real_file_has_a_rule = pytest.mark.realdata(test_every_real_file_has_a_rule)


def test_universes_name_what_they_should():
    config = universe_config()
    assert set(config.secids("core")) == {
        "SBER",
        "GAZP",
        "LKOH",
        "GMKN",
        "ROSN",
        "NVTK",
        "TATN",
        "CHMF",
        "YDEX",
    }
    assert config.secids("all") == ()
    assert len(set(config.secids("liquid"))) == 40
    assert "YNDX" in config.secids("core_1h") and len(config.secids("core_1h")) == 15
    with pytest.raises(InputError, match="did you mean 'liquid'"):
        config.secids("liqid")
    assert "unexplained jump" in config.black_listed(timeframe="1d")["GAZT"]
    assert config.black_listed(timeframe="1h") == {}
