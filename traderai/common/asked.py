"""What a request says, read as strictly as the API's document states it: one place for bodies, one for queries.

The framework's fields are made for forms: they take `"12"` for 12, `1` for "1" and pass over names that they do not
know. A program that sends such things means something else than it says, so it is told: as the framework tells of its own
fields, in the asker's language. What a rule of ours refuses later is worded for developers, in English.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy, ngettext
from rest_framework import serializers

from traderai.common.errors import InputError, nearest

BIGGEST_ID = 2**63 - 1
ID_SCHEMA: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": BIGGEST_ID}  # of one in a path
EARLIEST_YEAR, LATEST_YEAR = 1970, 2199
# RFC 3339, which the document calls `date-time`; the parser below takes many more spellings of ISO 8601.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"-?[0-9]+")
# What JSON calls the values of a field; a subclass counts as its parent, and true and false are no numbers.
_JSON_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], tuple[type, ...], Any], ...] = (
    (serializers.CharField, (str,), gettext_lazy("a string")),
    (serializers.DateTimeField, (str,), gettext_lazy("a string")),
    (serializers.BooleanField, (bool,), gettext_lazy("true or false")),
    (serializers.IntegerField, (int, float), gettext_lazy("a number")),
    (serializers.FloatField, (int, float), gettext_lazy("a number")),
    (serializers.DecimalField, (int, float), gettext_lazy("a number")),
)


class BodySerializer(serializers.Serializer[dict[str, Any]]):
    """A JSON body: each value has the type that the document states, and no field is unknown."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the checked values."""
        if isinstance(data, QueryDict):
            return super().to_internal_value(_said_once(self, data))
        if isinstance(data, Mapping):
            mistakes = _unknown(self, data)
            for name, field in self.fields.items():
                if data.get(name) is not None and (complaint := _complaint(field, data[name])):
                    mistakes[name] = complaint
            if mistakes:
                raise serializers.ValidationError(mistakes)
        return super().to_internal_value(data)


class QuerySerializer(serializers.Serializer[dict[str, Any]]):
    """The parameters of a query, each known and said once; an empty one is a value, not a missing one."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the checked values."""
        return super().to_internal_value(_said_once(self, data))


class MomentField(serializers.DateTimeField):
    """A moment with its offset: without one it would silently be taken for UTC, three hours late in Moscow."""

    default_error_messages = {
        "no_offset": gettext_lazy("Give the moment with its offset, such as 2024-03-01T10:00:00+03:00.")
    }

    def to_internal_value(self, value: Any) -> datetime:
        """Return the moment.

        Raises: InputError for a year that no calendar of ours knows: such a moment is well said, and still no answer.
        """
        if not isinstance(value, str) or not _MOMENT.fullmatch(value):
            self.fail("no_offset")
        if not EARLIEST_YEAR <= int(value[:4]) <= LATEST_YEAR:
            raise InputError(
                f"the year must be from {EARLIEST_YEAR} to {LATEST_YEAR}, was {value[:4]}",
                code="out_of_range",
                field=self.field_name,
            )
        return super().to_internal_value(value)


class IdField(serializers.IntegerField):
    """The number of a row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=BIGGEST_ID, **kwargs)


class MoneyField(serializers.DecimalField):
    """An amount of RUB, to the kopeck.

    Raises: InputError for one that has more digits than are kept: no schema can say how many a number has.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=18, decimal_places=2, coerce_to_string=False, **kwargs)

    def validate_precision(self, value: Decimal) -> Decimal:
        """Return an amount that can be kept."""
        try:
            return super().validate_precision(value)
        except serializers.ValidationError as error:
            raise InputError(
                f"an amount must have at most 16 digits before the point and 2 after it, was {value:.6g}",
                code="too_precise",
                field=self.field_name,
            ) from error


def _unknown(serializer: serializers.Serializer[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    known = [name for name, field in serializer.fields.items() if not field.read_only]
    return {
        str(name): [
            serializers.ErrorDetail(
                gettext("There is no such field%(guess)s.") % {"guess": _guess(str(name), known)},
                code="unknown_field",
            )
        ]
        for name in data
        if name not in known
    }


def _complaint(field: Any, value: Any) -> Any:
    """Return what is wrong with the type or the raw length of a value, None where nothing is."""
    if isinstance(field, serializers.ListField):
        if not isinstance(value, list):
            return None  # the field itself says so
        return {place: said for place, one in enumerate(value) if (said := _complaint(field.child, one))}
    wanted = _wanted(field)
    if wanted is not None and (
        not isinstance(value, wanted[0]) or (isinstance(value, bool) and bool not in wanted[0])
    ):
        return [
            serializers.ErrorDetail(gettext("Must be %(what)s.") % {"what": wanted[1]}, code="wrong_type")
        ]
    if isinstance(value, float) and not math.isfinite(value):
        return [serializers.ErrorDetail(gettext("Must be a finite number."), code="not_finite")]
    most = getattr(field, "max_length", None)
    if isinstance(value, str) and most is not None and len(value) > most:
        return [
            serializers.ErrorDetail(
                ngettext(
                    "Must have at most %(most)s character.", "Must have at most %(most)s characters.", most
                )
                % {"most": most},
                code="max_length",
            )
        ]
    return None


def _wanted(field: Any) -> tuple[tuple[type, ...], str] | None:
    if isinstance(field, serializers.ChoiceField):
        types = tuple({type(choice) for choice in field.choices})
        return types, gettext("one of %(choices)s") % {"choices": ", ".join(map(str, field.choices))}
    return next(((types, str(words)) for kind, types, words in _JSON_TYPES if isinstance(field, kind)), None)


def _guess(name: str, known: list[str]) -> str:
    guess = nearest(name, known)
    return "" if guess is None else gettext(" (did you mean %(name)s?)") % {"name": repr(guess)}


def _said_once(serializer: serializers.Serializer[Any], data: Any) -> dict[str, Any]:
    """Return the values of a query or form by name.

    Raises: ValidationError for a name that is unknown or said twice, and for a number that is not written in digits.
    """
    mistakes = _unknown(serializer, data)
    for name in data:
        field, values = serializer.fields.get(name), data.getlist(name) if hasattr(data, "getlist") else [1]
        if len(values) > 1:
            mistakes[name] = [serializers.ErrorDetail(gettext("Say it once."), code="repeated")]
        elif isinstance(field, serializers.IntegerField) and not _WHOLE.fullmatch(str(data[name])):
            mistakes[name] = [serializers.ErrorDetail(gettext("Must be a whole number."), code="invalid")]
    if mistakes:
        raise serializers.ValidationError(mistakes)
    return {name: data[name] for name in data}
