"""What is said before a trade: losses in money, reasons, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from behavior.contracts.check import BadCase, CheckResult, Known, ProposedTrade, Reason, Verdict
from behavior.contracts.thresholds import CheckThresholds, Thresholds
from traderai.common.arrays import F64

LEVELS: tuple[Verdict, ...] = ("ok", "caution", "hard_warning")


def trade_check(trade: ProposedTrade, known: Known, thresholds: Thresholds) -> CheckResult:
    """Return the verdict on a trade with its reasons and the losses that it may bring.

    At the stop it loses `shares * (|price - stop| + cost)`, in the bad scenario `shares * price * (loss + cost)`, where
    cost is that of the round trip and shares are those that the trade opens: to close a position risks nothing new.

    Units:  RUB, per cent of the capital.
    NaN:    not accepted; what is unknown is None and its figures are None.
    Raises: ValueError for a quantity, a price or costs that are not above 0, or a stop on the wrong side of the price.
    """
    _check(trade, known)
    side = 1 if trade.side == "BUY" else -1
    closes = min(trade.qty_shares, max(-side * known.held_shares, 0.0))
    opens = trade.qty_shares - closes
    cost = known.cost_frac * trade.price_rub
    at_stop = None if trade.stop_rub is None else opens * (abs(trade.price_rub - trade.stop_rub) + cost)
    bad = None if known.bad_case is None else opens * (trade.price_rub * known.bad_case.loss_frac + cost)
    position = abs(known.held_shares + side * trade.qty_shares) * trade.price_rub
    result = CheckResult(
        verdict="ok",
        reasons=(),
        opens_shares=opens,
        value_rub=trade.qty_shares * trade.price_rub,
        # A round trip of what is opened, the closing half of one of what is closed.
        cost_rub=cost * (opens + closes / 2),
        loss_at_stop_rub=at_stop,
        loss_at_stop_pct=_pct(at_stop, known.capital_rub),
        loss_bad_case_rub=bad,
        loss_bad_case_pct=_pct(bad, known.capital_rub),
        position_pct=_pct(position, known.capital_rub),
    )
    reasons = tuple(_reasons(trade, known, result, thresholds))
    levels: list[Verdict] = [reason.level for reason in reasons]
    return replace(result, verdict=max(levels, key=LEVELS.index, default="ok"), reasons=reasons)


def bad_case_of_history(close_rub: F64, *, side: int, days: int, min_days: int) -> BadCase | None:
    """Return the loss that moves over so many days exceeded one time in twenty, None where they are too few.

    Moves overlap: they are all there are, and the quantile of a few dozen that do not would be noise.

    Shapes: close_rub (n,), one a trading day, the oldest first.
    Units:  fraction of the price, at least 0.
    NaN:    not accepted.
    Causal: looks at the closes given only.
    """
    if close_rub.size < min_days + days:
        return None
    moves = (close_rub[days:] / close_rub[:-days] - 1.0) * side
    loss = max(-float(np.quantile(moves, 0.05)), 0.0)
    return BadCase(loss_frac=loss, basis="history", days=days, n_moves=int(moves.size))


def is_against_in_heat(trade: ProposedTrade, known: Known, thresholds: Thresholds) -> bool:
    """Return whether a trade goes against a strong call while the market is in panic or euphoria."""
    signal = known.signal
    return (
        signal is not None
        and signal.strength == "strong"
        and signal.action in ("BUY", "SELL")
        and signal.action != trade.side
        and known.regime in thresholds.habits.heated_regimes
    )


def _check(trade: ProposedTrade, known: Known) -> None:
    if not (
        trade.qty_shares > 0 and trade.price_rub > 0 and math.isfinite(trade.qty_shares * trade.price_rub)
    ):
        raise ValueError(f"qty and price must be above 0, were {trade.qty_shares} and {trade.price_rub}")
    if not known.cost_frac > 0:
        raise ValueError(f"cost_frac must be above 0: no trade is free, was {known.cost_frac}")
    if trade.stop_rub is None:
        return
    side = 1 if trade.side == "BUY" else -1
    if not trade.stop_rub > 0 or (trade.price_rub - trade.stop_rub) * side <= 0:
        where = "below" if side > 0 else "above"
        raise ValueError(
            f"stop of a {trade.side} must lie {where} the price {trade.price_rub:g}, was {trade.stop_rub:g}"
        )


def _reasons(
    trade: ProposedTrade, known: Known, result: CheckResult, thresholds: Thresholds
) -> Iterator[Reason]:
    own = thresholds.check
    if known.price_age_days is not None and known.price_age_days > own.price_max_age_days:
        yield Reason(code="price_old", level="caution", params={"days": int(known.price_age_days)})
    yield from _of_signal(trade, known, result, thresholds)
    if result.opens_shares > 0:
        if known.capital_rub is None:
            yield Reason(code="capital_unknown", level="caution")
            yield from _of_own_size(result, known, own)
        else:
            yield from _of_capital(known, result, own)
        if trade.side == "SELL" and not known.may_short:
            yield Reason(code="short_impossible", level="hard_warning")
        if trade.stop_rub is None:
            yield Reason(code="no_stop", level="caution")
        if result.loss_bad_case_rub is None:
            yield Reason(code="no_history", level="caution")
        yield from _of_position(trade, known, thresholds)
    if known.tilt.score >= own.caution_tilt:
        yield Reason(code="tilt", level="caution", params={"score": known.tilt.score})


def _of_signal(
    trade: ProposedTrade, known: Known, result: CheckResult, thresholds: Thresholds
) -> Iterator[Reason]:
    signal = known.signal
    if is_against_in_heat(trade, known, thresholds):
        yield Reason(
            code="against_strong_in_heat",
            level="hard_warning",
            params={"regime": known.regime, "action": signal.action if signal else None},
        )
    elif signal is None:
        if result.opens_shares > 0:
            yield Reason(code="no_signal", level="ok")
    elif signal.action in ("BUY", "SELL") and signal.action != trade.side:
        yield Reason(code="against_signal", level="caution", params={"action": signal.action})
    elif signal.action == "NO_TRADE" and result.opens_shares > 0:
        yield Reason(code="signal_no_trade", level="caution")
    elif signal.action == trade.side:
        yield Reason(code="with_signal", level="ok", params={"action": signal.action})


def _of_capital(known: Known, result: CheckResult, own: CheckThresholds) -> Iterator[Reason]:
    limits = known.limits
    for code, pct, allowed in (
        ("risk_at_stop", result.loss_at_stop_pct, 100 * limits.risk_frac),
        ("position_size", result.position_pct, 100 * limits.max_position_frac),
    ):
        hard = own.hard_risk if code == "risk_at_stop" else own.hard_position
        care = own.caution_risk if code == "risk_at_stop" else 1.0
        if pct is not None and pct > care * allowed:
            level: Verdict = "hard_warning" if pct > hard * allowed else "caution"
            yield Reason(code=code, level=level, params={"pct": pct, "allowed_pct": allowed})
    bad, most = result.loss_bad_case_pct, 100 * own.hard_bad_case_frac
    if bad is not None and bad > most:
        yield Reason(code="bad_case", level="hard_warning", params={"pct": bad, "allowed_pct": most})


def _of_own_size(result: CheckResult, known: Known, own: CheckThresholds) -> Iterator[Reason]:
    """Without a capital a size can still be abnormal for oneself."""
    if not known.usual_size_rub:
        return
    ratio = result.value_rub / known.usual_size_rub
    if ratio >= own.caution_size_ratio:
        level: Verdict = "hard_warning" if ratio >= own.hard_size_ratio else "caution"
        yield Reason(code="size_unusual", level=level, params={"ratio": ratio})


def _of_position(trade: ProposedTrade, known: Known, thresholds: Thresholds) -> Iterator[Reason]:
    side = 1 if trade.side == "BUY" else -1
    if known.held_avg_rub is None or known.held_shares * side <= 0:
        return
    drop_frac = (known.held_avg_rub - trade.price_rub) * side / known.held_avg_rub
    if drop_frac >= thresholds.sizes.averaging_drop_frac:
        yield Reason(code="averages_down", level="caution", params={"pct": 100 * drop_frac})


def _pct(rub: float | None, capital_rub: float | None) -> float | None:
    return None if rub is None or capital_rub is None else 100 * rub / capital_rub
