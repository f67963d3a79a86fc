"""The heads of a network: what each is called and how many numbers it gives."""

from __future__ import annotations

from typing import Final

from modeling.contracts.decisions import DIRECTIONS, EXCURSIONS, QUANTILE_LEVELS

# Every network has these; a version serves by them.
BASE_HEADS: Final = ("p_long_logit", "p_short_logit", "return_quantiles", "volatility", "direction_logits")
# How far prices go within the whole window, whatever the barriers; order levels are drawn from all four.
EXCURSION_HEADS: Final = tuple(f"{name}_quantiles" for name in EXCURSIONS)
# A recipe may add these.
MORE_HEADS: Final = (
    "p_long_strong_logit",
    "p_short_strong_logit",
    "rank_score",
    *EXCURSION_HEADS,
)
HEADS: Final = BASE_HEADS + MORE_HEADS
SIDES: Final = ("long", "short")
HEAD_WIDTHS: Final = {
    head: len(QUANTILE_LEVELS)
    if head.endswith("quantiles")
    else len(DIRECTIONS)
    if head == "direction_logits"
    else 1
    for head in HEADS
}


def strategy_heads(strategy: str) -> tuple[str, str]:
    """Return the names of a strategy's two heads: the logits of its long and its short."""
    return f"{strategy}_long_logit", f"{strategy}_short_logit"


def head_width(head: str) -> int:
    """Return how many numbers a head gives; a strategy's gives one."""
    return HEAD_WIDTHS.get(head, 1)
