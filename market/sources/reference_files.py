"""Reading reference data and corporate actions from a folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from market.configs import FileSourcesConfig, instruments_config, splits_config
from market.sources.records import (
    ActionPage,
    DividendRecord,
    InstrumentPage,
    InstrumentRecord,
    RejectedRow,
    SplitRecord,
)
from traderai.common.errors import InputError

MANUAL = "manual"
_KINDS = {"common_share": "share", "preferred_share": "preferred", "depositary_receipt": "share"}


def read_instruments(root: Path, config: FileSourcesConfig, secids: Sequence[str]) -> InstrumentPage:
    """Return the instruments of the tickers; one that neither the files nor we describe is rejected."""
    described = {path.stem: path for path in sorted(root.glob(config.securities))}
    packaged = instruments_config().by_secid()
    records, rejected = [], []
    for secid in secids:
        saved = _description(described[secid]) if secid in described else {}
        ours = packaged.get(secid)
        if ours is None and not saved:
            rejected.append(RejectedRow(place=str(root), reason="unknown_ticker", raw={"secid": secid}))
            continue
        records.append(
            InstrumentRecord(
                secid=secid,
                name_ru=ours.name_ru if ours else str(saved.get("SHORTNAME") or secid),
                name_en=ours.name_en if ours else str(saved.get("LATNAME") or secid),
                isin=str(saved.get("ISIN") or ""),
                kind=_KINDS.get(str(saved.get("TYPE")), "share"),
                lot_size=ours.lot_size if ours else 1,
                price_step_rub=ours.price_step_rub if ours else 0.01,
                list_level=_whole(saved.get("LISTLEVEL")),
                issue_size_shares=_whole(saved.get("ISSUESIZE")),
                sector=ours.sector if ours else "",
                shortable=bool(ours and ours.shortable),
            )
        )
    return InstrumentPage(records=tuple(records), rejected=tuple(rejected))


def manual_splits() -> list[SplitRecord]:
    """Return the splits of splits.yaml."""
    return [
        SplitRecord(
            secid=entry.secid,
            ex_date=date.fromisoformat(entry.date),
            shares_after_per_before=entry.after_per_before,
            source=MANUAL,
        )
        for entry in splits_config().splits
    ]


def split_table(root: Path, config: FileSourcesConfig) -> list[SplitRecord]:
    """Return every known split once: the folder's, then those of the manual table that it lacks."""
    table = {(split.secid, split.ex_date): split for split in manual_splits()}
    for split, _ in _file_splits(root, config):
        if split is not None:
            table[split.secid, split.ex_date] = split
    return list(table.values())


def read_actions(root: Path, config: FileSourcesConfig, secids: Sequence[str]) -> ActionPage:
    """Return the splits and dividends of the tickers with the rows that could not be read."""
    wanted = set(secids)
    rejected = [reject for _, reject in _file_splits(root, config) if reject is not None]
    dividends = []
    for line, row in _csv_rows(root / config.dividends):
        if row.get("secid") not in wanted:
            continue
        record, reason = _dividend(row, place=f"{config.dividends}:{line}", config=config)
        if record is None:
            rejected.append(RejectedRow(place=f"{config.dividends}:{line}", reason=reason, raw=row))
        else:
            dividends.append(record)
    return ActionPage(
        splits=tuple(split for split in split_table(root, config) if split.secid in wanted),
        dividends=tuple(dividends),
        rejected=tuple(rejected),
    )


def _dividend(
    row: dict[str, str], *, place: str, config: FileSourcesConfig
) -> tuple[DividendRecord | None, str]:
    if row.get("currency") != "RUB":
        return None, "currency_not_rub"
    if row.get("split_adjusted_back_by"):
        return None, "amount_back_adjusted"
    if row.get("source") not in config.dividend_trust:
        return None, "source_not_trusted"
    try:
        day, amount = date.fromisoformat(row["registry_close"]), float(row["amount"])
    except (KeyError, ValueError):
        return None, "bad_number"
    if not 0.0 < amount < float("inf"):
        return None, "amount_not_positive"
    is_ex_date = row.get("registry_close_source") == "yahoo_ex_div"
    record = DividendRecord(
        secid=row["secid"],
        amount_rub=amount,
        source=row["source"],
        registry_close=None if is_ex_date else config.registry_close(row["secid"], day),
        ex_date=day if is_ex_date else None,
        place=place,
    )
    return record, ""


def _file_splits(
    root: Path, config: FileSourcesConfig
) -> Iterator[tuple[SplitRecord | None, RejectedRow | None]]:
    for line, row in _csv_rows(root / config.splits):
        try:
            split = SplitRecord(
                secid=row["secid"],
                ex_date=date.fromisoformat(row["date"]),
                shares_after_per_before=float(row["after"]) / float(row["before"]),
                source=MANUAL if row["source"].startswith("manual") else row["source"],
            )
        except (KeyError, ValueError, ZeroDivisionError):
            yield None, RejectedRow(place=f"{config.splits}:{line}", reason="bad_number", raw=row)
            continue
        yield split, None


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
