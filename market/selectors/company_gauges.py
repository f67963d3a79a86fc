"""A company's figures as a reader needs them: each with what it is made of and beside its sector."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from market.contracts import InstrumentFacts
from market.fundamentals_config import fundamentals_config
from market.selectors.company_peers import company_beside_peers
from market.selectors.fundamentals import ReportFacts, reports_at

# What each gauge is made of; a price and a count of shares stand behind the others.
GAUGES: Final[dict[str, tuple[str, ...]]] = {
    "pe": ("profit",),
    "pb": ("equity",),
    "roe": ("profit", "equity"),
    "net_debt_ebitda": ("net_debt", "ebitda"),
    "dividend_yield": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One figure; without a value nothing that counts is known."""

    metric: str
    name_ru: str
    name_en: str
    unit: str  # times or pct
    value: float | None
    period: str | None  # of the newest report behind it: 2023, 2023Q4 or a day
    known_at: datetime | None  # since when the newest report behind it has been known
    made_of: tuple[ReportFacts, ...]
    median: float | None  # of the sector's shares with the figure, this one included; None without any
    lower: int  # shares of the sector with a lower figure
    peers: int  # shares of the sector with the figure, this one included


def company_gauges(*, share: InstrumentFacts, as_of: datetime) -> tuple[Gauge, ...]:
    """Return the gauges of a company as known at `as_of`, always all of them."""
    newest = {report.metric: report for report in reports_at(secid=share.secid, as_of=as_of)}
    metrics = fundamentals_config().metrics
    beside = company_beside_peers(share=share, metrics=tuple(GAUGES), as_of=as_of)
    found = []
    for name, parts in GAUGES.items():
        own = beside[name]
        made_of = tuple(newest[part] for part in parts if part in newest) if own.value is not None else ()
        last = max(made_of, key=lambda report: report.known_at, default=None)
        found.append(
            Gauge(
                metric=name,
                name_ru=metrics[name].ru,
                name_en=metrics[name].en,
                unit=metrics[name].unit,
                value=own.value,
                period=None if last is None else last.period,
                known_at=None if last is None else last.known_at,
                made_of=made_of,
                median=own.median,
                lower=own.lower,
                peers=own.peers,
            )
        )
    return tuple(found)
