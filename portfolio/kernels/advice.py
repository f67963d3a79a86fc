"""What an honest adviser says of one position.

A position may be left for three reasons that need no forecast: the user's own stop was passed, it breaks the limits that
the user chose, or a forecast with a proven edge speaks against it. It may be enlarged for one: such a forecast speaks for
it, and there is room. An unproven (paper) signal is told with its name and moves nothing: whoever acts on it pays costs
for a coin toss. Nor does a profit or a loss so far move anything, for the market does not know at what price it was
bought. What remains is HOLD, and the reasons say why it is no more than that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from portfolio.kernels.rebalance import LimitCode
from portfolio.risk_contracts import Action, Basis

Stance = Literal["with", "against", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalWord:
    """What the newest signal of a share says."""

    action: str  # BUY, SELL, HOLD or NO_TRADE
    proven: bool
    is_fresh: bool  # its time to act has not passed and its data are not stale


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenLimit:
    """A limit that the position takes part in breaking; fractions of the capital."""

    code: LimitCode
    now_frac: float
    limit_frac: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionState:
    """Everything that advice about one position depends on."""

    is_long: bool
    price_rub: float
    price_is_stale: bool
    avg_price_rub: float | None
    stop_rub: float | None
    stop_near_frac: float
    exit_days: float  # infinity: no turnover
    exit_days_limit: float
    lots: int
    cut_lots: int  # by the rebalancing
    broken: tuple[BrokenLimit, ...]
    room_lots: int | None  # None: the capital is unknown
    signal: SignalWord | None
    dividend_in_days: int | None  # calendar days to the first day without it


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A code with its parameters; the words are chosen when it is read."""

    code: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do and what that rests on; the reason that decided stands first."""

    action: Action
    basis: Basis
    reasons: tuple[Reason, ...]


def stance_of(signal: SignalWord | None, *, is_long: bool) -> Stance:
    """Return whether a BUY or SELL speaks with a position or against it; everything else is neither."""
    if signal is None or signal.action not in ("BUY", "SELL"):
        return "none"
    return "with" if (signal.action == "BUY") == is_long else "against"


def stop_distance_frac(price_rub: float, stop_rub: float | None, *, is_long: bool) -> float | None:
    """Return how far the price may go against a position before its stop, below 0 beyond it; None without a stop.

    Units: a fraction of the price
    """
    if stop_rub is None:
        return None
    return (price_rub - stop_rub if is_long else stop_rub - price_rub) / price_rub


def advice_of(state: PositionState) -> Advice:
    """Return the advice about one position; see the module for what may move it and what may not.

    With a stale price the user's own stop is not judged and nothing is done.
    """
    facts = _facts(state)
    word = _signal_reason(state)
    distance = stop_distance_frac(state.price_rub, state.stop_rub, is_long=state.is_long)
    if state.price_is_stale:
        return Advice(
            action="HOLD", basis="none", reasons=(Reason(code="price_stale", params={}), word, *facts)
        )
    if distance is not None and distance <= 0.0:
        passed = Reason(code="stop_passed", params={"price_rub": state.price_rub, "stop_rub": state.stop_rub})
        return Advice(action="CLOSE", basis="own_stop", reasons=(passed, word, *facts))
    if _is_proven(state) == "against":
        return Advice(action="CLOSE", basis="proven_signal", reasons=(word, *facts))
    if state.cut_lots > 0:
        why = tuple(_cut_reason(broken) for broken in state.broken)
        action: Action = "CLOSE" if state.cut_lots >= state.lots else "REDUCE"
        return Advice(action=action, basis="limits", reasons=(*why, word, *facts))
    if _is_proven(state) == "with":
        return _with_proven(state, word, facts)
    return Advice(action="HOLD", basis="none", reasons=(word, *facts))


def _cut_reason(broken: BrokenLimit) -> Reason:
    now = "now_signed_frac" if broken.code == "cash" else "now_frac"  # cash may be borrowed
    return Reason(code=f"cut_{broken.code}", params={now: broken.now_frac, "limit_frac": broken.limit_frac})


def _with_proven(state: PositionState, word: Reason, facts: tuple[Reason, ...]) -> Advice:
    if state.room_lots is None:
        unknown = Reason(code="capital_unknown", params={})
        return Advice(action="HOLD", basis="proven_signal", reasons=(word, unknown, *facts))
    if state.room_lots == 0:
        return Advice(
            action="HOLD", basis="proven_signal", reasons=(word, Reason(code="no_room", params={}), *facts)
        )
    room = Reason(code="room", params={"lots": state.room_lots})
    return Advice(action="ADD", basis="proven_signal", reasons=(word, room, *facts))


def _is_proven(state: PositionState) -> Stance:
    """Return the stance of a signal that may move something."""
    signal = state.signal
    if signal is None or not (signal.proven and signal.is_fresh):
        return "none"
    return stance_of(signal, is_long=state.is_long)


def _signal_reason(state: PositionState) -> Reason:
    signal = state.signal
    if signal is None:
        return Reason(code="no_signal", params={})
    stance = stance_of(signal, is_long=state.is_long)
    if not signal.is_fresh:
        return Reason(code="signal_old", params={})
    if stance != "none":
        return Reason(code=f"signal_{stance}_{'proven' if signal.proven else 'paper'}", params={})
    return Reason(code="signal_hold" if signal.action == "HOLD" else "signal_no_trade", params={})


def _facts(state: PositionState) -> tuple[Reason, ...]:
    """Return what is worth knowing and moves nothing by itself."""
    facts = []
    distance = stop_distance_frac(state.price_rub, state.stop_rub, is_long=state.is_long)
    if distance is None:
        facts.append(Reason(code="no_stop", params={}))
    elif 0.0 < distance <= state.stop_near_frac:
        facts.append(Reason(code="stop_near", params={"distance_frac": distance}))
    if math.isinf(state.exit_days):
        facts.append(Reason(code="no_turnover", params={}))
    elif state.exit_days > state.exit_days_limit:
        facts.append(Reason(code="slow_exit", params={"days": math.ceil(state.exit_days)}))
    if state.dividend_in_days is not None:
        side = "long" if state.is_long else "short"
        facts.append(Reason(code=f"dividend_{side}", params={"days": state.dividend_in_days}))
    if state.avg_price_rub:
        gain = (state.price_rub / state.avg_price_rub - 1.0) * (1.0 if state.is_long else -1.0)
        facts.append(
            Reason(code="in_profit" if gain >= 0.0 else "in_loss", params={"gain_signed_frac": gain})
        )
    return tuple(facts)
