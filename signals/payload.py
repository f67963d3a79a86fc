"""The JSON that is stored with a signal: inputs, outputs and the facts of the explanation, with nothing left out."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, cast

import numpy as np

from modeling.contracts import QUANTILE_LEVELS, MarketState, ModelVersionFacts
from signals.inference import Finding
from signals.kernels.facts import explanation_facts
from signals.kernels.levels import PriceLevel, price_levels
from signals.kernels.picture import candle_pattern, chart_picture
from signals.kernels.scenarios import price_cone, price_scenarios
from signals.kernels.situation import CandlePattern, Situation
from signals.kernels.state import as_traded
from signals.share_inputs import Occasion, ShareInput
from traderai.common.clock import from_epoch_s
from traderai.common.config import fingerprint

_MEDIAN = QUANTILE_LEVELS.index(0.5)
_PLAIN = frozenset({str, int, bool, type(None)})


def payload_of(*, finding: Finding, occasion: Occasion) -> dict[str, Any]:
    """Return the whole record of a decision as plain JSON; what was not measured (NaN) is null."""
    share, decision = finding.share, finding.decision
    last_bar_at = from_epoch_s(int(share.bars.known_s[-1])).isoformat()
    learned_until = _learned_until(finding, occasion.version)
    in_sample = any(moment > share.decided_at for moment in learned_until)
    situation = _situation(finding, occasion, last_bar_at=last_bar_at, in_sample=in_sample)
    payload = {
        "decision": decision,
        "prediction": finding.prediction,
        "ranges": finding.ranges,
        "calibrated_at": finding.calibrated_at,
        "break_even": finding.break_even,
        "suggested_levels": finding.suggested,
        "market": finding.market,
        "regime": share.regime,
        "rank": share.rank,
        "sector_regime": share.background.sector_regime,
        "company": share.background.company,
        "news": share.background.news,
        **_outlook(finding),
        "picture": situation.picture,
        "pattern": situation.pattern,
        "levels": situation.levels,
        "drivers": finding.drivers,
        "explanation": explanation_facts(situation),
        "warnings": [*decision.reasons, *(["in_sample"] if in_sample else [])],
        "last_bar_at": last_bar_at,
        "decimals": share.instrument.decimals,
        **_asked_by(finding, occasion),
    }
    plain: dict[str, Any] = as_json(payload)
    return plain


def _situation(finding: Finding, occasion: Occasion, *, last_bar_at: str, in_sample: bool) -> Situation:
    share, prediction = finding.share, finding.prediction
    return Situation(
        decision=finding.decision,
        days=horizon_days(finding.horizon),
        last_bar_at=last_bar_at,
        picture=_picture(share),
        levels=_levels(share, finding.market),
        drivers=finding.drivers,
        regime=share.regime,
        rank=share.rank,
        rule=finding.rule,
        proven=is_proven(occasion),
        in_sample=in_sample,
        simulated=share.instrument.is_simulated,
        left_out=finding.left_out,
        regime_trades=finding.regime_trades,
        trained_p=_trained_p(finding),
        median_return_frac=None if prediction is None else prediction.return_quantiles[_MEDIAN],
        pattern=_pattern(share),
        background=share.background,
        votes=() if prediction is None else prediction.votes,
        break_even=finding.break_even,
        days_to_ex_dividend=finding.market.days_to_ex_dividend,
    )


def _asked_by(finding: Finding, occasion: Occasion) -> dict[str, Any]:
    """Return by what a decision was asked for and allowed."""
    version = occasion.version
    return {
        "rule": finding.rule,
        "left_out": finding.left_out,
        "regime_trades": finding.regime_trades,
        "grade": version.grade if version else None,
        **_fingerprints(occasion),
    }


@lru_cache(maxsize=1)
def _fingerprints(occasion: Occasion) -> dict[str, Any]:
    return {
        "label_set": {"name": occasion.label_set.name, "sha256": fingerprint(occasion.label_set)},
        "policy_sha256": fingerprint(occasion.policy),
    }


def _learned_until(finding: Finding, version: ModelVersionFacts | None) -> list[datetime]:
    """Return until when those had learned who made the prediction: the version, its calibration, the share's adapter."""
    adapter = None if finding.prediction is None else finding.prediction.adapter
    learned = [own.trained_until for own in (version, adapter) if own is not None]
    return learned if finding.calibrated_at is None else [*learned, finding.calibrated_at]


def _trained_p(finding: Finding) -> float | None:
    """Return the better side's probability before outcomes moved its level; None where none did."""
    level = None if finding.prediction is None else finding.prediction.level
    if level is None or finding.decision.side is None:
        return None
    return level.p_long_before if finding.decision.side == "long" else level.p_short_before


def is_proven(occasion: Occasion) -> bool:
    """Return whether the model in service has an edge that was proven after costs."""
    return occasion.version is not None and occasion.version.grade == "trade"


def horizon_days(horizon: str) -> int:
    """Return the trading days of a horizon such as "5d"."""
    return int(horizon.removesuffix("d"))


def as_json(value: Any) -> Any:
    """Return dataclasses, tuples, NumPy numbers and times as plain JSON values; NaN and infinity become null."""
    # The most frequent first, and what is plain is not asked about again: a market's scoring has a quarter of a million.
    kind: Any = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {str(key): item if type(item) in _PLAIN else as_json(item) for key, item in value.items()}
    if kind is tuple or kind is list:
        return [item if type(item) in _PLAIN else as_json(item) for item in value]
    if names := _field_names(cast("Hashable", kind)):
        return {
            name: item if type(item := getattr(value, name)) in _PLAIN else as_json(item) for name in names
        }
    if isinstance(value, np.generic):
        return as_json(value.item())
    return value.isoformat() if hasattr(value, "isoformat") else value


@cache
def _field_names(kind: Hashable) -> tuple[str, ...]:
    """Return the fields of a dataclass in their order, of another class none."""
    return tuple(getattr(kind, "__dataclass_fields__", ()))


def _outlook(finding: Finding) -> dict[str, Any]:
    """Return scenarios and cone; none where the data forbid a judgement, because then nothing may be shown."""
    if finding.prediction is None or finding.decision.p is None:
        return {"scenarios": (), "cone": ()}
    levels = np.asarray(QUANTILE_LEVELS)
    quantiles = np.asarray(finding.prediction.return_quantiles)
    close, step = finding.market.close_rub, finding.market.price_step_rub
    return {
        "scenarios": price_scenarios(
            close_rub=close, levels=levels, quantiles=quantiles, price_step_rub=step
        ),
        "cone": price_cone(
            close_rub=close,
            levels=levels,
            quantiles=quantiles,
            days=horizon_days(finding.horizon),
            price_step_rub=step,
        ),
    }


# The horizons of a share are stored one after the other and have bars and market in common.
@lru_cache(maxsize=1)
def _picture(share: ShareInput) -> dict[str, Any]:
    return dataclasses.asdict(chart_picture(close=share.bars.close, volume=share.bars.volume_shares))


@lru_cache(maxsize=1)
def _pattern(share: ShareInput) -> CandlePattern | None:
    bars = share.bars
    return candle_pattern(open_=bars.open, high=bars.high, low=bars.low, close=bars.close)


@lru_cache(maxsize=1)
def _levels(share: ShareInput, market: MarketState) -> tuple[PriceLevel, ...]:
    bars = share.bars
    if not math.isfinite(market.atr_rub) or market.atr_rub <= 0:
        return ()
    factor = float(bars.split_factor[-1])
    found = price_levels(
        high=bars.high / factor,
        low=bars.low / factor,
        close_rub=market.close_rub,
        tolerance_rub=max(market.atr_rub, market.price_step_rub),
    )
    decimals = share.instrument.decimals
    return tuple(
        dataclasses.replace(level, price_rub=round(as_traded(level.price_rub, 1.0), decimals))
        for level in found
    )
