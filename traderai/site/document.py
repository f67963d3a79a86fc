"""What the API's document says at one place: what guards every operation, and what fields of one name mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from django.urls import URLResolver, get_resolver

from traderai.common.problems import PROBLEM_MEDIA_TYPE, TITLES, problem_example
from traderai.site.idempotency import HEADER, KEYED
from traderai.site.kept_answers import LONGEST_KEY

_KEY: Final = {
    "in": "header",
    "name": HEADER,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
    "description": (
        "A name of your choice for this one request, such as a UUID. Sent again within a day it is answered as the first "
        "time, with `Idempotency-Replayed: true`, and nothing is done twice; with another body it is refused with 422, "
        "and with 409 and Retry-After while the first one runs."
    ),
}
FIELDS: Final = Path(__file__).resolve().parents[1] / "docs" / "fields.yaml"


def guards_told(result: dict[str, Any], generator: Any, **_: Any) -> dict[str, Any]:
    """Add to each operation 429, of those with a body 413 and 415, and of those that take one the key."""
    names = dict(names_told(get_resolver()))
    for path, _regex, method, callback in generator.endpoints:
        operation = result["paths"].get(path, {}).get(method.lower())
        if operation is None:
            continue
        keyed = method in KEYED.get(names.get(callback, ""), ())
        if keyed:
            operation["parameters"] = [*operation.get("parameters", []), _KEY]
        statuses = [429, *([413, 415] if "requestBody" in operation else []), *([409, 422] if keyed else [])]
        for status in statuses:
            operation["responses"].setdefault(str(status), _problem(status))
        operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def fields_told(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of each field that has no words of its own what its name means everywhere (`docs/fields.yaml`)."""
    words: dict[str, str] = yaml.safe_load(FIELDS.read_text(encoding="utf-8"))
    for name, schema in result["components"]["schemas"].items():
        for field, own in schema.get("properties", {}).items():
            said = words.get(f"{name}.{field}", words.get(field))
            if said is None or "description" in own:
                continue
            if "$ref" in own:
                own["allOf"] = [{"$ref": own.pop("$ref")}]
            own["description"] = said
    return result


def names_told(resolver: URLResolver) -> Iterator[tuple[Callable[..., Any], str]]:
    """Yield each view with the name of its path."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from names_told(pattern)
        elif pattern.name:
            yield pattern.callback, pattern.name


def _problem(status: int) -> dict[str, Any]:
    name = TITLES[status].title().replace(" ", "")
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "examples": {name: {"value": problem_example(status), "summary": TITLES[status]}},
    }
    return {"content": {PROBLEM_MEDIA_TYPE: content}, "description": TITLES[status]}
