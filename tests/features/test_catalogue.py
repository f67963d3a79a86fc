"""Feature sets by name, their hash, and the operator's mistakes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from features import catalog
from features.catalog import BY_NAME, FEATURES
from features.selectors import catalogue
from features.selectors.catalogue import feature_set_get, feature_set_names, feature_specs, fresh_timeframes
from features.spec import FeatureSpec
from market.contracts import Timeframe
from traderai.common.errors import InputError

GOOD = "{warmup_bars: 600, keep_fresh: ['1h'], features: [ret_1, rsi_14]}"
Configure = Callable[[str], None]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Return a writer of the operator's own file with one set, `mine`."""
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))

    def write(text: str) -> None:
        (tmp_path / "feature_sets.yaml").write_text(f"sets: {{mine: {text}}}", encoding="utf-8")

    return write


def test_the_packaged_sets() -> None:
    assert feature_set_names() == ("tech_v0", "tech_v1")
    facts = feature_set_get(name="tech_v1")
    assert set(facts.columns) == set(BY_NAME)
    assert len(facts.columns) == len(FEATURES) == 41
    assert facts.key == f"tech_v1@{facts.sha[:12]}"
    assert tuple(spec.name for spec in feature_specs(name="tech_v1")) == facts.columns
    assert fresh_timeframes(name="tech_v1") == (Timeframe.H1,)


@pytest.mark.parametrize(
    "text",
    [
        "{warmup_bars: 601, keep_fresh: ['1h'], features: [ret_1, rsi_14]}",
        "{warmup_bars: 600, keep_fresh: ['1h'], features: [rsi_14, ret_1]}",
        "{warmup_bars: 600, keep_fresh: ['1h'], features: [ret_1, rsi_7]}",
    ],
)
def test_what_decides_the_numbers_changes_the_hash(configure: Configure, text: str) -> None:
    configure(GOOD)
    before = feature_set_get(name="mine").sha
    assert feature_set_get(name="mine").sha == before
    configure(text)
    assert feature_set_get(name="mine").sha != before


def test_code_and_parameters_change_the_hash_and_schedules_do_not(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(GOOD)
    before = feature_set_get(name="mine").sha
    configure(GOOD.replace("'1h'", "'1d'"))
    assert feature_set_get(name="mine").sha == before
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "CODE_VERSION", catalog.CODE_VERSION + 1)
        assert feature_set_get(name="mine").sha != before
    monkeypatch.setitem(BY_NAME["rsi_14"].parameters, "window", 15)
    assert feature_set_get(name="mine").sha != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("rsi_14", "rsi_41"), r"unknown feature 'rsi_41' \(did you mean 'rsi_14'\?\)"),
        (GOOD.replace("rsi_14", "ret_1"), "must be named once, twice were ret_1"),
        (GOOD.replace("600", "13"), "warmup_bars of mine must be at least 14 for rsi_14, was 13"),
        (GOOD.replace("600", "1001"), "warmup_bars must be within 1 to 1000, was 1001"),
        (GOOD.replace("[ret_1, rsi_14]", "[]"), "must name at least one feature"),
        (GOOD.replace("1h", "61m"), "timeframe must be one of"),
        (GOOD.replace("features", "feature"), r"unknown key 'feature' \(did you mean 'features'\?\)"),
    ],
)
def test_the_operators_mistakes_are_explained(configure: Configure, text: str, message: str) -> None:
    configure(text)
    with pytest.raises(InputError, match=message):
        feature_set_get(name="mine")


def test_an_unknown_set_is_explained() -> None:
    with pytest.raises(InputError, match=r"was 'tech_v11' \(did you mean 'tech_v1'\?\)") as caught:
        feature_set_get(name="tech_v11")
    assert caught.value.code == "unknown_feature_set"


def test_the_command_lists_every_feature_with_all_its_facts() -> None:
    out = io.StringIO()
    call_command("features", stdout=out)
    rows = [line.split(" | ") for line in out.getvalue().splitlines() if line.startswith("| ")]
    assert [row[0].removeprefix("| ") for row in rows[1:]] == [spec.name for spec in FEATURES]
    assert all(len(row) == 8 and all(cell.strip(" |") for cell in row) for row in rows)
    assert feature_set_get(name="tech_v0").key in out.getvalue()


def test_a_look_back_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="lookback_bars must be at least 0, was -1"):
        FeatureSpec(
            name="x", family="trend", formula="x", kernel="x", lookback_bars=-1, unit="x", low=None, high=None,
            source="x",
        )  # fmt: skip
