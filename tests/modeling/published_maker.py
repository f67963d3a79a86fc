"""A published version whose network is linear, upon synthetic bars: held-out services need no training of Keras."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import numpy as np
from django.conf import settings

from features.selectors.catalogue import feature_set_get
from modeling.contracts import ModelVersionFacts
from modeling.contracts.thresholds import Thresholds
from modeling.fitting.batches import scaler_fit
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.folds import Fold
from modeling.fitting.forecasts import NetworkInputs, Provenance, raw_forecasts
from modeling.fitting.manifest import trained_until_s
from modeling.fitting.walk import judged_of
from modeling.models import TrainingRun
from modeling.registry import artifact as store
from modeling.registry.scorer import Network
from modeling.services.judgement import rules_of
from modeling.services.registry import NewVersion, version_register
from tests.modeling.linear_network import HORIZONS, linear_onnx, side_heads, whole_trust
from tests.modeling.synthetic import FEATURES, tiny_recipe
from traderai.common.clock import from_epoch_s
from traderai.common.lake import lake_at

NOW = datetime(2025, 1, 10, tzinfo=UTC)
MIN_SHARE_DAYS = 20  # of a cut: these shares have 90 in a part
HINT_WEIGHT = 0.8  # of the standardised hint on the long logit, and against it on the short one


def published(
    data: Dataset, *, name: str = "linear-1", thresholds: Thresholds | None = None
) -> ModelVersionFacts:
    """Register a version, trained on this dataset as far as anyone can tell, that reads the hint and is trusted whole."""
    recipe = tiny_recipe(
        label_set="quick_v1", **{"split.calibration_folds": 1, "thresholds.min_trades": MIN_SHARE_DAYS}
    )
    run = TrainingRun.objects.create(
        recipe=recipe.name, seed=0, as_of=NOW, config=asdict(recipe), started_at=NOW, state="done", finished_at=NOW,
        data_sha256=data.sha256, config_sha256=name, code_sha256="",
    )  # fmt: skip
    key, facts = f"models/{name}", feature_set_get(name=recipe.feature_set)
    sha = store.artifact_write(
        lake=lake_at(settings.LAKE_URL), key=key, files=_files(data, thresholds), about={"version": name}
    )
    new = NewVersion(
        version=name, kind="global", recipe=recipe.name, feature_set_key=facts.key, label_set="quick_v1", timeframe="1h",
        horizons=HORIZONS, lookback_bars=data.lookback_bars, trained_until=from_epoch_s(trained_until_s(data)),
        is_simulated=True, artifact_key=key, manifest_sha256=sha, metrics={},
    )  # fmt: skip
    return version_register(new=new, run_id=run.pk, now=NOW)


def _files(data: Dataset, thresholds: Thresholds | None) -> dict[str, bytes]:
    scaler, trust = scaler_fit(data), dict.fromkeys(HORIZONS, whole_trust())
    onnx = linear_onnx(side_heads([HINT_WEIGHT, 0.0, 0.0]), lookback=data.lookback_bars)
    horizon_rows = {horizon: row for row, horizon in enumerate(HORIZONS)}
    raw = raw_forecasts(
        Network(onnx),
        data,
        inputs=NetworkInputs(scaler=scaler, ticker=data.ticker, horizon_rows=horizon_rows),
        rows=np.union1d(data.rows_of(VALIDATION), data.rows_of(TEST)),
        provenance=Provenance.of_fit("linear", data),
    )
    recipe = tiny_recipe(**{"split.calibration_folds": 1})
    fold = Fold(dataset=data, raw=raw.taken(data.rows_of(VALIDATION)))
    rules = rules_of(recipe, seed=0, simulated=True)
    judged = judged_of([fold], raw, trust, scaler=scaler, rules=rules)
    files = {
        store.ONNX: onnx,
        store.SCALER: store.json_bytes(
            {
                "features": list(FEATURES),
                "mean": scaler.mean.tolist(),
                "std": scaler.std.tolist(),
                "ticker_rows": {secid: row + 1 for row, secid in enumerate(data.secids)},
                "horizon_rows": horizon_rows,
            }
        ),
        store.CALIBRATION: store.json_bytes(
            {"trust": {h: asdict(own) for h, own in trust.items()}, "volatility_feature": FEATURES[1]}
        ),
        store.EVIDENCE: store.evidence_bytes(
            evidence=judged.evidence,
            novelty_mean=judged.novelty.mean.tolist(),
            novelty_precision=judged.novelty.precision.tolist(),
        ),
    }
    return files if thresholds is None else {**files, store.THRESHOLDS: store.json_bytes(asdict(thresholds))}
