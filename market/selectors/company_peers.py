"""A company's figures beside those of its sector, as they were known at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from market.contracts import InstrumentFacts
from market.selectors.fundamentals_many import companies_load, company_figures
from market.selectors.instruments import instrument_list
from traderai.common.clock import to_epoch_s


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerFigure:
    """Where one figure of a company stands among the shares of its sector."""

    value: float | None  # the share's own; None where it is unknown or too old
    median: float | None  # of the sector's shares with the figure, this one included; None without any
    lower: int  # shares of the sector with a lower figure
    peers: int  # shares of the sector with the figure, this one included


def company_beside_peers(
    *, share: InstrumentFacts, metrics: Sequence[str], as_of: datetime
) -> dict[str, PeerFigure]:
    """Return by metric a share's figure at `as_of` and how its sector's lay, its own among them.

    A share without a sector has itself as its only peer; a simulated one has no company behind it and no peers.

    Raises: InputError for a metric that fundamentals.yaml lacks.
    """
    peers = [share] if share.is_simulated else _peers(share)
    moment_s = np.array([to_epoch_s(as_of)], dtype=np.int64)
    found: dict[str, dict[str, float]] = {}
    for name, company in companies_load(instruments=peers, since=as_of, as_of=as_of).items():
        figures = company_figures(company=company, metrics=metrics, moments_s=moment_s)
        found[name] = {metric: float(values[0]) for metric, values in figures.items()}
    return {metric: _figure(metric, share, found) for metric in metrics}


def _peers(share: InstrumentFacts) -> list[InstrumentFacts]:
    listed = instrument_list() if share.sector else ()
    others = [one for one in listed if one.sector == share.sector and one.id != share.id]
    return [share, *(one for one in others if not one.is_simulated)]


def _figure(metric: str, share: InstrumentFacts, found: dict[str, dict[str, float]]) -> PeerFigure:
    known = {name: figures[metric] for name, figures in found.items() if np.isfinite(figures[metric])}
    value = known.get(share.secid)
    if share.is_simulated:
        return PeerFigure(value=value, median=None, lower=0, peers=0)
    return PeerFigure(
        value=value,
        median=float(np.median(list(known.values()))) if known else None,
        lower=0 if value is None else sum(other < value for other in known.values()),
        peers=len(known),
    )
