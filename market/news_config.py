"""The configuration of news as frozen dataclasses."""

from __future__ import annotations

import functools
from dataclasses import dataclass
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
