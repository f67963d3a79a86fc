"""Reading candles from saved ISS replies: the candles reply and the daily history reply."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from market.contracts import Timeframe
from market.sources.candle_rows import FIGURES, RowChunk
from market.sources.file_rules import FoundFile
from market.sources.records import RejectedRow
from traderai.common.errors import InputError

NO_TRADES = "no_trades"
"""The reason of a history row on which nobody traded: it is left out, not quarantined."""


def candles_reply_chunks(file: FoundFile) -> Iterator[RowChunk]:
    """Yield a saved reply of `candles.json`; the file's name says ticker and timeframe."""
    if file.secid is None or file.timeframe is None:
        raise InputError(
            f"{file.path}: the file's name must say ticker and timeframe, as in sber_candles_10m.json; rename it"
        )
    rows = _block(file, "candles", (*FIGURES, "begin"))
    keys = [(file.secid, file.rule.board)] * len(rows)
    yield _chunk(file, rows, keys, [str(row["begin"] or "") for row in rows], file.timeframe)


def history_reply_chunks(file: FoundFile) -> Iterator[RowChunk]:
    """Yield a saved reply of the daily history, whose rows name ticker and board themselves."""
    needed = ("OPEN", "HIGH", "LOW", "CLOSE", "VOLUME", "VALUE", "BOARDID", "SECID", "TRADEDATE")
    rows = [{name.lower(): value for name, value in row.items()} for row in _block(file, "history", needed)]
    keys = [(str(row["secid"] or ""), str(row["boardid"] or "")) for row in rows]
    yield _chunk(file, rows, keys, [str(row["tradedate"] or "") for row in rows], Timeframe.D1)


def _block(file: FoundFile, name: str, needed: tuple[str, ...]) -> list[dict[str, Any]]:
    try:
        block = json.loads(file.path.read_text(encoding="utf-8"))[name]
        columns = list(block["columns"])
        rows = [dict(zip(columns, row, strict=True)) for row in block["data"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file.path} must be a saved ISS reply with the block `{name}` ({error!r}); save it anew"
        ) from error
    missing = [column for column in needed if column not in columns]
    if missing:
        raise InputError(
            f"{file.path}: the block `{name}` must have the columns {', '.join(needed)}, {', '.join(missing)} "
            "missing; save it with all columns or add a rule with `skipped` to file_sources.yaml"
        )
    return rows


def _chunk(
    file: FoundFile,
    rows: list[dict[str, Any]],
    keys: list[tuple[str, str]],
    stamps: list[str],
    timeframe: Timeframe,
) -> RowChunk:
    tickers, boards = (tuple(dict.fromkeys(key[at] for key in keys)) for at in (0, 1))
    figures = np.array([[_number(row[name]) for name in FIGURES] for row in rows], dtype=np.float64).reshape(
        -1, len(FIGURES)
    )
    stamp = np.array([_stamp(text) for text in stamps], dtype="datetime64[s]")
    reasons = [
        _reason(row, key[0], bool(np.isnat(moment)))
        for row, key, moment in zip(rows, keys, stamp, strict=True)
    ]
    rejected = tuple(
        (keys[at][0], RejectedRow(place=f"{file.place}:{at}", reason=reason, raw=rows[at]))
        for at, reason in enumerate(reasons)
        if reason
    )
    good = [at for at, reason in enumerate(reasons) if not reason]
    return RowChunk(
        tickers=tickers or ("",),
        boards=boards or ("",),
        timeframes=(timeframe,),
        ticker=np.array([tickers.index(keys[at][0]) for at in good], dtype=np.int64),
        board=np.array([boards.index(keys[at][1]) for at in good], dtype=np.int64),
        timeframe=np.zeros(len(good), dtype=np.int64),
        stamp=stamp[good],
        figures=figures[good],
        rejected=rejected,
    )


def _reason(row: dict[str, Any], secid: str, no_time: bool) -> str:
    if not secid:
        return "ticker_missing"
    if no_time:
        return "unparseable_time"
    if row["open"] is None and row["close"] is None and not row["volume"]:
        return NO_TRADES
    return ""


def _number(value: object) -> float:
    # JSON's true is Python's 1.0, which is no price.
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else float("nan")


def _stamp(text: str) -> np.datetime64:
    try:
        return np.datetime64(text, "s") if len(text) in (10, 19) else np.datetime64("NaT")
    except ValueError:
        return np.datetime64("NaT")
