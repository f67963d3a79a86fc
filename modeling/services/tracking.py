"""Trainings told to an MLflow server, their learning curves to TensorBoard, where these are configured.

MLflow is told by its REST API, so that nothing is installed.

Source: MLflow, REST API 2.0: experiments/get-by-name and create, runs/create, log-batch and update.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
from django.conf import settings

from modeling.contracts import ModelVersionFacts
from modeling.models import TrainingRun

TIMEOUT_S: Final = 10.0
EVENT: Final = "training_not_tracked"  # what a warning in the log begins with
_API: Final = "api/2.0/mlflow"
_BATCH: Final = {"metrics": 1000, "params": 100}  # what one request may hold
_KEY_CHARS, _VALUE_CHARS = 250, 500
_NOT_IN_KEYS: Final = re.compile(r"[^\w\-. /]")

_log = logging.getLogger(__name__)


def training_track(*, run: TrainingRun, version: ModelVersionFacts, note: str) -> str | None:
    """Tell a finished training to the tracking server and return the id of its run there; None where nobody took it.

    The experiment bears the recipe's name. A server that does not take it is logged and has no other consequence: the
    training is done and stored. Repeating makes another run.
    """
    address = settings.MLFLOW_TRACKING_URI
    if not address:
        return None
    try:
        with httpx.Client(base_url=f"{address.rstrip('/')}/{_API}/", timeout=TIMEOUT_S) as client:
            return _told(client, run, version, note)
    # The address may hold a secret, and so may the texts of httpx's errors: neither is logged.
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, TypeError, ValueError) as error:
        _log.warning("%s: %s: %s", EVENT, version.version, type(error).__name__)
        return None


def curves_track(*, version: str, curves: Mapping[str, Sequence[float]]) -> Path | None:
    """Write learning curves as event files and return their folder; None where none is configured or it took nothing.

    A folder that cannot be written is logged and has no other consequence.
    """
    if not settings.TENSORBOARD_DIR:
        return None
    from modeling.fitting.event_files import curves_write  # imports TensorFlow

    folder = Path(settings.TENSORBOARD_DIR) / version
    try:
        curves_write(folder, curves)
    except OSError as error:
        _log.warning("%s: %s: %s", EVENT, version, error)
        return None
    return folder


def _told(client: httpx.Client, run: TrainingRun, version: ModelVersionFacts, note: str) -> str:
    began_ms, ended_ms = _ms(run.started_at), _ms(run.finished_at or run.started_at)
    asked = {
        "experiment_id": _experiment(client, version.recipe),
        "run_name": version.version,
        "start_time": began_ms,
        "tags": [{"key": key, "value": value} for key, value in _tags(run, version, note).items()],
    }
    run_id = str(_post(client, "runs/create", asked)["run"]["info"]["run_id"])
    metrics = [
        {"key": key, "value": float(value), "timestamp": ended_ms, "step": 0}
        for key, value in _leaves(version.metrics)
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    params = [{"key": key, "value": str(value)[:_VALUE_CHARS]} for key, value in _leaves(run.config)]
    for name, items in (("metrics", metrics), ("params", params)):
        for start in range(0, len(items), _BATCH[name]):
            _post(client, "runs/log-batch", {"run_id": run_id, name: items[start : start + _BATCH[name]]})
    _post(client, "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": ended_ms})
    return run_id


def _experiment(client: httpx.Client, name: str) -> str:
    """Return the id of the experiment of this name, made where there is none."""
    answer = client.get("experiments/get-by-name", params={"experiment_name": name})
    if answer.status_code == httpx.codes.NOT_FOUND:
        return str(_post(client, "experiments/create", {"name": name})["experiment_id"])
    return str(answer.raise_for_status().json()["experiment"]["experiment_id"])


def _tags(run: TrainingRun, version: ModelVersionFacts, note: str) -> dict[str, str]:
    return {
        "mlflow.note.content": note,
        "kind": version.kind,
        "grade": version.grade,
        "state": version.state,
        "label_set": version.label_set,
        "feature_set": version.feature_set_key,
        "trained_until": version.trained_until.isoformat(),
        "is_simulated": str(version.is_simulated).lower(),
        "training_run": str(run.pk),
        "seed": str(run.seed),
        "config_sha256": run.config_sha256,
        "data_sha256": run.data_sha256,
        "code_sha256": run.code_sha256,
        "model_card": f"{settings.LAKE_URL}/{version.artifact_key}/model_card.md",
    }


def _leaves(content: object, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what a nested structure holds, under keys that MLflow takes; a list of plain values is one of them."""
    if not isinstance(content, Mapping):
        yield _NOT_IN_KEYS.sub("_", key)[:_KEY_CHARS], content
        return
    for name, value in content.items():
        yield from _leaves(value, f"{key}/{name}" if key else str(name))


def _post(client: httpx.Client, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client.post(path, json=content).raise_for_status().json()
    return answer


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
