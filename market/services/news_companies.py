"""The companies of the table of instruments that news_companies.yaml does not name."""

from __future__ import annotations

import functools
import re
from collections import defaultdict

from market.models import Instrument
from market.news.companies import CompanyConfig
from market.news_config import news_companies_config

_LEAST_LETTERS = 5
_FORM = re.compile(
    r"\b(?:пао|мкпао|оао|зао|ао|ап|ак|об|акции|обыкн|нк|гк|ук|пр|ord|shs|ao|ap|pao|pjsc|ipjsc|jsc|pref|share)\b\.?|[\d«»\"'()+.,]",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\w]+")


def instrument_companies() -> tuple[CompanyConfig, ...]:
    """Return the other shares as companies: known by their tickers, and by their names in quotes alone.

    A name that several companies have, or that is short, links nothing.
    """
    listed = set(company_tickers())
    shares = Instrument.objects.filter(kind__in=["share", "preferred"]).exclude(secid__in=listed)
    named: dict[str, list[str]] = defaultdict(list)
    loose = []
    for secid, name_ru in shares.order_by("secid").values_list("secid", "name_ru"):
        name = _plain(name_ru)
        if len(name.replace(" ", "")) >= _LEAST_LETTERS:
            named[name].append(secid)
        else:
            loose.append(CompanyConfig(tickers=(secid,)))
    return (*loose, *(company for name, secids in named.items() for company in _companies(name, secids)))


@functools.cache
def company_tickers() -> dict[str, tuple[str, ...]]:
    """Return for each ticker of news_companies.yaml all tickers of its company, its ordinary share first."""
    return {ticker: one.tickers for one in news_companies_config().companies for ticker in one.tickers}


def _companies(name: str, secids: list[str]) -> tuple[CompanyConfig, ...]:
    """An ordinary share and its preferred one have one name; others of one name are told apart by tickers alone."""
    if len(secids) == 1 or (len(secids) == 2 and secids[1] == f"{secids[0]}P"):
        return (CompanyConfig(tickers=tuple(secids), guarded=(name,)),)
    return tuple(CompanyConfig(tickers=(secid,)) for secid in secids)


def _plain(name: str) -> str:
    return " ".join(_WORD.sub(" ", _FORM.sub(" ", name.lower().replace("ё", "е"))).split())
