"""Told signals made by hand: the rows alone, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from market.contracts import InstrumentFacts
from modeling.contracts import BarrierLabelSet
from signals.models import Emission, Signal
from traderai.common.clock import from_epoch_s
from traderai.common.config import fingerprint

HOUR = timedelta(hours=1)
CONFIDENCE = {"BUY": 67, "SELL": 71, "HOLD": 88}


def payload(label_set: BarrierLabelSet, **decision: Any) -> dict[str, Any]:
    """Return the part of a payload that outcomes and records read."""
    order = {
        "take_profit_rub": 104.0,
        "stop_loss_rub": 98.0,
        "label_take_profit_rub": None,
        "p_break_even": 0.4,
    }
    return {
        "decision": order | decision,
        "market": {"close_rub": 100.0},
        "regime": {"name": "flat"},
        "label_set": {"name": label_set.name, "sha256": fingerprint(label_set)},
    }


def told(
    instrument: InstrumentFacts,
    begins_s: Sequence[int],
    label_set: BarrierLabelSet,
    *,
    horizon: str,
    action: str,
    at: datetime,
    **fields: Any,
) -> list[Signal]:
    """Store a told signal on each of some bars and return them; those of another action name another model."""
    content = fields.pop("payload", None) or payload(label_set)
    values = {
        "timeframe": "1h", "strength": "", "source": "replay", "proven": False, "confidence": CONFIDENCE[action],
        "model_version": f"told-{action}", "trained_until": from_epoch_s(0), "payload": content, "created_at": at,
    } | fields  # fmt: skip
    rows = [
        Signal(
            instrument_id=instrument.id, horizon=horizon, action=action, bar_begin=from_epoch_s(begin),
            as_of=from_epoch_s(begin) + HOUR, valid_until=from_epoch_s(begin) + 3 * HOUR, **values,
        )
        for begin in begins_s
    ]  # fmt: skip
    Signal.objects.bulk_create(rows)
    Emission.objects.bulk_create([Emission(signal=row, emitted_at=at) for row in rows])
    return rows
