"""The report on a small simulated market: files, trials, the printed table, and bad questions."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from features.selectors.catalogue import feature_set_get
from modeling.fitting.adapters import local_columns
from modeling.fitting.dataset import dataset_assemble
from modeling.fitting.loading import Loaded
from modeling.fitting.recipe import recipe_load
from modeling.fitting.report_settings import report_config
from modeling.kernels.simulator_benchmarks import buy_and_hold
from modeling.kernels.simulator_market import day_ends_s
from modeling.kernels.simulator_orders import FlatCost
from modeling.models import Trial
from modeling.services.edge_question import EdgeQuestion
from modeling.services.edge_report import loaded_report_write
from modeling.services.index_bars import bars_of_closes
from tests.modeling.synthetic import instruments
from traderai.common.errors import InputError

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 1, 10, tzinfo=UTC)
FEATURES = ("hint", "atr_14_pct", "noise")
QUESTION = EdgeQuestion(
    label_set="swing_v1", as_of=NOW, folds=2, first_train_days=140.0, validation_days=60.0, seed=1
)


def loaded(*, planted: bool = False, lookback_bars: int = 8) -> Loaded:
    rows = instruments(days=300, planted=planted)
    recipe = recipe_load("edge_swing")
    dataset = dataset_assemble(
        rows, features=FEATURES, label_set=recipe.labels(), lookback_bars=lookback_bars
    )
    return Loaded(dataset=dataset, instruments=tuple(rows), is_simulated=True, without_features=())


def without_rows_of_the_last(data: Loaded) -> Loaded:
    """Return the data as if the last share had been traded before the report's span alone."""
    dataset = data.dataset
    others = dataset.instrument != len(dataset.secids) - 1
    return replace(data, dataset=replace(dataset, usable=dataset.usable & others[:, None]))


def test_a_report_counts_its_models_once_and_repeats_itself(tmp_path: Path):
    data = without_rows_of_the_last(loaded())
    first = loaded_report_write(question=QUESTION, loaded=data, folder=tmp_path / "a")
    again = loaded_report_write(question=QUESTION, loaded=data, folder=tmp_path / "b")
    assert (first.new_trials, again.new_trials) == (2, 0)
    assert sorted(Trial.objects.values_list("recipe", "kind", "data_family")) == [
        ("edge_swing lightgbm", "walk_forward_fold", "simulated-1h"),
        ("edge_swing logistic", "walk_forward_fold", "simulated-1h"),
    ]
    assert first.json_path.name == "swing_v1_1h_SIMULATED.json"
    assert first.json_path.read_bytes() == again.json_path.read_bytes()
    assert first.html_path.read_bytes() == again.html_path.read_bytes()

    told = json.loads(first.json_path.read_text())
    assert told["luck"]["trials_counted"] == 2
    assert told["data"]["secids"] == list(data.dataset.secids[:-1])
    assert told["verdict"]["edge"] is False
    # Trades that have no edge lose their costs: where the folds find it, the policy is silent.
    assert set(told["learned"]) == {"logistic", "lightgbm"}
    for learned in told["learned"].values():
        assert [fold["fold"] for fold in learned["folds"]] == ["fold_1", "fold_2"]
        assert (learned["test"] is None) == (not any(fold["kept"] for fold in learned["folds"]))
    assert first.sentence == told["verdict"]["sentence"]
    assert first.sentence.startswith("No edge")
    page = first.html_path.read_text()
    assert "SIMULATED data" in page
    assert page.count("<svg") >= 6
    assert "What the policies have learned" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    for text in ("always long", "EMA cross", "LightGBM", "logistic regression", "base rate"):
        assert text in page
    assert first.table[0].startswith("SIMULATED")


@pytest.mark.soak
def test_each_backbone_is_one_more_trial(tmp_path: Path):
    data = loaded(lookback_bars=recipe_load("edge_swing").network.lookback_bars)
    asked = replace(QUESTION, folds=1, backbones=("lstm", "tcn"))
    report = loaded_report_write(question=asked, loaded=data, folder=tmp_path)
    assert report.new_trials == 4
    assert set(Trial.objects.values_list("recipe", flat=True)) == {
        f"edge_swing {name}" for name in ("lightgbm", "logistic", "lstm", "tcn")
    }
    assert set(json.loads(report.json_path.read_text())["ranges"]) == {"lstm", "tcn"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label_set": "swing_v9"}, "swing_v1"),
        ({"label_set": "basic_v1"}, "edge_reports.yaml must have an entry"),
        ({"timeframe": "5m"}, "1h"),
        ({"backbones": ("tcn", "rnn")}, "backbones must be of tcn, .* were rnn"),
        ({"council": True}, "adapters read 'atr_ratio_5_30', which the feature set has not"),
        ({"first_train_days": 5000.0}, "take fewer folds"),
        ({"folds": 0}, "n_folds must be at least 1"),
        ({"validation_days": -1.0}, "above 0"),
    ],
)
def test_bad_questions_are_refused_and_count_nothing(change: dict[str, object], said: str, tmp_path: Path):
    with pytest.raises(InputError, match=said):
        loaded_report_write(question=replace(QUESTION, **change), loaded=loaded(), folder=tmp_path)  # type: ignore[arg-type]
    assert not Trial.objects.exists()
    assert not list(tmp_path.iterdir())


def test_every_configured_report_has_a_recipe_for_its_label_set():
    for name in ("swing_v1", "intraday_v2", "positional_v1"):
        recipe = recipe_load(report_config(name).recipe)
        assert recipe.label_set == name
        assert recipe.labels().name == name


def test_the_adapters_of_a_recipe_read_features_of_its_set():
    recipe = recipe_load("edge_swing")
    assert recipe.adapters is not None
    names = feature_set_get(name=recipe.feature_set).columns
    assert len(local_columns(recipe.adapters, names)) == len(recipe.adapters.features)


def test_an_index_of_closes_is_bought_at_its_first_close():
    days = np.arange(19_700, 19_705)
    closes = np.array([100.0, 110.0, 99.0, 120.0, 132.0])
    bars = bars_of_closes("mcftrr", day_ends_s(days), closes)
    account = buy_and_hold(bars, calendar=days, capital_rub=1e6, costs=FlatCost(round_trip_bp=20.0))
    assert account.equity_rub[-1] == pytest.approx(1e6 / 1.001 * 1.32 * 0.999)
    assert account.equity_rub[0] == pytest.approx(1e6 / 1.001)
