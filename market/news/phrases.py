"""Phrases of the lexicons: stems, alternatives and gaps, compiled once.

A phrase is words apart by spaces. `дивиденд*` is any word that begins so, `ipo` that word alone, `a|b*` one of
several (`a_b*` in it: two words), `~` up to six words between its neighbours, a leading `^` the text's beginning. Phrases never reach over a
line's end.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

_GAP = r"(?:[^\w\n]+\w+){0,6}?[^\w\n]+"
_NEXT = r"[^\w\n]+"
_NEGATION = re.compile(
    r"(?:^|[^\w])(?:не|ни|not|never|won't)"
    r"(?:[^\w\n]+(?:планиру\w*|намерен\w*|будет|будут|собира\w*|стал\w*|хоч\w*|хот\w*|to|yet|going to|plan to))?[^\w\n]+$"
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A compiled phrase; `needed` are the stems one of which a text must hold for the phrase to be looked for."""

    source: str
    pattern: re.Pattern[str]
    needed: tuple[str, ...]

    def found(self, text: str) -> re.Match[str] | None:
        """Return where the phrase stands in a folded text."""
        for stem in self.needed:  # a loop: this runs a hundred thousand times for a day's news
            if stem in text:
                return self.pattern.search(text)
        return None


@functools.cache
def phrase_of(source: str) -> Phrase:
    """Return a phrase compiled.

    Raises: ValueError for an empty phrase or one that begins or ends with a gap.
    """
    words = source.split()
    begins = r"^[^\w\n]*" if words[:1] == ["^"] else r"(?<!\w)"
    words = words[1:] if words[:1] == ["^"] else words
    if not words or words[0] == "~" or words[-1] == "~":
        raise ValueError(f"a phrase must begin and end with a word, was {source!r}")
    parts, needed = [], [""]
    for position, word in enumerate(words):
        if word == "~":
            continue
        if position:
            parts.append(_GAP if words[position - 1] == "~" else _NEXT)
        stems = word.split("|")
        if not all(part.rstrip("*") for stem in stems for part in stem.split("_")):
            raise ValueError(f"a word of a phrase must not be empty, was {source!r}")
        parts.append("(?:" + "|".join(_word(stem) for stem in stems) + ")")
        plain = [max(stem.replace("*", "").split("_"), key=len) for stem in stems]
        # The word whose shortest form is longest rules out most texts.
        if min(map(len, plain)) > min(map(len, needed)):
            needed = plain
    pattern = re.compile(begins + "".join(parts) + r"(?!\w)")
    return Phrase(source=source, pattern=pattern, needed=tuple(needed))


def first_found(phrases: Iterable[str], text: str) -> tuple[str, re.Match[str]] | None:
    """Return the first phrase of a list that stands in a folded text, and where."""
    for source in phrases:
        match = phrase_of(source).found(text)
        if match is not None:
            return source, match
    return None


def negated(text: str, match: re.Match[str]) -> bool:
    """Return whether what stands right before a match denies it."""
    return _NEGATION.search(text[max(0, match.start() - 30) : match.start()]) is not None


def _word(stem: str) -> str:
    parts = (
        re.escape(part[:-1]) + r"\w*" if part.endswith("*") else re.escape(part) for part in stem.split("_")
    )
    return _NEXT.join(parts)
