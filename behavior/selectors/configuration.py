"""The thresholds; reads YAML alone, so the web may use it."""

from __future__ import annotations

from behavior.contracts.thresholds import Thresholds
from traderai.common.config import load_config


def thresholds_get() -> Thresholds:
    """Return behavior.yaml, fully checked."""
    return load_config("behavior.yaml", Thresholds)
