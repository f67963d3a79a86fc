"""How far somebody is from the usual self right now."""

from __future__ import annotations

import math
import statistics
from datetime import timedelta

from behavior.contracts.check import TiltState
from behavior.contracts.thresholds import Thresholds
from behavior.kernels.rhythm_detectors import usual_per_day
from behavior.kernels.severity import risk_unit_rub
from behavior.kernels.size_detectors import usual_size_rub
from behavior.kernels.walk import Walk


def tilt_state(walk: Walk, thresholds: Thresholds) -> TiltState:
    """Return the tilt at the end of a journal: `100 * (w_loss * L + w_frequency * F + w_size * S)`, each part in 0..1.

    L is the larger of losses of the window over `loss_of_risk` planned losses, and losses in a row over `losses_in_a_row`.
    F is `(entries / usual - 1) / (frequency_ratio - 1)`: 0 at one's own mean, 1 at so many times of it. S is the same of
    the median size of the newest entries against the usual size. What has too little history is 0 and says so.

    Units:  rubles; entries of the window of hours.
    Causal: looks at nothing after the journal's end.
    """
    own, journal = thresholds.tilt, walk.journal
    begin = journal.until - timedelta(hours=own.window_h)
    closed = [trip for trip in journal.round_trips if trip.closed_at > begin]
    losses = sum(-trip.pnl_rub for trip in closed if trip.pnl_rub < 0)
    in_a_row = _losses_in_a_row(walk, begin.timestamp())
    unit = risk_unit_rub(journal)
    loss_part = max(
        _within(losses / (own.loss_of_risk * unit)) if unit > 0 else 0.0,
        _within(in_a_row / own.losses_in_a_row),
    )
    recent = [decision for decision in walk.decisions if decision.at > begin]
    usual = usual_per_day(walk, begin.astimezone(journal.zone).date(), thresholds.rhythm)
    frequency = 0.0 if math.isnan(usual) else (len(recent) / usual - 1) / (own.frequency_ratio - 1)
    ratio = _size_ratio(walk, thresholds)
    size = 0.0 if ratio is None or not recent else (ratio - 1) / (own.size_ratio - 1)
    parts = loss_part, _within(frequency), _within(size)
    weights = own.loss_weight, own.frequency_weight, own.size_weight
    return TiltState(
        score=round(100 * sum(weight * part for weight, part in zip(weights, parts, strict=True))),
        loss_part=parts[0],
        frequency_part=parts[1],
        size_part=parts[2],
        losses_rub=losses,
        losses_in_a_row=in_a_row,
        entries=len(recent),
        usual_entries=None if math.isnan(usual) else usual,
        size_ratio=ratio,
    )


def _losses_in_a_row(walk: Walk, begin_s: float) -> int:
    """Return how many of the newest closes of the window lost, each closing trade counted once."""
    by_close: dict[int, float] = {}
    for trip in walk.journal.round_trips:
        if trip.closed_at.timestamp() > begin_s:
            by_close[trip.closing_trade_id] = by_close.get(trip.closing_trade_id, 0.0) + trip.pnl_rub
    count = 0
    for pnl in reversed(by_close.values()):
        if pnl >= 0:
            break
        count += 1
    return count


def _size_ratio(walk: Walk, thresholds: Thresholds) -> float | None:
    last = thresholds.tilt.last_sizes
    usual = usual_size_rub(walk.decisions[:-last], thresholds.sizes)
    if math.isnan(usual):
        return None
    return statistics.median(decision.value_rub for decision in walk.decisions[-last:]) / usual


def _within(part: float) -> float:
    return min(max(part, 0.0), 1.0)
