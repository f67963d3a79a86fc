"""What is due to be scored, and what all shares of one scoring have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from market.contracts import InstrumentFacts, Timeframe
from market.selectors.candles import last_closes, market_newest
from modeling.contracts import BarrierLabelSet, ModelVersionFacts
from modeling.selectors.configuration import policy_get
from modeling.selectors.label_sets import barrier_set_get
from signals.contracts import SignalConfig
from signals.share_inputs import Occasion, features_until
from traderai.common.errors import NotReadyError


def label_set_of(version: ModelVersionFacts | None, config: SignalConfig) -> BarrierLabelSet:
    """Return what a version learned, or what is said without one."""
    if version is None:
        return barrier_set_get(name=config.label_set)
    return barrier_set_get(name=version.label_set, timeframe=version.timeframe)


def occasion_of(
    version: ModelVersionFacts | None,
    config: SignalConfig,
    *,
    simulated: bool,
    silenced: bool = False,
    now: datetime,
) -> Occasion:
    """Return the occasion of the newest bar of a world's shares; a silenced version still says for which horizons."""
    timeframe = Timeframe.parse(label_set_of(version, config).timeframe)
    begin = market_newest(timeframe=timeframe, as_of=now, simulated=simulated)
    if begin is None:
        raise NotReadyError(
            f"no {timeframe.value} bars of {'simulated' if simulated else 'real'} shares are known at "
            f"{now.isoformat()}; run manage.py ingest candles",
            code="no_bars",
        )
    return occasion_at(version, config, silenced=silenced, market_at=begin + timeframe.duration)


def occasion_at(
    version: ModelVersionFacts | None, config: SignalConfig, *, silenced: bool = False, market_at: datetime
) -> Occasion:
    """Return the occasion of bars that end at a moment; a silenced version still says for which horizons."""
    label_set = label_set_of(version, config)
    return Occasion(
        version=None if silenced else version,
        label_set=label_set,
        timeframe=Timeframe.parse(label_set.timeframe),
        horizons=version.horizons if version else label_set.horizons,
        policy=policy_get(),
        market_at=market_at,
        history_bars=config.history_bars,
        without="model_degraded" if silenced else "model_missing",
    )


def fit_for(version: ModelVersionFacts | None, *, simulated: bool) -> ModelVersionFacts | None:
    """Return a version for shares of its own world alone.

    A model that learned on made-up prices knows nothing of real ones, nor the other way round.
    """
    return version if version is not None and version.is_simulated == simulated else None


def live_since(config: SignalConfig, timeframe: Timeframe, *, now: datetime) -> datetime:
    """Return the begin of the oldest bar that may still be called live."""
    return now - (config.live_within_bars + 1) * timeframe.duration


def is_live(occasion: Occasion, config: SignalConfig, *, now: datetime) -> bool:
    """Return whether the market's newest bar has just closed."""
    begin = occasion.market_at - occasion.timeframe.duration
    return begin >= live_since(config, occasion.timeframe, now=now)


def source_of(occasion: Occasion, config: SignalConfig, *, simulated: bool, now: datetime) -> str:
    """Return what a decision on an occasion is called: simulated, live while its bar has just closed, else replay."""
    return "simulated" if simulated else "live" if is_live(occasion, config, now=now) else "replay"


def bars_due(
    version: ModelVersionFacts | None,
    shares: Sequence[InstrumentFacts],
    *,
    timeframe: Timeframe,
    said: Mapping[int, datetime],
    now: datetime,
) -> Iterator[tuple[InstrumentFacts, datetime]]:
    """Yield the shares whose newest bar is newer than what was said of them and has its features, with its begin.

    `said` holds by instrument the begin of the newest bar that has been answered on.
    """
    newest = last_closes(timeframe=timeframe, as_of=now)
    until = {} if version is None else features_until(version, shares, timeframe=timeframe)
    for share in shares:
        if share.secid not in newest:
            continue
        begin = newest[share.secid].begin
        if share.id in said and said[share.id] >= begin:
            continue
        if version is None or (share.id in until and until[share.id] >= begin):
            yield share, begin
