"""JSON as the API takes it: nothing in it that the database or the arithmetic behind would break on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser

from traderai.common.errors import FieldProblem, FieldsError, InputError

DEEPEST = 16
LARGEST_INTEGER = 2**63 - 1
_TOLD_MOST = 10  # mistakes that one answer names


class PlainJSONParser(JSONParser):
    """A JSON object in UTF-8; what no operation could want is refused before any looks at it.

    Raises: ParseError or ValidationError (400) for what is no JSON object; FieldsError or InputError (422) for nesting
    deeper than DEEPEST, integers beyond 64 bits, numbers that are not finite, and text that PostgreSQL cannot hold
    (NUL, halves of surrogate pairs).
    """

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """Return the content of a body."""
        try:
            content = json.loads(stream.read().decode(), parse_constant=_no_number)
        except RecursionError as error:
            raise _too_deep() from error
        except ValueError as error:
            raise ParseError(f"the request body is not valid JSON: {error}") from error
        if not isinstance(content, dict):
            raise ValidationError({"body": f"it must be a JSON object, was {type(content).__name__}"})
        found = [problem for _, problem in zip(range(_TOLD_MOST), _problems(content), strict=False)]
        if found:
            raise FieldsError(found)
        return content


def _problems(value: Any, path: str = "", depth: int = 0) -> Iterator[FieldProblem]:
    if depth > DEEPEST:
        raise _too_deep()
    if isinstance(value, str):
        yield from _text_problems(value, path)
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        yield FieldProblem(
            field=path or "body",
            code="too_large",
            detail=f"an integer must have at most 64 bits, had {value.bit_length()}",
        )
    elif isinstance(value, float) and not math.isfinite(value):
        yield FieldProblem(
            field=path or "body", code="too_large", detail="a number must be finite, was beyond 1.8e308"
        )
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _text_problems(key, path)
            shown = key.encode(errors="replace").decode().replace("\0", "?")
            yield from _problems(inner, f"{path}.{shown}".lstrip("."), depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _problems(inner, f"{path}.{place}".lstrip("."), depth + 1)


def _text_problems(text: str, path: str) -> Iterator[FieldProblem]:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text if letter > "\u07ff"):
        yield FieldProblem(
            field=path or "body",
            code="bad_character",
            detail="text must hold no NUL character and no half of a surrogate pair; leave it out",
        )


def _too_deep() -> InputError:
    return InputError(f"the body must be nested at most {DEEPEST} deep; make it flatter", code="too_deep")


def _no_number(word: str) -> None:
    raise ValueError(f"a number must be finite, was {word}")
