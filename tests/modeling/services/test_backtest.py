"""Backtests of a version that was trained once for all tests here."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings

pytest.importorskip("keras", reason="training needs Keras")

from modeling.contracts import ModelVersionFacts
from modeling.errors import ArtifactBrokenError
from modeling.fitting.dataset import NO_PART, TEST, VALIDATION, Dataset
from modeling.models import ModelVersion, TrainingRun, Trial
from modeling.services import judgement
from modeling.services.backtest import (
    BacktestAsk,
    BacktestReport,
    dataset_backtest,
    version_backtest,
    version_of,
)
from modeling.services.fit import Origin, dataset_train
from tests.modeling.synthetic import dataset, quick_label_sets, tiny_recipe
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.errors import ConflictError, InputError, NotFoundError, NotReadyError

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 1, 10, tzinfo=UTC)
TOPS = (1.0, 5.0, 20.0)


@dataclass(frozen=True)
class Published:
    """A version, its dataset, and where its lake and its configuration lie."""

    facts: ModelVersionFacts
    data: Dataset
    home: Path


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Published]:
    """Train once; the tests' own transactions lie within the one that is rolled back at the end."""
    home = tmp_path_factory.mktemp("backtest")
    (home / "label_sets.yaml").write_text(quick_label_sets())
    data = dataset(planted=True)
    with pytest.MonkeyPatch.context() as patch, override_settings(LAKE_URL=f"file://{home}/lake"):
        patch.setenv("TRADERAI_CONFIG_DIR", str(home))
        with django_db_blocker.unblock(), transaction.atomic():
            report = dataset_train(
                plan=tiny_recipe(label_set="quick_v1", **{"split.calibration_folds": 1, "fit.max_epochs": 3}),
                dataset=data,
                origin=Origin(as_of=NOW, is_simulated=True),
                seed=0,
            )
            yield Published(facts=report.version, data=data, home=home)
            transaction.set_rollback(True)


def backtested(own: Published, data: Dataset | None = None, **ask: Any) -> BacktestReport:
    wanted = {"model": own.facts.version, "top_pct": TOPS, "costs_bp": (10.0,)} | ask
    return dataset_backtest(facts=own.facts, dataset=data or own.data, ask=BacktestAsk(**wanted), now=NOW)


def row_of(report: BacktestReport, cut: str, cost_bp: float | None = None) -> dict[str, Any]:
    return next(row for row in report.content["cuts"] if (row["cut"], row["cost_bp"]) == (cut, cost_bp))


def test_the_policy_makes_what_the_training_has_told(published: Published):
    report = backtested(published)
    told = published.facts.metrics["test"]["policy"]  # type: ignore[index]
    for cost_bp, name in ((None, "configured_cost"), (10.0, "cost_10_bp")):
        got, wanted = row_of(report, "policy", cost_bp), told[name]
        assert got["trades"] == wanted["trades"] > 0
        assert got["net_frac"]["value"] == pytest.approx(wanted["net_total_frac"])
        assert got["expectancy_frac"] == pytest.approx(wanted["net_expectancy_frac"])
        assert got["win_rate"] == pytest.approx(wanted["hit_rate"])
        assert got["sharpe"]["value"] == pytest.approx(wanted["sharpe"])
        assert got["max_drawdown_frac"]["value"] == pytest.approx(wanted["max_drawdown_frac"])
    assert report.content["days"] == published.facts.metrics["test"]["days"]  # type: ignore[index]
    assert "SIMULATED" in report.table[0]
    assert any("win rate % (base)" in line for line in report.table)


def test_each_cut_is_a_trial_once_and_the_policys_is_the_trainings(published: Published):
    before = Trial.objects.count()
    first = backtested(published, thresholds=(0.05,))
    assert first.new_trials == len(TOPS) + 1
    assert Trial.objects.count() == before + first.new_trials
    trial = Trial.objects.filter(kind="backtest").first()
    assert trial is not None
    assert trial.run_id == TrainingRun.objects.get().pk
    assert (trial.label_family, trial.data_family) == ("quick", "simulated-1h")
    assert len(trial.days) == first.content["days"]
    again = backtested(published, thresholds=(0.05,))
    assert (again.new_trials, again.content, again.table) == (0, first.content, first.table)
    assert backtested(published, top_pct=(2.0,)).new_trials == 1
    # The validation part was never traded by training: there the policy counts, too.
    assert backtested(published, top_pct=(), split="validation").new_trials == 1


def test_top_shares_are_frozen_on_validation_and_nested(published: Published):
    report, flattering = backtested(published), backtested(published, split="validation")
    rows = (published.data.part == VALIDATION).sum()
    counts = []
    for cut in (f"top {top:g} %" for top in TOPS):
        for cost_bp in (None, 10.0):
            own, other = row_of(report, cut, cost_bp), row_of(flattering, cut, cost_bp)
            assert own["least_edge"] == other["least_edge"]
        counts.append(row_of(report, cut)["chosen_rows"])
        # On the rows that it was chosen on, a share is that share (of those that may be traded at all).
        share = float(cut.split()[1]) / 100
        assert 0 < row_of(flattering, cut)["chosen_rows"] <= round(share * rows) + 1
    assert counts == sorted(counts)
    assert any("prove nothing" in line for line in flattering.table)
    assert not any("prove nothing" in line for line in report.table)


def test_edge_thresholds_are_nested_too(published: Published):
    report = backtested(published, top_pct=(), thresholds=(0.0, 0.05, 0.1, 0.9))
    counts = [row_of(report, f"edge >= {level:g}")["chosen_rows"] for level in (0.0, 0.05, 0.1, 0.9)]
    assert counts == sorted(counts, reverse=True)
    assert (counts[0] > counts[2], counts[-1]) == (True, 0)
    assert "no trade in" in next(line for line in report.table if "edge >= 0.9" in line)


def test_windows_that_end_later_are_left_out(published: Published):
    data = published.data
    ends_s = data.targets.window_end_s[data.part == TEST]
    middle_s = int(np.median(ends_s))
    whole, half = backtested(published), backtested(published, until=from_epoch_s(middle_s))
    assert half.content["rows"] == (ends_s <= middle_s).sum() < whole.content["rows"]
    assert half.content["days"] < whole.content["days"]
    for cut in ("top 5 %", "policy"):
        assert row_of(half, cut)["least_edge"] == row_of(whole, cut)["least_edge"]
        assert 0 < row_of(half, cut)["trades"] < row_of(whole, cut)["trades"]
    assert half.new_trials == len(TOPS) + 1  # another look, the policy's included
    with pytest.raises(InputError, match=r"no window of the test part has ended by .* name a later day"):
        backtested(published, until=from_epoch_s(data.test_start_s) - timedelta(days=3))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"split": "train"}, "judges nothing"),
        ({"split": "tset"}, "must be one of"),
        ({"costs_bp": (0.0,)}, "no trade is free"),
        ({"costs_bp": (5.0, -5.0)}, "no trade is free"),
        ({"costs_bp": (float("nan"),)}, "no trade is free"),
        ({"top_pct": (0.0,)}, "must lie within"),
        ({"top_pct": (101.0,)}, "must lie within"),
        ({"thresholds": (-0.1,)}, "expected to lose"),
    ],
)
def test_what_cannot_be_asked_is_refused(published: Published, ask: dict[str, Any], said: str):
    before = Trial.objects.count()
    with pytest.raises(InputError, match=said):
        version_backtest(ask=BacktestAsk(**({"model": published.facts.version} | ask)), now=NOW)
    assert Trial.objects.count() == before


def test_a_run_stands_for_the_version_that_it_ended_with(published: Published):
    run = TrainingRun.objects.get()
    assert version_of(str(run.pk)) == published.facts
    twin = ModelVersion.objects.get(run=run)
    twin.pk, twin._state.adding = None, True
    twin.version, twin.state = f"{twin.version}-base", "candidate"
    twin.save()
    assert version_of(str(run.pk)).version == twin.version
    failed = TrainingRun.objects.create(
        recipe="r", config_sha256="c", code_sha256="c", seed=0, as_of=NOW, started_at=NOW, finished_at=NOW,
        state="failed", error="ValueError: no bars",
    )  # fmt: skip
    with pytest.raises(NotReadyError, match="is failed and published no version: ValueError: no bars"):
        version_of(str(failed.pk))
    with pytest.raises(NotFoundError, match=f"no training run 987654; the newest are {failed.pk}, {run.pk}"):
        version_of("987654")
    with pytest.raises(NotFoundError, match=r"no training run 9{40}"):
        version_of("9" * 40)
    with pytest.raises(NotFoundError, match=f"did you mean '{published.facts.version}'"):
        version_of(published.facts.version[:-1] + "x")


def test_a_version_without_a_run_cannot_be_rebuilt(published: Published):
    ModelVersion.objects.update(run=None)
    with pytest.raises(InputError, match="has no training run"):
        version_backtest(ask=BacktestAsk(model=published.facts.version), now=NOW)


def test_a_broken_artifact_is_refused(published: Published):
    before = Trial.objects.count()
    onnx = published.home / "lake" / published.facts.artifact_key / "network.onnx"
    whole = onnx.read_bytes()
    try:
        onnx.write_bytes(whole[:-1] + b"\0")
        with pytest.raises(ArtifactBrokenError, match=r"corrupt.*train again"):
            version_backtest(ask=BacktestAsk(model=published.facts.version), now=NOW)
        with pytest.raises(ArtifactBrokenError, match="corrupt"):
            backtested(published)
    finally:
        onnx.write_bytes(whole)
    assert Trial.objects.count() == before


def test_other_data_than_the_trainings_are_refused(published: Published):
    before = Trial.objects.count()
    cost = published.data.cost_frac.copy()
    cost[-1] *= 1.0001
    with pytest.raises(
        ConflictError, match=r"the bars, the features, the terms of trading or the code .* train again"
    ):
        backtested(published, replace(published.data, cost_frac=cost))
    # The same rows in other parts are another dataset, too: some of these were learned from.
    part = np.where(published.data.part == NO_PART, NO_PART, TEST).astype(np.int8)
    with pytest.raises(ConflictError, match="changed since"):
        backtested(published, replace(published.data, part=part))
    own = published.home / "label_sets.yaml"
    own.write_text(quick_label_sets(take_profit=0.021, version=2))
    try:
        with pytest.raises(ConflictError, match="label set quick_v1 changed since"):
            backtested(published, replace(published.data, cost_frac=cost))
    finally:
        own.write_text(quick_label_sets())
    assert Trial.objects.count() == before


def command(*words: str) -> str:
    out = io.StringIO()
    call_command("backtest", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_the_command_prints_the_table_and_writes_the_file(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Synthetic bars are in no database: they stand in for what would be read of one.
    monkeypatch.setattr(judgement, "dataset_load", lambda *_args, **_options: (published.data, True, ()))
    file = tmp_path / "new" / "found.json"
    day = from_epoch_s(int(np.median(published.data.targets.window_end_s[published.data.part == TEST])))
    said = command(
        published.facts.version, "--top-pct", "1", "5", "--thresholds", "0.05", "--costs-bp", "40",
        "--until", f"{day:%Y-%m-%d}", "--json", str(file),
    )  # fmt: skip
    content = json.loads(file.read_text())
    assert [row["cut"] for row in content["cuts"]] == 2 * ["policy", "edge >= 0.05", "top 1 %", "top 5 %"]
    assert {row["cost_bp"] for row in content["cuts"]} == {None, 40.0}
    assert "4 cuts are new trials" in said
    for row in content["cuts"]:
        assert row["trades"] == 0 or row["expectancy_r"]["low"] is not None
    assert to_epoch_s(datetime.fromisoformat(content["until"])) > to_epoch_s(day)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody-knows",), "no model version 'nobody-knows'"),
        (("77777",), "no training run 77777"),
        (("1", "--split", "train"), "judges nothing"),
        (("1", "--costs-bp", "-1"), "no trade is free"),
        (("1", "--top-pct", "200"), "must lie within"),
    ],
)
def test_the_command_says_what_to_do(published: Published, words: tuple[str, ...], said: str):
    with pytest.raises(CommandError, match=said):
        command(*words)
