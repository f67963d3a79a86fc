"""The label sets of the operator's file."""

from __future__ import annotations

import pytest
import yaml

from market.contracts import Timeframe
from modeling.contracts import ClassLabelSet, Horizon, RankLabelSet
from modeling.selectors.label_sets import (
    barrier_set_get,
    label_set_get,
    label_set_names,
    label_set_timeframes,
)
from traderai.common.config import config_path, fingerprint
from traderai.common.errors import InputError, NotFoundError

FILE = "label_sets.yaml"
SPECIFIED = {
    "basic_v1", "intraday_v1", "intraday_v2", "intraday_eod_v1", "swing_v1", "positional_v1", "rank_v1",
    "direction_v1", "threshold_v1", "threshold3_v1", "adaptive3_v1",
}  # fmt: skip


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a changed copy of the packaged file into a directory of the operator's own."""
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))

    def write(change):
        content = yaml.safe_load(config_path(FILE).read_text(encoding="utf-8"))
        change(content["sets"], content)
        (tmp_path / FILE).write_text(yaml.safe_dump(content), encoding="utf-8")

    return write


def test_every_set_of_the_specification_is_there_and_whole():
    assert set(label_set_names()) >= SPECIFIED
    for name in label_set_names():
        for code in label_set_timeframes(name=name):
            timeframe = "30m" if code == "any" else code
            each = label_set_get(name=name, timeframe=timeframe)
            assert (each.name, each.timeframe) == (name, Timeframe(timeframe).value)
            assert all(Horizon.parse(horizon) for horizon in each.horizons)


def test_the_figures_of_the_specification():
    swing = barrier_set_get(name="swing_v1")
    assert (swing.timeframe, swing.horizons) == ("1h", ("3d", "5d", "10d"))
    assert (swing.take_profit, swing.stop_loss, swing.data_lag_min) == (0.04, 0.02, 15)
    positional = barrier_set_get(name="positional_v1")
    assert (positional.timeframe, positional.horizons) == ("1d", ("20d", "40d", "60d"))
    assert (positional.take_profit, positional.stop_loss) == (0.10, 0.05)
    intraday = barrier_set_get(name="intraday_v2", timeframe="1m")
    assert (intraday.horizons, intraday.barrier_unit, intraday.within_day) == (("60min",), "atr_14", True)
    assert intraday.levels_frac(0.003) == (0.006, 0.003)
    assert barrier_set_get(name="intraday_v1", timeframe="15m").horizons == ("45min", "90min", "180min")
    adaptive = label_set_get(name="adaptive3_v1", timeframe="10m")
    assert isinstance(adaptive, ClassLabelSet)
    assert (adaptive.threshold_frac, adaptive.multiplier, adaptive.base_frac) == (0.003, 1.2, 0.01)
    assert isinstance(label_set_get(name="rank_v1"), RankLabelSet)
    assert swing.family == "swing"


def test_a_timeframe_changes_the_fingerprint():
    one, five = (label_set_get(name="intraday_v2", timeframe=code) for code in ("1m", "5m"))
    assert fingerprint(one) != fingerprint(five)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda sets, _: sets["swing_v1"].update(take_profi=0.1), "did you mean 'take_profit'"),
        (lambda sets, _: sets["swing_v1"].pop("version"), "'version' is missing"),
        (lambda sets, _: sets["swing_v1"].update(name="x"), "remove it"),
        (lambda sets, _: sets["swing_v1"].update(timeframe="1h"), "timeframes stand in horizons"),
        (lambda sets, _: sets["swing_v1"].update(kind="barier"), "did you mean 'barrier'"),
        (lambda sets, _: sets.update(swing_v1=3), "must be a mapping"),
        (lambda _, whole: whole.pop("common"), "common must be a mapping"),
        (lambda sets, _: sets["swing_v1"].update(stop_loss=2.0), "below 1"),
        (
            lambda sets, _: sets["swing_v1"].update(take_profit=-0.1),
            "take_profit and stop_loss must be above 0",
        ),
        (lambda sets, _: sets["swing_v1"].update(horizons={}), "from timeframe to a list"),
        (lambda sets, _: sets["swing_v1"].update(horizons={"60m": ["3d"]}), "written as 1h"),
        (lambda sets, _: sets["swing_v1"].update(horizons={"1h": ["5d", "3d"]}), "horizons must rise"),
        (lambda sets, _: sets["swing_v1"].update(horizons={"1h": ["3d", "60min"]}), "of one unit"),
        (lambda sets, _: sets["swing_v1"].update(horizons={"1h": ["0d"]}), "must look like"),
        (lambda sets, _: sets["swing_v1"].update(within_day=True), "within_day contradicts"),
        (lambda sets, _: sets["swing_v1"].update(max_gap_days=0), "max_gap_days must be above 0"),
        (lambda sets, _: sets["swing_v1"].update(trailing_bars=1), "trailing_bars"),
        (lambda sets, _: sets["swing_v1"].update(direction_cuts=[0, 0, 1, 2]), "direction_cuts"),
        (lambda sets, _: sets["swing_v1"].update(strong_frac=0.7), "strong_frac"),
    ],
)
def test_wrong_barrier_sets_are_refused_by_name(own, change, text):
    own(change)
    with pytest.raises(InputError, match=text) as caught:
        label_set_get(name="swing_v1", timeframe="1h")
    assert FILE in caught.value.detail


@pytest.mark.parametrize(
    ("name", "change", "text"),
    [
        ("rank_v1", {"min_shares": 2}, "min_shares must be at least 3"),
        ("direction_v1", {"threshold_frac": 0.1}, "must be left out"),
        ("threshold_v1", {"threshold_frac": 0.0}, "must be above 0"),
        ("threshold_v1", {"neutral": "none"}, "neutral is"),
        ("adaptive3_v1", {"multiplier": None}, "multiplier of rule adaptive must be above 0"),
        ("adaptive3_v1", {"horizons": {"any": ["60min"]}}, "counted in bars"),
    ],
)
def test_wrong_sets_of_other_kinds_are_refused_by_name(own, name, change, text):
    own(lambda sets, _: sets[name].update(change))
    with pytest.raises(InputError, match=text):
        label_set_get(name=name, timeframe="1d")


def test_what_is_unknown_says_what_is_known():
    with pytest.raises(NotFoundError, match="did you mean 'swing_v1'") as caught:
        label_set_get(name="swing_v2")
    assert caught.value.code == "unknown_label_set"
    with pytest.raises(InputError, match="must be asked for at 1h, was 1d"):
        label_set_get(name="swing_v1", timeframe="1d")
    with pytest.raises(InputError, match="say which"):
        label_set_get(name="direction_v1")
    with pytest.raises(InputError, match="is of kind rank"):
        barrier_set_get(name="rank_v1")
