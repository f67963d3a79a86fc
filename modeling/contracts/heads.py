"""The heads of a network: what each is called and how many numbers it gives."""

from __future__ import annotations

from typing import Final

from modeling.contracts.decisions import DIRECTIONS, QUANTILE_LEVELS

# Every network has these; a version serves by them.
BASE_HEADS: Final = ("p_long_logit", "p_short_logit", "return_quantiles", "volatility", "direction_logits")
# A recipe may add these.
MORE_HEADS: Final = (
    "p_long_strong_logit",
    "p_short_strong_logit",
    "rank_score",
    "long_mfe_quantiles",
    "long_mae_quantiles",
    "short_mfe_quantiles",
    "short_mae_quantiles",
)
HEADS: Final = BASE_HEADS + MORE_HEADS
HEAD_WIDTHS: Final = {
    head: len(QUANTILE_LEVELS)
    if head.endswith("quantiles")
    else len(DIRECTIONS)
    if head == "direction_logits"
    else 1
    for head in HEADS
}
