"""A company's figures beside those of its sector, as they were known at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from market.contracts import InstrumentFacts
from market.fundamentals_config import fundamentals_config
from market.selectors.fundamentals_many import companies_load, company_figures
from market.selectors.instruments import instrument_get, instrument_list
from traderai.common.clock import to_epoch_s

SHOWN_METRICS: Final = ("pe", "pb", "roe", "net_debt_ebitda", "dividend_yield")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerFigure:
    """One figure of a company and where it stands among the shares of its sector."""

    metric: str  # a code of fundamentals.yaml
    unit: str  # times or pct
    value: float | None  # None: unknown or too old
    median: float | None  # of the sector's shares with the figure, this one included; None without any
    lower: int  # shares of the sector with a lower figure
    peers: int  # shares of the sector with the figure, this one included


def company_beside_peers(*, secid: str, as_of: datetime) -> tuple[PeerFigure, ...]:
    """Return the figures of SHOWN_METRICS as known at `as_of`, in this order.

    A share without a sector has itself as its only peer; a simulated one has no company behind it and no figure.

    Raises: NotFoundError for a ticker that we do not hold.
    """
    share = instrument_get(secid=secid)
    found: dict[str, dict[str, float]] = {}
    if not share.is_simulated:
        companies = companies_load(instruments=_peers(share), since=as_of, as_of=as_of)
        moment_s = np.array([to_epoch_s(as_of)], dtype=np.int64)
        for name, company in companies.items():
            figures = company_figures(company=company, metrics=SHOWN_METRICS, moments_s=moment_s)
            found[name] = {metric: float(values[0]) for metric, values in figures.items()}
    return tuple(_figure(metric, share.secid, found) for metric in SHOWN_METRICS)


def _peers(share: InstrumentFacts) -> list[InstrumentFacts]:
    listed = instrument_list() if share.sector else ()
    others = [one for one in listed if one.sector == share.sector and one.id != share.id]
    return [share, *(one for one in others if not one.is_simulated)]


def _figure(metric: str, secid: str, found: dict[str, dict[str, float]]) -> PeerFigure:
    known = {name: figures[metric] for name, figures in found.items() if np.isfinite(figures[metric])}
    value = known.get(secid)
    return PeerFigure(
        metric=metric,
        unit=fundamentals_config().metrics[metric].unit,
        value=value,
        median=float(np.median(list(known.values()))) if known else None,
        lower=0 if value is None else sum(other < value for other in known.values()),
        peers=len(known),
    )
