from __future__ import annotations

import pytest

from modeling.contracts.heads import HEADS
from modeling.networks.shape import FeatureBlock
from tests.modeling.networks.shapes import FUNDAMENTAL, TECHNICAL, small_shape


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"lookback_bars": 7}, "lookback_bars must be at least 8, was 7"),
        ({"channels": 9}, "attention_heads divide channels, were 9, 2 and 2"),
        ({"depth": 0}, "depth and attention_heads must be at least 1"),
        ({"attention_heads": 0}, "must be at least 1"),
        ({"return_unit_frac": 0.0}, "must be above 0"),
        ({"volatility_mean": float("nan")}, "must be above 0"),
        ({"volatility_column": 6}, "volatility_column must be below 6, was 6"),
        ({"heads": ()}, "heads must be some of p_long_logit.*were none"),
        ({"heads": (*HEADS, "p_up")}, "were .*p_up"),
        ({"heads": (*HEADS, "rank_score")}, "each once"),
        ({"blocks": (TECHNICAL, TECHNICAL)}, "blocks must share no column"),
        ({"blocks": (FeatureBlock(name="far", columns=(6,), width=1),)}, "keep below 6, had \\[6\\]"),
        ({"blocks": (FUNDAMENTAL,)}, "at least one block must be read bar by bar"),
        ({"blocks": (TECHNICAL, FeatureBlock(name="technical", columns=(5,), width=1))}, "a name of its own"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        small_shape("tcn", **changes)


@pytest.mark.parametrize(("columns", "width"), [((), 2), ((1, 1), 2), ((1,), 0)])
def test_a_block_that_cannot_be_is_refused(columns, width):
    with pytest.raises(ValueError, match=r"of block b|block b must"):
        FeatureBlock(name="b", columns=columns, width=width)
