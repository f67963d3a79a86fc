"""Which block of the network each feature belongs to, by its family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from modeling.fitting.recipe import Block, Recipe
from modeling.networks.shape import FeatureBlock
from modeling.selectors.feature_families import feature_families
from traderai.common.errors import InputError

BLOCKS: Final[dict[str, Block]] = {
    "returns": "technical",
    "trend": "technical",
    "oscillators": "technical",
    "volatility": "technical",
    "volume": "technical",
    "position": "technical",
    "candles": "technical",
    "higher": "technical",
    "prices": "technical",
    "calendar": "technical",
    "market": "market",
    "sector": "market",
    "cross_section": "market",
    "regime": "market",
    "fundamental": "fundamental",
    "news": "news",
    "flow": "order_flow",
}


def recipe_blocks(recipe: Recipe, features: Sequence[str]) -> tuple[FeatureBlock, ...]:
    """Return the recipe's blocks over a dataset's features; what belongs to no block named there is switched off."""
    if not recipe.network.blocks:
        return ()
    families = feature_families(feature_set=recipe.feature_set)
    block_of = {name: BLOCKS[family] for name, family in families.items()}
    return feature_blocks(
        features, block_of, widths=recipe.network.blocks, slow_blocks=recipe.network.slow_blocks
    )


def feature_blocks(
    features: Sequence[str],
    block_of: Mapping[str, str],
    *,
    widths: Mapping[Block, int],
    slow_blocks: Sequence[str],
) -> tuple[FeatureBlock, ...]:
    """Return a block for each width, its columns in the features' order; one without a feature is an InputError."""
    blocks = []
    for name, width in widths.items():
        columns = tuple(place for place, feature in enumerate(features) if block_of[feature] == name)
        if not columns:
            raise InputError(
                f"block {name} must have features, the set has none of it; it has "
                f"{', '.join(dict.fromkeys(block_of.values()))}: leave {name} out or take another feature set",
                code="empty_block",
                field="network.blocks",
            )
        blocks.append(FeatureBlock(name=name, columns=columns, width=width, slow=name in slow_blocks))
    return tuple(blocks)
