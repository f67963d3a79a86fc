"""Reading ISS's replies by column name; layouts change, so a position is never relied on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from market.contracts import CandleColumns
from market.sources.records import DividendRecord, RejectedRow, SplitRecord
from market.sources.wall_clock import moscow_to_epoch_s
from traderai.common.errors import InvariantError, TransientError

Payload = Mapping[str, Any]
MOEX_ISS = "moex_iss"

_FIGURES = ("open", "high", "low", "close", "volume", "value")


def payload_of(content: bytes, *, place: str) -> Payload:
    """Return a reply's JSON object; HTML or a cut-off text, as ISS sends on errors, is a TransientError."""
    try:
        payload = json.loads(content)
    except ValueError as error:
        start = content[:60].decode("utf-8", "replace")
        raise TransientError(f"{place} must answer JSON, answered {start!r}; try again later") from error
    if not isinstance(payload, dict):
        raise TransientError(f"{place} must answer a JSON object, answered {type(payload).__name__}")
    return payload


def block_rows(payload: Payload, block: str, *, required: Sequence[str], place: str) -> list[dict[str, Any]]:
    """Return a block's rows as dicts; a missing block or column is an InvariantError: the layout changed."""
    try:
        columns = list(payload[block]["columns"])
        data = list(payload[block]["data"])
    except (KeyError, TypeError) as error:
        raise InvariantError(
            f"{place} must hold the block {block!r} with columns and data, held {', '.join(payload)}"
        ) from error
    missing = [name for name in required if name not in columns]
    if missing:
        raise InvariantError(f"{place}: {block} must have {', '.join(missing)}, had {', '.join(columns)}")
    return [dict(zip(columns, row, strict=False)) for row in data]


def cursor_total(payload: Payload, block: str) -> int | None:
    """Return how many rows a paged block has in all, None where the reply has no cursor."""
    if f"{block}.cursor" not in payload:
        return None
    cursor = block_rows(payload, f"{block}.cursor", required=("TOTAL",), place=block)
    return int(cursor[0]["TOTAL"]) if cursor else None


def candle_columns(
    rows: Sequence[dict[str, Any]], *, place: str
) -> tuple[CandleColumns, tuple[RejectedRow, ...]]:
    """Return the bars of a page and the rows that are none; ISS's times are naive Moscow wall clock."""
    stamps, figures, rejected = [], [], []
    for at, row in enumerate(rows):
        try:
            stamp = datetime.fromisoformat(row["begin"])
        except (KeyError, ValueError, TypeError):
            rejected.append(RejectedRow(place=f"{place} row {at}", reason="unparseable_time", raw=row))
            continue
        try:
            numbers = [float("nan") if row.get(name) is None else float(row[name]) for name in _FIGURES]
        except (ValueError, TypeError):
            rejected.append(RejectedRow(place=f"{place} row {at}", reason="bad_number", raw=row))
            continue
        stamps.append(stamp)
        figures.append(numbers)
    table = np.array(figures, dtype=np.float64).reshape(-1, len(_FIGURES))
    columns = CandleColumns(
        begin_s=moscow_to_epoch_s(np.array(stamps, dtype="datetime64[s]")),
        open=table[:, 0],
        high=table[:, 1],
        low=table[:, 2],
        close=table[:, 3],
        volume_shares=table[:, 4],
        value_rub=table[:, 5],
    )
    return columns, tuple(rejected)


def split_records(rows: Sequence[dict[str, Any]]) -> tuple[list[SplitRecord], list[RejectedRow]]:
    """Return the splits of `/statistics/engines/stock/splits` and the rows that are none."""
    splits, rejected = [], []
    for at, row in enumerate(rows):
        try:
            before, after = float(row["before"]), float(row["after"])
            if not (before > 0 and after > 0):
                raise ValueError(f"before and after must be positive, were {before} and {after}")
            splits.append(
                SplitRecord(
                    secid=str(row["secid"]),
                    ex_date=date.fromisoformat(str(row["tradedate"])),
                    shares_after_per_before=after / before,
                    source=MOEX_ISS,
                )
            )
        except (KeyError, ValueError, TypeError):
            rejected.append(RejectedRow(place=f"splits row {at}", reason="bad_number", raw=row))
    return splits, rejected


def dividend_records(rows: Sequence[dict[str, Any]]) -> tuple[list[DividendRecord], list[RejectedRow]]:
    """Return the dividends of `/securities/SECID/dividends` in roubles and the rows that are none."""
    dividends, rejected = [], []
    for at, row in enumerate(rows):
        place = f"dividends {row.get('secid')} row {at}"
        if row.get("currencyid") not in {"RUB", "SUR"}:
            rejected.append(RejectedRow(place=place, reason="currency_not_rub", raw=row))
            continue
        try:
            amount, day = float(row["value"]), date.fromisoformat(str(row["registryclosedate"]))
        except (KeyError, ValueError, TypeError):
            rejected.append(RejectedRow(place=place, reason="bad_number", raw=row))
            continue
        if not 0.0 < amount < float("inf"):
            rejected.append(RejectedRow(place=place, reason="amount_not_positive", raw=row))
            continue
        dividends.append(
            DividendRecord(
                secid=str(row["secid"]), amount_rub=amount, source=MOEX_ISS, registry_close=day, place=place
            )
        )
    return dividends, rejected
