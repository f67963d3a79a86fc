"""What the ledger takes; reads YAML alone."""

from __future__ import annotations

from portfolio.ledger_contracts import LedgerConfig
from traderai.common.config import load_config


def ledger_config_get() -> LedgerConfig:
    """Return ledger.yaml, fully checked."""
    return load_config("ledger.yaml", LedgerConfig)
