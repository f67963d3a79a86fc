"""Reading a post: its tags and flags, the text without links and marks, the lead in which the event stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_CHARS = 6000  # longer texts are articles whose end says nothing new
LEAD_CHARS = 420
_MARKDOWN_LINK = re.compile(r"\[([^\]\n]{0,300})\]\((?:[^()\n]{0,500})\)")
_LINK = re.compile(r"(?:https?://|www\.|t\.me/)\S+|@\w+")
_TAG = re.compile(r"#(\w+)")
_MARKS = re.compile(r"\*\*|__|~~|`")
_SPACE = re.compile(r"[^\S\n]+")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_DASHES = str.maketrans({"ё": "е", "—": "-", "–": "-", "−": "-", "\u00a0": " ", "\x00": " "})
# "... — ТАСС": who told it is not what it is about.
_SOURCE = re.compile(r"\s-\s*[^\n.\d]{1,40}$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZА-Я«\"])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A text taken apart; `lead` and `whole` are folded to lower case."""

    lead: str
    whole: str
    shown: str  # the text as written, without links: quotes and capitals are kept
    tags: frozenset[str]
    flags: frozenset[str]


def post_of(text: str) -> Post:
    """Return a text taken apart; never fails."""
    text = text[:MAX_CHARS].translate(_DASHES)
    tags = frozenset(tag.lower() for tag in _TAG.findall(text))
    flags = frozenset(_country(flag) for flag in _FLAG.findall(text))
    text = _LINK.sub(" ", _MARKDOWN_LINK.sub(r"\1", text))
    text = _MARKS.sub("", _TAG.sub(" ", text))
    lines = [line.strip() for line in _SPACE.sub(" ", text).split("\n")]
    shown = "\n".join(line for line in lines if re.search(r"\w", line))
    untold = _SOURCE.sub("", shown)
    return Post(lead=_lead(untold).lower(), whole=untold.lower(), shown=untold, tags=tags, flags=flags)


def language_of(text: str) -> str:
    """Return "ru" where at least a third of the letters are Cyrillic, else "en"; no letters count as Russian."""
    cyrillic = sum("а" <= letter <= "я" or letter == "ё" for letter in text.lower())
    latin = sum("a" <= letter <= "z" for letter in text.lower())
    return "en" if latin > 2 * cyrillic else "ru"


def _lead(text: str) -> str:
    """The first sentences: where they end lies between a third and the whole of the allowed length."""
    short = text[:LEAD_CHARS]
    if len(text) <= LEAD_CHARS:
        return short
    ends = [match.start() for match in _SENTENCE.finditer(short)] + [
        m.start() for m in re.finditer("\n", short)
    ]
    late = [end for end in ends if end >= LEAD_CHARS // 3]
    return short[: max(late)] if late else short


def _country(flag: str) -> str:
    return "".join(chr(ord(sign) - 0x1F1E6 + ord("A")) for sign in flag)
