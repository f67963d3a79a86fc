"""Cursors of the trade journal: a page starts after the trade that its cursor names, so new ones shift nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from portfolio.contracts import TradeFacts
from traderai.common.errors import InputError


def cursor_read(cursor: str | None) -> tuple[datetime, int] | None:
    """Return the place in the journal that a cursor names."""
    if not cursor:
        return None
    try:
        text = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
        moment, number = text.split("|")
        place = datetime.fromisoformat(moment), int(number)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise _bad_cursor() from error
    if place[0].tzinfo is None or not 1900 < place[0].year < 2200 or not 0 <= place[1] < 2**63:
        raise _bad_cursor()
    return place


def page_of(request: Request, rows: Sequence[TradeFacts], size: int) -> dict[str, Any]:
    """Return a page of `size` with the address of the next one, from up to one row more."""
    page = rows[:size]
    address = None
    if len(rows) > size:
        place = f"{page[-1].traded_at.isoformat()}|{page[-1].id}"
        mark = base64.urlsafe_b64encode(place.encode()).decode()
        address = replace_query_param(request.build_absolute_uri(), "cursor", mark)
    return {"next": address, "results": page}


def _bad_cursor() -> InputError:
    return InputError(
        "cursor must come from the `next` address of a page; start again without it",
        code="bad_cursor",
        field="cursor",
    )
