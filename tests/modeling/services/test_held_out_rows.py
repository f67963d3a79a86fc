"""Cuts at a wanted precision, and files of predictions, of a version's own held-out rows."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.core.management import CommandError, call_command

from modeling.contracts import ModelVersionFacts
from modeling.contracts.filters import Filters, LeftOut
from modeling.contracts.thresholds import Thresholds
from modeling.fitting.dataset import NO_PART, PARTS, TEST, VALIDATION, Dataset
from modeling.fitting.precision_cuts import HeadRows, curve_points, precision_cuts
from modeling.models import GateVerdict, Trial
from modeling.services import judgement
from modeling.services.backtest import BacktestAsk, dataset_backtest
from modeling.services.calibrate_thresholds import dataset_calibrate
from modeling.services.export_predictions import dataset_export
from modeling.services.judgement import held_out_judged
from tests.modeling.published_maker import MIN_SHARE_DAYS, NOW, published
from tests.modeling.synthetic import dataset
from traderai.common.errors import ConflictError, InputError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(days=150, planted=True)


@pytest.fixture
def version(data: Dataset) -> ModelVersionFacts:
    return published(data)


def calibrated(version: ModelVersionFacts, data: Dataset, precision: float) -> dict[str, Any]:
    return dataset_calibrate(facts=version, dataset=data, target_precision=precision, now=NOW).content


def test_cuts_reach_the_precision_on_validation_and_are_reported_on_test(version, data: Dataset):
    report = dataset_calibrate(facts=version, dataset=data, target_precision=0.6, now=NOW)
    content, own = report.content, held_out_judged(version, data).forecasts
    assert content["cuts"]
    for name, least in content["cuts"].items():
        head, _, horizon = name.rpartition("_")
        h = data.horizons.index(horizon)
        for part in (VALIDATION, TEST):
            # By a second way: one row after the other.
            chosen = [
                k
                for k, row in enumerate(own.rows)
                if data.part[row, h] == part and getattr(own, head)[k, h] >= least
            ]
            hits = getattr(data.targets, head)[own.rows[chosen], h]
            left = content["parts"][PARTS[part]]["heads"][name]["left"]
            assert left["precision"]["value"] == pytest.approx(hits.mean())
            # Some rows are unlike all training rows: they are not traded, so they are not counted.
            assert 0 < left["rows"] <= len(chosen)
            assert left["net_frac"]["low"] < left["net_frac"]["value"] < left["net_frac"]["high"]
        validation = content["parts"]["validation"]["heads"][name]
        assert validation["left"]["precision"]["value"] >= 0.6 > validation["left"]["base_rate"]
        assert 0 < validation["left"]["recall"] <= 1
        assert validation["left"]["share_days"] >= content["min_share_days"] == MIN_SHARE_DAYS
        p, r = validation["left"]["precision"]["value"], validation["left"]["recall"]
        assert validation["left"]["f1"] == pytest.approx(2 * p * r / (p + r))
        assert [point["rows"] for point in validation["curve"]] == sorted(
            point["rows"] for point in validation["curve"]
        )
    assert content["parts"]["test"]["account"]["trades"] > 0
    assert "SIMULATED" in report.table[0] and any("prove nothing" in line for line in report.table)
    # The look counts once for each part.
    assert (report.new_trials, Trial.objects.count()) == (2, 2)
    again = dataset_calibrate(facts=version, dataset=data, target_precision=0.6, now=NOW)
    assert (again.new_trials, again.content) == (0, content)


def test_a_higher_precision_leaves_fewer_rows_and_an_unreachable_one_none(version, data: Dataset):
    low, high = calibrated(version, data, 0.4), calibrated(version, data, 0.6)
    for name in high["cuts"]:
        assert high["cuts"][name] >= low["cuts"][name]
    before = Trial.objects.count()
    report = dataset_calibrate(facts=version, dataset=data, target_precision=1.0, now=NOW)
    assert report.content["cuts"] == {} and Trial.objects.count() == before
    assert sum("no probability reaches it" in line for line in report.table) == 4
    with pytest.raises(InputError, match=r"within \(0, 1\], was 60"):
        calibrated(version, data, 60.0)


def test_a_few_lucky_rows_at_the_top_make_no_cut():
    days = np.array([1, 1, 2, 3, 3, 4])
    head = HeadRows(
        name="p_long_3d", side=1, horizon=0, row=np.arange(6), net_frac=np.zeros(6), day=days,
        p=np.array([0.9, 0.8, 0.7, 0.3, 0.2, 0.1]), y=np.array([1.0, 1, 1, 0, 0, 0]), share=np.zeros(6, dtype=np.int64),
    )  # fmt: skip
    assert precision_cuts([head], 0.9, min_share_days=2) == {"p_long_3d": 0.7}  # three rows on two days
    assert precision_cuts([head], 0.9, min_share_days=3) == {}
    two_shares = replace(head, share=np.array([0, 1, 0, 0, 0, 0]))
    assert precision_cuts([two_shares], 0.9, min_share_days=3) == {"p_long_3d": 0.7}
    assert precision_cuts([head], 0.5, min_share_days=3) == {"p_long_3d": 0.1}
    assert [point["share_days"] for point in curve_points(head)] == [1, 1, 2, 3, 3, 4]


def test_the_test_part_has_no_say_in_the_cuts(version, data: Dataset, monkeypatch: pytest.MonkeyPatch):
    found = calibrated(version, data, 0.6)
    monkeypatch.setattr("modeling.services.calibrate_thresholds.require_own_dataset", lambda *_args: None)

    def with_luck(part: int) -> dict[str, Any]:
        """Let every long of a part reach its target."""
        p_long = np.where(data.part == part, 1.0, data.targets.p_long)
        return calibrated(version, replace(data, targets=replace(data.targets, p_long=p_long)), 0.6)

    # Predictions are tied to their dataset: this one says the same of the same rows.
    assert with_luck(TEST)["cuts"] == found["cuts"]
    assert with_luck(VALIDATION)["cuts"] != found["cuts"]  # sabotage


@pytest.mark.parametrize(("split", "parts"), [("validation", (0,)), ("test", (1,)), ("both", (0, 1))])
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_file_holds_every_prediction_of_a_part_beside_its_outcome(
    version, data: Dataset, tmp_path: Path, split: str, parts: tuple[int, ...], suffix: str
):
    file = tmp_path / f"said.{suffix}"
    report = dataset_export(facts=version, dataset=data, path=file, split=split)
    frame = pl.read_parquet(file) if suffix == "parquet" else pl.read_csv(file, try_parse_dates=True)
    names = [("validation", "test")[own] for own in parts]
    assert report.rows == {name: int((data.part == PARTS.index(name)).sum()) for name in names}
    assert set(frame["part"]) == set(names) and frame.height == sum(report.rows.values())
    own = held_out_judged(version, data).forecasts
    for line in frame.sample(40, seed=1).iter_rows(named=True):
        row, h = line["row"], data.horizons.index(line["horizon"])
        k = int(np.flatnonzero(own.rows == row)[0])
        assert PARTS[data.part[row, h]] == line["part"]
        assert line["secid"] == data.secids[data.instrument[row]]
        assert line["decided_at"].timestamp() == data.decision_s[row]
        assert line["p_long"] == pytest.approx(own.p_long[k, h], abs=1e-12)
        assert line["return_50"] == pytest.approx(own.return_quantiles[k, h, 3], abs=1e-12)
        assert line["short_hit"] == bool(data.targets.p_short[row, h])
        assert line["short_net_frac"] == pytest.approx(data.targets.short_gross[row, h] - data.cost_frac[row])
        assert line["dataset_sha256"] == data.sha256
    assert not list(tmp_path.glob(".*"))
    assert Trial.objects.count() == 0


def test_what_cannot_be_exported_is_refused_and_leaves_no_file(version, data: Dataset, tmp_path: Path):
    def refused(message: str, path: Path, **changes: Any) -> None:
        with pytest.raises((InputError, ConflictError), match=message):
            dataset_export(facts=version, **{"dataset": data, "path": path, **changes})
        assert not path.is_file()

    refused("must be one of validation, test, both, was 'train'", tmp_path / "a.csv", split="train")
    refused("must end with .parquet or .csv", tmp_path / "a.xlsx")
    refused("its folder is not there", tmp_path / "nowhere" / "a.csv")
    (tmp_path / "folder.csv").mkdir()
    refused("is a folder", tmp_path / "folder.csv")
    part = np.where(data.part == NO_PART, NO_PART, TEST).astype(np.int8)
    refused("train again", tmp_path / "a.csv", dataset=replace(data, part=part))


def test_learned_thresholds_are_what_a_published_version_is_judged_by(version, data: Dataset):
    """No regime is stored for the simulated market, so every row is decided as in a flat one."""

    def policy_row(facts: ModelVersionFacts) -> dict[str, Any]:
        ask = BacktestAsk(model=facts.version, top_pct=(), thresholds=(0.15,), costs_bp=(10.0,))
        cuts = dataset_backtest(facts=facts, dataset=data, ask=ask, now=NOW).content["cuts"]
        return {row["cut"]: row for row in cuts if row["cost_bp"] is None}

    flat = Thresholds(mode="edge", least_edges={"flat": 0.15})
    panic = Thresholds(mode="edge", least_edges={"panic": 0.15})
    plain, raised = policy_row(version), policy_row(published(data, name="raised", thresholds=flat))
    assert raised["policy"]["chosen_rows"] < plain["policy"]["chosen_rows"]
    assert (
        raised["policy"]["net_rub"] == raised["edge >= 0.15"]["net_rub"] == plain["edge >= 0.15"]["net_rub"]
    )
    assert policy_row(published(data, name="other", thresholds=panic))["policy"] == plain["policy"]
    noon = LeftOut(kind="hour", cell="12:00", net_bp=-9.0, low_bp=-15.0, high_bp=-3.0, trades=100)
    filtered = Thresholds(mode="edge", filters=Filters(left_out=(noon,), liquidity_edges_rub=(1e6, 1e7)))
    left = policy_row(published(data, name="filtered", thresholds=filtered))
    assert 0 < left["policy"]["chosen_rows"] < plain["policy"]["chosen_rows"]
    assert left["edge >= 0.15"] == plain["edge >= 0.15"]  # a cut is of all rows of positive edge


def command(name: str, *words: str) -> str:
    out = io.StringIO()
    call_command(name, *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_a_version_is_judged_again_but_not_once_it_was_rejected(
    version, data: Dataset, monkeypatch: pytest.MonkeyPatch
):
    loaded = []
    monkeypatch.setattr(
        judgement, "dataset_load", lambda *_args, **_options: loaded.append(1) or (data, True, ())
    )
    said = command(
        "models", "judge", version.version
    )  # it knows the hint, but of ranges and volatility nothing
    assert f"{version.version} is judged rejected, it is rejected; in its way: " in said
    assert GateVerdict.objects.get().version_id == version.id
    with pytest.raises(CommandError, match="was rejected; train a new version"):
        command("models", "judge", version.version)
    assert loaded == [1] and GateVerdict.objects.count() == 1


def test_the_commands(version, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Synthetic bars are in no database: they stand in for what would be read of one.
    monkeypatch.setattr(judgement, "dataset_load", lambda *_args, **_options: (data, True, ()))
    file = tmp_path / "new" / "cuts.json"
    said = command("calibrate_thresholds", version.version, "--target-precision", "0.6", "--json", str(file))
    assert "2 looks are new trials" in said
    assert json.loads(file.read_text())["target_precision"] == 0.6
    said = command("export_predictions", version.version, str(tmp_path / "a.csv"), "--split", "test")
    assert f"{int((data.part == TEST).sum()):,} of the test part" in said
    for words, message in (
        (("calibrate_thresholds", "nobody", "--target-precision", "0.6"), "no model version 'nobody'"),
        (("calibrate_thresholds", version.version, "--target-precision", "2"), "within"),
        (("export_predictions", "nobody", str(tmp_path / "b.csv")), "no model version 'nobody'"),
        (
            ("export_predictions", version.version, str(tmp_path / "b.csv"), "--split", "train"),
            "--split must be",
        ),
    ):
        with pytest.raises(CommandError, match=message):
            command(*words)
