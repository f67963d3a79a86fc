"""The configuration of portfolio analysis; reads YAML alone."""

from __future__ import annotations

from portfolio.risk_contracts import PortfolioRules
from traderai.common.config import load_config


def portfolio_rules_get() -> PortfolioRules:
    """Return portfolio.yaml, fully checked."""
    return load_config("portfolio.yaml", PortfolioRules)
