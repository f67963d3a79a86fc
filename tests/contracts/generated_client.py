"""A client that is generated from the document, in an environment of its own: it is no part of what it is a client of."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import yaml

from tests.contracts import stand
from tests.contracts.stand import Stand, Wsgi

ROOT = Path(__file__).resolve().parents[2]
# `make test` makes it.
BIN = ROOT / ".state" / "client" / "bin"
CALLS = Path(__file__).with_name("client_calls.py")


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request."""


def generated(document: dict[str, Any], folder: Path) -> Path:
    """Generate the client as the package `client` of a folder; return the folder."""
    (folder / "openapi.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (folder / "config.yaml").write_text("post_hooks: []\n", encoding="utf-8")
    done = subprocess.run(
        [BIN / "openapi-python-client", "generate", "--path", folder / "openapi.yaml", "--config", folder / "config.yaml",
         "--output-path", folder / "client", "--meta", "none", "--fail-on-warning"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def call_of(operation: dict[str, Any], stood: Stand) -> dict[str, Any]:
    parts = stand.request_of(operation, stood.known)
    named = {**parts["path"], **parts["query"], **parts["header"]}
    arguments = {re.sub(r"\W", "_", name).lower(): value for name, value in named.items()}
    return {
        "operation": operation["operationId"],
        "tag": operation["tags"][0],
        "headers": stood.credentials(operation),
        "arguments": arguments | ({"body": parts["body"]} if "body" in parts else {}),
    }


def called(client: Path, calls: list[dict[str, Any]], app: Wsgi) -> dict[str, dict[str, Any]]:
    """Let the client make its calls and answer them here: this thread alone sees the rows of the stand's transaction."""
    with make_server("127.0.0.1", 0, app, handler_class=_Quiet) as server:
        server.timeout = 0.1
        asked = {"address": f"http://127.0.0.1:{server.server_port}", "calls": calls}
        question = client / "calls.json"
        question.write_text(json.dumps(asked), encoding="utf-8")
        with question.open() as given, (client / "told.json").open("w+") as told:
            process = subprocess.Popen([BIN / "python", CALLS, client], stdin=given, stdout=told)
            while process.poll() is None:
                server.handle_request()
    assert process.returncode == 0, process.returncode
    outcomes = json.loads((client / "told.json").read_text(encoding="utf-8"))
    return {one["operation"]: one for one in outcomes}
