"""Reading companies' figures: smart-lab tables, capitalisations by day, and company lists in JSON or CSV.

A company list in JSON is a list of companies, or a mapping that holds one under `companies`::

    [{"secid": "SBER", "period": "2023", "known_at": "2024-02-28",
      "metrics": {"profit": 1.509e12, "sanction_score": 70}}]

In CSV each row is a company and a period: the columns secid and period, if need be known_at, and one column for each
metric (an empty cell tells nothing). Codes and units of metrics are those of fundamentals.yaml; `ticker` may stand for
`secid`. A period is a year (2023), a quarter (2023Q4) or a day (2023-12-29). `known_at` is a day, which counts from
its end on, or an ISO time, Moscow's where it names no zone; without one the usual lag of publication is taken.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from market.fundamentals_config import MetricConfig, Period, fundamentals_config, period_of
from market.sources.records import FundamentalRecord, RecordPage, RejectedRow
from traderai.common.clock import MOSCOW, midnight
from traderai.common.errors import InputError, did_you_mean

SMARTLAB = "smartlab"
MARKET_CAPS = "market_caps"
COMPANY_LIST = "company_list"
_REPORTED_ON = "Дата отчета"
_CURRENCY = "Валюта отчета"
_PAGE_ROWS = 50_000
_LARGEST = 1e300  # JSON's integers have no end, floats have
_OWN_COLUMNS = ("secid", "ticker", "period", "known_at")


def smartlab_of(path: Path) -> RecordPage[FundamentalRecord]:
    """Return the figures of a Parquet file of smart-lab tables: ticker, freq, period, metric, value_raw, value.

    Rows that no metric of fundamentals.yaml names are counted as outside, by name in `outside_names`.
    """
    columns = _parquet(path, ("ticker", "freq", "period", "metric", "value_raw", "value"))
    rows = list(zip(*columns, strict=True))
    named = {name: code for code, one in fundamentals_config().metrics.items() for name in one.smartlab}
    reported = {row[:3]: str(row[4]) for row in rows if row[3] == _REPORTED_ON}
    currency = {row[:3]: str(row[4]) for row in rows if row[3] == _CURRENCY}
    records: list[FundamentalRecord] = []
    rejected: list[RejectedRow] = []
    outside: Counter[str] = Counter()
    for line, (secid, freq, code, name, raw, value) in enumerate(rows):
        metric = named.get(name)
        if metric is None:
            outside[name] += 1
            continue
        key, place = (secid, freq, code), f"{path.name}:{line}"
        cell = _Cell(metric=metric, period=period_of(str(code)), value=value, place=place)
        reason = cell.fault() if currency.get(key, "RUB") == "RUB" else "currency_not_rub"
        if reason or cell.period is None:
            told = {"ticker": secid, "freq": freq, "period": code, "metric": name, "value_raw": raw}
            rejected.append(RejectedRow(place=place, reason=reason, raw=told))
            continue
        known_at = fundamentals_config().known_at(cell.period, _russian_day(reported.get(key)))
        records.append(cell.record(secid, code, known_at, SMARTLAB))
    return RecordPage(
        place=path.name,
        records=tuple(records),
        rejected=tuple(rejected),
        outside=sum(outside.values()),
        outside_names=tuple(outside.most_common()),
    )


def market_caps_of(path: Path) -> Generator[RecordPage[FundamentalRecord], None, None]:
    """Yield the capitalisations by day of a Parquet file (secid, date, cap), each known from the next day on."""
    secids, days, caps = _parquet(path, ("secid", "date", "cap"))
    known: dict[date, datetime] = {}
    for start in range(0, len(secids), _PAGE_ROWS):
        records, rejected = [], []
        for line in range(start, min(start + _PAGE_ROWS, len(secids))):
            secid, day, cap = secids[line], days[line], caps[line]
            place = f"{path.name}:{line}"
            if isinstance(day, datetime):
                day = day.date()
            if (
                not secid
                or not isinstance(day, date)
                or not isinstance(cap, float)
                or not 0.0 < cap < math.inf
            ):
                raw = {"secid": secid, "date": str(day), "cap": str(cap)}
                rejected.append(
                    RejectedRow(place=place, reason="bad_number" if secid else "secid_missing", raw=raw)
                )
                continue
            if day not in known:
                known[day] = midnight(day + timedelta(days=1))
            records.append(
                FundamentalRecord(
                    secid=secid,
                    metric="market_cap",
                    period=day.isoformat(),
                    period_end=day,
                    value=cap,
                    known_at=known[day],
                    source=MARKET_CAPS,
                    place=place,
                )
            )
        yield RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def company_list_of(path: Path) -> RecordPage[FundamentalRecord]:
    """Return the figures of a company list; the module's docstring tells its two forms."""
    entries = _json_entries(path) if path.suffix.casefold() == ".json" else _csv_entries(path)
    records: list[FundamentalRecord] = []
    rejected: list[RejectedRow] = []
    for place, entry in entries:
        good, bad = _company(entry, place)
        records += good
        rejected += bad
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One figure on its way to becoming a record."""

    metric: str
    period: Period | None
    value: object
    place: str

    @property
    def config(self) -> MetricConfig:
        return fundamentals_config().metrics[self.metric]

    def fault(self) -> str:
        """Return why the figure is refused, an empty text if it is not."""
        if self.period is None:
            return "period_unknown"
        if self.period.kind == "day" and self.config.kind == "flow":
            return "flow_needs_a_year_or_quarter"
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        if not isinstance(self.value, int | float) or not is_number or not abs(self.value) <= _LARGEST:
            return "bad_number"
        if self.value == 0 and self.config.zero_is_missing:
            return "zero_for_unknown"
        return "below_least" if self.config.least is not None and self.value < self.config.least else ""

    def record(self, secid: str, code: str, known_at: datetime, source: str) -> FundamentalRecord:
        assert self.period is not None and isinstance(self.value, int | float)  # noqa: S101  # fault() saw to it
        factor = self.config.factor if source == SMARTLAB else 1.0
        return FundamentalRecord(
            secid=secid,
            metric=self.metric,
            period=code,
            period_end=self.period.end,
            value=float(self.value) * factor,
            known_at=known_at,
            source=source,
            place=self.place,
        )


def _company(entry: dict[str, Any], place: str) -> tuple[list[FundamentalRecord], list[RejectedRow]]:
    secid = str(entry.get("secid") or entry.get("ticker") or "").strip()
    code = str(entry.get("period") or "").strip()
    metrics = entry.get("metrics")
    period = period_of(code)
    known_at = None if period is None else _known_at(entry.get("known_at"), period)
    reason = _company_fault(secid, period, known_at, metrics)
    if reason or known_at is None or not isinstance(metrics, dict):
        return [], [RejectedRow(place=place, reason=reason, raw=entry)]
    good, bad = [], []
    for name, value in metrics.items():
        told = {"secid": secid, "period": code, "metric": name, "value": value}
        if name not in fundamentals_config().metrics:
            told["hint"] = did_you_mean(name, fundamentals_config().metrics).strip()
            bad.append(RejectedRow(place=place, reason="unknown_metric", raw=told))
            continue
        cell = _Cell(metric=name, period=period, value=value, place=place)
        fault = cell.fault()
        if fault:
            bad.append(RejectedRow(place=place, reason=fault, raw=told))
        else:
            good.append(cell.record(secid, code, known_at, COMPANY_LIST))
    return good, bad


def _company_fault(secid: str, period: Period | None, known_at: datetime | None, metrics: object) -> str:
    if not secid:
        return "secid_missing"
    if period is None:
        return "period_unknown"
    if known_at is None:
        return "known_at_unparseable"
    # What is of one day, such as a count of shares, may be known on that day; a year's or quarter's sum may not.
    ends_on = period.end if period.kind == "day" else period.end + timedelta(days=1)
    if known_at < midnight(ends_on) or known_at == midnight(period.end):
        return "known_before_its_period_ends"
    return "" if isinstance(metrics, dict) and metrics else "metrics_missing"


def _known_at(told: object, period: Period) -> datetime | None:
    if told is None or told == "":
        return fundamentals_config().known_at(period)
    text = str(told).strip()
    try:
        # 20240228 too: as a time it would be known from the day's beginning.
        return midnight(date.fromisoformat(text) + timedelta(days=1))
    except OverflowError:
        return None
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=MOSCOW)


def _json_entries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error}); mend it or take it away") from error
    companies = content.get("companies") if isinstance(content, dict) else content
    if not isinstance(companies, list):
        raise InputError(
            f"{path} must hold a list of companies, or one under `companies`, was {type(content).__name__}; "
            'write [{"secid": "SBER", "period": "2023", "metrics": {"profit": 1.5e12}}]'
        )
    for at, entry in enumerate(companies):
        yield f"{path.name}[{at}]", entry if isinstance(entry, dict) else {"entry": entry}


def _csv_entries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            names = [name.strip() for name in reader.fieldnames or ()]
            if not {"secid", "ticker"} & set(names) or "period" not in names:
                raise InputError(
                    f"{path} must have the columns secid and period and one for each metric, had "
                    f"{', '.join(names) or 'none'}; rename its header"
                )
            reader.fieldnames = names
            for line, row in enumerate(reader, start=2):
                cells = {name: str(cell).strip() for name, cell in row.items() if name is not None}
                metrics = {
                    name: _number(cell) for name, cell in cells.items() if name not in _OWN_COLUMNS and cell
                }
                own = {name: cells[name] for name in _OWN_COLUMNS if cells.get(name)}
                yield f"{path.name}:{line}", own | {"metrics": metrics}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read as CSV in UTF-8 ({error}); convert it or take it away"
        ) from error


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _russian_day(text: str | None) -> date | None:
    try:
        return datetime.strptime(text or "", "%d.%m.%Y").date()  # noqa: DTZ007  # a day has no time zone
    except ValueError:
        return None


def _parquet(path: Path, names: tuple[str, ...]) -> list[list[Any]]:
    try:
        missing = [name for name in names if name not in pq.read_schema(path).names]
        if missing:
            raise InputError(
                f"{path} must have the columns {', '.join(names)}, {', '.join(missing)} missing; rename its columns"
            )
        table = pq.read_table(path, columns=list(names))
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read as Parquet ({error}); convert it or take it away") from error
    return [table.column(name).to_pylist() for name in names]
