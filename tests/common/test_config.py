from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traderai.common import config
from traderai.common.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Inner:
    name: str
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Outer:
    timeframe: str
    kind: Literal["long", "short"]
    parts: tuple[Inner, ...]
    pair: tuple[int, int] = (1, 2)
    limits: dict[str, float] | None = None
    active: bool = True
    anything: Any = None

    def __post_init__(self) -> None:
        if self.pair[0] > self.pair[1]:
            raise ValueError(f"pair must rise, was {self.pair}")


GOOD = {"timeframe": "1h", "kind": "long", "parts": [{"name": "a", "weight": 2}], "limits": {"x": 1}}


def test_a_good_file_becomes_a_dataclass():
    assert config.parse(GOOD, Outer, where="f") == Outer(
        timeframe="1h", kind="long", parts=(Inner(name="a", weight=2.0),), limits={"x": 1.0}
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"timefrane": "1h"}, "unknown key 'timefrane' (did you mean 'timeframe'?)"),
        ({"kind": "lonk"}, "must be one of long, short, was 'lonk' (did you mean 'long'?)"),
        ({"timeframe": 5}, "f: timeframe: must be str, was 5"),
        ({"timeframe": None}, "f: timeframe: must be str, was None"),
        ({"parts": [{"name": "a", "weight": "heavy"}]}, "f: parts[0]: weight: must be float, was 'heavy'"),
        ({"parts": {"name": "a"}}, "f: parts: must be list"),
        ({"parts": [{"weight": 1}]}, "f: parts[0]: the key 'name' is missing"),
        ({"pair": [1, 2, 3]}, "f: pair: must hold 2 values, was 3"),
        ({"pair": [True, 2]}, "must be int, was True"),
        ({"pair": [1.5, 2]}, "must be int, was 1.5"),
        ({"pair": [2, 1]}, "pair must rise, was (2, 1)"),
        ({"limits": {"x": "y"}}, "f: limits: x: must be float, was 'y'"),
        ({"active": "yes"}, "f: active: must be bool, was 'yes'"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(change, said):
    with pytest.raises(InputError) as caught:
        config.parse(GOOD | change, Outer, where="f")
    assert said in caught.value.detail


def test_a_missing_key_is_named():
    with pytest.raises(InputError, match="the key 'kind' is missing"):
        config.parse({"timeframe": "1h", "parts": []}, Outer, where="f")


def test_the_operators_file_replaces_the_packaged_one(tmp_path, monkeypatch):
    packaged = config.config_path("schedule.yaml")
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    assert config.config_path("schedule.yaml") == packaged
    (tmp_path / "schedule.yaml").write_text("schedules: []\n")
    assert config.load_yaml("schedule.yaml") == {"schedules": []}


def test_an_unknown_file_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match=r"did you mean 'schedule\.yaml'"):
        config.load_yaml("shedule.yaml")


@pytest.mark.parametrize(
    ("text", "said"), [("a: [1", "not valid YAML"), ("- 1\n", "must be a mapping, was list")]
)
def test_a_broken_file_is_refused(tmp_path, monkeypatch, text, said):
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    (tmp_path / "policy.yaml").write_text(text)
    with pytest.raises(InputError, match=said):
        config.load_yaml("policy.yaml")


def test_a_file_is_checked_again_only_when_it_has_changed(tmp_path, monkeypatch):
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    (tmp_path / "policy.yaml").write_text("name: a\n")
    first = config.load_config("policy.yaml", Inner)
    assert config.load_config("policy.yaml", Inner) is first
    (tmp_path / "policy.yaml").write_text("name: longer\n")
    assert config.load_config("policy.yaml", Inner) == Inner(name="longer")
    (tmp_path / "policy.yaml").write_text("weight: 2\n")
    for _ in range(2):  # what is wrong is said each time
        with pytest.raises(InputError, match="the key 'name' is missing"):
            config.load_config("policy.yaml", Inner)


def test_yaml_cannot_run_code(tmp_path, monkeypatch):
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    (tmp_path / "policy.yaml").write_text("a: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(InputError, match="not valid YAML"):
        config.load_yaml("policy.yaml")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), plain, max_size=5))
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(content):
    turned = dict(reversed(content.items()))
    assert config.fingerprint(content) == config.fingerprint(turned)
    assert len(config.fingerprint(content)) == 64


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_different_values_have_different_fingerprints(first, second):
    one, other = (config.fingerprint(Inner(name="a", weight=value)) for value in (first, second))
    assert (one == other) == (repr(first) == repr(second))


@given(plain)
def test_parsing_anything_never_breaks_otherwise(content):
    try:
        config.parse(content, Outer, where="f")
    except InputError as error:
        assert error.detail.startswith("f")
