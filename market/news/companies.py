"""Which companies a text names: aliases, hashtags and the source's own tickers; an unclear name links nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from market.news.phrases import phrase_of
from market.news.text import Post

_QUOTES = "«\"“„'"
_GUARD = re.compile(
    r"(?:акци[ийямх]\w*|бумаг\w*|компани\w*|гк|групп[аыуе]|девелопер\w*|застройщик\w*|ритейлер\w*|сет[ьи]|банк\w*|холдинг\w*|"
    r"пао|мкпао|оао|ао|shares of|stock of|company|retailer|developer)[^\w\n]+$"
)
# "считают в Сбере", "ВТБ ожидает": who speaks is not what it is about.
_SPEAKER_BEFORE = re.compile(
    r"(?:считают|полагают|ожидают|прогнозируют|отмечают|аналитик\w*|эксперт\w*|экономист\w*|стратег\w*|по мнению|по оценк\w*|по прогноз\w*|"
    r"analysts?(?: at| of)?|according to)(?:[^\w\n]+(?:в|из|at|of))?[^\w\n]+$"
)
_SPEAKER_AFTER = re.compile(
    r"^[^\w\n]{0,3}(?:ожидает|прогнозирует|считает|полагает|cib|капитал|инвестиции|мир инвестиций|индекс\b|expects|sees)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyConfig:
    """How a company is named; no tickers: a name that must not be taken for another company."""

    tickers: tuple[str, ...]
    names: tuple[str, ...] = ()
    guarded: tuple[str, ...] = ()  # common words: a name only in quotes or after a word such as "акции"
    sector: str = ""

    def __post_init__(self) -> None:
        for name in (*self.names, *self.guarded):
            phrase_of(name)


@dataclass(frozen=True, slots=True)
class Named:
    """A company found in a text: its tickers, how it was found, and where (0 for tags)."""

    tickers: tuple[str, ...]
    how: str
    name: str
    start: int
    sector: str = ""
    speaks: bool = False


@dataclass(frozen=True, slots=True)
class _Alias:
    pattern: re.Pattern[str]
    needed: tuple[str, ...]
    words: int
    company: CompanyConfig
    guarded: bool


@dataclass(slots=True)
class CompanyNames:
    """The names of all companies, ready to be looked for."""

    companies: Sequence[CompanyConfig]
    _aliases: list[_Alias] = field(init=False, default_factory=list)
    _by_ticker: dict[str, CompanyConfig] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        unclear = set()
        for company in self.companies:
            for ticker in company.tickers:
                if ticker in self._by_ticker:
                    unclear.add(ticker)
                self._by_ticker[ticker] = company
            self._aliases += [self._alias(name, company, False) for name in company.names]
            self._aliases += [self._alias(name, company, True) for name in company.guarded]
        for ticker in unclear:
            del self._by_ticker[ticker]
        # Long names first: "Газпром нефть" is not "Газпром".
        self._aliases.sort(key=lambda alias: (-alias.words, -min(map(len, alias.needed))))

    def tagged(self, tickers: Iterable[str]) -> list[Named]:
        """Return the companies of tickers and hashtags that are ours."""
        found = []
        for ticker in sorted({ticker.upper() for ticker in tickers}):
            company = self._by_ticker.get(ticker)
            if company is not None:
                found.append(Named(company.tickers, "ticker", ticker, 0, company.sector))
        return _once(found)

    def named(self, post: Post, *, within: int | None = None) -> list[Named]:
        """Return the companies that a text names, in its order; `within` so many characters of its beginning."""
        text = post.whole if within is None else post.whole[:within]
        taken: list[tuple[int, int]] = []
        found = []
        for alias in self._aliases:
            if not any(stem in text for stem in alias.needed):
                continue
            for match in alias.pattern.finditer(text):
                if any(match.start() < end and start < match.end() for start, end in taken):
                    continue
                if alias.guarded and not _guarded(text, match):
                    continue
                taken.append((match.start(), match.end()))
                found.append(_named(alias.company, text, match))
        found.sort(key=lambda named: (named.start, named.tickers))
        return _once(found)

    @staticmethod
    def _alias(name: str, company: CompanyConfig, guarded: bool) -> _Alias:
        phrase = phrase_of(name)
        return _Alias(phrase.pattern, phrase.needed, len(name.split()), company, guarded)


def _named(company: CompanyConfig, text: str, match: re.Match[str]) -> Named:
    before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 24]
    speaks = bool(_SPEAKER_BEFORE.search(before) or _SPEAKER_AFTER.search(after))
    return Named(company.tickers, "name", match[0], match.start(), company.sector, speaks)


def _guarded(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 30) : match.start()]
    return (before[-1:] in _QUOTES and before != "") or _GUARD.search(before) is not None


def _once(found: list[Named]) -> list[Named]:
    """Each company once, where it is named first; names that absorb others go."""
    kept: dict[tuple[str, ...], Named] = {}
    for named in found:
        known = kept.get(named.tickers)
        if named.tickers and (known is None or (known.speaks and not named.speaks)):
            kept[named.tickers] = named
    return list(kept.values())
