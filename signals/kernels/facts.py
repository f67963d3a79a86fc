"""What the explanation says, as codes with parameters; the words are chosen when it is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from features.contracts import RegimeFacts
from modeling.contracts import Decision, RegimeRule
from modeling.contracts.filters import LeftOut
from modeling.contracts.ranks import RankFacts
from modeling.contracts.thresholds import RegimeTrades
from signals.kernels.levels import PriceLevel

TREND_FRAC = 0.005  # a close this far from its 50-bar mean is a trend, nearer is none
RSI_HIGH, RSI_LOW = 70.0, 30.0
VOLUME_HIGH, VOLUME_LOW = 1.5, 0.67
DRIVERS_SHOWN = 2
DRIVER_LEAST_P = 0.001  # what moves the probability by less is not worth a word


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One sentence to be: which part of the explanation, which template, which values."""

    section: str  # call, picture, regime, model, risk or notice
    code: str
    params: dict[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A family of features and what it does to the probability of the better side."""

    family: str
    feature: str  # the family's most unusual one
    value: float | None
    effect: float  # probability with the family minus probability without it


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that an explanation may speak of; nothing else can get into it."""

    decision: Decision
    days: int
    last_bar_at: str  # ISO, the end of the instrument's newest bar
    picture: dict[str, float | None]  # the figures of `signals.kernels.picture.ChartPicture`
    levels: tuple[PriceLevel, ...]
    drivers: tuple[Driver, ...]
    regime: RegimeFacts | None
    rank: RankFacts | None  # by the daily ranker
    rule: RegimeRule  # what the policy asks in this regime
    proven: bool
    in_sample: bool
    simulated: bool
    left_out: tuple[LeftOut, ...] = ()  # the cells for whose sake nothing is traded
    regime_trades: RegimeTrades | None = None  # what the version's trades have made in this regime
    trained_p: float | None = None  # the better side's before outcomes moved it; None where none did


def explanation_facts(situation: Situation) -> tuple[Fact, ...]:
    """Return the explanation of a decision in reading order: call, picture, regime, model, risk, notice."""
    return (
        *_call(situation),
        *_picture(situation),
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
            params=_given(
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
            params=_given(risk_reward_ratio=d.risk_reward, confidence=d.confidence),
        )
    elif d.action == "HOLD":
        yield Fact(section="call", code="call_hold", params=_given(days=s.days, confidence=d.confidence))
    else:
        yield Fact(section="call", code="call_no_trade")
        for reason in d.reasons:
            at = s.last_bar_at if reason == "stale_data" else None
            yield Fact(
                section="call", code=f"reason_{reason}", params=_given(last_bar_at=at) | _lost(s, reason)
            )


def _picture(s: Situation) -> Iterator[Fact]:
    if "stale_data" in s.decision.reasons:
        return  # an old chart is no picture of now
    change, distance = s.picture["change_20_bars_frac"], s.picture["distance_from_mean_50_bars_frac"]
    if change is not None and distance is not None:
        code = (
            "trend_up" if distance > TREND_FRAC else "trend_down" if distance < -TREND_FRAC else "trend_flat"
        )
        yield Fact(
            section="picture",
            code=code,
            params={"change_signed_frac": change, "distance_signed_frac": distance},
        )
    rsi = s.picture["rsi_14"]
    if rsi is not None:
        code = "rsi_high" if rsi >= RSI_HIGH else "rsi_low" if rsi <= RSI_LOW else "rsi_middle"
        yield Fact(section="picture", code=code, params={"rsi_index": rsi})
    volume = s.picture["volume_ratio"]
    if volume is not None:
        code = (
            "volume_high"
            if volume >= VOLUME_HIGH
            else "volume_low"
            if volume <= VOLUME_LOW
            else "volume_usual"
        )
        yield Fact(section="picture", code=code, params={"volume_ratio": volume})
    below = [level.price_rub for level in s.levels if level.kind == "support"]
    above = [level.price_rub for level in s.levels if level.kind == "resistance"]
    nearest = _given(support_rub=max(below) if below else None, resistance_rub=min(above) if above else None)
    if nearest:
        code = {2: "levels_both"}.get(len(nearest), "levels_support" if below else "levels_resistance")
        yield Fact(section="picture", code=code, params=nearest)
    yield from _rank(s.rank)


def _rank(rank: RankFacts | None) -> Iterator[Fact]:
    if rank is not None:
        yield Fact(
            section="picture",
            code="rank_place",
            params={
                "position": rank.position,
                "shares": rank.shares,
                "days": int(rank.horizon.removesuffix("d")),
                "known_at": rank.known_at.isoformat(),
                "ic_ratio": rank.rank_ic,
            },
        )


def _regime(s: Situation) -> Iterator[Fact]:
    if s.regime is None:
        yield Fact(section="regime", code="regime_unknown")
    else:
        yield Fact(
            section="regime",
            code="regime_known",
            params={
                "regime": s.regime.name,
                "regime_p": s.regime.probabilities[s.regime.name],
                "since_on": s.regime.since.isoformat(),
            },
        )
    if s.decision.action == "NO_TRADE":
        return
    yield Fact(section="regime", code="regime_asks", params={"edge_points": s.rule.min_edge})
    if s.rule.size_factor < 1 and s.decision.action in ("BUY", "SELL"):
        yield Fact(section="regime", code="regime_size", params={"size_share": s.rule.size_factor})
    needed = {"long": s.rule.longs_need_edge, "short": s.rule.shorts_need_edge}
    for side, edge in needed.items():
        if edge is not None and side == s.decision.side:
            yield Fact(section="regime", code=f"regime_{side}s", params={"edge_points": edge})
    if s.regime_trades is not None and s.decision.action in ("BUY", "SELL"):
        yield Fact(section="regime", code="regime_trades", params=_made(s.regime_trades))


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
            "edge_points": abs(d.edge),
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
    yield from _drivers(s.drivers)
    yield Fact(section="model", code="proven" if s.proven else "paper")
    if s.in_sample:
        yield Fact(section="model", code="in_sample")


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
            params=_given(stop_loss_rub=d.stop_loss_rub, days=s.days),
        )
    elif d.action == "HOLD":
        needed = _edge_needed(d, s.rule)
        if d.edge is not None and d.edge >= needed:
            # Enough by its size, and yet a HOLD: the probability is a base rate, of which no edge is claimed.
            yield Fact(section="risk", code="hold_base_rate")
        else:
            yield Fact(section="risk", code=f"hold_changes_{d.side}", params={"edge_points": needed})
    else:
        for reason in d.reasons:
            yield Fact(section="risk", code=f"change_{reason}")


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


def _lost(s: Situation, reason: str) -> dict[str, float | int | str]:
    """Return what the trades made of the cell that a reason speaks of; nothing for a reason of another kind."""
    for cell in s.left_out:
        if cell.reason == reason:
            return _made(cell)
    return {}


def _made(trades: LeftOut | RegimeTrades) -> dict[str, float | int | str]:
    return {
        "net_signed_bp": trades.net_bp,
        "low_signed_bp": trades.low_bp,
        "high_signed_bp": trades.high_bp,
        "trades": trades.trades,
    }


def _given(**params: float | int | str | None) -> dict[str, float | int | str]:
    return {name: value for name, value in params.items() if value is not None}
