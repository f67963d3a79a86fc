"""What companies do, by ticker (industries.yaml)."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass

from market.configs import SectorName
from traderai.common.config import load_config


@dataclass(frozen=True, slots=True, kw_only=True)
class IndustriesConfig:
    """Industries with their names, and the tickers of each."""

    industries: dict[str, SectorName]
    shares: dict[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        for code in self.shares:
            if code not in self.industries:
                raise ValueError(f"shares: {code} must be one of the industries")
        counts = Counter(secid for secids in self.shares.values() for secid in secids)
        twice = sorted(secid for secid, count in counts.items() if count > 1)
        if twice:
            raise ValueError(f"shares: a ticker has one industry, {', '.join(twice)} have several")

    def industry_of(self, secid: str) -> str:
        """Return the code of a ticker's industry, of a preferred share that of the ordinary one; "" if not listed."""
        of_ticker = {ticker: code for code, tickers in self.shares.items() for ticker in tickers}
        ordinary = secid[:-1] if len(secid) == 5 and secid.endswith("P") else secid
        return of_ticker.get(secid) or of_ticker.get(ordinary, "")


@functools.cache
def industries_config() -> IndustriesConfig:
    """Return industries.yaml."""
    return load_config("industries.yaml", IndustriesConfig)
