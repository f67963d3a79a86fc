"""Keeping refused rows: nothing that came is dropped silently."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from market.models import QuarantinedRow
from market.sources.records import RejectedRow
from traderai.common.lake import sha256_hex


def rows_quarantine(*, run_id: int, source: str, rows: Iterable[RejectedRow]) -> int:
    """Store refused rows with their reasons and return how many there were.

    Repeating: the same row with the same reason is kept once; it is counted each time.
    """
    count = 0
    kept = []
    for row in rows:
        count += 1
        raw = _plain(row.raw)
        text = json.dumps(raw, sort_keys=True, ensure_ascii=False)
        kept.append(
            QuarantinedRow(
                run_id=run_id,
                source=source,
                place=_plain(row.place)[:300],
                reason=row.reason,
                raw=raw,
                raw_sha256=sha256_hex(text.encode()),
            )
        )
    QuarantinedRow.objects.bulk_create(kept, ignore_conflicts=True, batch_size=1000)
    return count


def _plain(value: Any) -> Any:
    """PostgreSQL's JSON has no NaN, no infinity, no NUL and no half of a surrogate pair."""
    if isinstance(value, dict):
        return {_plain(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, str):
        return value.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
    return value if isinstance(value, (int, float, bool)) or value is None else str(value)
