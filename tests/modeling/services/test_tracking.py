"""Trainings told to a server on this machine that speaks as MLflow's does, with its limits; a broken one harms nobody."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from modeling.contracts import ModelVersionFacts
from modeling.models import TrainingRun
from modeling.services.tracking import EVENT, training_track
from tests.modeling.ledger_maker import sha

API = "/api/2.0/mlflow/"
BEGAN = datetime(2025, 3, 3, 1, tzinfo=UTC)
LIMITS = {"metrics": 1000, "params": 100, "tags": 100}


@dataclass
class Server:
    """What a tracking server holds."""

    url: str = ""
    broken_at: str = ""
    experiments: dict[str, str] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, method: str, path: str, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer as the documentation of MLflow's REST API says."""
        if path == self.broken_at:
            return 500, {"error_code": "INTERNAL_ERROR", "message": "m"}
        if (method, path) == ("GET", "experiments/get-by-name"):
            own = self.experiments.get(content["experiment_name"][0])
            if own is None:
                return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "m"}
            return 200, {"experiment": {"experiment_id": own, "name": content["experiment_name"][0]}}
        if (method, path) == ("POST", "experiments/create"):
            self.experiments[content["name"]] = str(len(self.experiments) + 1)
            return 200, {"experiment_id": self.experiments[content["name"]]}
        if (method, path) == ("POST", "runs/create"):
            run_id = f"{len(self.runs):032x}"
            self.runs[run_id] = {**content, "metrics": [], "params": [], "status": "RUNNING"}
            return 200, {"run": {"info": {"run_id": run_id, "status": "RUNNING"}, "data": {}}}
        run = self.runs.get(content.get("run_id", ""))
        if method != "POST" or run is None or path not in ("runs/log-batch", "runs/update"):
            return 404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "m"}
        if path == "runs/update":
            run |= content
            return 200, {"run_info": {"run_id": content["run_id"], "status": content["status"]}}
        if any(len(content.get(name, [])) > most for name, most in LIMITS.items()):
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "m"}
        for name in ("metrics", "params"):
            run[name] += content.get(name, [])
        return 200, {}


@pytest.fixture
def server(settings) -> Iterator[Server]:
    made = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            self._answer(asked.path, parse_qs(asked.query))

        def do_POST(self) -> None:
            self._answer(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, path: str, content: dict[str, Any]) -> None:
            status, told = made.answer(self.command, path.removeprefix(API), content)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_words: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        made.url = f"http://127.0.0.1:{listening.server_port}"
        settings.MLFLOW_TRACKING_URI = f"{made.url}/"
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield made
        listening.shutdown()
        thread.join()


def run(**config: Any) -> TrainingRun:
    return TrainingRun(
        pk=7, recipe="global_swing_v1", config_sha256=sha("c"), data_sha256=sha("d"), code_sha256=sha("e"), seed=3,
        as_of=BEGAN, config={"fit": {"max_epochs": 4, "loss_weights": {"p_long_logit": 1.0}}, "universe": ["SBER"]} | config,
        started_at=BEGAN, finished_at=BEGAN + timedelta(seconds=90.5),
    )  # fmt: skip


VERSION = ModelVersionFacts(
    id=1, version="global-1", kind="global", recipe="global_swing_v1", feature_set_key="tech_v1@0", label_set="swing_v1",
    timeframe="1h", horizons=("3d",), lookback_bars=8, trained_until=BEGAN, grade="inform", state="champion",
    is_simulated=False, artifact_key="models/global-1", manifest_sha256=sha("m"),
    metrics={"test": {"heads": {"p_long_3d": {"log_loss": 0.61, "rows": 900, "none": None, "kept": True}}}, "by@odd": 2},
)  # fmt: skip


def told(**config: Any) -> str | None:
    return training_track(run=run(**config), version=VERSION, note="promoted as inform")


def test_a_training_becomes_a_run_with_its_figures_and_the_way_to_its_card(server: Server, settings):
    settings.LAKE_URL = "s3://models"
    first = told()
    assert first is not None and server.experiments == {"global_swing_v1": "1"}
    own = server.runs[first]
    assert (own["experiment_id"], own["run_name"], own["status"]) == ("1", "global-1", "FINISHED")
    assert own["end_time"] - own["start_time"] == 90_500
    tags = {item["key"]: item["value"] for item in own["tags"]}
    assert tags["model_card"] == "s3://models/models/global-1/model_card.md"
    assert (tags["grade"], tags["seed"], tags["mlflow.note.content"]) == ("inform", "3", "promoted as inform")
    metrics = {item["key"]: item["value"] for item in own["metrics"]}
    assert metrics == {
        "test/heads/p_long_3d/log_loss": 0.61,
        "test/heads/p_long_3d/rows": 900.0,
        "by_odd": 2.0,
    }
    params = {item["key"]: item["value"] for item in own["params"]}
    assert params == {"fit/max_epochs": "4", "fit/loss_weights/p_long_logit": "1.0", "universe": "['SBER']"}
    second = told()
    assert second not in (None, first) and server.experiments == {"global_swing_v1": "1"}


def test_what_is_more_than_one_request_takes_is_sent_in_several(server: Server):
    run_id = told(**{f"p{number}": "x" * 900 for number in range(250)})
    assert run_id is not None
    own = server.runs[run_id]
    assert len(own["params"]) == 253 and max(len(item["value"]) for item in own["params"]) == 500
    # Seen to fail: the server takes no more at once.
    assert server.answer("POST", "runs/log-batch", {"run_id": run_id, "params": [{}] * 101})[0] == 400


@pytest.mark.parametrize("broken", ["runs/create", "runs/log-batch", "runs/update", "nobody", "address"])
def test_a_server_that_takes_nothing_is_logged_without_its_secret(
    server: Server, settings, caplog: pytest.LogCaptureFixture, broken: str
):
    server.broken_at = broken
    if broken in ("nobody", "address"):
        settings.MLFLOW_TRACKING_URI = {"nobody": "http://u:secret@127.0.0.1:9", "address": "file:///secret"}[
            broken
        ]
    with caplog.at_level(logging.WARNING, logger="modeling"):
        assert told() is None
    assert f"{EVENT}: global-1" in caplog.text and "secret" not in caplog.text


def test_nothing_is_told_to_anybody_by_default(server: Server, settings):
    settings.MLFLOW_TRACKING_URI = ""
    assert told() is None
    assert not server.experiments and not server.runs
