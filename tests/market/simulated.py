"""A small simulated market, in memory and stored by an ingest, a scoring and an analysis of the same simulator."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from market.configs import simulator_config
from market.contracts import Timeframe
from market.services.ingest import CandlesWanted, indices_ingest, ingest_all
from market.services.news_score import news_score
from market.simulator.config import SimulatedSplit, SimulatorConfig
from market.sources.simulator import SimulatorSource
from tests.market import make

LONGER = (Timeframe.H4, Timeframe.D1, Timeframe.W1)
AS_OF = make.moscow("2025-05-05T00:00")


def small_simulator() -> SimulatorConfig:
    """Six shares of two sectors with dividends, a split within a week, weekend sessions, an edge and much news."""
    base = simulator_config()
    shares = {share.secid: share for share in base.shares}
    split = SimulatedSplit(date="2025-04-09", shares_after_per_before=4.0)
    return replace(
        base,
        start="2025-02-24",
        weekend_from="2025-03-15",
        shares=(
            replace(shares["SIM01"], dividend_months=(4,)),
            shares["SIM02"],
            shares["SIM03"],
            replace(shares["SIM04"], splits=(split,), dividend_months=(4,)),
            shares["SIM05"],
            replace(shares["SIM14"], sector="metals"),
        ),
        events=replace(base.events, jump_per_day=0.2, halt_per_day=0.05, empty_news_per_day=0.5),
    ).planting("news_drift")


def store_market(simulator: SimulatorConfig, *, as_of: datetime = AS_OF) -> None:
    """Write everything that the simulator tells by a moment."""
    source = SimulatorSource(config=simulator, as_of=as_of)
    ingest_all(
        source=source,
        secids=source.default_secids(),
        timeframes=[Timeframe.H1, *LONGER],
        now=as_of,
    )
    indices_ingest(source=source, wanted=CandlesWanted(timeframes=[Timeframe.H1, *LONGER], now=as_of))
    while news_score(now=as_of, limit=5_000).items:
        pass
