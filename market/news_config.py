"""The configuration of news as frozen dataclasses."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date
from typing import Literal

from market.models.news import EVENT_TYPES
from market.news.companies import CompanyConfig
from market.news.phrases import phrase_of
from traderai.common.config import load_config

About = Literal["company", "company_or_sector", "company_or_market", "russia", "market", "world"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """How one type of event is told from others, and which way it points."""

    type: str
    about: About
    importance: int
    strong: tuple[str, ...]
    weak: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    neutral: tuple[str, ...] = ()  # where one stands, the text points nowhere
    unless: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()  # needed where no listed company is named
    listed_only: bool = False
    figures: bool = False  # the direction comes from figures, not from phrases

    def __post_init__(self) -> None:
        if self.type not in EVENT_TYPES:
            raise ValueError(f"type must be one of {', '.join(EVENT_TYPES)}, was {self.type!r}")
        if not 0 <= self.importance <= 100:
            raise ValueError(f"{self.type}: importance must be 0 to 100, was {self.importance}")
        for phrase in (
            *self.strong,
            *self.weak,
            *self.up,
            *self.down,
            *self.neutral,
            *self.unless,
            *self.unlisted,
        ):
            phrase_of(phrase)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsRulesConfig:
    """The lexicons of the transparent scorer (news_rules.yaml)."""

    crypto_tags: tuple[str, ...]
    opinion_tags: tuple[str, ...]
    abstain: dict[str, tuple[str, ...]]
    venues: tuple[str, ...]  # exchanges: where things happen, seldom what they happen to
    russia: tuple[str, ...]
    foreign: tuple[str, ...]
    forecasts: tuple[str, ...]
    hedges: tuple[str, ...]
    denials: tuple[str, ...]
    sectors: dict[str, tuple[str, ...]]
    events: tuple[EventRule, ...]

    def __post_init__(self) -> None:
        lists = (
            *self.abstain.values(),
            *self.sectors.values(),
            self.russia,
            self.foreign,
            self.hedges,
            self.forecasts,
        )
        for phrase in (phrase for phrases in (*lists, self.denials) for phrase in phrases):
            phrase_of(phrase)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsCompaniesConfig:
    """How companies are named (news_companies.yaml)."""

    companies: tuple[CompanyConfig, ...]


@functools.cache
def news_rules_config() -> NewsRulesConfig:
    """Return news_rules.yaml."""
    return load_config("news_rules.yaml", NewsRulesConfig)


@functools.cache
def news_companies_config() -> NewsCompaniesConfig:
    """Return news_companies.yaml."""
    return load_config("news_companies.yaml", NewsCompaniesConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsSourceConfig:
    """One source of news."""

    code: str
    kind: Literal["iss", "rss", "file", "push"]
    url: str = ""
    language: Literal["ru", "en"] = "ru"
    trust_frac: float = 0.5
    delay_s: int = 60
    covers_from: str | None = None
    covers_till: str | None = None
    active: bool = True
    trusts_tickers: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.trust_frac <= 1.0:
            raise ValueError(f"{self.code}: trust_frac must be 0 to 1, was {self.trust_frac}")
        if self.delay_s < 0:
            raise ValueError(f"{self.code}: delay_s must not be negative, was {self.delay_s}")
        if self.kind == "rss" and not self.url.startswith("https://"):
            raise ValueError(f"{self.code}: a feed's url must begin with https://, was {self.url!r}")
        for day in (self.covers_from, self.covers_till):
            if day is not None:
                date.fromisoformat(day)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsSourcesConfig:
    """Where news come from (news_sources.yaml)."""

    sources: tuple[NewsSourceConfig, ...]

    def by_code(self) -> dict[str, NewsSourceConfig]:
        """Return the sources by their codes."""
        return {source.code: source for source in self.sources}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """Which verdicts raise an alert, how bad it is and how long it holds."""

    event_type: str
    severity: Literal["info", "warning", "critical"]
    hours: int
    min_score: float = 0.0
    direction: Literal[-1, 0, 1] | None = None  # None: any

    def __post_init__(self) -> None:
        if self.event_type not in (*EVENT_TYPES, "any"):
            raise ValueError(
                f"event_type must be one of {', '.join(EVENT_TYPES)}, any; was {self.event_type!r}"
            )
        if self.hours < 1:
            raise ValueError(f"{self.event_type}: hours must be at least 1, was {self.hours}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteScorerConfig:
    """An external scorer over HTTP."""

    name: str
    url: str
    timeout_s: float = 3.0
    version: str = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsScoringConfig:
    """Who scores news and what follows from verdicts (news_scoring.yaml)."""

    scorers: tuple[str, ...]
    used: tuple[str, ...]
    alerts: tuple[AlertRule, ...]
    model_dir: str = ""
    transformer_dir: str = ""
    remotes: tuple[RemoteScorerConfig, ...] = ()

    def __post_init__(self) -> None:
        if not self.used:
            raise ValueError("used must name at least one scorer")


@functools.cache
def news_sources_config() -> NewsSourcesConfig:
    """Return news_sources.yaml."""
    return load_config("news_sources.yaml", NewsSourcesConfig)


@functools.cache
def news_scoring_config() -> NewsScoringConfig:
    """Return news_scoring.yaml."""
    return load_config("news_scoring.yaml", NewsScoringConfig)
