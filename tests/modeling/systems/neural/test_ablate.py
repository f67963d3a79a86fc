"""An ablation: a line without options, one with each alone, one with all; made once, counted, and honest of a collapse."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from modeling.models import ModelVersion, Trial
from modeling.selectors.versions import version_get
from modeling.services.ablate import loaded_ablate
from modeling.services.systems import artifact_files, loaded_evaluate
from modeling.systems.ablation import _plain, ablation_lines, variants
from modeling.systems.loading import LoadedRows
from modeling.systems.neural.toolkit import TEN
from modeling.systems.recipe import SystemRecipe
from tests.modeling.systems.maker import plan
from tests.modeling.systems.neural.maker import rare, small
from traderai.common.errors import InputError

NOW = datetime(2025, 1, 10, tzinfo=UTC)


def recipe(**parameters: Any) -> SystemRecipe:
    own = asdict(small(epochs=2)) | parameters
    return replace(plan("xlstm_signal"), parameters=_plain(own))


def told(**shares: dict[str, float]) -> dict[str, Any]:
    def figures(predicted: dict[str, float]) -> dict[str, Any]:
        bounds = {"value": 0.5, "low": 0.4, "high": 0.6}
        classes = {
            "rows": 900, "days": 40, "names": ["sell", "hold", "buy"], "class_shares": {"sell": 0.1, "hold": 0.8, "buy": 0.1}, "balanced_accuracy": 0.4,
            "macro_f1": 0.35, "log_loss": bounds, "ece": 0.02, "predicted_shares": predicted,
            "collapsed": max(predicted.values()) > 0.9,
        }  # fmt: skip
        trading = {
            "trades": 12,
            "days": 40,
            "net_expectancy_frac": {"value": -0.001, "low": -0.002, "high": 0.0},
        }
        return {"classes": classes, "trading": trading}

    return {
        name: {
            "interval_level": 0.95,
            "test": {"own": figures(predicted), "base rate": figures({"sell": 0.0, "hold": 1.0, "buy": 0.0})},
        }
        for name, predicted in shares.items()
    }


def test_the_table_shows_shares_before_and_after_and_who_collapsed():
    figures = told(
        none={"sell": 0.01, "hold": 0.98, "buy": 0.01}, quota_batches={"sell": 0.3, "hold": 0.4, "buy": 0.3}
    )
    lines = ablation_lines(figures, recipe="own", is_simulated=False)
    assert "true shares: sell 10.0%, hold 80.0%, buy 10.0%" in lines[0]
    plain, quotas = (
        next(line for line in lines if line.startswith(name)) for name in ("none", "quota_batches")
    )
    assert "1%/98%/1%" in plain
    assert quotas.index("30%/40%/30%") < quotas.index("1%/98%/1%")
    assert "-10.0 [-20.0, 0.0] in 12 trades" in quotas
    assert lines[-1].endswith("COLLAPSED, one class has more than 90 % of the predictions: none")


def test_variants_differ_in_their_options_alone():
    asked = variants(plan("xlstm_signal"))
    assert [own.name for own in asked] == ["none", *TEN, "all"]
    options = [own.plan.parameters["toolkit"]["options"] for own in asked]
    assert options == [[], *([name] for name in TEN), list(TEN)]
    for own in asked:
        rest = {key: value for key, value in own.plan.parameters.items() if key != "toolkit"}
        assert rest == {key: asked[0].plan.parameters[key] for key in rest}
        assert own.plan.parameters["toolkit"]["preset"] == "none"
        assert own.plan.split == asked[0].plan.split


def test_a_recipe_without_the_toolkit_and_an_unknown_option_are_refused():
    with pytest.raises(InputError, match="no imbalance toolkit"):
        variants(plan("xgboost"))
    with pytest.raises(InputError, match="did you mean 'focal'"):
        variants(plan("xlstm_signal"), options=("focl",))


@pytest.mark.django_db
def test_an_ablation_is_stored_counted_and_not_made_again(lake):
    loaded = LoadedRows(rows=rare(), is_simulated=True, without_features=())
    own = recipe()
    first = loaded_ablate(plan=own, loaded=loaded, as_of=NOW, seed=1, options=("class_weights",))
    assert list(first.versions) == ["none", "class_weights"]
    assert first.reused == 0
    assert ModelVersion.objects.count() == Trial.objects.count() == 2
    assert "SIMULATED" in first.table[0]
    again = loaded_ablate(plan=own, loaded=loaded, as_of=NOW, seed=1, options=("class_weights",))
    assert (again.reused, again.table, again.versions) == (2, first.table, first.versions)
    assert Trial.objects.count() == 2
    facts = version_get(version=first.versions["class_weights"])
    files = artifact_files(facts)
    assert {"network.onnx", "network.keras", "scaler.json", "meta.json", "learning_curve.png"} <= set(files)
    stored = variants(own, options=("class_weights",))[1].plan
    # The same figures to the digit, from what is stored; `loaded_evaluate` raises otherwise.
    assert loaded_evaluate(facts=facts, plan=stored, files=files, loaded=loaded).version == facts
    assert version_get(version=first.versions["none"]).metrics["test"][own.name]["classes"]["collapsed"]
