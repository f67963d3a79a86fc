"""The answer about one share: the stored signal, sized for the asker and worded in a language."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from modeling.contracts import DIRECTIONS, Decision, MarketState, PolicyConfig
from modeling.kernels.sizing import position_size_lots
from modeling.selectors.configuration import policy_get
from signals.asking import signal_ask
from signals.contracts import Analysis, SignalAsk, SignalFacts
from signals.explain import expired_text, explanation_text, scenario_label, told_of
from signals.kernels.freshness import data_age_s, reading_warnings
from signals.kernels.scenarios import CONE_LEVELS
from signals.kernels.votes import shown_votes
from signals.selectors.configuration import asked_for
from signals.selectors.stored import reading_of, signal_and_bar, signal_get
from traderai.common.asker import spoken_language
from traderai.common.errors import InputError, NotReadyError, TransientError

_GONE = {"stale_data", "expired"}
_UNMEASURED = ("half_spread_frac", "spread_frac", "atr_rub", "median_turnover_rub", "novelty")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about a share; money figures stay None where the asker keeps them private."""

    secid: str
    at: datetime | None = None  # a past moment; None: now
    timeframe: str | None = None
    horizon: str | None = None
    language: str = "ru"
    capital_rub: float | None = None
    risk_frac: float | None = None  # share of the capital put at risk; None: the policy's


def ticker_analyze(*, question: Question, now: datetime) -> Analysis:
    """Return the analysis of a share by the signal of the last bar that had closed at the moment asked for.

    That is the stored one; where none of that bar is stored it is computed on demand, and where that cannot be done
    an earlier stored one answers while it still holds. Stores nothing; asking again gives the same answer but for the
    age of the data.
    Raises: InputError for a moment in the future or a horizon not in service, NotFoundError for an unknown
    share, NotReadyError where nothing can be said yet, TransientError where nobody computes in time.
    """
    moment = question.at or now
    if moment > now:
        raise InputError(
            f"at must not lie in the future, was {moment.isoformat()}; leave it out for the present",
            field="at",
        )
    timeframe, horizon = asked_for(timeframe=question.timeframe, horizon=question.horizon)
    ask = SignalAsk(
        secid=question.secid,
        timeframe=timeframe,
        horizon=horizon,
        moment=moment,
        past=question.at is not None,
    )
    return _analysis(_signal(ask), question, moment=moment)


def signal_analyze(
    *, signal_id: int, language: str, capital_rub: float | None = None, now: datetime
) -> Analysis:
    """Return what one stored signal said, sized and worded for an asker as of now: most of them have expired.

    Raises: NotFoundError where there is none, or staff withdrew it.
    """
    signal = signal_get(signal_id=signal_id)
    question = Question(secid=signal.secid, language=language, capital_rub=capital_rub)
    return _analysis(signal, question, moment=now)


def _signal(ask: SignalAsk) -> SignalFacts:
    stored, of_last_bar = signal_and_bar(
        secid=ask.secid, timeframe=ask.timeframe, horizon=ask.horizon, as_of=ask.moment
    )
    if stored is not None and of_last_bar:
        return stored
    try:
        return signal_ask(ask)
    except (NotReadyError, TransientError):
        if stored is not None and ask.moment <= stored.valid_until:
            return stored
        raise


def _analysis(signal: SignalFacts, question: Question, *, moment: datetime) -> Analysis:
    reading, policy = reading_of(signal), policy_get()
    language = spoken_language(question.language)
    payload = signal.payload
    teller = told_of(secid=signal.secid, bar_begin=signal.bar_begin)
    warnings = reading_warnings(
        reading, stored=payload["warnings"], moment=moment, max_data_age_s=policy.max_data_age_s
    )
    return Analysis(
        signal_id=signal.id,
        secid=signal.secid,
        name=signal.name_ru if language == "ru" else signal.name_en,
        sector=signal.sector,
        timeframe=signal.timeframe,
        horizon=signal.horizon,
        signal=signal.action,
        confidence=signal.confidence,
        strength=signal.strength,
        proven=signal.proven,
        source=signal.source,
        is_simulated=signal.is_simulated,
        bar_begin=signal.bar_begin,
        as_of=signal.as_of,
        valid_until=signal.valid_until,
        data_age_seconds=data_age_s(reading, moment=moment),
        warnings=warnings,
        # No size for an entry that is gone.
        position=None if _GONE & set(warnings) else _position(signal, question, policy),
        regime=_regime(payload, language, teller),
        scenarios=_scenarios(payload, language),
        explanation=_explanation(signal, language, teller, expired="expired" in warnings),
        model=_model(signal),
        **_call(payload["decision"]),
        **_forecast(payload),
        **_context(payload),
    )


def _explanation(signal: SignalFacts, language: str, teller: str, *, expired: bool) -> str:
    text = explanation_text(
        signal.payload["explanation"],
        language=language,
        decimals=signal.payload["decimals"],
        told_of=teller,
    )
    return f"{expired_text(valid_until=signal.valid_until, language=language)} {text}" if expired else text


def _call(decision: dict[str, Any]) -> dict[str, Any]:
    low, high = decision["entry_low_rub"], decision["entry_high_rub"]
    return {
        "side": decision["side"],
        "entry": None if low is None else {"low": low, "high": high},
        "take_profit": decision["take_profit_rub"],
        "stop_loss": decision["stop_loss_rub"],
        "risk_reward": decision["risk_reward"],
        "edge": decision["edge"],
        "break_even_probability": decision["p_break_even"],
        # Signals from before orders had levels of their own have none of these.
        "probability_take_profit": decision.get("label_take_profit_rub"),
        "probability_stop_loss": decision.get("label_stop_loss_rub"),
        "expected_drawdown": decision.get("expected_drawdown_frac"),
    }


def _forecast(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the model's figures; a probability without a break-even to hold it against is not shown."""
    prediction, even = payload["prediction"], payload["break_even"]
    shown = prediction is not None and even is not None
    level = prediction.get("level") if shown else None  # signals from before levels learned have none
    before = None if level is None else {"long": level["p_long_before"], "short": level["p_short_before"]}
    return {
        "probabilities": {"long": prediction["p_long"], "short": prediction["p_short"]} if shown else None,
        "probabilities_as_trained": before,
        "break_even_probabilities": even if shown else None,
        "expected_return": prediction["return_quantiles"][3] if shown else None,
        "expected_volatility": prediction["volatility"] if shown else None,
        "direction": dict(zip(DIRECTIONS, prediction["direction"], strict=True)) if shown else None,
    }


def _context(payload: dict[str, Any]) -> dict[str, Any]:
    names = [f"p{round(100 * level):02d}" for level in CONE_LEVELS]
    return {
        "price": payload["market"]["close_rub"],
        "votes": shown_votes(payload),
        # Signals from before news were kept have none; a verdict without a text is none to show.
        "news": tuple(
            {"title": word["title"], "published_at": word["published_at"]}
            for word in payload.get("news", ())
            if word["title"]
        ),
        "cone": tuple(
            {"days": point["days"], **dict(zip(names, point["prices_rub"], strict=True))}
            for point in payload["cone"]
        ),
        "drivers": tuple(payload["drivers"]),
        "levels": tuple(
            {"price": level["price_rub"], "kind": level["kind"], "touches": level["touches"]}
            for level in payload["levels"]
        ),
    }


def _regime(payload: dict[str, Any], language: str, teller: str) -> dict[str, Any] | None:
    regime = payload["regime"]
    if regime is None:
        return None
    effects = [
        fact
        for fact in payload["explanation"]
        if fact["section"] == "regime" and fact["code"] not in ("regime_known", "regime_clear")
    ]
    return {
        "name": regime["name"],
        "probability": regime["probabilities"][regime["name"]],
        "since": regime["since"],
        "effect": explanation_text(effects, language=language, decimals=payload["decimals"], told_of=teller),
    }


def _scenarios(payload: dict[str, Any], language: str) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "low": scenario["low_rub"],
            "high": scenario["high_rub"],
            "probability": scenario["p"],
            "label": scenario_label(scenario, language=language, decimals=payload["decimals"]),
        }
        for scenario in payload["scenarios"]
    )


def _model(signal: SignalFacts) -> dict[str, Any] | None:
    if signal.model_version is None:
        return None
    # Signals from before shares had adapters of their own have none; without a model nothing is foretold.
    adapter = (signal.payload["prediction"] or {}).get("adapter")
    return {
        "version": signal.model_version,
        "adapter_version": None if adapter is None else adapter["version"],
        "trained_until": signal.trained_until,
        "grade": signal.payload["grade"],
    }


def _position(signal: SignalFacts, question: Question, policy: PolicyConfig) -> dict[str, float | int] | None:
    if question.capital_rub is None or signal.action not in ("BUY", "SELL"):
        return None
    if question.risk_frac is not None:
        policy = dataclasses.replace(policy, risk_frac=question.risk_frac)
    decision, market = decision_of(signal.payload), market_of(signal.payload)
    lots = position_size_lots(
        decision=decision, market=market, policy=policy, capital_rub=question.capital_rub
    )
    shares = lots * market.lot_size
    worst = decision.entry_high_rub if decision.action == "BUY" else decision.entry_low_rub
    loss_rub = shares * (
        abs((worst or 0) - (decision.stop_loss_rub or 0)) + decision.cost_frac * (worst or 0)
    )
    return {"lots": lots, "shares": shares, "risk_pct": 100 * loss_rub / question.capital_rub}


def decision_of(payload: dict[str, Any]) -> Decision:
    """Return the stored decision as the policy made it."""
    stored = payload["decision"]
    return Decision(**{**stored, "reasons": tuple(stored["reasons"])})


def market_of(payload: dict[str, Any]) -> MarketState:
    """Return the stored market state; what had not been measured is NaN again."""
    stored = dict(payload["market"])
    for name in _UNMEASURED:
        stored[name] = float("nan") if stored.get(name) is None else stored[name]
    return MarketState(**stored)
