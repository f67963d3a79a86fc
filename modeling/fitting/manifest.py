"""What a dataset consists of, as the manifest and the model card tell it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import modeling
from features.selectors.catalogue import feature_set_get
from modeling.fitting.dataset import PARTS, TRAIN, VALIDATION, Dataset
from modeling.fitting.recipe import Recipe
from traderai.common.arrays import Bools
from traderai.common.clock import from_epoch_s
from traderai.common.config import fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFrom:
    """What a dataset was asked to be."""

    recipe: Recipe
    seed: int
    is_simulated: bool
    without_features: tuple[str, ...]  # shares of the universe that have none


def dataset_manifest(dataset: Dataset, made_from: MadeFrom) -> dict[str, Any]:
    """Return what a dataset was made of, by name and hash, and what is in it, with every exclusion and its count.

    Nothing in it depends on when it was made: the same inputs give the same manifest.
    """
    recipe = made_from.recipe
    feature_set, label_set = feature_set_get(name=recipe.feature_set), recipe.labels()
    return {
        "sha256": dataset.sha256,
        "feature_set": {"name": feature_set.name, "sha256": feature_set.sha},
        "label_set": {
            "name": label_set.name,
            "version": label_set.version,
            "sha256": fingerprint(label_set),
        },
        "code_sha256": code_sha256(),
        "seed": made_from.seed,
        "is_simulated": made_from.is_simulated,
        "timeframe": recipe.timeframe,
        "universe": list(recipe.universe) or "all",
        "secids": list(dataset.secids),
        "without_features": list(made_from.without_features),
        "spans": {secid: _span(dataset, dataset.instrument == n) for n, secid in enumerate(dataset.secids)},
        "horizons": list(dataset.horizons),
        "features": list(dataset.features),
        "sparse_missing_frac": {
            dataset.features[column]: float(dataset.values[dataset.eligible, column].mean())
            for column in np.flatnonzero(dataset.flags)
        },
        "lookback_bars": dataset.lookback_bars,
        "bars": int(dataset.values.shape[0]),
        "exclusions": dataset.exclusions | dataset.purged,
        "parts": {name: _part(dataset, code) for code, name in enumerate(PARTS)},
        "warnings": rate_warnings(dataset),
    }


@cache
def code_sha256() -> str:
    """Return the fingerprint of the code that decides a fit, as it was when this process first asked."""
    root = Path(modeling.__file__).parent
    digest = hashlib.sha256()
    for folder in ("fitting", "kernels", "networks", "registry", "systems"):
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def trained_until_s(dataset: Dataset) -> int:
    """Return the end of the last label that training or calibration has seen."""
    return dataset.taught_until_s(TRAIN, VALIDATION)


def rate_warnings(dataset: Dataset) -> list[str]:
    """Return where the share of positives differs between two parts by more than 2x."""
    found = []
    for side in ("p_long", "p_short"):
        for h, horizon in enumerate(dataset.horizons):
            rates = [
                float(getattr(dataset.targets, side)[dataset.part[:, h] == code, h].mean())
                for code in range(len(PARTS))
            ]
            if max(rates) > 2 * min(rates):
                shown = ", ".join(f"{name} {rate:.1%}" for name, rate in zip(PARTS, rates, strict=True))
                found.append(f"{side} {horizon}: positive rates differ by more than 2x ({shown})")
    return found


def _part(dataset: Dataset, code: int) -> dict[str, Any]:
    inside = dataset.part == code
    return {
        **_span(dataset, inside.any(axis=1)),
        "rows": int(inside.sum()),
        "bars": int(inside.any(axis=1).sum()),
        "by_horizon": {
            horizon: _counts(dataset, inside[:, h], h) for h, horizon in enumerate(dataset.horizons)
        },
        "by_share": {
            secid: _share_counts(dataset, inside & (dataset.instrument == number)[:, None])
            for number, secid in enumerate(dataset.secids)
        },
    }


def _span(dataset: Dataset, rows: Bools) -> dict[str, str]:
    moments = dataset.decision_s[rows]
    return {
        "first_decision": from_epoch_s(int(moments.min())).isoformat(),
        "last_decision": from_epoch_s(int(moments.max())).isoformat(),
    }


def _counts(dataset: Dataset, rows: np.ndarray, h: int) -> dict[str, int]:
    return {
        "rows": int(rows.sum()),
        "positives_long": int(dataset.targets.p_long[rows, h].sum()),
        "positives_short": int(dataset.targets.p_short[rows, h].sum()),
    }


def _share_counts(dataset: Dataset, inside: np.ndarray) -> dict[str, int]:
    return {
        "rows": int(inside.sum()),
        "positives_long": int(dataset.targets.p_long[inside].sum()),
        "positives_short": int(dataset.targets.p_short[inside].sum()),
    }
