"""Model artifacts in the lake: a folder of files under a manifest of their SHA-256 sums; JSON and ONNX, no pickle."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TypeVar

import numpy as np

from modeling.contracts import Evidence, HeadTrust, ModelVersionFacts, ServingArtifact
from modeling.contracts.conformal import HorizonRanges
from modeling.contracts.council import CouncilRules
from modeling.contracts.levels import HorizonLevels
from modeling.contracts.thresholds import Thresholds
from modeling.errors import ArtifactBrokenError
from modeling.kernels.sparse import DENSE
from traderai.common.config import parse
from traderai.common.errors import InputError, InvariantError, NotFoundError
from traderai.common.lake import Lake, sha256_hex

MANIFEST = "manifest.json"
ONNX = "network.onnx"
SCALER = "scaler.json"
CALIBRATION = "calibration.json"
EVIDENCE = "evidence.json"
METRICS = "metrics.json"
EXPLAIN = "explain.json"
DRIFT = "drift_reference.json"
COUNCIL = "council.json"
ADAPTERS = "adapters.json"
CONFORMAL = "conformal.json"
LEVELS = "levels.json"
THRESHOLDS = "thresholds.json"
FOLDS = "folds.npz"
KERAS = "network.keras"
Kind = TypeVar("Kind")


def json_bytes(content: object) -> bytes:
    """Return canonical JSON; NaN has no place in it and is an error."""
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def artifact_write(*, lake: Lake, key: str, files: dict[str, bytes], about: dict[str, object]) -> str:
    """Store the files and, last, their manifest; return the manifest's SHA-256.

    Repeating with the same bytes changes nothing. A crash in between leaves a folder without a manifest,
    which nobody can load.
    """
    sums = {name: lake.write(f"{key}/{name}", content) for name, content in sorted(files.items())}
    manifest = {
        **about,
        "files": {name: {"sha256": sums[name], "bytes": len(files[name])} for name in sorted(files)},
    }
    return lake.write(f"{key}/{MANIFEST}", json_bytes(manifest))


def manifest_read(*, lake: Lake, key: str, manifest_sha256: str) -> dict[str, Any]:
    """Return the manifest if it is the registered one, else raise ArtifactBrokenError."""
    content = _read(lake, f"{key}/{MANIFEST}", manifest_sha256)
    manifest: dict[str, Any] = json.loads(content)
    return manifest


def artifact_verify(*, lake: Lake, key: str, manifest_sha256: str) -> None:
    """Check every file of an artifact against its manifest; the first that differs is an ArtifactBrokenError."""
    manifest = manifest_read(lake=lake, key=key, manifest_sha256=manifest_sha256)
    for name, entry in manifest["files"].items():
        _read(lake, f"{key}/{name}", entry["sha256"])


def artifact_file(*, lake: Lake, version: ModelVersionFacts, name: str) -> bytes | None:
    """Return one file of a version's artifact, checked against the manifest; None where the version has none."""
    key = version.artifact_key
    entry = manifest_read(lake=lake, key=key, manifest_sha256=version.manifest_sha256)["files"].get(name)
    return None if entry is None else _read(lake, f"{key}/{name}", entry["sha256"])


def artifact_read(*, lake: Lake, version: ModelVersionFacts) -> ServingArtifact:
    """Return what scoring needs, every byte of it checked against the manifest that the registry knows."""
    key = version.artifact_key
    manifest = manifest_read(lake=lake, key=key, manifest_sha256=version.manifest_sha256)
    # All of it, also what scoring does not need: where one file was changed none is what was judged.
    files = {name: _read(lake, f"{key}/{name}", entry["sha256"]) for name, entry in manifest["files"].items()}

    def checked(name: str) -> bytes:
        if name not in files:
            raise ArtifactBrokenError(f"artifact {key!r} has no {name}; train again")
        return files[name]

    scaler = json.loads(checked(SCALER))
    calibration = json.loads(checked(CALIBRATION))
    evidence = json.loads(checked(EVIDENCE))
    return ServingArtifact(
        version=version,
        onnx=checked(ONNX),
        feature_names=tuple(scaler["features"]),
        # Versions from before there were sparse features know none.
        sparse_blocks=tuple(scaler.get("sparse_blocks", [DENSE] * len(scaler["features"]))),
        mean=np.asarray(scaler["mean"], dtype=np.float64),
        std=np.asarray(scaler["std"], dtype=np.float64),
        ticker_rows={str(secid): int(row) for secid, row in scaler["ticker_rows"].items()},
        horizon_rows={str(name): int(row) for name, row in scaler["horizon_rows"].items()},
        trust=_parsed(calibration["trust"], HeadTrust, where=CALIBRATION),
        volatility_feature=str(calibration["volatility_feature"]),
        evidence=_parsed(evidence["horizons"], Evidence, where=EVIDENCE),
        novelty_mean=np.asarray(evidence["novelty_mean"], dtype=np.float64),
        novelty_precision=np.asarray(evidence["novelty_precision"], dtype=np.float64),
        council=_rules(files.get(COUNCIL), CouncilRules, where=COUNCIL),
        ranges=ranges_of(files.get(CONFORMAL)),
        levels=levels_of(files.get(LEVELS)),
        thresholds=_rules(files.get(THRESHOLDS), Thresholds, where=THRESHOLDS),
    )


def evidence_bytes(
    *, evidence: dict[str, Evidence], novelty_mean: list[float], novelty_precision: list[list[float]]
) -> bytes:
    """Return the file that `artifact_read` turns back into the evidence by horizon."""
    return json_bytes(
        {
            "horizons": {name: asdict(item) for name, item in evidence.items()},
            "novelty_mean": novelty_mean,
            "novelty_precision": novelty_precision,
        }
    )


def ranges_of(content: bytes | None) -> dict[str, HorizonRanges] | None:
    """Return what `conformal.json` holds, by horizon; None for an artifact without it."""
    return None if content is None else _parsed(json.loads(content), HorizonRanges, where=CONFORMAL)


def levels_of(content: bytes | None) -> dict[str, HorizonLevels] | None:
    """Return what `levels.json` holds, by horizon; None for an artifact without it."""
    return None if content is None else _parsed(json.loads(content), HorizonLevels, where=LEVELS)


def _rules(content: bytes | None, kind: type[Kind], *, where: str) -> Kind | None:
    """Return the rules that a file holds; None for an artifact without it."""
    if content is None:
        return None
    try:
        found: Kind = parse(json.loads(content), kind, where=where)
    except InputError as error:
        raise ArtifactBrokenError(f"{error.detail}; train again") from error
    return found


def _parsed(content: object, kind: type, *, where: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = parse(content, dict[str, kind], where=where)  # type: ignore[valid-type]
    except InputError as error:
        raise ArtifactBrokenError(f"{error.detail}; train again") from error
    return found


def _read(lake: Lake, key: str, sha256: str) -> bytes:
    try:
        content = lake.read(key)
    except NotFoundError as error:
        raise ArtifactBrokenError(f"{error.detail}; roll back or train again") from error
    except InvariantError as error:
        raise ArtifactBrokenError(error.detail) from error
    if sha256_hex(content) != sha256:
        raise ArtifactBrokenError(
            f"{key!r} is corrupt: SHA-256 must be {sha256}, was {sha256_hex(content)}; roll back or train again"
        )
    return content
