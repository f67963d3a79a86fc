"""A version in service over synthetic bars whose network is linear: what it says is known, and nothing was trained."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np
from django.conf import settings

from modeling.contracts import HeadTrust, ModelVersionFacts
from modeling.fitting.dataset import Dataset
from modeling.models import TrainingRun
from modeling.registry import artifact as store
from modeling.selectors.versions import champion_get
from modeling.services.registry import NewVersion, version_gate, version_promote, version_register
from tests.modeling.fitting.adapter_maker import recipe
from tests.modeling.linear_network import linear_onnx, side_heads, whole_trust
from tests.modeling.synthetic import FEATURES
from tests.signals import builders
from traderai.common.clock import from_epoch_s
from traderai.common.lake import lake_at

PLAN = replace(recipe(), label_set="quick_v1", feature_set="tech_v1")


def serving(
    data: Dataset,
    name: str,
    *,
    weights: Sequence[float] = (0.0, 0.0, 0.0),
    informed: bool = True,
    more: Mapping[str, bytes] | None = None,
    **trust: object,
) -> ModelVersionFacts:
    """Put a version into service that knows the base rates of the first half of the bars, and trusts nothing else.

    `weights` are its network's, `trust` changes what it is trusted, `more` are files of its artifact.
    """
    until = from_epoch_s(int(np.median(data.decision_s)))
    own = base_trust(data, **{"p_long_trust": 0.0, "p_short_trust": 0.0} | trust)
    proof = replace(builders.evidence(), long_informed=informed, short_informed=informed)
    files = {
        store.ONNX: linear_onnx(side_heads(weights), lookback=data.lookback_bars),
        store.SCALER: store.json_bytes(
            {
                "features": list(FEATURES), "mean": [0.0] * 3, "std": [1.0] * 3, "ticker_rows": {},
                "horizon_rows": {horizon: row for row, horizon in enumerate(data.horizons)},
            }
        ),
        store.CALIBRATION: store.json_bytes(
            {"trust": {horizon: asdict(item) for horizon, item in own.items()}, "volatility_feature": "volatility"}
        ),
        store.EVIDENCE: store.evidence_bytes(
            evidence=dict.fromkeys(data.horizons, proof),
            novelty_mean=[0.0] * 3,
            novelty_precision=np.eye(3).tolist(),
        ),
        **(more or {}),
    }  # fmt: skip
    sha = store.artifact_write(lake=lake_at(settings.LAKE_URL), key=f"models/{name}", files=files, about={})
    run = TrainingRun.objects.create(
        recipe=PLAN.name, config_sha256="c", data_sha256=name, code_sha256="c", seed=0, as_of=until, state="done",
        config=json.loads(json.dumps(asdict(PLAN))), started_at=until, finished_at=until,
    )  # fmt: skip
    new = NewVersion(
        version=name, kind="global", recipe=PLAN.name, feature_set_key="tech_v1@0", label_set="quick_v1",
        timeframe="1h", horizons=data.horizons, lookback_bars=data.lookback_bars, trained_until=until,
        is_simulated=True, artifact_key=f"models/{name}", manifest_sha256=sha, metrics={},
    )  # fmt: skip
    facts, champion = version_register(new=new, run_id=run.pk, now=until), champion_get()
    version_gate(
        version_id=facts.id, against_id=None if champion is None else champion.id, verdict="inform", numbers={},
        now=until,
    )  # fmt: skip
    return version_promote(version_id=facts.id, by="t", reason="test", now=until)


def base_trust(data: Dataset, **changes: object) -> dict[str, HeadTrust]:
    """Return a trust by horizon that knows the base rates of what was known at half of the bars."""
    half = int(np.median(data.decision_s))
    known = data.usable & (data.targets.window_end_s <= half)
    return {
        horizon: whole_trust(**priors(data, known[:, h], h), **changes)
        for h, horizon in enumerate(data.horizons)
    }


def priors(data: Dataset, rows: np.ndarray, h: int) -> dict[str, float]:
    rates = {side: float(getattr(data.targets, side)[rows, h].mean()) for side in ("p_long", "p_short")}
    return {f"{side}_prior": float(np.log(rate / (1.0 - rate))) for side, rate in rates.items()}
