"""What is known without a network is measured once and stands beside whatever is judged on the same rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from modeling.fitting.batches import scaler_fit
from modeling.fitting.calibration import reduced
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION
from modeling.fitting.folds import trust_of
from modeling.fitting.forecasters import FORECASTERS, FitTask, Fitted, Forecaster, LogisticForecaster
from modeling.fitting.judging import known_figures, part_metrics
from modeling.fitting.walk import judged_of
from modeling.kernels.calibration import sigmoid
from modeling.kernels.gate import KINDS
from tests.modeling.fitting.adapter_maker import (
    COLUMN,
    adapter_data,
    chooser,
    folds_of,
    recipe,
    shared_raw,
)
from tests.modeling.fitting.walk_maker import rules_of, silent


@dataclass(frozen=True)
class Counted:
    """A forecaster that tells how often it was fitted."""

    own: Forecaster
    fits: list[str]

    @property
    def name(self) -> str:
        return self.own.name

    def fit(self, task: FitTask) -> Fitted:
        self.fits.append(self.name)
        return self.own.fit(task)


def test_a_network_and_its_base_stand_beside_the_same_baselines_fitted_once(monkeypatch: pytest.MonkeyPatch):
    fits: list[str] = []
    for name, forecaster in FORECASTERS.items():
        monkeypatch.setitem(FORECASTERS, name, Counted(forecaster, fits))
    data, rules = adapter_data(), rules_of(recipe())
    scaler, folds = scaler_fit(data), folds_of(data)
    raw = shared_raw(data, np.union1d(data.rows_of(VALIDATION), data.rows_of(TEST)))
    known = known_figures(data, scaler, rules, rows=raw.rows, part=TEST)
    trust = trust_of(folds, column=COLUMN, chooser=chooser())
    trusted = {name: replace(own, p_long_trust=1.0, p_short_trust=1.0) for name, own in trust.items()}
    fallen = {name: reduced(own, kinds=KINDS) for name, own in trust.items()}
    found = []
    for own in (trusted, fallen):
        judged = judged_of(folds, raw, own, scaler=scaler, rules=rules)
        found.append(part_metrics(judged, data, rules, known=known, part=TEST, say=silent)["heads"])
    assert sorted(fits) == sorted(FORECASTERS)
    for head, first in found[0].items():
        served, base = (each[head]["models"].pop("network") for each in found)
        assert served != base
        assert first["models"] == found[1][head]["models"] == known[head]
        assert list(known[head]) == ["base_rate", *FORECASTERS]

    # Once more by other hands.
    own = data.part[raw.rows, 1] == TEST
    y, task = (
        data.targets.p_long[raw.rows[own], 1],
        FitTask(dataset=data, scaler=scaler, column=COLUMN, seed=rules.seed),
    )
    p = sigmoid(LogisticForecaster().fit(task).raw(raw.rows).p_long_logit)[own, 1]
    figures = known[f"p_long_{data.horizons[1]}"]
    assert figures["logistic"]["log_loss"]["value"] == pytest.approx(log_loss(y, p), rel=1e-9)
    assert figures["logistic"]["roc_auc"]["value"] == pytest.approx(roc_auc_score(y, p), rel=1e-9)
    rate = np.full(y.size, data.targets.p_long[data.part[:, 1] == TRAIN, 1].mean())
    assert figures["base_rate"]["log_loss"]["value"] == pytest.approx(log_loss(y, rate), rel=1e-9)
