"""Cells of exported tables: numbers, moments and sides as people and programs in Russia write them."""

from __future__ import annotations

import math
import re
from datetime import datetime
from zoneinfo import ZoneInfo

from portfolio.contracts import TradeSide

_MOSCOW = ZoneInfo("Europe/Moscow")
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f']")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
_DATES = ("%d.%m.%Y", "%d/%m/%Y", "%d.%m.%y", "%Y%m%d")
_TIMES = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %H%M%S")
_SIDES: dict[str, TradeSide] = {
    "buy": "BUY", "b": "BUY", "покупка": "BUY", "купля": "BUY", "куплено": "BUY",
    "sell": "SELL", "s": "SELL", "продажа": "SELL", "продано": "SELL",
}  # fmt: skip
_MOST = 10**15


class CellError(ValueError):
    """One cell that cannot be what its column holds."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.code = code


def number_of(text: str, field: str) -> float:
    """Return a number written with a decimal comma or point, with or without spaces between thousands.

    Of a comma and a point the later one is the decimal one; a comma alone is.

    NaN:    refused, infinity too.
    Raises: CellError for what is no number.
    """
    plain = _SPACES.sub("", text).replace("₽", "")
    if "," in plain and "." in plain:
        thousands = "," if plain.rindex(",") < plain.rindex(".") else "."
        plain = plain.replace(thousands, "")
    plain = plain.replace(",", ".")
    if not _NUMBER.fullmatch(plain) or not math.isfinite(float(plain)) or abs(float(plain)) > _MOST:
        raise CellError(field, "invalid", f"{field} must be a number, was {text[:40]!r}")
    return float(plain)


def whole_of(text: str, field: str) -> int:
    """Return a whole number, which may be written with decimals of 0.

    Raises: CellError for anything else.
    """
    value = number_of(text, field)
    if value != math.floor(value):
        raise CellError(field, "invalid", f"{field} must be a whole number, was {text[:40]!r}")
    return int(value)


def side_of(text: str, field: str) -> TradeSide:
    """Return the side of a purchase or a sale.

    Raises: CellError for what is neither, such as a leg of a repo.
    """
    side = _SIDES.get(text.strip().casefold())
    if side is None:
        raise CellError(field, "not_a_trade", f"{field} must be a purchase or a sale, was {text[:40]!r}")
    return side


def moment_of(date: str, time: str, field: str) -> datetime:
    """Return an aware moment; without an offset it is Moscow's, without a time the day's begin.

    Raises: CellError for what is no moment.
    """
    text = f"{date} {time}".strip()
    moment = _iso(text)
    for day in _DATES:
        for clock in _TIMES:
            moment = moment or _read(text, day + clock)
    if moment is None or not 1990 <= moment.year <= 2200:
        raise CellError(
            field,
            "invalid",
            f"{field} must be a moment such as 2024-03-01T15:00:00 or 01.03.2024, was {text[:40]!r}",
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=_MOSCOW)


def _iso(text: str) -> datetime | None:
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        return datetime.fromisoformat(text.replace(" ", "T", 1))
    except ValueError:
        return None


def _read(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  # the caller adds the zone
    except ValueError:
        return None
