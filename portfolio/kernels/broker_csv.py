"""Tables of trades as brokers and terminals export them, read into rows; what cannot be read is told row by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from portfolio.kernels.csv_values import CellError, moment_of, number_of, side_of, whole_of
from portfolio.ledger_contracts import FileRow, ParsedFile, QuantityUnit, RowProblem

_DELIMITERS = (";", "\t", ",", "|")
_HEADER_WITHIN = 60  # lines: a report's title and its owner stand above the table
_NO_NAME = re.compile(r"[\W_]+")


class MissingUnitError(ValueError):
    """A file is a table of trades, and neither it nor its sender says what it counts quantities in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of one kind of file, each by the names that it goes by; letters and digits alone count."""

    name: str
    unit: QuantityUnit | None  # None: the file does not say, whoever sends it must
    needed: Mapping[str, Sequence[str]]
    optional: Mapping[str, Sequence[str]]


_COMMISSIONS = (
    "комиссия",
    "комиссия брокера",
    "комиссия биржи",
    "комиссия клир центра",
    "комиссия тс",
    "commission",
    "fee",
)
# The first that fits is taken. `own` is ours and documented in the API; T-Investments' is section 1.1 of its report
# saved as CSV; QUIK's is its table of trades, which counts in lots. Of other exports the names of columns tell what
# they hold, but not in what a quantity is counted.
LAYOUTS = (
    Layout(
        name="own",
        unit=None,
        needed={
            "moment": ["traded_at"], "secid": ["secid"], "side": ["side"], "qty": ["qty"], "unit": ["qty_unit"],
            "price": ["price"],
        },
        optional={"commission": ["commission"], "stop": ["stop"], "signal_id": ["signal_id"], "number": ["id"]},
    ),
    Layout(
        name="t_investments",
        unit="shares",
        needed={
            "number": ["номер сделки"], "date": ["дата заключения"], "time": ["время"], "side": ["вид сделки"],
            "secid": ["код актива"], "price": ["цена за единицу"], "qty": ["количество"],
        },
        optional={"commission": _COMMISSIONS, "currency": ["валюта цены", "валюта расчетов"]},
    ),
    Layout(
        name="quik",
        unit="lots",
        needed={
            "secid": ["код бумаги", "код инструмента"], "side": ["операция"], "qty": ["кол-во"], "price": ["цена"],
            "date": ["дата торгов", "дата", "дата сделки"], "time": ["время"],
        },
        optional={"number": ["номер", "номер сделки"], "commission": _COMMISSIONS, "currency": ["валюта"]},
    ),
    Layout(
        name="other",
        unit=None,
        needed={
            "date": [
                "дата и время", "дата/время", "дата сделки", "дата заключения", "дата торгов", "дата", "datetime",
                "trade date", "date",
            ],
            "secid": [
                "тикер", "код бумаги", "код инструмента", "код актива", "код ценной бумаги", "инструмент", "ticker",
                "symbol", "secid",
            ],
            "side": ["операция", "вид операции", "вид сделки", "тип сделки", "направление", "side", "action", "operation"],
            "qty": ["количество, шт", "количество", "кол-во, шт", "кол-во", "quantity", "qty"],
            "price": ["цена сделки", "цена за единицу", "цена", "price"],
        },
        optional={
            "time": ["время сделки", "время заключения", "время", "time"],
            "number": ["номер сделки", "№ сделки", "номер", "trade id", "id"],
            "commission": _COMMISSIONS,
            "currency": ["валюта", "валюта цены", "валюта сделки", "currency"],
        },
    ),
)  # fmt: skip


def file_text(content: bytes) -> str:
    """Return the text of a file in UTF-8, with or without a mark, in UTF-16 with one, or in Windows-1251.

    Raises: ValueError for what is no text.
    """
    is_utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = content.decode("utf-16") if is_utf16 else ""
    # An archive, or what has a NUL, which no database holds as text.
    if content[:2] == b"PK" or "\x00" in text or (not is_utf16 and b"\x00" in content):
        raise ValueError("the file must be a text table, and is not one; save the report as CSV first")
    if is_utf16:
        return text
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1251")


def trades_parsed(text: str, *, unit: QuantityUnit | None, max_rows: int) -> ParsedFile:
    """Return the trades of a table, in the order of the file, and what was wrong with the other rows.

    Layout and delimiter are found by the names of the columns, whatever stands above them; `unit` counts where the
    layout does not say what a quantity is counted in. Empty rows and the title of a further table are passed over.

    Units:  prices and commissions RUB, as the file has them; naive times are Moscow's.
    NaN:    refused.
    Raises: ValueError without such a table or for too many rows; MissingUnitError without a unit.
    """
    layout, columns, rows = _table(text)
    own_unit = layout.unit or unit
    if own_unit is None and "unit" not in columns:
        raise MissingUnitError(
            "qty_unit must be given, for the file does not say in what it counts quantities; send shares or lots"
        )
    taken: list[FileRow] = []
    problems: list[RowProblem] = []
    qty_name = _plain(rows[0][1][columns["qty"][0]])
    for number, cells in rows[1:]:
        told = {name: [_cell(cells, place) for place in places] for name, places in columns.items()}
        if _is_no_trade(told, layout, qty_name):
            continue
        if len(taken) + len(problems) >= max_rows:
            raise ValueError(f"a file must hold at most {max_rows} trades, held more; send it in parts")
        try:
            taken.append(_row(number, told, own_unit or "shares"))
        except CellError as wrong:
            problems.append(RowProblem(row=number, field=wrong.field, code=wrong.code, detail=str(wrong)))
    return ParsedFile(layout=layout.name, rows=tuple(taken), problems=tuple(problems))


def _is_no_trade(told: Mapping[str, Sequence[str]], layout: Layout, qty_name: str) -> bool:
    """Return whether a row holds something else: nothing, the names again, or a part of another table."""
    if not any(told[field][0] for field in ("secid", "side", "qty", "price")):
        return True
    if _plain(told["qty"][0]) == qty_name:
        return True
    # Where every trade has its number, a row without one is of another table.
    return "number" in layout.needed and not told["number"][0].isdigit()


def _table(text: str) -> tuple[Layout, dict[str, list[int]], list[tuple[int, list[str]]]]:
    """Return the layout, the places of its columns, and the numbered rows from the header on."""
    for layout in LAYOUTS:
        for delimiter in _DELIMITERS:
            rows = list(_rows(text, delimiter, limit=_HEADER_WITHIN))
            for number, cells in rows:
                columns = _columns(layout, cells)
                if columns is not None:
                    every = [row for row in _rows(text, delimiter) if row[0] >= number]
                    return layout, columns, every
    wanted = ", ".join(name for names in LAYOUTS[0].needed.values() for name in names)
    raise ValueError(
        f"the file must have a row with the names of its columns, and none was found; ours are {wanted}"
    )


def _rows(text: str, delimiter: str, *, limit: int | None = None) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    first = 1
    try:
        for cells in reader:
            if limit is not None and first > limit:
                return
            yield first, cells
            first = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} of the file cannot be read: {error}") from error


def _columns(layout: Layout, cells: Sequence[str]) -> dict[str, list[int]] | None:
    plain = [_plain(cell) for cell in cells]
    found: dict[str, list[int]] = {}
    for field, names in (*layout.needed.items(), *layout.optional.items()):
        places = [plain.index(_plain(name)) for name in names if _plain(name) in plain]
        if places:
            # The parts of a commission add up; of other columns the first name counts.
            found[field] = sorted(set(places)) if field == "commission" else places[:1]
        elif field in layout.needed:
            return None
    return found


def _plain(text: str) -> str:
    return _NO_NAME.sub("", text.casefold().replace("ё", "е"))


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) else ""


def _row(number: int, told: Mapping[str, Sequence[str]], unit: QuantityUnit) -> FileRow:
    def cell(field: str) -> str:
        return told[field][0] if field in told else ""

    currency = cell("currency").upper()
    if currency not in ("", "RUB", "RUR", "SUR", "РУБ", "РУБ.", "₽"):
        raise CellError("currency", "not_rub", f"currency must be RUB, was {currency!r}")
    if "unit" in told:
        if cell("unit").casefold() not in ("shares", "lots"):
            raise CellError("qty_unit", "invalid", f"qty_unit must be shares or lots, was {cell('unit')!r}")
        unit = "lots" if cell("unit").casefold() == "lots" else "shares"
    secid = cell("secid")
    if not secid or len(secid) > 36:
        raise CellError("secid", "required", f"secid must have 1 to 36 characters, was {secid[:40]!r}")
    commissions = [abs(number_of(each, "commission")) for each in told.get("commission", ()) if each]
    if "moment" in told:
        traded_at = moment_of(cell("moment"), "", "traded_at")
    else:
        traded_at = moment_of(cell("date"), cell("time"), "date")
    return FileRow(
        row=number,
        secid=secid,
        side=side_of(cell("side"), "side"),
        qty=whole_of(cell("qty"), "qty"),
        unit=unit,
        price_rub=number_of(cell("price"), "price"),
        commission_rub=sum(commissions) if commissions else None,
        traded_at=traded_at,
        stop_rub=number_of(cell("stop"), "stop") if cell("stop") else None,
        signal_id=whole_of(cell("signal_id"), "signal_id") if cell("signal_id") else None,
        number=cell("number"),
    )
