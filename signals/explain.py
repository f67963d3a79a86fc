"""Explanations in words: facts stored as codes and parameters, rendered when they are read."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import formats, translation
from django.utils.translation import gettext

from signals.phrases import PHRASES
from signals.phrases.call import EXPIRED
from signals.phrases.names import NAMES, sector_name
from signals.phrases.picture import SCENARIOS
from traderai.common.asker import spoken_language
from traderai.common.clock import MOSCOW
from traderai.common.errors import InvariantError
from traderai.common.worded import number_worded

LANGUAGES = ("ru", "en")
# What no reader of a call to trade may miss is said with it: a phone folds the later paragraphs away.
_SAID_WITH_THE_CALL = frozenset({"paper", "simulated"})
_CALLS_TO_TRADE = frozenset({"call_buy", "call_sell"})
SECTIONS = ("call", "picture", "market", "council", "company", "news", "regime", "model", "risk", "notice")


def explanation_text(
    facts: Iterable[Mapping[str, Any]], *, language: str, decimals: int, told_of: str = ""
) -> str:
    """Return an explanation in a language: one paragraph for each section, parted by an empty line.

    `facts` are the stored ones: mappings with section, code and params; `decimals` are those of the prices. Where
    several wordings say the same, `told_of` (share and bar) chooses: equal arguments give an equal text. That a call to
    trade is on paper, or of a made-up share, stands in the call's own paragraph.
    """
    told = tuple(facts)
    trades = any(fact["code"] in _CALLS_TO_TRADE for fact in told)
    paragraphs: dict[str, list[str]] = {section: [] for section in SECTIONS}
    with translation.override(spoken_language(language)):
        for fact in told:
            section = "call" if trades and fact["code"] in _SAID_WITH_THE_CALL else fact["section"]
            paragraphs[section].append(_sentence(fact, decimals=decimals, told_of=told_of))
    return "\n\n".join(" ".join(sentences) for sentences in paragraphs.values() if sentences)


def expired_text(*, valid_until: datetime, language: str) -> str:
    """Return the sentence that stands before an explanation whose signal has expired by the moment of reading."""
    with translation.override(spoken_language(language)):
        return str(EXPIRED % worded({"until_at": valid_until.isoformat()}, decimals=0))


def told_of(*, secid: str, bar_begin: datetime) -> str:
    """Return what chooses among the wordings of a signal's explanation."""
    return f"{secid} {int(bar_begin.timestamp())}"


def scenario_label(scenario: Mapping[str, Any], *, language: str, decimals: int) -> str:
    """Return the name of one price range, such as "stays in 310.00-320.00"."""
    bounds = {name: scenario[name] for name in ("low_rub", "high_rub") if scenario[name] is not None}
    with translation.override(spoken_language(language)):
        return str(SCENARIOS[scenario["label"]] % worded(bounds, decimals=decimals))


def _sentence(fact: Mapping[str, Any], *, decimals: int, told_of: str) -> str:
    phrase = PHRASES.get(fact["code"])
    if phrase is None:
        raise InvariantError(f"an explanation's code must have a phrase, was {fact['code']!r}")
    if isinstance(phrase, tuple):
        chosen = zlib.crc32(f"{told_of} {fact['code']}".encode()) if told_of else 0
        phrase = phrase[chosen % len(phrase)]
    return str(phrase % worded(fact["params"], decimals=decimals))


def worded(params: Mapping[str, Any], *, decimals: int) -> dict[str, Any]:
    """Return the parameters of a sentence as they stand in it, in the language that is active; names end with units."""
    words = {name: _value(name, value, decimals=decimals) for name, value in params.items()}
    if "entry_low_rub" in words:
        low, high = words["entry_low_rub"], words["entry_high_rub"]
        words["entry"] = low if low == high else f"{low}–{high}"
    if "regime" in params:
        words["in_regime"] = str(NAMES["in_regime"][params["regime"]])
    return words


def _value(name: str, value: Any, *, decimals: int) -> Any:
    """Return a value in words; the ending of its name says what it is."""
    if name.endswith("_rub"):
        return number_worded(value, decimals)
    if isinstance(value, int):  # a count stays a number: it chooses the plural form
        return value
    if name in _NAMED:
        return _NAMED[name](value)
    for ending, worded in _BY_ENDING.items():
        if name.endswith(ending):
            return worded(value)
    raise InvariantError(f"a parameter of an explanation must end with its unit, was {name!r}")


def _named(name: str) -> Callable[[str], str]:
    def worded(code: str) -> str:
        if code not in NAMES[name]:
            raise InvariantError(f"every {name} must have a name in signals.phrases.names, {code!r} has none")
        return str(NAMES[name][code])

    return worded


def _members(codes: str) -> str:
    """Return the names of a council's members; a recipe may seat one that has only a code."""
    return ", ".join(str(NAMES["members"].get(code, code)) for code in codes.split(","))


def _sector(code: str) -> str:
    return sector_name(code, language=spoken_language(translation.get_language()))


def _signed(value: float, decimals: int) -> str:
    text = number_worded(value, decimals)
    return f"+{text}" if round(value, decimals) > 0 else text


def _percent(number: str) -> str:
    return gettext("%(number)s%%") % {"number": number}


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text).astimezone(MOSCOW)
    shown = formats.date_format(moment, gettext("Y-m-d H:i"))
    return gettext("%(moment)s Moscow time") % {"moment": shown}


def _day(text: str) -> str:
    return formats.date_format(datetime.fromisoformat(text).astimezone(MOSCOW), gettext("Y-m-d"))


_NAMED: Final[dict[str, Callable[[str], str]]] = {
    "family": _named("family"),
    "regime": _named("regime"),
    "pattern": _named("pattern"),
    "scope": _named("scope"),
    "event": _named("event"),
    "members": _members,
    "sector": _sector,
}
# The first ending that fits decides, so the longer stand before the shorter.
_BY_ENDING: Final[dict[str, Callable[[Any], str]]] = {
    "_signed_bp": lambda value: _signed(value, 1),
    "_signed_frac": lambda value: _percent(_signed(100 * value, 1)),
    "_signed_pct": lambda value: _percent(_signed(value, 1)),
    "_pct": lambda value: _percent(number_worded(value, 1)),
    "_times": lambda value: number_worded(value, 1),
    "_frac": lambda value: _percent(number_worded(100 * value, 2 if value < 0.01 else 1)),
    "_share": lambda value: _percent(number_worded(100 * value, 0)),
    "_p": lambda value: _percent(number_worded(100 * value, 1)),
    "_points": lambda value: number_worded(100 * value, 1),
    "_ratio": lambda value: number_worded(value, 2),
    "_index": lambda value: number_worded(value, 0),
    "_r": lambda value: _signed(value, 2),
    "_at": _moment,
    "_on": _day,
}
