"""From the newest stored features to decisions: one padded batch per horizon for all shares together.

ONNX Runtime, Numba and TA-Lib live behind this module: only workers and commands import it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from market.contracts import Timeframe
from modeling.contracts import (
    Decision,
    MarketState,
    ModelVersionFacts,
    Prediction,
    RegimeRule,
    Scores,
    ServingArtifact,
)
from modeling.contracts.conformal import HorizonRanges, RangesLearned
from modeling.contracts.filters import LeftOut
from modeling.contracts.thresholds import RegimeTrades
from modeling.kernels.filters import left_out_cells
from modeling.kernels.known_regimes import REGIME_WHEN_UNKNOWN
from modeling.kernels.policy import decide, decide_without_model
from modeling.kernels.policy_reasons import data_reasons
from modeling.kernels.policy_sides import cost_of, side_view
from modeling.kernels.thresholds import raised
from modeling.selectors.artifacts import adapters_load, adapters_serving, artifact_load, scorer_open
from modeling.selectors.calibration import artifact_calibrated
from modeling.selectors.drivers import family_columns, predictions_without
from signals.kernels.situation import Driver
from signals.kernels.state import Moment, market_state
from signals.kernels.unusual import most_unusual
from signals.kernels.votes import suggested_levels
from signals.share_inputs import Occasion, ShareInput
from signals.taught import Taught
from traderai.common.arrays import F32, I64
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.errors import InvariantError


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


class Scorers:
    """Opens versions as they speak at a moment, and keeps the last one open while it speaks the same.

    `of_history`: the adapters of that moment speak, by the audit, and only if they had learned nothing from its bar on;
    else those of today.
    """

    def __init__(self, *, of_history: bool = False) -> None:
        self._of_history = of_history
        self._artifact: ServingArtifact | None = None
        self._opened: tuple[object, Scores] | None = None

    def at(self, occasion: Occasion, version: ModelVersionFacts) -> Scores:
        """Return the version by its newest calibration, with the adapters taught upon it if they serve."""
        if self._artifact is None or self._artifact.version != version:
            self._artifact, self._opened = artifact_load(version=version), None
        artifact = artifact_calibrated(artifact=self._artifact, as_of=occasion.market_at)
        adapters = self._adapters(occasion)
        newer = artifact.recalibrated
        key = (None if newer is None else newer.as_of, adapters)
        if self._opened is None or self._opened[0] != key:
            opened = None if adapters is None else adapters_load(serving=adapters, artifact=artifact)
            self._opened = key, scorer_open(artifact=artifact, adapters=opened)
        return self._opened[1]

    def _adapters(self, occasion: Occasion) -> ModelVersionFacts | None:
        if not self._of_history:
            return adapters_serving()
        begin = occasion.market_at - occasion.timeframe.duration
        return adapters_serving(as_of=occasion.market_at, trained_before=begin)


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
    scorer = scorer or Scorers().at(occasion, occasion.version)
    readable = [share for share in shares if share.window is not None]
    scorer = scorer.ranked(_places(readable))
    windows = _stacked(readable, scorer)
    secids = [share.instrument.secid for share in readable]
    novelty = scorer.novelty(last_bars=windows[:, -1, :]) if readable else np.zeros(0)
    states = [
        _state(share, float(distance), occasion) for share, distance in zip(readable, novelty, strict=True)
    ]
    unread = [(share, _state(share, float("nan"), occasion)) for share in shares if share.window is None]
    findings: list[Finding] = []
    taught = Taught.of(scorer.artifact, [share.bars for share in readable], as_of=occasion.market_at)
    for horizon in occasion.horizons:
        predictions = scorer.predict(windows=windows, secids=secids, horizon=horizon) if readable else ()
        predictions = taught.said(predictions, horizon)
        own = taught.ranges.get(horizon)
        found = [
            _finding(share, horizon, prediction, market, occasion=occasion, scorer=scorer)
            for share, prediction, market in zip(readable, predictions, states, strict=True)
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
            _finding(share, horizon, None, market, occasion=occasion, scorer=scorer)
            for share, market in unread
        ]
    return tuple(findings)


def _places(shares: Sequence[ShareInput]) -> dict[str, dict[str, float]]:
    """Return the places of the shares by the feature that a council knows them by, and by ticker."""
    found: dict[str, dict[str, float]] = {}
    for share in shares:
        if share.rank is not None:
            found.setdefault(share.rank.feature, {})[share.instrument.secid] = share.rank.place
    return found


def _stacked(readable: Sequence[ShareInput], scorer: Scores) -> F32:
    version, names = scorer.artifact.version, scorer.artifact.feature_names
    if not readable:
        return np.zeros((0, version.lookback_bars, len(names)), dtype=np.float32)
    return np.stack([share.window for share in readable if share.window is not None]).astype(np.float32)


def _state(share: ShareInput, novelty: float, occasion: Occasion) -> MarketState:
    regime = share.regime.name if share.regime else REGIME_WHEN_UNKNOWN
    moment = Moment(decision_s=to_epoch_s(share.decided_at), regime=regime, novelty=novelty)
    return market_state(share.bars, terms=share.terms, label_set=occasion.label_set, moment=moment)


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
    market: MarketState,
    *,
    occasion: Occasion,
    scorer: Scores,
) -> Finding:
    learned = scorer.artifact.thresholds
    policy = raised(occasion.policy, learned)
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
        others = taught.said(others, horizon, rows=rows)  # drivers are of what is shown
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
