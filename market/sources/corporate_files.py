"""Reading splits, dividends and their announcements from single files."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

from market.configs import file_sources_config, splits_config
from market.sources.records import DividendRecord, RecordPage, RejectedRow, SplitRecord
from traderai.common.errors import InputError

MANUAL = "manual"
ANNOUNCED = "announced"  # the source of records that tell when a dividend was announced
SAME_SPLIT_DAYS = 14  # two sources may date one split by its decision and by the first trade in new shares

_ANNOUNCED_COLUMNS = {
    "secid": "ticker",
    "announced": "Дата объявления дивиденда",
    "registry": "Дата закрытия реестра",
    "amount": "Дивиденд",
}


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


def splits_of(path: Path) -> RecordPage[SplitRecord]:
    """Return the splits of a CSV file with the columns secid, date, before, after, source.

    A split that splits.yaml tells as well is taken from there: its days were checked against prices.
    """
    manual = manual_splits()
    records: list[SplitRecord] = []
    rejected: list[RejectedRow] = []
    for line, row in _csv_rows(path, needed=("secid", "date", "before", "after", "source")):
        place = f"{path.name}:{line}"
        try:
            ratio = float(row["after"]) / float(row["before"])
            day = date.fromisoformat(row["date"])
        except (ValueError, ZeroDivisionError):
            rejected.append(RejectedRow(place=place, reason="bad_number", raw=row))
            continue
        if not 0.0 < ratio < math.inf:
            rejected.append(RejectedRow(place=place, reason="ratio_not_positive", raw=row))
            continue
        source = MANUAL if row["source"].startswith("manual") else row["source"]
        told = SplitRecord(secid=row["secid"], ex_date=day, shares_after_per_before=ratio, source=source)
        records.append(next((one for one in manual if same_split(one, told)), told))
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def splits_merged(*tables: Iterable[SplitRecord]) -> tuple[SplitRecord, ...]:
    """Return each split once; of two tables that tell of one split the earlier table is believed."""
    merged: list[SplitRecord] = []
    for split in (split for table in tables for split in table):
        if not any(same_split(split, known) for known in merged):
            merged.append(split)
    return tuple(merged)


def same_split(one: SplitRecord, other: SplitRecord) -> bool:
    """Return whether two records tell of one split: same share and ratio, days close together."""
    return (
        one.secid == other.secid
        and math.isclose(one.shares_after_per_before, other.shares_after_per_before, rel_tol=1e-9)
        and abs((one.ex_date - other.ex_date).days) <= SAME_SPLIT_DAYS
    )


def dividends_of(path: Path) -> RecordPage[DividendRecord]:
    """Return the dividends of a CSV file: secid, registry_close, amount, currency, source and more.

    `registry_close_source` yahoo_ex_div says that the day is the ex-date. `split_adjusted_back_by` says that the
    file's maker multiplied the amount by the split to get it as traded; such amounts are checked against prices
    when they are written.
    """
    needed = ("secid", "registry_close", "amount", "currency", "source")
    records, rejected = [], []
    for line, row in _csv_rows(path, needed=needed):
        record, reason = _dividend(row, place=f"{path.name}:{line}")
        if record is None:
            rejected.append(RejectedRow(place=f"{path.name}:{line}", reason=reason, raw=row))
        else:
            records.append(record)
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def announced_dividends_of(path: Path) -> RecordPage[DividendRecord]:
    """Return when dividends were announced, by share, register day and amount; forecasts are refused.

    Amounts of such a file may be split-adjusted; they serve to find the dividend, never as its amount.
    """
    records, rejected = [], []
    for line, row in _csv_rows(path, needed=tuple(_ANNOUNCED_COLUMNS.values())):
        record, reason = _announcement(row, place=f"{path.name}:{line}")
        if record is None:
            rejected.append(RejectedRow(place=f"{path.name}:{line}", reason=reason, raw=row))
        else:
            records.append(record)
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def _dividend(row: dict[str, str], *, place: str) -> tuple[DividendRecord | None, str]:
    config = file_sources_config()
    if row["currency"] != "RUB":
        return None, "currency_not_rub"
    if row["source"] not in config.dividend_trust:
        return None, "source_not_trusted"
    back = row.get("split_adjusted_back_by") or None
    try:
        day, amount = date.fromisoformat(row["registry_close"]), float(row["amount"])
        turned_back_by = None if back is None else float(back)
    except ValueError:
        return None, "bad_number"
    if not 0.0 < amount < math.inf:
        return None, "amount_not_positive"
    is_ex_date = row.get("registry_close_source") == "yahoo_ex_div"
    record = DividendRecord(
        secid=row["secid"],
        # 1.12 * 100 leaves 112.00000000000001 in such files.
        amount_rub=amount if turned_back_by is None else float(f"{amount:.12g}"),
        source=row["source"],
        registry_close=None if is_ex_date else config.registry_close(row["secid"], day),
        ex_date=day if is_ex_date else None,
        place=place,
        turned_back_by=turned_back_by,
    )
    return record, ""


def _announcement(row: dict[str, str], *, place: str) -> tuple[DividendRecord | None, str]:
    cells = {name: row[column].strip() for name, column in _ANNOUNCED_COLUMNS.items()}
    if "прогноз" in cells["registry"].casefold():
        return None, "forecast"
    if not cells["announced"]:
        return None, "announcement_missing"
    try:
        announced_on, registry_close = (_russian_day(cells[name]) for name in ("announced", "registry"))
        amount = float(cells["amount"].replace(",", "."))
    except ValueError:
        return None, "bad_number"
    if not 0.0 < amount < math.inf:
        return None, "amount_not_positive"
    record = DividendRecord(
        secid=cells["secid"],
        amount_rub=amount,
        source=ANNOUNCED,
        registry_close=file_sources_config().registry_close(cells["secid"], registry_close),
        place=place,
        announced_on=announced_on,
    )
    return record, ""


def _russian_day(text: str) -> date:
    return datetime.strptime(text, "%d.%m.%Y").date()  # noqa: DTZ007  # a day has no time zone


def _csv_rows(path: Path, *, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise InputError(f"{path} must be a CSV file, there is none; name an existing file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{path} must have the columns {', '.join(needed)}, {', '.join(missing)} missing; "
                    "rename its header or take the file away"
                )
            for line, row in enumerate(reader, start=2):
                yield line, {str(key): str(value) for key, value in row.items()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read as CSV in UTF-8 ({error}); convert it or take it away"
        ) from error
