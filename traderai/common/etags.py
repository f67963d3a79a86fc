"""Weak ETags: who polls a list that has not changed gets 304 and no body."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from traderai.common.config import fingerprint

_WEAK = "W/"


def conditional(request: Request, content: Any, *, aging: Collection[str] = ()) -> Response:
    """Return an answer's content with its ETag, or 304 where the asker's ETag still holds.

    Members named in `aging`, at any depth, such as the age of the data, change with every second and do not count.
    """
    etag = etag_of(content, aging=aging)
    if etag_holds(request, etag):
        return Response(status=304, headers=etag_headers(etag))
    return Response(content, headers=etag_headers(etag))


def etag_of(content: Any, *, aging: Collection[str] = ()) -> str:
    """Return the weak ETag of plain content; equal content gives the same one."""
    lasting = _without(content, frozenset(aging)) if aging else content
    return f'{_WEAK}"{fingerprint(json.loads(json.dumps(lasting, default=str)))[:32]}"'


def etag_holds(request: Request, etag: str) -> bool:
    """Return whether one of the ETags that the asker holds is this one, strong or weak."""
    held = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in held or etag.removeprefix(_WEAK) in {one.removeprefix(_WEAK) for one in held}


def etag_headers(etag: str) -> dict[str, str]:
    """Return the headers of an answer that is the asker's own and is to be asked for again each time."""
    return {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Language"}


def _without(content: Any, names: frozenset[str]) -> Any:
    if isinstance(content, Mapping):
        return {name: _without(inner, names) for name, inner in content.items() if name not in names}
    if isinstance(content, list | tuple):
        return [_without(inner, names) for inner in content]
    return content
