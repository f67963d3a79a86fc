"""The report on ranks of a small simulated market: files, trials, the printed table, and bad questions."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml

from modeling.errors import DatasetRefusedError
from modeling.fitting.cross_settings import RankNetworkConfig
from modeling.fitting.report_settings import is_rank_report, rank_report_config
from modeling.models import Trial
from modeling.selectors.label_sets import label_set_get
from modeling.services.edge_question import EdgeQuestion, EdgeReport
from modeling.services.edge_report import edge_report_write
from modeling.services.rank_report import panel_report_write
from tests.modeling.fitting.cross_maker import AS_OF, RANKERS, SMALL, panel, scope
from traderai.common.config import load_yaml
from traderai.common.errors import InputError, NotReadyError

pytestmark = pytest.mark.django_db
QUESTION = EdgeQuestion(
    label_set="rank_v1", as_of=AS_OF, folds=2, first_train_days=180.0, validation_days=60.0, seed=1
)


def written(folder: Path, question: EdgeQuestion = QUESTION) -> EdgeReport:
    return panel_report_write(
        question=question, panel=panel(planted=True), scope=scope(), folder=folder, rankers=RANKERS
    )


def test_a_report_counts_every_model_and_horizon_once_and_repeats_itself(tmp_path: Path):
    first, again = written(tmp_path / "a"), written(tmp_path / "b")
    assert (first.new_trials, again.new_trials) == (15, 0)
    assert Trial.objects.count() == 15
    assert set(Trial.objects.values_list("label_family", "data_family")) == {("rank", "simulated-1d")}
    assert first.json_path.name == "rank_v1_1d_SIMULATED.json"
    assert first.json_path.read_bytes() == again.json_path.read_bytes()
    assert first.html_path.read_bytes() == again.html_path.read_bytes()

    told = json.loads(first.json_path.read_text())
    assert told["luck"]["trials_counted"] == 15
    assert told["luck"]["discoveries"]["tests"] == 15
    assert first.sentence == told["verdict"]["sentence"]
    assert told["held"].keys() == {"universe 1d", "universe 5d", "universe 20d"}
    assert told["data"]["alike"] == ["market"]
    assert_skill_is_seen(told)
    assert_trial(Trial.objects.get(recipe="rank_report lightgbm 5d"), told["trading"]["5d"]["lightgbm"])
    page = first.html_path.read_text()
    assert "SIMULATED data" in page
    assert page.count("<svg") == 7
    assert "http://" not in page.replace("http://www.w3.org", "")
    for text in ("LightGBM", "ridge regression", "12-1 momentum", "1-month reversal", "no skill"):
        assert text in page
    assert first.table[0].startswith("SIMULATED")


def assert_skill_is_seen(told: dict) -> None:
    for name in ("ridge", "lightgbm"):
        own = told["ranking"]["5d"]["models"][name]
        assert own["ic"]["t_apart"] > 3.0
        assert own["ic_p_value"] < 0.01
        ends = own["ends"]
        assert ends["top"]["excess_gross_bp"]["low"] > 0 > ends["bottom"]["excess_gross_bp"]["high"]
        assert [row["horizon"] for row in own["decay"]] == ["1d", "5d", "20d"]
        assert own["decay"][1]["ic"] == pytest.approx(own["ic"]["mean"])
    assert "ridge 5d" in told["luck"]["discoveries"]["stand"]
    by_chance = told["ranking"]["5d"]["models"]["no_skill"]
    assert abs(by_chance["ic"]["t_apart"]) < 3.0


def assert_trial(trial: Trial, own: dict) -> None:
    """A trial holds the daily excess of the report."""
    assert sum(trial.daily_net) == pytest.approx(sum(row["excess_frac"]["value"] for row in own["years"]))
    assert trial.trades == own["bought"]
    assert trial.net_expectancy_frac == pytest.approx(own["a_purchase_bp"] / 1e4)
    assert trial.sharpe_per_day == pytest.approx(own["excess"]["sharpe"]["value"] / 252**0.5)


def network_config(folder: Path, network: RankNetworkConfig | None) -> None:
    """Write the packaged edge reports with another network for ranks."""
    content = copy.deepcopy(load_yaml("edge_reports.yaml"))
    content["rank_reports"]["rank_v1"]["network"] = None if network is None else asdict(network)
    (folder / "edge_reports.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def test_the_network_is_told_of_beside_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    network_config(tmp_path, SMALL)
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    found = panel_report_write(
        question=replace(QUESTION, network=True, folds=1), panel=panel(planted=True), scope=scope(), folder=tmp_path, rankers=RANKERS[:1]
    )  # fmt: skip
    told = json.loads(found.json_path.read_text())
    assert list(told["ranking"]["5d"]["models"])[:2] == ["ridge", "network"]
    assert_trial(Trial.objects.get(recipe="rank_report network 5d"), told["trading"]["5d"]["network"])
    assert "lookback_days=8" in told["models"]["network"]
    for horizon, own in told["ranking"].items():
        network = own["choice"]["network"]
        word = "at least" if network["at_least"] else "below"
        assert f"{horizon}: the network's rank IC of" in own["choice"]["sentence"]
        assert f"is {word} that of the best other" in own["choice"]["sentence"]
        assert own["choice"]["sentence"] in "\n".join(found.table)
        assert own["choice"]["next"] == own["choice"]["folds"][-1]["chosen"]
    for book in told["trading"]["5d"].values():
        assert all(row["excess_frac"]["low"] <= row["excess_frac"]["value"] for row in book["years"])
    assert "Which model feeds the council" in found.html_path.read_text()


def test_a_report_without_a_network_of_its_own_fits_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    network_config(tmp_path, None)
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    with pytest.raises(InputError, match="leave out --network"):
        written(tmp_path, question=replace(QUESTION, network=True))
    assert not Trial.objects.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label_set": "rank_v9"}, "rank_v1"),
        ({"timeframe": "5m"}, "1d"),
        ({"council": True}, "leave out --council"),
        ({"first_train_days": 5000.0}, "take fewer folds"),
        ({"folds": 0}, "n_folds must be at least 1"),
        ({"validation_days": -1.0}, "above 0"),
    ],
)
def test_bad_questions_are_refused_and_count_nothing(change: dict[str, object], said: str, tmp_path: Path):
    with pytest.raises((InputError, ValueError), match=said):
        written(tmp_path, question=replace(QUESTION, **change))  # type: ignore[arg-type]
    assert not Trial.objects.exists()
    assert not list(tmp_path.iterdir())


def test_the_edge_report_of_ranks_needs_bars(tmp_path: Path):
    with pytest.raises(NotReadyError, match="no share has 1d bars"):
        edge_report_write(question=QUESTION, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_years_without_data_are_refused(tmp_path: Path):
    with pytest.raises(DatasetRefusedError, match="2018"):
        written(tmp_path, question=replace(QUESTION, folds=None))


def test_the_configured_report_is_one_on_ranks():
    assert is_rank_report("rank_v1")
    assert not is_rank_report("swing_v1")
    assert label_set_get(name="rank_v1").kind == "rank"
    assert rank_report_config("rank_v1").test_years == tuple(range(2018, 2025))
