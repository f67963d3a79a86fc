"""Pages by cursor, the same for every list: a page starts after the row that its cursor names, so new rows shift nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.signing import BadSignature, Signer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from traderai.common.errors import InputError

Row = TypeVar("Row")
LONGEST_CURSOR = 200
_BETWEEN = "|"


@dataclass(frozen=True)
class PageOrder(Generic[Row]):
    """The order of one list: how a row's place in it is read from the row, and from the words of a cursor.

    Cursors are signed and bear the list's name, so one that was altered, or that another list gave, is refused.
    """

    name: str
    place: Callable[[Row], tuple[Any, ...]]
    words: tuple[Callable[[str], Any], ...]

    def place_of(self, cursor: str | None) -> Any:
        """Return the place that a cursor names as a tuple, None without a cursor.

        Raises: InputError for a cursor that this list has not given.
        """
        if not cursor:
            return None
        try:
            said = self._signer().unsign(cursor).split(_BETWEEN)
            return tuple(read(word) for read, word in zip(self.words, said, strict=True))
        except (BadSignature, ValueError) as error:
            raise InputError(
                "cursor must come from the `next` address of a page; start again without it",
                code="bad_cursor",
                field="cursor",
            ) from error

    def page(self, request: Request, rows: Sequence[Row], size: int) -> dict[str, Any]:
        """Return a page of `size` with the address of the next one, from up to one row more."""
        page = rows[:size]
        address = None
        if len(rows) > size:
            cursor = self._signer().sign(_BETWEEN.join(_word(part) for part in self.place(page[-1])))
            address = replace_query_param(request.build_absolute_uri(), "cursor", cursor)
        return {"next": address, "results": page}

    def _signer(self) -> Signer:
        return Signer(salt=f"traderai.cursor.{self.name}")


class PageQuerySerializer(serializers.Serializer[dict[str, Any]]):
    """Which page; lists add their filters, and how strictly they are read: `(PageQuerySerializer, QuerySerializer)`."""

    cursor = serializers.CharField(
        required=False, max_length=LONGEST_CURSOR, help_text="From the `next` address of the page before."
    )
    page_size = serializers.IntegerField(
        required=False, default=50, min_value=1, max_value=200, help_text="Rows at most."
    )


class PageSerializer(serializers.Serializer[Any]):
    """A page; lists add their `results`."""

    next = serializers.URLField(allow_null=True, help_text="Address of the next page; null on the last.")


def _word(part: Any) -> str:
    return part.isoformat() if isinstance(part, datetime) else str(part)
