"""The market's regime as users see it: now, day by day, by sector, and what it asks of a trade."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from features.contracts import RegimeFacts
from features.selectors.regime import regime_at, regime_days, regime_spans
from market.contracts import CandleFacts, Timeframe
from market.selectors.candles import candle_list
from modeling.contracts.policy import RegimeRule
from modeling.selectors.configuration import policy_get
from signals.explain import explanation_text
from signals.kernels.situation import Fact
from traderai.common.errors import NotFoundError

INDEX: Final = "IMOEX"
INDEX_DAYS: Final = 60
SECTORS_FRESH: Final = timedelta(days=14)  # a sector without a regime for longer has none now


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRegime:
    """Where the market stands; None and () where nothing is stored."""

    is_simulated: bool
    current: RegimeFacts | None
    effect: str  # in words
    history: tuple[RegimeFacts, ...]  # one a trading day, oldest first
    sectors: tuple[RegimeFacts, ...]  # the newest of each, by code
    index: tuple[CandleFacts, ...]  # daily bars, oldest first


def market_regime(*, days: int, language: str, as_of: datetime) -> MarketRegime:
    """Return the regime with its history of the last `days` calendar days, as known at `as_of`.

    It is the real market's; a simulated market's where no real one has ever had a regime.
    """
    current = regime_at(as_of=as_of)
    simulated = False
    if current is None:
        current = regime_at(as_of=as_of, simulated=True)
        simulated = current is not None
    if current is None:
        return MarketRegime(
            is_simulated=False, current=None, effect="", history=(), sectors=(), index=_index(as_of)
        )
    newest = regime_spans(as_of=as_of, since=as_of - SECTORS_FRESH, simulated=simulated)
    return MarketRegime(
        is_simulated=simulated,
        current=current,
        effect=regime_effect(policy_get().regimes[current.name], language=language),
        history=regime_days(as_of=as_of, since=as_of - timedelta(days=days), simulated=simulated),
        sectors=tuple(own[-1] for sector, own in sorted(newest.items()) if sector),
        index=() if simulated else _index(as_of),
    )


def regime_effect(rule: RegimeRule, *, language: str) -> str:
    """Return in words what a regime asks of a trade by the policy; a version may have learned to ask more."""
    facts: list[dict[str, Any]] = [dataclasses.asdict(fact) for fact in _effects(rule)]
    return explanation_text(facts, language=language, decimals=2)


def _effects(rule: RegimeRule) -> Iterator[Fact]:
    yield Fact(section="regime", code="regime_asks", params={"edge_points": rule.min_edge})
    for code, own in (("regime_longs", rule.longs_need_edge), ("regime_shorts", rule.shorts_need_edge)):
        if own is not None and own > rule.min_edge:
            yield Fact(section="regime", code=code, params={"edge_points": own})
    if rule.size_factor < 1:
        yield Fact(section="regime", code="regime_size", params={"size_share": rule.size_factor})


def _index(as_of: datetime) -> tuple[CandleFacts, ...]:
    try:
        return candle_list(secid=INDEX, timeframe=Timeframe.D1, as_of=as_of, limit=INDEX_DAYS)
    except NotFoundError:
        return ()
