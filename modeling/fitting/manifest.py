"""What a dataset consists of, as the manifest and the model card tell it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

import modeling
from modeling.fitting.dataset import PARTS, TRAIN, VALIDATION, Dataset
from traderai.common.clock import from_epoch_s


def dataset_manifest(dataset: Dataset, *, without_features: tuple[str, ...]) -> dict[str, Any]:
    """Return hash, spans, rows and positives by part and share, and every exclusion with its count."""
    return {
        "sha256": dataset.sha256,
        "secids": list(dataset.secids),
        "without_features": list(without_features),
        "horizons": list(dataset.horizons),
        "features": list(dataset.features),
        "lookback_bars": dataset.lookback_bars,
        "bars": int(dataset.values.shape[0]),
        "exclusions": dataset.exclusions | dataset.purged,
        "parts": {name: _part(dataset, code) for code, name in enumerate(PARTS)},
        "warnings": rate_warnings(dataset),
    }


def code_sha256() -> str:
    """Return the fingerprint of the code that decides a fit."""
    root = Path(modeling.__file__).parent
    digest = hashlib.sha256()
    for folder in ("fitting", "kernels", "networks", "registry"):
        for path in sorted((root / folder).glob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
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
    moments = dataset.decision_s[inside.any(axis=1)]
    return {
        "first_decision": from_epoch_s(int(moments.min())).isoformat(),
        "last_decision": from_epoch_s(int(moments.max())).isoformat(),
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
