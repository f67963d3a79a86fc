"""What rank reports call their models, and the colours that they are drawn in."""

from __future__ import annotations

from typing import Final

from traderai.common.svg import AMBER, BLUE, GREEN, GREY, RED, VIOLET

NAMES: Final = {
    "lightgbm": "LightGBM",
    "ridge": "ridge regression",
    "momentum_12_1": "12-1 momentum",
    "reversal_1m": "1-month reversal",
    "no_skill": "no skill (drawn by lot)",
    "imoex": "IMOEX held",
    "mcftrr": "IMOEX with dividends held",
}
COLOURS: Final = {
    "lightgbm": BLUE,
    "ridge": VIOLET,
    "momentum_12_1": GREEN,
    "reversal_1m": AMBER,
    "no_skill": GREY,
    "imoex": RED,
    "mcftrr": RED,
}


def named(name: str) -> str:
    """Return a model's or an index's name in plain words."""
    return NAMES.get(name, name)
