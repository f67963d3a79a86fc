"""Pages by cursor over the instruments, which are few and sorted by ticker."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from market.contracts import InstrumentFacts
from traderai.common.errors import InputError


class SecidCursorPagination(BasePagination):
    """A page starts after the ticker that the cursor names, so rows added meanwhile shift nothing."""

    default_size = 50
    max_size = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return one page of instruments sorted by ticker, and remember the address of the next."""
        rows: Sequence[InstrumentFacts] = queryset
        size = int(request.query_params.get("page_size", self.default_size))
        cursor = request.query_params.get("cursor")
        after = _cursor_read(cursor) if cursor else ""
        rest = [row for row in rows if row.secid > after]
        page = rest[:size]
        self.next_url = None
        if len(rest) > size:
            mark = base64.urlsafe_b64encode(page[-1].secid.encode()).decode()
            self.next_url = replace_query_param(request.build_absolute_uri(), "cursor", mark)
        return page

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page and the address of the next one."""
        return Response({"next": self.next_url, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page in the API's document."""
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": "string",
                    "format": "uri",
                    "nullable": True,
                    "example": "https://trader.example.org/api/v1/instruments?cursor=U0lNMDE%3D",
                    "description": "Address of the next page; null on the last.",
                },
                "results": schema,
            },
        }


def _cursor_read(cursor: str) -> str:
    try:
        return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise InputError(
            "cursor must come from the `next` address of a page; start again without it",
            code="bad_cursor",
            field="cursor",
        ) from error
