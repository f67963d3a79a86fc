"""What the explanation says, as codes with parameters; the words are chosen when it is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modeling.contracts import Decision, RegimeRule
from modeling.contracts.filters import LeftOut
from modeling.contracts.thresholds import RegimeTrades
from signals.kernels.behind_facts import (
    company_facts,
    council_facts,
    market_facts,
    news_facts,
    regime_fact,
)
from signals.kernels.picture_facts import picture_facts
from signals.kernels.situation import Driver, Fact, Params, Situation, given

DRIVERS_SHOWN = 2
TOLD_P = 3  # decimals of a probability, told in percent with one
WEAKER_FROM_FRAC = 0.1  # a level nearer to the entry than this share of the way to the stop breaks by chance
DRIVER_LEAST_P = 0.001  # what moves the probability by less is not worth a word


def explanation_facts(situation: Situation) -> tuple[Fact, ...]:
    """Return the explanation of a decision in reading order: `signals.explain.SECTIONS`."""
    return (
        *_call(situation),
        *picture_facts(situation),
        *market_facts(situation),
        *council_facts(situation),
        *company_facts(situation),
        *news_facts(situation),
        *_regime(situation),
        *_model(situation),
        *_risk(situation),
        *_notice(situation),
    )


def _call(s: Situation) -> Iterator[Fact]:
    d = s.decision
    if d.action in ("BUY", "SELL"):
        yield Fact(
            section="call",
            code=f"call_{d.action.lower()}",
            params=given(
                entry_low_rub=d.entry_low_rub,
                entry_high_rub=d.entry_high_rub,
                take_profit_rub=d.take_profit_rub,
                stop_loss_rub=d.stop_loss_rub,
                days=s.days,
            ),
        )
        yield Fact(
            section="call",
            code=f"strength_{d.strength or 'low'}",
            params=given(risk_reward_ratio=d.risk_reward, confidence=d.confidence),
        )
        style = d.style
        if style is not None:
            yield Fact(section="call", code=f"style_{style}")
    elif d.action == "HOLD":
        yield Fact(section="call", code="call_hold", params=given(days=s.days, confidence=d.confidence))
    else:
        yield Fact(section="call", code="call_no_trade")
        for reason in d.reasons:
            yield _against(s, reason, section="call", told_as="reason")


def _regime(s: Situation) -> Iterator[Fact]:
    if s.regime is None:
        yield Fact(section="regime", code="regime_unknown")
    else:
        yield regime_fact(s.regime, section="regime")
    if s.decision.action == "NO_TRADE" and "regime_forbids" not in s.decision.reasons:
        return
    own = s.rule.longs_need_edge if s.decision.side == "long" else s.rule.shorts_need_edge
    if s.decision.side is None or own is None or own <= s.rule.min_edge:
        yield Fact(section="regime", code="regime_asks", params={"edge_points": s.rule.min_edge})
    else:  # the side's own threshold is the one that binds
        yield Fact(section="regime", code=f"regime_{s.decision.side}s", params={"edge_points": own})
    if s.rule.size_factor < 1 and s.decision.action in ("BUY", "SELL"):
        yield Fact(section="regime", code="regime_size", params={"size_share": s.rule.size_factor})
    if s.regime_trades is not None and s.decision.action in ("BUY", "SELL"):
        yield Fact(section="regime", code="regime_trades", params=_made(s.regime_trades))
    sector = s.background.sector_regime
    if s.regime is not None and sector is not None and sector.name != s.regime.name:
        yield Fact(section="regime", code="sector_differs")


def _model(s: Situation) -> Iterator[Fact]:
    d = s.decision
    if d.p is None or d.p_break_even is None or d.edge is None:
        return
    code = "model_above" if d.edge > 0 else "model_below"
    yield Fact(
        section="model",
        code=f"{code}_{d.side}",
        params={
            "target_p": d.p,
            "break_even_p": d.p_break_even,
            # Of the two as they are told: a reader takes one from the other.
            "edge_points": abs(round(d.p, TOLD_P) - round(d.p_break_even, TOLD_P)),
        },
    )
    if d.label_take_profit_rub is not None and d.label_stop_loss_rub is not None:
        yield Fact(
            section="model",
            code="model_own_levels",
            params={
                "label_take_profit_rub": d.label_take_profit_rub,
                "label_stop_loss_rub": d.label_stop_loss_rub,
            },
        )
    if s.trained_p is not None and abs(d.p - s.trained_p) >= DRIVER_LEAST_P:
        yield Fact(section="model", code="model_learned", params={"trained_p": s.trained_p})
    if d.action in ("BUY", "SELL") and d.expected_net_frac is not None and d.expected_r is not None:
        yield Fact(
            section="model",
            code="model_expects",
            params={
                "net_signed_frac": d.expected_net_frac,
                "net_r": d.expected_r,
                "cost_frac": d.cost_frac,
            },
        )
    yield from _other_way(s)
    yield from _drivers(s.drivers)
    yield Fact(section="model", code="proven" if s.proven else "paper")
    if s.in_sample:
        yield Fact(section="model", code="in_sample")


def _other_way(s: Situation) -> Iterator[Fact]:
    """Yield that the forecast of the return contradicts the call: targets are reached on the way, returns at its end."""
    median = s.median_return_frac
    wanted = {"BUY": 1.0, "SELL": -1.0}.get(s.decision.action)
    # Of no sign where the reader would see 0.0 %.
    if median is not None and wanted is not None and round(median, TOLD_P) * wanted < 0.0:
        yield Fact(section="model", code="return_other_way", params={"median_signed_frac": median})


def _drivers(drivers: Sequence[Driver]) -> Iterator[Fact]:
    for driver in sorted(drivers, key=lambda own: -abs(own.effect))[:DRIVERS_SHOWN]:
        if abs(driver.effect) >= DRIVER_LEAST_P:
            code = "driver_raises" if driver.effect > 0 else "driver_lowers"
            yield Fact(
                section="model",
                code=code,
                params={"family": driver.family, "effect_points": abs(driver.effect)},
            )


def _risk(s: Situation) -> Iterator[Fact]:
    d = s.decision
    if d.action in ("BUY", "SELL"):
        yield Fact(
            section="risk",
            code=f"wrong_{d.action.lower()}",
            params=given(stop_loss_rub=d.stop_loss_rub, days=s.days),
        )
        yield from _earlier(s)
    elif d.action == "HOLD":
        needed = _edge_needed(d, s.rule)
        if d.edge is not None and d.edge >= needed:
            # Enough by its size, and yet a HOLD: the probability is a base rate, of which no edge is claimed.
            yield Fact(section="risk", code="hold_base_rate")
        else:
            yield Fact(section="risk", code=f"hold_changes_{d.side}", params={"edge_points": needed})
    else:
        for reason in d.reasons:
            yield _against(s, reason, section="risk", told_as="change")


def _earlier(s: Situation) -> Iterator[Fact]:
    """Yield the level between entry and stop whose break weakens the idea before the stop does."""
    d = s.decision
    if d.entry_low_rub is None or d.entry_high_rub is None or d.stop_loss_rub is None:
        return
    if d.action == "BUY":
        nearest = d.entry_low_rub - WEAKER_FROM_FRAC * (d.entry_low_rub - d.stop_loss_rub)
        below = [own.price_rub for own in s.levels if d.stop_loss_rub < own.price_rub < nearest]
        if below:
            yield Fact(section="risk", code="weaker_buy", params={"support_rub": max(below)})
    else:
        nearest = d.entry_high_rub + WEAKER_FROM_FRAC * (d.stop_loss_rub - d.entry_high_rub)
        above = [own.price_rub for own in s.levels if nearest < own.price_rub < d.stop_loss_rub]
        if above:
            yield Fact(section="risk", code="weaker_sell", params={"resistance_rub": min(above)})


def _notice(s: Situation) -> Iterator[Fact]:
    if s.simulated:
        yield Fact(section="notice", code="simulated")
    yield Fact(section="notice", code="not_advice")


def _edge_needed(d: Decision, rule: RegimeRule) -> float:
    """Return the edge at which every threshold of the side passes; its net result and edge are proportional."""
    side_needs = rule.longs_need_edge if d.side == "long" else rule.shorts_need_edge
    needed = max(rule.min_edge, side_needs or 0.0)
    if not d.edge or not d.expected_r:
        return needed
    return max(needed, rule.min_expected_r * d.edge / d.expected_r)


def _against(s: Situation, reason: str, *, section: str, told_as: str) -> Fact:
    """Return what stands against a trade, or what is wanted for one, with the figures that belong to it."""
    voter = s.rule.needs_voter
    if reason == "regime_forbids" and voter is not None and _edge_suffices(s.decision, s.rule):
        # The edge is large enough: it is the voter's word that is missing.
        return Fact(section=section, code=f"{told_as}_regime_voter", params={"members": voter})
    if told_as == "change":
        return Fact(section=section, code=f"change_{reason}")
    at = s.last_bar_at if reason == "stale_data" else None
    return Fact(section=section, code=f"reason_{reason}", params=given(last_bar_at=at) | _lost(s, reason))


def _edge_suffices(d: Decision, rule: RegimeRule) -> bool:
    """Return whether the edge reaches what the regime asks of its side."""
    needed = rule.longs_need_edge if d.side == "long" else rule.shorts_need_edge
    return needed is None or (d.edge is not None and d.edge >= needed)


def _lost(s: Situation, reason: str) -> Params:
    """Return what the trades made of the cell that a reason speaks of; nothing for a reason of another kind."""
    for cell in s.left_out:
        if cell.reason == reason:
            return _made(cell)
    return {}


def _made(trades: LeftOut | RegimeTrades) -> Params:
    return {
        "net_signed_bp": trades.net_bp,
        "low_signed_bp": trades.low_bp,
        "high_signed_bp": trades.high_bp,
        "trades": trades.trades,
    }
