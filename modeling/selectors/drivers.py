"""The drivers of one prediction by occlusion of the network that serves; needs ONNX Runtime's scorer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modeling.contracts import (
    QUANTILE_LEVELS,
    Drivers,
    Effect,
    FamilyDriver,
    FeatureDriver,
    Prediction,
    Scores,
    ServingArtifact,
)
from modeling.kernels.occlusion import occluded, occluded_windows, occlusion_effects
from modeling.kernels.sparse import DENSE
from modeling.selectors.feature_families import UNLISTED, feature_families
from traderai.common.arrays import F32, F64, I64
from traderai.common.errors import InputError, did_you_mean

_MEDIAN = QUANTILE_LEVELS.index(0.50)


def drivers(*, scorer: Scores, window: F32, secid: str, horizon: str) -> Drivers:
    """Return what a version's prediction for one window (lookback, k) of raw features owes to each feature.

    Everything is said by the scorer itself, so that the effects are those of the calibrated prediction.

    Raises: InputError for a horizon that the version does not know; as the scorer does for a broken window.
    """
    artifact = scorer.artifact
    if horizon not in artifact.horizon_rows:
        known = tuple(artifact.horizon_rows)
        raise InputError(
            f"horizon must be one of {', '.join(known)}, was {horizon!r}{did_you_mean(horizon, known)}",
            code="unknown_horizon",
            field="horizon",
        )
    features = artifact.feature_names
    families = family_columns(artifact)
    everything = np.arange(len(features), dtype=np.int64)
    groups = [*everything[:, None], *families.values(), everything]
    windows = occluded_windows(window, _reference(artifact), groups)
    said = scorer.predict(windows=windows, secids=[secid] * len(windows), horizon=horizon)
    effects = occlusion_effects(_answers(said))
    single, joint, together = np.split(effects, [len(features), len(effects) - 1])
    family_of = {features[column]: name for name, columns in families.items() for column in columns}
    alone = [
        FeatureDriver(feature=name, family=family_of[name], value=_known(value), effect=_effect(own))
        for name, value, own in zip(features, window[-1], single, strict=True)
    ]
    by_family = [
        FamilyDriver(family=name, effect=_effect(own)) for name, own in zip(families, joint, strict=True)
    ]
    return Drivers(
        secid=secid,
        horizon=horizon,
        prediction=said[0],
        features=tuple(sorted(alone, key=lambda one: one.effect.strength, reverse=True)),
        families=tuple(sorted(by_family, key=lambda one: one.effect.strength, reverse=True)),
        together=_effect(together[0]),
        remainder=_effect(together[0] - single.sum(axis=0)),
    )


def predictions_without(
    *, scorer: Scores, windows: F32, secids: Sequence[str], horizon: str
) -> dict[str, tuple[Prediction, ...]]:
    """Return by family of features what a version predicts of windows (n, l, k) without it, for many shares at once.

    Raises: as the scorer does for broken windows.
    """
    reference = _reference(scorer.artifact)
    return {
        family: scorer.predict(windows=occluded(windows, reference, columns), secids=secids, horizon=horizon)
        for family, columns in family_columns(scorer.artifact).items()
    }


def family_columns(artifact: ServingArtifact) -> dict[str, I64]:
    """Return the columns of each family of a version's features, in column order."""
    listed = feature_families(feature_set=artifact.version.feature_set_key.split("@")[0])
    own = np.array([listed.get(name, UNLISTED) for name in artifact.feature_names])
    return {str(name): np.flatnonzero(own == name) for name in dict.fromkeys(own.tolist())}


def _reference(artifact: ServingArtifact) -> F32:
    """Return the training mean of each feature, NaN where its source may be silent: the network reads both as 0."""
    silent = np.array([block != DENSE for block in artifact.sparse_blocks])
    return np.where(silent, np.nan, artifact.mean[: silent.size]).astype(np.float32)


def _answers(said: Sequence[Prediction]) -> F64:
    return np.array([(own.p_long, own.p_short, own.return_quantiles[_MEDIAN]) for own in said])


def _effect(own: F64) -> Effect:
    p_long, p_short, median = (float(value) for value in own)
    return Effect(p_long=p_long, p_short=p_short, median_return_frac=median)


def _known(value: np.float32) -> float | None:
    return float(value) if np.isfinite(value) else None
