"""Reading a saved ISS reply of dividends, and closes of an index that has nothing else."""

from __future__ import annotations

import json
import math
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from market.iss.parse import dividend_records
from market.sources.records import DividendRecord, MacroRecord, RecordPage, RejectedRow
from traderai.common.clock import midnight
from traderai.common.errors import InputError


def index_closes_of(path: Path) -> RecordPage[MacroRecord]:
    """Return the closes of an index as a series of the economy; each is known when its day is over."""
    try:
        rows = pq.read_table(path, columns=["secid", "date", "close"]).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"{path} must be Parquet with the columns secid, date, close ({error}); replace it or take it away"
        ) from error
    records, rejected = [], []
    for number, row in enumerate(rows):
        day, close, secid = row["date"], row["close"], row["secid"]
        if (
            not isinstance(day, date)
            or not isinstance(close, float)
            or not 0.0 < close < math.inf
            or not secid
        ):
            rejected.append(RejectedRow(place=f"{path.name}:{number}", reason="bad_row", raw=row))
            continue
        known_at = midnight(day + timedelta(days=1))
        records.append(
            MacroRecord(series=secid.lower(), day=day, value=close, known_at=known_at, source="file")
        )
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def saved_dividends_of(path: Path) -> RecordPage[DividendRecord]:
    """Return the dividends of a saved reply of `dividends.json`; paid in roubles alone."""
    try:
        block = json.loads(path.read_text(encoding="utf-8"))["dividends"]
        rows = [dict(zip(block["columns"], row, strict=True)) for row in block["data"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} must be a saved ISS reply with the block `dividends` ({error!r}); save it anew"
        ) from error
    records, rejected = dividend_records(rows)
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))
