"""Calls operations by a generated client: `python client_calls.py FOLDER < calls.json`, in the client's own environment.

FOLDER holds the generated package `client`. Each call names its operation, tag and arguments; what became of each is
printed as JSON. Nothing of TraderAI is imported: this is a program of somebody else.
"""

from __future__ import annotations

import importlib
import json
import sys
import typing
from types import ModuleType
from typing import Any


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    asked = json.load(sys.stdin)
    api = importlib.import_module("client")
    told = [outcome(api, asked["address"], call) for call in asked["calls"]]
    json.dump(told, sys.stdout)


def outcome(api: ModuleType, address: str, call: dict[str, Any]) -> dict[str, Any]:
    """Call one operation; tell the status, the class of what was parsed, and whether it says all that was answered."""
    try:
        module = importlib.import_module(f"client.api.{call['tag']}.{call['operation']}")
        client = api.Client(base_url=address, headers=call["headers"])
        answer = module.sync_detailed(client=client, **arguments(module, call["arguments"]))
        return {
            "operation": call["operation"],
            "status": int(answer.status_code),
            "parsed": kind_of(answer.parsed),
            "whole": same(plain(answer.parsed), told_by(answer)),
            "content": answer.content.decode()[:500],
        }
    except Exception as error:
        return {"operation": call["operation"], "status": 0, "content": repr(error)[:500]}


def arguments(module: ModuleType, given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with the body as the model that the client wants."""
    if "body" not in given:
        return given
    hints = typing.get_type_hints(module.sync_detailed)
    kinds = [
        kind for kind in (typing.get_args(hints["body"]) or (hints["body"],)) if hasattr(kind, "from_dict")
    ]
    return {**given, "body": kinds[0].from_dict(given["body"])}


def told_by(answer: Any) -> Any:
    """Return what was answered, read without the client's models."""
    if not answer.content:
        return None
    is_json = answer.headers["content-type"].partition(";")[0].endswith("json")
    return json.loads(answer.content) if is_json else answer.content.decode()


def kind_of(parsed: Any) -> str:
    return kind_of(parsed[0]) if isinstance(parsed, list) and parsed else type(parsed).__name__


def plain(parsed: Any) -> Any:
    if isinstance(parsed, list):
        return [plain(one) for one in parsed]
    return parsed.to_dict() if hasattr(parsed, "to_dict") else parsed


def same(told: Any, answered: Any) -> bool:
    """Return whether a model says what was answered; moments may be spelled in another way."""
    if isinstance(answered, dict):
        return (
            isinstance(told, dict)
            and answered.keys() == told.keys()
            and all(same(told[k], answered[k]) for k in answered)
        )
    if isinstance(answered, list):
        return isinstance(told, list) and len(told) == len(answered) and all(map(same, told, answered))
    if isinstance(answered, str) and isinstance(told, str):
        return told == answered or told[:10] == answered[:10]
    return bool(told == answered)


if __name__ == "__main__":
    main()
