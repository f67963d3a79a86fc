"""Stored payloads as scoring makes them, of random situations: every action, reason, regime, style, and data that miss."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from features.contracts import REGIMES, RegimeFacts
from features.spec import Family
from market.contracts import InstrumentFacts, Timeframe
from market.kernels.news_events import EVENT_TYPES
from modeling.contracts import (
    Decision,
    Evidence,
    MarketState,
    ModelVersionFacts,
    Prediction,
    SideLosses,
    Vote,
)
from modeling.contracts.decisions import Levelled
from modeling.contracts.filters import CELLS, FILTER_KINDS, LeftOut
from modeling.contracts.ranks import RankFacts
from modeling.contracts.thresholds import RegimeTrades
from modeling.kernels.policy import decide, decide_without_model
from modeling.kernels.policy_reasons import REASONS
from modeling.kernels.policy_sides import cost_of, side_view
from modeling.selectors.configuration import policy_get
from modeling.selectors.label_sets import barrier_set_get
from signals.inference import Finding
from signals.kernels.background import Background, NewsWord
from signals.kernels.situation import Driver
from signals.kernels.state import ShareTerms
from signals.payload import payload_of
from signals.share_inputs import Occasion, ShareInput
from tests.modeling.synthetic import bars as synthetic_bars
from traderai.common.clock import from_epoch_s

POLICY = policy_get()
LABELS = barrier_set_get(name="swing_v1")
LOSSES = SideLosses(mean_gross_loss_r=(0.6, 0.75, 0.9))
EVIDENCE = Evidence(
    horizon="5d", long=LOSSES, short=LOSSES, volatility_tercile_edges=(0.02, 0.04), edge_knots=(-0.2, 0.0, 0.1, 0.2),
    edge_p_positive=(0.3, 0.45, 0.55, 0.6), edge_p99=0.15, novelty_limit=10.0,
)  # fmt: skip
STYLES = (None, "enter_now", "limit", "wait_pullback", "scale_in")
SECTORS = ("oil_gas", "metals", "finance", "it", "health")
STRATEGIES = ("trend", "mean_reversion", "news", "volatility")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One payload after its way through JSON, with what the row beside it says."""

    secid: str
    bar_begin: datetime
    days: int
    payload: dict[str, Any]


def stored(seed: int, **changes: Any) -> Stored:
    """Return the payload of a seed; `changes` replace fields of its finding's decision."""
    rng = np.random.default_rng(seed)
    market, share = _market(rng), None
    prediction = None if rng.random() < 0.06 else _prediction(rng)
    decision = _decision(rng, prediction, market)
    share = _share(rng, market, stale="stale_data" in decision.reasons)
    horizon = str(rng.choice(["1d", "3d", "5d", "10d", "21d"]))
    even = None
    if prediction is not None and decision.p is not None:
        cost = cost_of(market, POLICY)
        even = {
            side: side_view(side, prediction, EVIDENCE, market, cost).p_break_even  # type: ignore[arg-type]
            for side in ("long", "short")
        }
    finding = Finding(
        share=share,
        horizon=horizon,
        market=market,
        prediction=prediction,
        decision=replace(decision, **changes),
        break_even=even,
        drivers=_drivers(rng) if decision.side else (),
        rule=POLICY.regimes[market.regime],
        left_out=_left_out(rng, decision),
        regime_trades=_regime_trades(rng, market.regime),
    )
    payload = payload_of(finding=finding, occasion=_occasion(rng, share))
    return Stored(
        secid=share.instrument.secid,
        bar_begin=share.decided_at - timedelta(hours=1),
        days=int(horizon.removesuffix("d")),
        payload=json.loads(json.dumps(payload)),
    )


def _market(rng: np.random.Generator) -> MarketState:
    close = round(float(np.exp(rng.uniform(0, 9))), 2)
    return MarketState(
        close_rub=close, price_step_rub=0.01, lot_size=10, atr_rub=close * 0.01, half_spread_frac=float("nan"),
        median_turnover_rub=1e3 if rng.random() > 0.97 else 1e8, bars_known=100 if rng.random() > 0.97 else 3000,
        data_age_s=2e6 if rng.random() > 0.97 else 0.0, regime=str(rng.choice(REGIMES)),
        shortable=bool(rng.random() < 0.7), halted=bool(rng.random() > 0.98),
        novelty=11.0 if rng.random() > 0.97 else 3.0, take_profit_frac=0.04, stop_loss_frac=0.02,
        days_to_ex_dividend=int(rng.integers(1, 12)) if rng.random() < 0.2 else None,
    )  # fmt: skip


def _prediction(rng: np.random.Generator) -> Prediction:
    p_long, p_short = rng.uniform(0.2, 0.75, 2) * (0.4 if rng.random() < 0.2 else 1)
    seated = STRATEGIES[: int(rng.integers(0, 5))]
    votes = tuple(
        Vote(
            voter=voter, present=voter == "global" or bool(rng.random() < 0.6), p_long=float(rng.uniform(0.1, 0.8)),
            p_short=float(rng.uniform(0.1, 0.8)), long_effect=float(rng.normal()), short_effect=float(rng.normal()),
        )
        for voter in ("global", *seated)
    )  # fmt: skip
    level = Levelled(
        outcomes=900,
        since=datetime(2023, 5, 2, tzinfo=UTC),
        p_long_before=float(p_long * 0.9),
        p_short_before=float(p_short * 0.9),
    )
    return Prediction(
        p_long=float(p_long), p_short=float(p_short),
        return_quantiles=tuple(np.sort(rng.normal(0, 0.03, 7)).tolist()), volatility=float(rng.uniform(0.01, 0.05)),
        direction=tuple(rng.dirichlet(np.ones(5)).tolist()), votes=votes if seated else (),
        level=level if rng.random() < 0.3 else None,
    )  # fmt: skip


def _decision(rng: np.random.Generator, prediction: Prediction | None, market: MarketState) -> Decision:
    if prediction is None:
        reason = "model_missing" if rng.random() < 0.5 else "model_degraded"
        made = decide_without_model(market, POLICY, reason=reason)  # type: ignore[arg-type]
        return made
    blind = replace(EVIDENCE, long_informed=False, short_informed=False)
    made = decide(prediction, blind if rng.random() < 0.05 else EVIDENCE, market, POLICY)
    style = str(rng.choice(STYLES[1:])) if rng.random() < 0.7 else None  # type: ignore[arg-type]
    styled = replace(made, style=style if made.action in ("BUY", "SELL") else None)
    if made.action in ("BUY", "SELL") and rng.random() < 0.25:
        own = {
            "label_take_profit_rub": round(market.close_rub * 1.05, 2),
            "label_stop_loss_rub": round(market.close_rub * 0.97, 2),
        }
        styled = replace(styled, **own)  # type: ignore[arg-type]
    if made.action in ("BUY", "SELL") and rng.random() < 0.4:
        reasons = (str(rng.choice(REASONS)),)
        nothing = dict.fromkeys(
            (
                "entry_low_rub",
                "entry_high_rub",
                "take_profit_rub",
                "stop_loss_rub",
                "risk_reward",
                "confidence",
                "strength",
                "style",
            )
        )
        styled = replace(styled, action="NO_TRADE", reasons=reasons, **nothing)  # type: ignore[arg-type]
    return styled


def _share(rng: np.random.Generator, market: MarketState, *, stale: bool) -> ShareInput:
    secid = f"T{int(rng.integers(1000)):03}"
    whole = synthetic_bars(secid, days=40, seed=int(rng.integers(50)))
    bars = whole.cut(int(rng.choice([25, 120, len(whole)])))
    scale = market.close_rub / bars.close[-1]
    bars = replace(bars, **{name: getattr(bars, name) * scale for name in ("open", "high", "low", "close")})
    bars = replace(bars, volume_shares=rng.lognormal(8, 0.7, len(bars)))
    at = from_epoch_s(int(bars.known_s[-1])) + (timedelta(days=23) if stale else timedelta(0))
    simulated, sector = bool(rng.random() < 0.15), str(rng.choice(SECTORS))
    instrument = InstrumentFacts(
        id=1, secid=secid, name_ru="Акция", name_en="Share", sector=sector, lot_size=10, price_step_rub=0.01, decimals=2,
        active=True, shortable=market.shortable, is_simulated=simulated, issue_size_shares=None,
    )  # fmt: skip
    return ShareInput(
        instrument=instrument, bars=bars, window=None, stale=stale, decided_at=at,
        regime=None if rng.random() < 0.1 else _regime(rng, at, market.regime), rank=_rank(rng, at),
        terms=_terms(market), background=_background(rng, at, sector),
    )  # fmt: skip


def _terms(market: MarketState) -> ShareTerms:
    return ShareTerms(
        price_step_rub=market.price_step_rub, lot_size=market.lot_size, shortable=market.shortable, halted=market.halted,
        days_to_ex_dividend=market.days_to_ex_dividend,
    )  # fmt: skip


def _regime(rng: np.random.Generator, at: datetime, name: str, sector: str = "") -> RegimeFacts:
    share = 0.9999 if rng.random() < 0.2 else float(rng.uniform(0.3, 0.9))
    known = [
        ("return_5d_pct", float(rng.normal(0, 4))),
        ("return_20d_pct", float(rng.normal(0, 8))),
        ("breadth_frac", float(rng.random())),
    ]
    return RegimeFacts(
        name=name,
        probabilities={own: share if own == name else (1 - share) / 5 for own in REGIMES},
        since=at - timedelta(days=int(rng.integers(1, 90))),
        as_of=at,
        reasons=tuple(one for one in known if rng.random() < 0.9),
        sector=sector,
    )


def _background(rng: np.random.Generator, at: datetime, sector: str) -> Background:
    figures = {
        "roe": rng.normal(10, 20), "net_margin": rng.normal(8, 15), "net_debt": rng.normal(1e9, 1e9),
        "net_debt_ebitda": rng.normal(1, 12), "earnings_yoy": rng.normal(10, 200),
    }  # fmt: skip
    news = tuple(
        NewsWord(
            scope=str(rng.choice(["instrument", "sector", "market"])), event_type=str(rng.choice(EVENT_TYPES)),
            direction=int(rng.integers(-1, 2)), score=float(rng.uniform(1, 100)), title="Совет директоров",
            published_at=at - timedelta(hours=2), known_at=at - timedelta(hours=1),
        )
        for _ in range(int(rng.integers(0, 4)))
    )  # fmt: skip
    return Background(
        sector_regime=_regime(rng, at, str(rng.choice(REGIMES)), sector) if rng.random() < 0.7 else None,
        company={name: float(value) for name, value in figures.items() if rng.random() < 0.8},
        news=news,
    )


def _rank(rng: np.random.Generator, at: datetime) -> RankFacts | None:
    if rng.random() < 0.5:
        return None
    return RankFacts(
        feature="r@1", place=0.5, position=int(rng.integers(1, 130)), shares=130, horizon="5d", known_at=at,
        learned_until=at - timedelta(days=200), rank_ic=float(rng.normal(0.09, 0.02)),
    )  # fmt: skip


def _drivers(rng: np.random.Generator) -> tuple[Driver, ...]:
    families = Family.__args__  # type: ignore[attr-defined]
    return tuple(
        Driver(family=family, feature="x", value=1.0, effect=float(rng.normal(0, 0.01)))
        for family in rng.choice(families, 5, replace=False).tolist()
    )


def _left_out(rng: np.random.Generator, decision: Decision) -> tuple[LeftOut, ...]:
    lost = [kind for kind in FILTER_KINDS if f"{kind}_lost" in decision.reasons]
    return tuple(
        LeftOut(kind=kind, cell=str(rng.choice(CELLS[kind])), net_bp=-20.4, low_bp=-31.2, high_bp=-5.1, trades=321)
        for kind in lost
    )  # fmt: skip


def _regime_trades(rng: np.random.Generator, regime: str) -> RegimeTrades | None:
    if rng.random() < 0.7:
        return None
    return RegimeTrades(
        regime=regime, net_bp=7.3, low_bp=-4.6, high_bp=19.1, trades=int(rng.integers(1, 900))
    )


def _occasion(rng: np.random.Generator, share: ShareInput) -> Occasion:
    late = rng.random() < 0.1
    version = ModelVersionFacts(
        id=1, version="global-x", kind="global", recipe="test", feature_set_key="x@1", label_set="swing_v1", timeframe="1h",
        horizons=("5d",), lookback_bars=8, trained_until=share.decided_at + timedelta(days=9 if late else -90),
        grade=str(rng.choice(["trade", "inform"])), state="champion", is_simulated=False, artifact_key="", manifest_sha256="",
        metrics={},
    )  # fmt: skip
    return Occasion(
        version=version, label_set=LABELS, timeframe=Timeframe.H1, horizons=("5d",), policy=POLICY,
        market_at=share.decided_at, history_bars=2500,
    )  # fmt: skip
