"""Reading reference data from a folder: instruments, replaced tickers, boards, sectors, weights of indices, lots."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from market.configs import FileSourcesConfig, instruments_config, sectors_config
from market.industries_config import industries_config
from market.sources.records import (
    BoardRecord,
    IndexWeightRecord,
    InstrumentPage,
    InstrumentRecord,
    RecordPage,
    RejectedRow,
    SectorRecord,
    TermsRecord,
    TickerChangeRecord,
)
from traderai.common.errors import InputError

BOARDS_FILE = "corporate/boards_and_aliases.json"
SECTORS_FILE = "corporate/sectors.csv"
_KINDS = {"common_share": "share", "preferred_share": "preferred", "depositary_receipt": "share"}
_PREFERRED = re.compile(r"[\s-](?:ап|\d?п)\b|pref|\(pr\)", re.IGNORECASE)
_COMMON = re.compile(r"[\s-]ао\b", re.IGNORECASE)
# A board whose history reaches this close to the file's newest day is one that was still traded.
_STILL_TRADED = timedelta(days=30)
# The day told for a change is the old ticker's last one or the new one's first; a board's begin settles it.
_CHANGE_SLACK = timedelta(days=7)


def read_instruments(root: Path, config: FileSourcesConfig, secids: Sequence[str]) -> InstrumentPage:
    """Return the instruments of the tickers; one that neither the files nor we describe is rejected.

    What we say ourselves (instruments.yaml) goes before a saved ISS description, that before the list of boards.
    """
    saved = {path.stem: path for path in sorted(root.glob(config.securities))}
    listed = _listed(root / BOARDS_FILE)
    sectors = sectors_of(root / SECTORS_FILE)
    sector_of = {record.secid: record.sector for record in sectors.records}
    packaged = instruments_config().by_secid()
    records, rejected = [], list(sectors.rejected)
    for secid in secids:
        ours = packaged.get(secid)
        if ours is None and secid not in saved and secid not in listed:
            rejected.append(RejectedRow(place=str(root), reason="unknown_ticker", raw={"secid": secid}))
            continue
        record = _from_boards(secid, listed.get(secid, {}))
        if secid in saved:
            record = _from_description(record, _description(saved[secid]))
        industry = industries_config().industry_of(secid)
        record = replace(record, sector=sector_of.get(secid, ""), industry=industry)
        if ours is not None:
            record = replace(
                record,
                name_ru=ours.name_ru,
                name_en=ours.name_en,
                sector=ours.sector,
                lot_size=ours.lot_size,
                price_step_rub=ours.price_step_rub,
                shortable=ours.shortable,
                terms_told=True,
            )
        records.append(record)
    return InstrumentPage(records=tuple(records), rejected=tuple(rejected))


def described_secids(root: Path, config: FileSourcesConfig) -> tuple[str, ...]:
    """Return every ticker that a folder or instruments.yaml describes, delisted ones included."""
    saved = {path.stem for path in root.glob(config.securities)}
    return tuple(sorted(saved | set(_listed(root / BOARDS_FILE)) | set(instruments_config().by_secid())))


def ticker_changes_of(path: Path) -> RecordPage[TickerChangeRecord]:
    """Return the replaced tickers of ticker_changes.csv or of boards_and_aliases.json.

    A day that lies up to a week before the new ticker's primary board begins is moved to that begin: lists of
    changes name the last day of the old ticker as often as the first of the new one.
    """
    if path.suffix == ".json":
        return _changes_of_boards(path)
    records, rejected = [], []
    for line, row in _csv_rows(path):
        try:
            records.append(
                TickerChangeRecord(
                    old_secid=_ticker(row["old"]),
                    new_secid=_ticker(row["new"]),
                    changed_on=date.fromisoformat(row["date"]),
                    source="file",
                )
            )
        except (KeyError, ValueError):
            rejected.append(RejectedRow(place=f"{path.name}:{line}", reason="bad_row", raw=row))
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def boards_of(path: Path) -> RecordPage[BoardRecord]:
    """Return the boards of boards_and_aliases.json; a board that was traded to the file's end has no end."""
    listed = _listed(path)
    ends = [
        _day(row.get("history_till")) for entry in listed.values() for row in _sound_rows(entry, "boards")
    ]
    still = max((day for day in ends if day is not None), default=date.min + _STILL_TRADED) - _STILL_TRADED
    records, rejected = [], []
    for secid, entry in listed.items():
        for row in _rows(entry, "boards"):
            try:
                till = date.fromisoformat(row["history_till"])
                record = BoardRecord(
                    secid=secid,
                    board=_ticker(row["board"]),
                    traded_from=date.fromisoformat(row["history_from"]),
                    traded_till=None if till > still else till,
                    is_primary=bool(row["is_primary"]),
                    source="file",
                )
                if till < record.traded_from:
                    raise ValueError("till before from")
            except (KeyError, TypeError, ValueError):
                raw = {"secid": secid} | (row if isinstance(row, dict) else {"row": row})
                rejected.append(RejectedRow(place=path.name, reason="bad_row", raw=raw))
            else:
                records.append(record)
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def sectors_of(path: Path) -> RecordPage[SectorRecord]:
    """Return the sectors of sectors.csv as codes of sectors.yaml; a name that the table lacks is rejected."""
    codes = {
        spelling.casefold(): code
        for code, name in sectors_config().sectors.items()
        for spelling in (code, name.ru, name.en)
    }
    records, rejected = [], []
    for line, row in _csv_rows(path):
        code = codes.get(row.get("sector", "").strip().casefold())
        if code is None or not row.get("ticker", "").strip():
            reason = "unknown_sector" if code is None else "bad_row"
            rejected.append(RejectedRow(place=f"{path.name}:{line}", reason=reason, raw=row))
        else:
            records.append(SectorRecord(secid=row["ticker"].strip(), sector=code))
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def index_weights_of(path: Path) -> RecordPage[IndexWeightRecord]:
    """Return the weights of a saved ISS reply `analytics/{INDEX}.json`."""
    try:
        block = json.loads(path.read_text(encoding="utf-8"))["analytics"]
        names, rows = [str(name).lower() for name in block["columns"]], list(block["data"])
        if not {"indexid", "tradedate", "secids", "weight"} <= set(names):
            raise ValueError(f"columns were {names}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} must be a saved ISS reply with the block `analytics` ({error!r}); save it anew"
        ) from error
    records, rejected = [], []
    for number, values in enumerate(rows):
        row = dict(zip(names, values, strict=False))
        try:
            record = IndexWeightRecord(
                index_secid=_ticker(row["indexid"]),
                secid=_ticker(row["secids"]),
                day=date.fromisoformat(row["tradedate"]),
                weight_pct=float(row["weight"]),
                source="file",
            )
        except (KeyError, TypeError, ValueError):
            rejected.append(RejectedRow(place=f"{path.name} row {number}", reason="bad_row", raw=row))
        else:
            records.append(record)
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def lots_of(path: Path) -> RecordPage[TermsRecord]:
    """Return the lots of a Parquet file with the columns secid, begin and lot, each from its first day on.

    A day on which a share has two lots tells neither and is rejected.
    """
    try:
        table = pq.read_table(path, columns=["secid", "begin", "lot"])
        table = table.append_column("day", pc.cast(table["begin"], pa.date32(), safe=False))
        days = table.group_by(["secid", "day"]).aggregate([("lot", "min"), ("lot", "max")])
        days = days.sort_by([("secid", "ascending"), ("day", "ascending")])
    except (OSError, KeyError, pa.ArrowException) as error:
        raise InputError(f"{path} must be Parquet with the columns secid, begin and lot ({error})") from error
    records, rejected = [], []
    last: dict[str, int] = {}
    for row in days.to_pylist():
        secid, day, low, high = row["secid"], row["day"], row["lot_min"], row["lot_max"]
        if low is None:
            continue
        if low != high or low < 1 or low != int(low):
            raw = {"secid": secid, "day": day, "lot_min": low, "lot_max": high}
            rejected.append(RejectedRow(place=path.name, reason="lot_unclear", raw=raw))
        elif last.get(secid) != int(low):
            last[secid] = int(low)
            records.append(
                TermsRecord(
                    secid=secid, valid_from=day, lot_size=last[secid], price_step_rub=None, source="file"
                )
            )
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def _changes_of_boards(path: Path) -> RecordPage[TickerChangeRecord]:
    records, rejected = [], []
    for secid, entry in _listed(path).items():
        starts = [
            _day(row.get("history_from")) for row in _sound_rows(entry, "boards") if row.get("is_primary")
        ]
        for row in _rows(entry, "history"):
            try:
                told = date.fromisoformat(row["renamed"])
                began = starts[0] if starts and starts[0] is not None else told
                records.append(
                    TickerChangeRecord(
                        old_secid=_ticker(row["prev_ticker"]),
                        new_secid=secid,
                        changed_on=began if told <= began <= told + _CHANGE_SLACK else told,
                        source=str(row["source"])[:32],
                    )
                )
            except (KeyError, TypeError, ValueError):
                raw = {"secid": secid} | (row if isinstance(row, dict) else {"row": row})
                rejected.append(RejectedRow(place=path.name, reason="bad_row", raw=raw))
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def _from_boards(secid: str, entry: dict[str, Any]) -> InstrumentRecord:
    names = [str(name) for name in (entry.get("canonical"), *_rows(entry, "aliases")) if name]
    latin = [name for name in names[1:] if name.isascii()]
    boards = _sound_rows(entry, "boards")
    starts = [day for day in (_day(row.get("history_from")) for row in boards) if day is not None]
    primary = [str(row["board"]) for row in boards if row.get("is_primary") and row.get("board")]
    delisted = _day(entry.get("delisted_after"))
    return InstrumentRecord(
        secid=secid,
        name_ru=names[0] if names else secid,
        name_en=latin[0] if latin else secid,
        kind=_kind_by_name(secid, names),
        board=primary[0] if primary else "TQBR",
        active=delisted is None,
        delisted_on=delisted,
        first_traded_on=min(starts, default=None),
        terms_told=False,
    )


def _kind_by_name(secid: str, names: list[str]) -> str:
    """Return the kind by the usual abbreviations of names, by the ticker's last letter where they say nothing."""
    if any(_PREFERRED.search(name) for name in names):
        return "preferred"
    base = secid.split("-")[0].rstrip("0123456789")
    told_common = any(_COMMON.search(name) for name in names)
    return "preferred" if len(base) == 5 and base.endswith("P") and not told_common else "share"


def _from_description(record: InstrumentRecord, saved: dict[str, Any]) -> InstrumentRecord:
    return replace(
        record,
        name_ru=str(saved.get("SHORTNAME") or record.name_ru),
        name_en=str(saved.get("LATNAME") or record.name_en),
        isin=str(saved.get("ISIN") or ""),
        kind=_KINDS.get(str(saved.get("TYPE")), record.kind),
        list_level=_whole(saved.get("LISTLEVEL")),
        issue_size_shares=_whole(saved.get("ISSUESIZE")),
    )


def _listed(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(secid): dict(entry) for secid, entry in content.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(
            f"{path} must be JSON with an object for each ticker ({error!r}); repair it or take it away"
        ) from error


def _rows(entry: dict[str, Any], name: str) -> list[Any]:
    rows = entry.get(name)
    return rows if isinstance(rows, list) else []


def _sound_rows(entry: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [row for row in _rows(entry, name) if isinstance(row, dict)]


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _ticker(text: object) -> str:
    if not isinstance(text, str) or not 0 < len(text.strip()) <= 36:
        raise ValueError(f"a ticker must have 1 to 36 letters, was {text!r}")
    return text.strip()


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    if not path.exists():
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for line, row in enumerate(csv.DictReader(stream, restval=""), start=2):
                yield line, {str(key): str(value) for key, value in row.items()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read as CSV in UTF-8 ({error}); convert it or take it away"
        ) from error


def _description(path: Path) -> dict[str, Any]:
    try:
        block = json.loads(path.read_text(encoding="utf-8"))["description"]
        at = {name: block["columns"].index(name) for name in ("name", "value")}
        return {row[at["name"]]: row[at["value"]] for row in block["data"]}
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"{path} must be a saved ISS reply with the block `description` ({error!r}); save it anew"
        ) from error


def _whole(text: object) -> int | None:
    try:
        return int(float(str(text)))
    except ValueError:
        return None
