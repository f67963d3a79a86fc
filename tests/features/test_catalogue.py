"""Feature sets by name, their hash, and the operator's mistakes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from features import catalog
from features.catalog import BY_NAME, FEATURES
from features.catalogue_page import COLUMNS
from features.kernels.engine import compute_columns
from features.kernels.technical import rsi
from features.kernels.window import window_of
from features.selectors import catalogue
from features.selectors.catalogue import feature_set_get, feature_set_names, feature_specs, fresh_timeframes
from features.spec import FeatureSpec
from market.contracts import Timeframe
from tests.features.series import random_bars
from traderai.common.errors import InputError

PAGE = Path(__file__).resolve().parents[2] / "traderai" / "docs" / "features.md"
GOOD = "{warmup_bars: 600, keep_fresh: ['1h'], features: [ret_1, rsi_14]}"
Configure = Callable[[str], None]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Return a writer of the operator's own file with one set, `mine`."""
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))

    def write(text: str) -> None:
        (tmp_path / "feature_sets.yaml").write_text(f"sets: {{mine: {text}}}", encoding="utf-8")

    return write


def test_the_packaged_sets_can_all_be_built() -> None:
    sets = {name: feature_set_get(name=name) for name in feature_set_names()}
    for name, facts in sets.items():
        specs = feature_specs(name=name)
        assert facts.key == f"{name}@{facts.sha[:12]}"
        assert facts.columns == tuple(spec.name for spec in specs)
        assert len(set(facts.columns)) == len(facts.columns) > 0
        assert max(spec.lookback_bars for spec in specs) <= facts.warmup_bars
    assert len({facts.sha for facts in sets.values()}) == len(sets)
    assert [name for name in sets if fresh_timeframes(name=name)] == ["tech_v1"]
    assert fresh_timeframes(name="tech_v1") == (Timeframe.H1,)


def test_the_full_set_holds_every_feature_without_a_scale() -> None:
    facts = feature_set_get(name="full_v1")
    assert facts.columns == tuple(spec.name for spec in FEATURES if spec.family != "prices")
    assert len(facts.columns) > 500


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("full_v1_tech", {"news", "fundamental"}),
        ("full_v1_no_news", {"news"}),
        ("full_v1_no_fund", {"fundamental"}),
    ],
)
def test_a_set_for_ablation_lacks_one_kind_of_source(name: str, without: set[str]) -> None:
    whole = feature_set_get(name="full_v1").columns
    left = {BY_NAME[column].family for column in whole} - without
    assert feature_set_get(name=name).columns == tuple(one for one in whole if BY_NAME[one].family in left)
    assert {
        BY_NAME[column].family for column in set(whole) - set(feature_set_get(name=name).columns)
    } == without


def test_the_sets_of_earlier_models_keep_their_size() -> None:
    sizes = {
        "tech_v0": 8,
        "tech_v1": 41,
        "tech_v2": 20,
        "tech_v3": 28,
        "tech_v3_fnda": 40,
        "price6": 6,
        "signal_25": 25,
    }
    assert {name: len(feature_set_get(name=name).columns) for name in sizes} == sizes


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
        (GOOD.replace("rsi_14", "rsi_41"), r"unknown feature 'rsi_41' \(did you mean '\w+'\?\)"),
        (GOOD.replace("rsi_14", "ret_1"), "must be named once, twice were ret_1"),
        (GOOD.replace("600", "13"), "warmup_bars of mine must be at least 14 for rsi_14, was 13"),
        (GOOD.replace("600", "1001"), "warmup_bars must be within 1 to 1000, was 1001"),
        (
            GOOD.replace("[ret_1, rsi_14]", "[]"),
            "families, features or derived must name at least one, all were empty",
        ),
        (GOOD.replace("1h", "61m"), "timeframe must be one of"),
        (GOOD.replace("features", "feature"), r"unknown key 'feature' \(did you mean 'features'\?\)"),
        (GOOD.replace("}", ", families: [trendy]}"), r"unknown family 'trendy' \(did you mean 'trend'\?\)"),
        (GOOD.replace("}", ", families: [returns]}"), "names ret_1 alone and by family; leave one out"),
    ],
)
def test_the_operators_mistakes_are_explained(configure: Configure, text: str, message: str) -> None:
    configure(text)
    with pytest.raises(InputError, match=message):
        feature_set_get(name="mine")


DERIVED = (
    "{warmup_bars: 600, keep_fresh: [], "
    "derived: [{name: rsi_10, like: rsi_14, parameters: {window: 10}, lookback_bars: 10}]}"
)


def test_a_derived_feature_computes_with_its_own_parameters(configure: Configure) -> None:
    configure(DERIVED)
    (spec,) = feature_specs(name="mine")
    assert (spec.name, spec.kernel, spec.parameters) == ("rsi_10", "rsi", {"window": 10})
    window = window_of(random_bars(60, seed=1), start=0, stop=60)
    values = compute_columns(window, [spec])[:, 0]
    np.testing.assert_allclose(values, rsi(window.close, window=10), rtol=1e-6)
    assert np.flatnonzero(np.isfinite(values))[0] == spec.lookback_bars


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DERIVED.replace("rsi_10", "rsi_21"), "must have a name of its own, 'rsi_21' is in the catalogue"),
        (DERIVED.replace("rsi_14", "d1_rsi_14"), r"must be like a feature of own bars, was like 'd1_rsi_14'"),
        (DERIVED.replace("rsi_14", "rsi_41"), r"was like 'rsi_41' \(did you mean '\w+'\?\)"),
        (DERIVED.replace("window", "windw"), r"must be of window, was 'windw' \(did you mean 'window'\?\)"),
        (
            DERIVED.replace("{window: 10}", "{window: 10.5}"),
            "window of rsi_10 must be a whole number, was 10.5",
        ),
        (
            DERIVED.replace("{window: 10}", "{window: .nan}"),
            "window of rsi_10 must be a whole number, was nan",
        ),
        (DERIVED.replace("bars: 10", "bars: -1"), "lookback_bars of rsi_10 must be at least 0, was -1"),
        (
            DERIVED.replace("bars: 10", "bars: 601"),
            "warmup_bars of mine must be at least 601 for rsi_10, was 600",
        ),
    ],
)
def test_mistakes_in_a_derived_feature_are_explained(configure: Configure, text: str, message: str) -> None:
    configure(text)
    with pytest.raises(InputError, match=message):
        feature_set_get(name="mine")


def test_an_unknown_set_is_explained() -> None:
    with pytest.raises(InputError, match=r"was 'tech_v11' \(did you mean 'tech_v1'\?\)") as caught:
        feature_set_get(name="tech_v11")
    assert caught.value.code == "unknown_feature_set"


def tables(page: str) -> list[list[str]]:
    """Return the cells of every row of every table that is neither a head nor a line."""
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    return [re.split(r" (?<!\\)\| ", row.removeprefix("| ").removesuffix(" |")) for row in rows]


def test_the_command_lists_every_feature_and_set_with_all_its_facts() -> None:
    out = io.StringIO()
    call_command("features", stdout=out)
    rows = tables(out.getvalue())
    sets, features = rows[: len(feature_set_names())], rows[len(feature_set_names()) :]
    for row, name in zip(sets, feature_set_names(), strict=True):
        facts = feature_set_get(name=name)
        assert row == [f"`{facts.key}`", str(len(facts.columns)), str(facts.warmup_bars)]
    assert [row[0] for row in features] == [f"`{spec.name}`" for spec in FEATURES]
    for row, spec in zip(features, FEATURES, strict=True):
        assert len(row) == len(COLUMNS)
        cells = dict(zip(COLUMNS, row, strict=True))
        assert all(cell for name, cell in cells.items() if name != "look-back" or spec.reads == "bars"), row
        assert cells["formula"] == spec.formula.replace("|", "\\|")
        assert cells["unit"] == spec.unit
        assert cells["look-back"] == (f"{spec.lookback_bars} bars" if spec.reads == "bars" else "")


def test_the_command_lists_one_set() -> None:
    out = io.StringIO()
    call_command("features", "--feature-set", "tech_v0", stdout=out)
    rows = tables(out.getvalue())
    assert rows[0][0] == f"`{feature_set_get(name='tech_v0').key}`"
    assert [row[0] for row in rows[1:]] == [
        f"`{spec.name}`" for spec in FEATURES if spec.name in feature_set_get(name="tech_v0").columns
    ]
    with pytest.raises(CommandError, match="did you mean 'tech_v1'"):
        call_command("features", "--feature-set", "tech_v11", stdout=out)


def test_the_committed_page_is_in_step_with_the_catalogue(tmp_path: Path) -> None:
    """Names, formulas, parameters, ranges, look-backs, sources and the hashes of the sets."""
    written = tmp_path / "features.md"
    call_command("features", "--output", str(written), stdout=io.StringIO())
    assert PAGE.read_text(encoding="utf-8") == written.read_text(encoding="utf-8"), (
        "write it anew: manage.py features --output traderai/docs/features.md"
    )


def test_names_are_short_and_told_once() -> None:
    assert len(BY_NAME) == len(FEATURES)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{2,39}", spec.name) for spec in FEATURES)
    assert all(
        text.strip() for spec in FEATURES for text in (spec.formula, spec.unit, spec.source, spec.kernel)
    )
    assert not [
        spec.name for spec in FEATURES if None not in (spec.low, spec.high) and not spec.low < spec.high
    ]  # type: ignore[operator]


def test_a_look_back_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="lookback_bars must be at least 0, was -1"):
        FeatureSpec(
            name="x", family="trend", formula="x", kernel="x", lookback_bars=-1, unit="x", low=None, high=None,
            source="x",
        )  # fmt: skip
