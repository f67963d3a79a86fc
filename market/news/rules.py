"""The transparent scorer: lexicons in two languages, one event a text, and silence where nothing is plain.

Points are given for phrases and tags (news_rules.yaml); the type with most points is claimed when the text is about a
Russian company, a sector of Russian business, or what moves Russian shares as a whole. Every step leaves a reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from market.news.changes import change_of
from market.news.companies import CompanyConfig, CompanyNames, Named
from market.news.phrases import first_found, negated
from market.news.scorer import NewsText, Reason, Target, Verdict
from market.news.text import Post, post_of
from market.news_config import EventRule, NewsRulesConfig
from traderai.common.config import fingerprint

STRONG, STRONG_LATER, TAG, WEAK, CLAIMED = 3.0, 1.0, 2.0, 1.0, 3.0
MOST_TARGETS = 4  # a text that names more companies is a digest
LATER_CHARS = 1200
CODE_VERSION = 2  # raise it whenever the same lexicons may give other verdicts
_PRICE_MOVE = re.compile(r"^[^\w\n]*(?:=|>|<)?[^\w\n]*[+-]?\d[\d.,]*\s?(?:%|п\b|\$)?[^\n]{0,25}$")
_TICKER_TAG = re.compile(r"^[a-z]{1,5}\d?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What is known of a post before a type is claimed."""

    post: Post
    companies: tuple[Named, ...]
    sectors: tuple[str, ...]
    russian: bool
    foreign: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    rule: EventRule
    points: float
    start: int  # where in the lead the event stands
    why: tuple[Reason, ...]


@dataclass(slots=True)
class RulesScorer:
    """Scores news by lexicons alone; the same text always gives the same verdicts."""

    config: NewsRulesConfig
    companies: Sequence[CompanyConfig]
    # Of the table of instruments; no part of the version: a new listing does not make old texts be read again.
    extra: Sequence[CompanyConfig] = ()
    name: str = "rules"
    version: str = field(init=False)
    _names: CompanyNames = field(init=False)

    def __post_init__(self) -> None:
        self._names = CompanyNames((*self.companies, *self.extra))
        self.version = f"{CODE_VERSION}-{fingerprint((self.config, tuple(self.companies)))[:12]}"

    def score(self, text: NewsText) -> tuple[Verdict, ...]:
        """Return one verdict for each target of the text's main event; none where it says nothing plain."""
        post = post_of(text.text)
        if self._abstains(post) is not None:
            return ()
        reading = self._read(post, text.tickers)
        claims = [claim for rule in self.config.events if (claim := self._claim(rule, reading)) is not None]
        if not claims:
            return ()
        best = max(claims, key=lambda claim: (claim.points, -claim.start))  # max keeps the first of equals
        targets = self._targets(best.rule, reading)
        if len(targets) > MOST_TARGETS and best.rule.type != "index_change":
            return ()
        direction, how = self._direction(best.rule, post)
        certainty, doubts = self._certainty(best, post)
        if any(reason["code"] == "denied" for reason in doubts):
            direction = 0
        score = round(best.rule.importance * certainty * (1.0 if direction else 0.8), 1)
        why = (*best.why, *how, *doubts)
        return tuple(
            Verdict(
                target=target, score=score, direction=direction, event_type=best.rule.type, why=(*why, reason)
            )
            for target, reason in targets
        )

    def _abstains(self, post: Post) -> str | None:
        """Say why a post is no news: an opinion, a calendar, an advertisement, crypto, a bare price."""
        if post.tags & set(self.config.crypto_tags):
            return "crypto"
        if post.tags & set(self.config.opinion_tags):
            return "opinion"
        if not post.lead or (len(post.whole) < 60 and _PRICE_MOVE.match(post.whole)):
            return "bare_price"
        for reason, phrases in self.config.abstain.items():
            if first_found(phrases, post.lead) is not None:
                return reason
        return None

    def _read(self, post: Post, tickers: Sequence[str]) -> _Reading:
        tagged = self._names.tagged((*tickers, *post.tags))
        named = [one for one in self._names.named(post, within=len(post.lead)) if not one.speaks]
        companies = tagged or named
        known = {ticker for one in companies for ticker in one.tickers}
        strange = {tag for tag in post.tags if _TICKER_TAG.match(tag) and tag.upper() not in known}
        russian = (
            "RU" in post.flags or bool(companies) or first_found(self.config.russia, post.lead) is not None
        )
        foreign = bool(post.flags - {"RU"}) or first_found(self.config.foreign, post.lead) is not None
        sectors = tuple(
            sector
            for sector, phrases in self.config.sectors.items()
            if first_found(phrases, post.lead) is not None
        )
        # A foreign share's tag says whom the text is about, whatever Russian names it mentions.
        only_foreign = bool(strange) and not tagged and "RU" not in post.flags
        return _Reading(
            post=post,
            companies=() if only_foreign else tuple(companies),
            sectors=sectors,
            russian=russian and not only_foreign,
            foreign=foreign or only_foreign,
        )

    def _claim(self, rule: EventRule, reading: _Reading) -> _Claim | None:
        if not _concerns(rule, reading):
            return None
        post = reading.post
        if first_found(rule.unless, post.lead) is not None:
            return None
        if rule.unlisted and not reading.companies and first_found(rule.unlisted, post.lead) is None:
            return None
        points, why = 0.0, []
        strong = first_found(rule.strong, post.lead)
        if strong is not None:
            points += STRONG
            why.append({"code": "phrase", "phrase": strong[0], "found": strong[1][0][:80]})
        elif (later := first_found(rule.strong, post.whole[:LATER_CHARS])) is not None:
            points += STRONG_LATER
            why.append({"code": "phrase_later", "phrase": later[0], "found": later[1][0][:80]})
        tags = sorted(post.tags & set(rule.tags))
        if tags:
            points += TAG
            why.append({"code": "tag", "tag": tags[0]})
        weak = first_found(rule.weak, post.lead)
        if weak is not None:
            points += WEAK
            why.append({"code": "hint", "phrase": weak[0]})
        if points < CLAIMED:
            return None
        start = len(post.lead) if strong is None else strong[1].start()
        return _Claim(
            rule=rule,
            points=points,
            start=start,
            why=({"code": "event", "type": rule.type, "points": points}, *why),
        )

    def _targets(self, rule: EventRule, reading: _Reading) -> list[tuple[Target | None, Reason]]:
        if rule.about in ("market", "world"):
            return [(Target(is_market=True), {"code": "about_market"})]
        found: list[tuple[Target | None, Reason]] = [
            (Target(secid=ticker), {"code": "about_company", "how": one.how, "name": one.name})
            for one in self._meant(rule, reading.companies)
            for ticker in one.tickers[:1]
        ]
        if found:
            return found
        if rule.about in ("company_or_sector", "russia") and reading.sectors:
            return [
                (Target(sector=sector), {"code": "about_sector", "sector": sector})
                for sector in reading.sectors[:1]
            ]
        if rule.about in ("company_or_market", "russia"):
            return [(Target(is_market=True), {"code": "about_market"})]
        return [(None, {"code": "about_unlisted"})]

    def _meant(self, rule: EventRule, companies: Sequence[Named]) -> list[Named]:
        """Leave out an exchange that is only where the thing happens."""
        others = [one for one in companies if not set(one.tickers) & set(self.config.venues)]
        return (
            others
            if others or rule.about == "company_or_market" or rule.type == "placement"
            else list(companies)
        )

    def _direction(self, rule: EventRule, post: Post) -> tuple[int, tuple[Reason, ...]]:
        if (still := first_found(rule.neutral, post.lead)) is not None:
            return 0, ({"code": "neutral", "phrase": still[0]},)
        if rule.figures:
            change = change_of(post.lead) or change_of(post.whole[:LATER_CHARS])
            if change is None:
                return 0, ()
            return change.direction, ({"code": "figures", "metric": change.metric, "how": change.how},)
        if rule.about == "market" and (
            post.tags & {"sentiment", "прогноз", "опрос"} or first_found(self.config.forecasts, post.lead)
        ):
            return 0, ({"code": "forecast_of_others"},)
        for part in (post.lead, post.whole[:LATER_CHARS]):
            direction, reasons = _pointed(rule, part)
            if reasons:
                return direction, reasons
        return 0, ()

    def _certainty(self, claim: _Claim, post: Post) -> tuple[float, tuple[Reason, ...]]:
        certainty = min(1.0, 0.4 + 0.1 * claim.points)
        doubts: list[Reason] = []
        hedge = first_found(self.config.hedges, post.lead)
        if hedge is not None:
            certainty *= 0.7
            doubts.append({"code": "hedged", "phrase": hedge[0]})
        denial = first_found(self.config.denials, post.lead)
        if denial is not None:
            certainty *= 0.5
            doubts.append({"code": "denied", "phrase": denial[0]})
        return certainty, tuple(doubts)


def _concerns(rule: EventRule, reading: _Reading) -> bool:
    """Say whether the text is about what the rule needs."""
    # A text that names foreign countries and no Russian company is ours only where it says so itself.
    russian = reading.russian or "RU" in reading.post.flags
    if rule.about == "world":
        return not (reading.post.flags - {"RU"})
    if rule.about == "company":
        return bool(reading.companies) or (russian and not reading.foreign and not rule.listed_only)
    if rule.about == "company_or_sector":
        return bool(reading.companies) or (bool(reading.sectors) and russian)
    if rule.about == "market":
        return russian and (not reading.foreign or "RU" in reading.post.flags)
    return russian


def _pointed(rule: EventRule, text: str) -> tuple[int, tuple[Reason, ...]]:
    """Return the way that a text points: by the phrase that stands first, of two at one place by the longer."""
    ways = [(1, first_found(rule.up, text)), (-1, first_found(rule.down, text))]
    told = [(way, found) for way, found in ways if found is not None]
    if not told:
        return 0, ()
    if len(told) == 2 and rule.type == "index_change":
        return 0, (
            {"code": "mixed"},
        )  # some come in and others go: the text does not tell which in our words
    way, found = min(told, key=lambda one: (one[1][1].start(), -one[1][1].end(), one[0]))
    if negated(text, found[1]):
        return -way if rule.type in ("dividends", "buyback") else 0, (
            {"code": "negated", "phrase": found[0]},
        )
    return way, ({"code": "points_up" if way > 0 else "points_down", "phrase": found[0]},)
