"""What reports call their models, rules and indices."""

from __future__ import annotations

from typing import Final

NAMES: Final = {
    "lightgbm": "LightGBM",
    "logistic": "logistic regression",
    "network": "network",
    "global": "network alone",
    "trend": "strategy trend",
    "mean_reversion": "strategy mean reversion",
    "news": "strategy news",
    "volatility": "strategy volatility",
    "average": "average of votes",
    "meta": "meta-aggregator",
    "meta_rank": "meta with daily rank",
    "council": "council",
    "shared": "without adapters",
    "adapters": "with adapters",
    "ridge": "ridge regression",
    "chosen": "chosen on validation",
    "momentum_12_1": "12-1 momentum",
    "reversal_1m": "1-month reversal",
    "no_skill": "no skill (drawn by lot)",
    "base_rate": "base rate",
    "always_long": "always long",
    "ema_cross": "EMA cross",
    "breakout": "breakout",
    "rsi_reversal": "RSI reversal",
    "imoex": "IMOEX held",
    "mcftrr": "IMOEX with dividends held",
}


def named(name: str) -> str:
    """Return a model's, a rule's or an index's name in plain words."""
    return NAMES.get(name, name)
