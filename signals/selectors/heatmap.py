"""The market at a glance, filtered as asked."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any, TypeAlias

from features.selectors.regime import regime_at
from market.selectors.changes import market_state
from modeling.selectors.configuration import policy_get
from signals.contracts import Heatmap
from signals.selectors.configuration import asked_for
from signals.selectors.glance import GlanceRow, glance_rows
from traderai.common.config import config_stamp
from traderai.common.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatmapQuestion:
    """Which part of the market; None: all of it."""

    timeframe: str | None = None
    horizon: str | None = None
    sector: str | None = None
    signal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The market as it stands, before it is read at a moment."""

    timeframe: str
    horizon: str
    regime: dict[str, Any] | None  # name, probability, since, as_of
    rows: tuple[GlanceRow, ...]


_Key: TypeAlias = tuple[str | None, str | None]
_Stamp: TypeAlias = tuple[Hashable, ...]
# By what was asked for: until when it holds, the state of the market's tables before it was read, and what was read.
_KEPT: dict[_Key, tuple[_Stamp, str, Glance]] = {}
_READING = Lock()


def heatmap_get(*, question: HeatmapQuestion, as_of: datetime) -> Heatmap:
    """Return the newest signals of all active shares that fit the question.

    Raises: InputError for a timeframe, horizon or sector that is not there.
    """
    glance, max_age_s = glance_get(question=question, as_of=as_of), policy_get().max_data_age_s
    return Heatmap(
        timeframe=glance.timeframe,
        horizon=glance.horizon,
        regime=glance.regime,
        results=tuple(one.at(as_of, max_data_age_s=max_age_s) for one in glance.rows),
    )


def glance_get(*, question: HeatmapQuestion, as_of: datetime) -> Glance:
    """Return the same before it is read at a moment: what does not change from second to second.

    Raises: InputError for a timeframe, horizon or sector that is not there.
    """
    glance = _kept_or_read(question, as_of)
    sectors = sorted({one.row.sector for one in glance.rows if one.row.sector})
    if question.sector is not None and question.sector not in sectors:
        raise InputError(
            f"sector must be one of {', '.join(sectors) or 'none (no share has one yet)'}, "
            f"was {question.sector!r}{did_you_mean(question.sector, sectors)}",
            code="unknown_sector",
            field="sector",
        )
    if question.sector is None and question.signal is None:
        return glance
    return replace(glance, rows=tuple(one for one in glance.rows if _fits(one, question)))


def _kept_or_read(question: HeatmapQuestion, as_of: datetime) -> Glance:
    """Return the market as it stands, read anew where anything of it has been written since it was kept.

    Bars close and facts become known on whole minutes, without being written then: nothing is kept for longer.
    """
    key = (question.timeframe, question.horizon)
    stamp = (as_of.replace(second=0, microsecond=0), config_stamp("signals.yaml", "label_sets.yaml"))
    glance = _kept(key, stamp)
    if glance is not None:
        return glance
    # One reads for all who have come in the meantime.
    with _READING:
        glance = _kept(key, stamp)
        if glance is not None:
            return glance
        state = market_state()
        glance = _whole(question, as_of)
        if state is not None:
            _KEPT[key] = (stamp, state[0], glance)
        return glance


def _kept(key: _Key, stamp: _Stamp) -> Glance | None:
    """Return what is kept and still true."""
    kept = _KEPT.get(key)
    if kept is None or kept[0] != stamp:
        return None
    state = market_state(since=kept[1])
    return None if state is None or state[1] else kept[2]


def _whole(question: HeatmapQuestion, as_of: datetime) -> Glance:
    timeframe, horizon = asked_for(timeframe=question.timeframe, horizon=question.horizon)
    rows = glance_rows(timeframe=timeframe, horizon=horizon, as_of=as_of)
    regime = regime_at(as_of=as_of, simulated=bool(rows) and all(one.row.is_simulated for one in rows))
    return Glance(
        timeframe=timeframe,
        horizon=horizon,
        regime=None
        if regime is None
        else {
            "name": regime.name,
            "probability": regime.probabilities[regime.name],
            "since": regime.since,
            "as_of": regime.as_of,
        },
        rows=rows,
    )


def _fits(one: GlanceRow, question: HeatmapQuestion) -> bool:
    return question.sector in (None, one.row.sector) and question.signal in (None, one.row.signal)
