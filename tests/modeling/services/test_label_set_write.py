"""Writing a label set: nothing that stands is touched, nothing is written twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from modeling.contracts import BarrierLabelSet
from modeling.selectors.label_sets import FILE, barrier_set_get, label_set_get, label_set_names
from modeling.services import label_set_write as module
from modeling.services.label_set_write import appended, label_set_write, next_name
from traderai.common.config import PACKAGED_DIR
from traderai.common.errors import ConflictError, InputError, InvariantError

PACKAGED = (PACKAGED_DIR / FILE).read_text(encoding="utf-8")
COMMENTS = ("found by a search", "training part: 2022 to 2023")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    return tmp_path / FILE


def found() -> BarrierLabelSet:
    swing = barrier_set_get(name="swing_v1")
    return replace(swing, take_profit=0.035, stop_loss=0.0185, horizons=("5d",))


def test_the_packaged_file_is_copied_first_and_stays_as_it_is_in_it(own: Path):
    written = label_set_write(found=found(), comments=COMMENTS)
    assert (written.name, written.path) == ("swing_v2", own)
    assert own.read_text(encoding="utf-8").startswith(PACKAGED.rstrip("\n") + "\n  # found by a search\n")
    assert (PACKAGED_DIR / FILE).read_text(encoding="utf-8") == PACKAGED
    assert label_set_get(name="swing_v2") == replace(found(), name="swing_v2", version=1)
    assert label_set_names()[-1] == "swing_v2"
    assert list(own.parent.iterdir()) == [own]  # nothing half-written is left


def test_an_own_file_is_kept_to_the_byte(own: Path):
    text = PACKAGED.replace("sets:\n", "sets:\n  # my own words\n") + "\n# the end\n"
    own.write_text(text, encoding="utf-8")
    label_set_write(found=found(), comments=COMMENTS)
    lines = own.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line in text.splitlines()][-2:] == ["", "# the end"]
    rest = list(lines)
    begin = rest.index("  # found by a search")
    end = rest.index("", begin)
    assert rest[:begin] + rest[end:] == text.splitlines()
    assert label_set_write(found=found(), comments=COMMENTS).name == "swing_v3"


def test_the_next_version_is_behind_all_that_there_are():
    assert next_name("intraday_v1", ["intraday_v1", "intraday_v2", "intraday_eod_v7"]) == "intraday_v3"
    assert next_name("mine", ["mine"]) == "mine_v2"
    assert next_name("a.b_v1", ["acb_v9", "a.b_v1"]) == "a.b_v2"


@pytest.mark.parametrize("where", [None, "", "missing"])
def test_without_an_own_directory_nothing_is_written(
    where: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if where is None:
        monkeypatch.delenv("TRADERAI_CONFIG_DIR", raising=False)
    else:
        monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path / where) if where else "")
    with pytest.raises(InputError, match="must be a directory of your own"):
        label_set_write(found=found(), comments=COMMENTS)
    assert not list(tmp_path.iterdir())


def test_a_name_that_stands_is_never_overwritten():
    entry = {"kind": "barrier"}
    with pytest.raises(ConflictError, match="never overwritten"):
        appended(PACKAGED, name="swing_v1", entry=entry, comments=COMMENTS)


@pytest.mark.parametrize(
    "text", ["common: {}\nkinds: {}\nsets: {swing_v1: {version: 1}}\n", "[]\n", "sets: {}\n"]
)
def test_a_file_that_cannot_be_added_to_is_refused(text: str):
    with pytest.raises(InputError, match="must be a block mapping"):
        appended(text, name="swing_v2", entry={}, comments=COMMENTS)


def test_sets_may_stand_before_other_keys():
    text = "sets:\n    one_v1:\n        horizons: {1d: [1d]}\n        cuts:\n        - 1\n        - 2  # last\n\n# kinds\nkinds: {}\n"
    got = appended(text, name="one_v2", entry={"horizons": {"1d": ["5d"]}, "x": 1}, comments=("why",))
    assert yaml.safe_load(got) == {
        "sets": {"one_v1": {"horizons": {"1d": ["1d"]}, "cuts": [1, 2]}, "one_v2": {"horizons": {"1d": ["5d"]}, "x": 1}},
        "kinds": {},
    }  # fmt: skip
    assert "2  # last\n    # why\n    one_v2:\n" in got


def test_a_file_that_somebody_changes_meanwhile_stays_his(own: Path, monkeypatch: pytest.MonkeyPatch):
    own.write_text(PACKAGED, encoding="utf-8")
    real = module.appended

    def slowly(text: str, **options: object) -> str:
        own.write_text(PACKAGED + "# changed\n", encoding="utf-8")
        return real(text, **options)

    monkeypatch.setattr(module, "appended", slowly)
    with pytest.raises(ConflictError, match="changed meanwhile"):
        label_set_write(found=found(), comments=COMMENTS)
    assert own.read_text(encoding="utf-8") == PACKAGED + "# changed\n"
    assert list(own.parent.iterdir()) == [own]


@pytest.mark.parametrize("had_own", [True, False])
def test_a_set_that_does_not_read_back_is_taken_away_again(
    had_own: bool, own: Path, monkeypatch: pytest.MonkeyPatch
):
    if had_own:
        own.write_text(PACKAGED, encoding="utf-8")
    monkeypatch.setattr(module, "_SEARCHED", ("take_profit",))  # forgets the stop
    with pytest.raises(InvariantError, match="must read back as it was found"):
        label_set_write(found=found(), comments=COMMENTS)
    assert own.is_file() == had_own
    assert not had_own or own.read_text(encoding="utf-8") == PACKAGED
