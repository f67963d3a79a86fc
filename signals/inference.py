"""From the newest stored features to decisions: one padded batch per horizon for all shares together.

ONNX Runtime, Numba and TA-Lib live behind this module: only workers and commands import it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from features.contracts import RegimeFacts
from features.selectors.catalogue import feature_set_get, feature_specs
from features.selectors.matrix import feature_matrix_load
from features.selectors.regime import regime_at
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.bars import bars_load
from modeling.contracts import (
    BarrierLabelSet,
    Decision,
    MarketState,
    ModelVersionFacts,
    PolicyConfig,
    Prediction,
    RegimeRule,
    Scores,
)
from modeling.contracts.conformal import HorizonRanges, RangesLearned
from modeling.contracts.filters import LeftOut
from modeling.contracts.ranks import RankFacts
from modeling.contracts.thresholds import RegimeTrades
from modeling.kernels.filters import left_out_cells
from modeling.kernels.known_regimes import DECIDING_REGIME_S, REGIME_WHEN_UNKNOWN
from modeling.kernels.policy import (
    NoModel,
    cost_of,
    data_reasons,
    decide,
    decide_without_model,
    side_view,
)
from modeling.kernels.thresholds import raised
from modeling.kernels.windows import complete_rows
from modeling.selectors.artifacts import adapters_load, artifact_load, scorer_open
from modeling.selectors.calibration import artifact_calibrated
from modeling.selectors.daily_ranks import rank_known
from modeling.selectors.drivers import family_columns, predictions_without
from signals.kernels.background import Background
from signals.kernels.situation import Driver
from signals.kernels.state import Moment, market_state
from signals.kernels.unusual import most_unusual
from signals.kernels.votes import suggested_levels
from signals.selectors.background import backgrounds_load
from signals.taught import Taught
from traderai.common.arrays import F32, I64
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.errors import InvariantError, NotReadyError

# Shares trade about a quarter of the hours of a week: this many times the bars' length covers them.
CALENDAR_STRETCH = 4
_REGIME_MAX_AGE = timedelta(seconds=DECIDING_REGIME_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What all shares of one scoring have in common."""

    version: ModelVersionFacts | None
    label_set: BarrierLabelSet
    timeframe: Timeframe
    horizons: tuple[str, ...]
    policy: PolicyConfig
    market_at: datetime  # end of the newest bar of the market
    history_bars: int
    without: NoModel = "model_missing"  # why no version answers, where none does


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShareInput:
    """One share's bars and, where a model can read them, its window of features."""

    instrument: InstrumentFacts
    bars: Bars
    window: F32 | None  # (lookback, k); None without a model or where a dense feature is missing
    stale: bool
    decided_at: datetime
    regime: RegimeFacts | None
    rank: RankFacts | None  # by the daily ranker; simulated shares have none
    background: Background = field(default_factory=Background)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """The decision on one share and horizon with everything it was made of."""

    share: ShareInput
    horizon: str
    market: MarketState
    prediction: Prediction | None
    decision: Decision
    break_even: dict[str, float] | None  # by side; None where no figures were given
    drivers: tuple[Driver, ...]
    rule: RegimeRule  # what its regime asks of a trade, as the version has learned it
    left_out: tuple[LeftOut, ...] = ()  # the cells for whose sake nothing is traded
    suggested: tuple[dict[str, float] | None, ...] = ()  # by vote: levels, where the version has its own
    regime_trades: RegimeTrades | None = None  # what the version's trades have made in this regime
    ranges: RangesLearned | None = None  # what the prediction's quantiles have learned from since training
    calibrated_at: datetime | None = None  # of the calibration that took the place of training's, if one did


def share_input_load(*, instrument: InstrumentFacts, occasion: Occasion) -> ShareInput:
    """Return what one share's decisions need, as of the newest bar of the market.

    Raises: NotReadyError where the share has no bars, or no features for the model in service.
    """
    timeframe, market_at = occasion.timeframe, occasion.market_at
    since = market_at - CALENDAR_STRETCH * occasion.history_bars * timeframe.duration
    bars = bars_load(secid=instrument.secid, timeframe=timeframe, as_of=market_at, since=since)
    window = None
    if occasion.version is not None and len(bars):
        bars, window = _featured(bars, occasion.version, timeframe)
    if len(bars) == 0:
        raise NotReadyError(
            f"{instrument.secid} has no {timeframe.value} bars before {market_at.isoformat()}"
        )
    known_at = from_epoch_s(int(bars.known_s[-1]))
    stale = (market_at - known_at).total_seconds() > occasion.policy.max_data_age_s
    decided_at = market_at if stale else known_at
    return ShareInput(
        instrument=instrument,
        bars=bars,
        window=window,
        stale=stale,
        decided_at=decided_at,
        regime=_regime(decided_at, simulated=instrument.is_simulated),
        rank=None if instrument.is_simulated else rank_known(secid=instrument.secid, as_of=decided_at),
        background=backgrounds_load(instruments=[instrument], as_of=decided_at)[instrument.secid],
    )


def decisions_find(
    *, shares: Sequence[ShareInput], occasion: Occasion, scorer: Scores | None = None
) -> tuple[Finding, ...]:
    """Return the decisions on all shares and horizons; nothing is stored.

    The occasion's version is loaded as it speaks at that moment: by its newest calibration, with the adapters taught upon
    it if they serve; unless it comes with its scorer.
    """
    if occasion.version is None:
        return tuple(
            _finding_without_model(share, horizon, occasion)
            for share in shares
            for horizon in occasion.horizons
        )
    scorer = scorer or _scorer(occasion.version, as_of=occasion.market_at)
    readable = [share for share in shares if share.window is not None]
    scorer = scorer.ranked(_places(readable))
    windows = _stacked(readable, scorer)
    secids = [share.instrument.secid for share in readable]
    novelty = scorer.novelty(last_bars=windows[:, -1, :]) if readable else np.zeros(0)
    findings: list[Finding] = []
    taught = Taught.of(scorer.artifact, [share.bars for share in readable], as_of=occasion.market_at)
    for horizon in occasion.horizons:
        predictions = scorer.predict(windows=windows, secids=secids, horizon=horizon) if readable else ()
        predictions = taught.said(predictions, taught.recent, horizon)
        own = taught.ranges.get(horizon)
        found = [
            _finding(share, horizon, prediction, float(distance), occasion=occasion, scorer=scorer)
            for share, prediction, distance in zip(readable, predictions, novelty, strict=True)
        ]
        newer = scorer.artifact.recalibrated
        found = [
            dataclasses.replace(
                finding, ranges=_learned(own), calibrated_at=None if newer is None else newer.as_of
            )
            for finding in found
        ]
        findings += _with_drivers(found, windows, horizon, scorer, taught)
        findings += [
            _finding(share, horizon, None, float("nan"), occasion=occasion, scorer=scorer)
            for share in shares
            if share.window is None
        ]
    return tuple(findings)


def _places(shares: Sequence[ShareInput]) -> dict[str, dict[str, float]]:
    """Return the places of the shares by the feature that a council knows them by, and by ticker."""
    found: dict[str, dict[str, float]] = {}
    for share in shares:
        if share.rank is not None:
            found.setdefault(share.rank.feature, {})[share.instrument.secid] = share.rank.place
    return found


def _scorer(version: ModelVersionFacts, *, as_of: datetime) -> Scores:
    artifact = artifact_calibrated(artifact=artifact_load(version=version), as_of=as_of)
    return scorer_open(artifact=artifact, adapters=adapters_load(artifact=artifact))


def feature_set_name(*, version: ModelVersionFacts) -> str:
    """Return the name of a version's feature set; a set that has changed since its training is an InvariantError."""
    name = version.feature_set_key.split("@")[0]
    key = feature_set_get(name=name).key
    if key != version.feature_set_key:
        raise InvariantError(
            f"model {version.version} needs features {version.feature_set_key}, configured are {key}; "
            "restore feature_sets.yaml or train again"
        )
    return name


def has_features(*, secid: str, version: ModelVersionFacts, timeframe: Timeframe, begin: datetime) -> bool:
    """Return whether the features of the bar that begins at `begin` are stored for this version."""
    try:
        matrix = feature_matrix_load(
            feature_set=feature_set_name(version=version),
            secid=secid,
            timeframe=timeframe,
            as_of=begin + timeframe.duration,
            since=begin,
        )
    except NotReadyError:
        return False
    return matrix.begin_s.size > 0


def _featured(bars: Bars, version: ModelVersionFacts, timeframe: Timeframe) -> tuple[Bars, F32 | None]:
    """Return the bars up to the newest one with features, and its window, None where a dense value is missing."""
    lookback = version.lookback_bars
    matrix = feature_matrix_load(
        feature_set=feature_set_name(version=version),
        secid=bars.secid,
        timeframe=timeframe,
        as_of=from_epoch_s(int(bars.known_s[-1])),
        since=from_epoch_s(int(bars.begin_s[max(len(bars) - 3 * lookback, 0)])),
    )
    if matrix.begin_s.size == 0:
        raise NotReadyError(f"{bars.secid} has bars without features; build_features makes them")
    bars = bars.cut(int(np.searchsorted(bars.begin_s, matrix.begin_s[-1], side="right")))
    window = matrix.values[-lookback:]
    may_miss = np.array([spec.sparse for spec in feature_specs(name=feature_set_name(version=version))])
    whole = window.shape[0] == lookback and bool(complete_rows(window, may_miss).all())
    return bars, window if whole else None


def _regime(decided_at: datetime, *, simulated: bool) -> RegimeFacts | None:
    regime = regime_at(as_of=decided_at, simulated=simulated)
    return None if regime is None or decided_at - regime.as_of > _REGIME_MAX_AGE else regime


def _stacked(readable: Sequence[ShareInput], scorer: Scores) -> F32:
    version, names = scorer.artifact.version, scorer.artifact.feature_names
    if not readable:
        return np.zeros((0, version.lookback_bars, len(names)), dtype=np.float32)
    return np.stack([share.window for share in readable if share.window is not None]).astype(np.float32)


def _state(share: ShareInput, novelty: float, occasion: Occasion) -> MarketState:
    regime = share.regime.name if share.regime else REGIME_WHEN_UNKNOWN
    moment = Moment(decision_s=to_epoch_s(share.decided_at), regime=regime, novelty=novelty)
    return market_state(share.bars, instrument=share.instrument, label_set=occasion.label_set, moment=moment)


def _learned(own: HorizonRanges | None) -> RangesLearned | None:
    return None if own is None else RangesLearned(outcomes=own.outcomes, since=from_epoch_s(own.since_s))


def _finding_without_model(share: ShareInput, horizon: str, occasion: Occasion) -> Finding:
    market = _state(share, float("nan"), occasion)
    decision = decide_without_model(market, occasion.policy, reason=occasion.without)
    if share.stale:
        decision = dataclasses.replace(decision, reasons=("stale_data", *decision.reasons))
    return Finding(
        share=share, horizon=horizon, market=market, prediction=None, decision=decision, break_even=None, drivers=(),
        rule=occasion.policy.regimes[market.regime],
    )  # fmt: skip


def _finding(
    share: ShareInput,
    horizon: str,
    prediction: Prediction | None,
    novelty: float,
    *,
    occasion: Occasion,
    scorer: Scores,
) -> Finding:
    learned = scorer.artifact.thresholds
    market, policy = _state(share, novelty, occasion), raised(occasion.policy, learned)
    evidence = scorer.artifact.evidence[horizon]
    break_even = None
    suggested: tuple[dict[str, float] | None, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    if prediction is None:
        # The model cannot read this share: say why with the data's own reasons, never with the novelty's.
        familiar = dataclasses.replace(market, novelty=0.0)
        reasons = data_reasons(evidence, familiar, policy, cost_of(market, policy))
        decision = dataclasses.replace(
            decide_without_model(market, policy),
            reasons=tuple(dict.fromkeys([*reasons, "insufficient_history"])),
        )
    else:
        decision = decide(prediction, evidence, market, policy)
        cells = left_out_cells(prediction, evidence, market, policy.filters)
        left_out = tuple(cell for cell in cells if cell.reason in decision.reasons)
        if decision.p is not None:
            cost = decision.cost_frac
            break_even = {
                "long": side_view("long", prediction, evidence, market, cost).p_break_even,
                "short": side_view("short", prediction, evidence, market, cost).p_break_even,
            }
            suggested = suggested_levels(prediction, break_even, market, policy, cost)
    return Finding(
        share=share,
        horizon=horizon,
        market=market,
        prediction=prediction,
        decision=decision,
        break_even=break_even,
        drivers=(),
        rule=policy.regimes[market.regime],
        left_out=left_out,
        suggested=suggested,
        regime_trades=None if learned is None else learned.traded_in(market.regime),
    )


def _with_drivers(
    found: Sequence[Finding], windows: F32, horizon: str, scorer: Scores, taught: Taught
) -> list[Finding]:
    """Return the findings with the families that move the better side's probability, strongest first."""
    rows = [row for row, finding in enumerate(found) if finding.decision.side is not None]
    if not rows:
        return list(found)
    secids = [found[row].share.instrument.secid for row in rows]
    drivers: dict[int, list[Driver]] = {row: [] for row in rows}
    without = predictions_without(scorer=scorer, windows=windows[rows], secids=secids, horizon=horizon)
    columns = family_columns(scorer.artifact)
    for family, others in without.items():
        others = taught.said(others, taught.recent[rows], horizon)  # drivers are of what is shown
        for row, other in zip(rows, others, strict=True):
            drivers[row].append(_driver(found[row], other, family, columns[family], scorer=scorer))
    return [
        dataclasses.replace(
            finding,
            drivers=tuple(sorted(drivers.get(row, []), key=lambda d: (-abs(d.effect), d.family))),
        )
        for row, finding in enumerate(found)
    ]


def _driver(finding: Finding, other: Prediction, family: str, columns: I64, *, scorer: Scores) -> Driver:
    window = finding.share.window
    if window is None or finding.prediction is None:
        raise InvariantError("a driver needs the window that the prediction was made from")
    artifact = scorer.artifact
    column = most_unusual(window[-1], columns, mean=artifact.mean, std=artifact.std)
    value = float(window[-1, column])
    long = finding.decision.side == "long"
    before, after = (p.p_long if long else p.p_short for p in (finding.prediction, other))
    return Driver(
        family=family,
        feature=artifact.feature_names[column],
        value=value if math.isfinite(value) else None,
        effect=before - after,
    )


def valid_until_of(*, decided_at: datetime, timeframe: Timeframe, bars: int) -> datetime:
    """Return the moment after which a decision's entry is gone: so many bars after it."""
    return decided_at + timedelta(minutes=timeframe.minutes * bars)
