"""Which way figures went: growth or fall of profit, revenue and output, against a year ago or a forecast."""

from __future__ import annotations

import re
from dataclasses import dataclass

_METRICS: tuple[tuple[str, int, int, str], ...] = (
    # name, rank, sign of growth, pattern
    ("loss", 3, -1, r"убыт\w*|net loss|losses"),
    ("profit", 3, 1, r"прибыл[ьияею]\w*|net profit|net income|earnings|фин\w* результат\w*"),
    ("ebitda", 2, 1, r"o?ebitda|oibda"),
    ("forecast", 2, 1, r"прогноз\w*|план\w* продаж|guidance"),
    ("revenue", 1, 1, r"выручк\w*|доход\w*|revenue|продаж\w*|sales|оборот\w*"),
    (
        "output",
        1,
        1,
        r"добыч\w*|производств\w*|выпуск\w*|перевоз\w*|перевал\w*|грузооборот\w*|пассажиропоток\w*|отгруз\w*|экспорт\w*|"
        r"выработк\w*|поставк\w*|production|output",
    ),
)
_UP = (
    r"вырос\w*|выраст\w*|увелич\w*|нараст\w*|наращ\w*|подня\w*|подним\w*|повыс\w*|повыш\w*|улучш\w*|превыс\w*|"
    r"превзош\w*|удво\w*|утро\w*|рост\w*|прибав\w*|ускор\w*|rose|grew|grows|increas\w*|jump\w*|surg\w*|raised?"
)
_DOWN = (
    r"сниз\w*|снижен\w*|снижа\w*|сокра[тщ]\w*|упа[лд]\w*|паде\w*|уменьш\w*|ухудш\w*|потеря\w*|просе[лд]\w*|"
    r"обвал\w*|рухну\w*|fell|declin\w*|decreas\w*|drop\w*|slump\w*|lowered"
)
_METRIC = re.compile("|".join(rf"(?P<{name}>\b(?:{pattern})\b)" for name, _, _, pattern in _METRICS))
_CHANGE = re.compile(rf"(?P<up>\b(?:{_UP})\b)|(?P<down>\b(?:{_DOWN})\b)")
_SIGNED = re.compile(r"(?<![\d-])(?P<sign>[+-])\s?\d[\d.,]*\s?%")
_AMOUNT = r"(\d[\d ]*(?:[.,]\d+)?)\s*(тыс|млн|млрд|трлн|thousand|million|billion|trillion|mln|bn)"
_AGAINST = re.compile(
    rf"{_AMOUNT}[^\n]{{0,40}}?\b(?:против|vs\.?|from|compared with|с)\s+[^\d\n]{{0,25}}{_AMOUNT}"
)
_BRACKETED = re.compile(rf"{_AMOUNT}[^\n(]{{0,12}}\([^\d()\n]{{0,25}}{_AMOUNT}")
_SCALE = {
    "тыс": 1e3, "млн": 1e6, "млрд": 1e9, "трлн": 1e12, "thousand": 1e3, "million": 1e6, "mln": 1e6,
    "billion": 1e9, "bn": 1e9, "trillion": 1e12,
}  # fmt: skip
_BETTER = re.compile(
    r"\b(?:лучше|выше|better than|above|beat\w*)\s+(?:прогноз\w*|ожидан\w*|консенсус\w*|expect\w*|forecast\w*)"
)
_WORSE = re.compile(
    r"\b(?:хуже|ниже|worse than|below|missed?)\s+(?:прогноз\w*|ожидан\w*|консенсус\w*|expect\w*|forecast\w*)"
)
_TO_PROFIT = re.compile(
    r"прибыл\w*[^\n]{0,80}(?:после|против|вместо) (?:чист\w* )?убытк\w*|убыт\w* сменил\w* прибыл\w*|вышл?[аио]? (?:в|на) прибыл\w*|swung to (?:a )?profit"
)
_TO_LOSS = re.compile(
    r"убыт\w*[^\n]{0,80}(?:после|против|вместо) (?:чист\w* )?прибыл\w*|прибыл\w* сменил\w* убыт\w*|ушл?[аио]? в убыт\w*|swung to (?:a )?loss"
)
_LOST = re.compile(
    r"(?:получил\w*|показал\w*|составил\w*|зафиксировал\w*|posted|reported)[^\n]{0,25}убыт\w*|убыт\w*[^\n]{0,40}составил\w*|posted a (?:net )?loss"
)
_CLAUSE = re.compile(r"[\n;]|(?<!руб)(?<!млн)(?<!млрд)(?<!тыс)(?<!кв)(?<!\d)\.\s")
_ASIDE = re.compile(r"\([^()\d\n]*\)")  # an aside without a figure only keeps words apart
_RANK = {name: rank for name, rank, _, _ in _METRICS}
_SIGN = {name: sign for name, _, sign, _ in _METRICS}


@dataclass(frozen=True, slots=True)
class Change:
    """A figure's way: the metric, and whether that is good (1) or bad (-1)."""

    metric: str
    direction: int
    how: str


def change_of(text: str) -> Change | None:
    """Return the change of the weightiest figure in a folded text: profit before EBITDA before revenue; None: no sign.

    Of figures of one weight the first one counts, which is the one that a headline is about.
    """
    if _TO_PROFIT.search(text):
        return Change("profit", 1, "loss_to_profit")
    if _TO_LOSS.search(text):
        return Change("profit", -1, "profit_to_loss")
    found: list[Change] = []
    for clause in _CLAUSE.split(_ASIDE.sub(" ", text)):
        found += _changes_of_clause(clause)
    if found:
        return max(found, key=lambda change: _RANK[change.metric])  # max keeps the first of equals
    if _LOST.search(text):
        return Change("loss", -1, "loss")
    better, worse = _BETTER.search(text), _WORSE.search(text)
    if bool(better) != bool(worse):
        return Change("profit", 1 if better else -1, "against_forecast")
    return None


def _changes_of_clause(clause: str) -> list[Change]:
    metrics = list(_METRIC.finditer(clause))
    changes = list(_CHANGE.finditer(clause))
    compared = _compared(clause)
    found = []
    for index, metric in enumerate(metrics):
        name = metric.lastgroup or ""
        end = metrics[index + 1].start() if index + 1 < len(metrics) else len(clause)
        start = metrics[index - 1].end() if index else 0
        way = _nearest(changes, metric, start, end)
        how = "verb"
        if way is None and compared is not None and index == 0:
            way, how = compared, "against_year_ago"
        if way is None:
            signed = _SIGNED.search(clause, metric.end(), min(end, metric.end() + 70))
            way, how = (None, how) if signed is None else (1 if signed["sign"] == "+" else -1, "percent")
        if way is not None:
            found.append(Change(name, way * _SIGN[name], how))
    return found


def _nearest(changes: list[re.Match[str]], metric: re.Match[str], start: int, end: int) -> int | None:
    """The word of change nearest to the metric and not beyond its neighbours."""
    best: tuple[int, int] | None = None
    for change in changes:
        if change.start() < start or change.end() > end:
            continue
        distance = (
            change.start() - metric.end() if change.start() >= metric.end() else metric.start() - change.end()
        )
        if 0 <= distance <= 90 and (best is None or distance < best[0]):
            best = (distance, 1 if change["up"] else -1)
    return None if best is None else best[1]


def _compared(clause: str) -> int | None:
    match = _AGAINST.search(clause) or _BRACKETED.search(clause)
    if match is None:
        return None
    now, before = (_amount(match[1], match[2]), _amount(match[3], match[4]))
    return None if now == before else (1 if now > before else -1)


def _amount(digits: str, scale: str) -> float:
    return float(digits.replace(" ", "").replace(",", ".")) * _SCALE[scale]
