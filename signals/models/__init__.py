"""What `signals` stores, a file for each subject: what was said, what was told, what came of it, what staff say of it."""

from __future__ import annotations

from signals.models.emission import Emission
from signals.models.outcome import Outcome
from signals.models.record_base import RecordBase
from signals.models.review import Review
from signals.models.signal import Signal

__all__ = ["Emission", "Outcome", "RecordBase", "Review", "Signal"]
