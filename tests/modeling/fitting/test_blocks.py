from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from features.selectors.catalogue import feature_set_names, feature_specs
from features.spec import Family
from modeling.fitting.blocks import BLOCKS, feature_blocks, recipe_blocks
from modeling.fitting.recipe import Block, recipe_load
from modeling.kernels.sparse import flag_names
from traderai.common.errors import InputError


def test_every_family_has_its_block():
    assert set(BLOCKS) == set(get_args(Family))
    assert set(BLOCKS.values()) == set(get_args(Block))


def features_of(name: str) -> tuple[str, ...]:
    specs = feature_specs(name=name)
    return (
        *(spec.name for spec in specs),
        *flag_names([spec.reads if spec.sparse else "" for spec in specs]),
    )


@pytest.mark.parametrize("name", feature_set_names())
def test_blocks_take_every_feature_and_flag_of_a_set_once(name: str):
    recipe = recipe_load("global_swing_v1")
    families = {BLOCKS[spec.family] for spec in feature_specs(name=name)}
    network = replace(recipe.network, blocks=dict.fromkeys(sorted(families), 4))
    features = features_of(name)
    blocks = recipe_blocks(replace(recipe, feature_set=name, network=network), features)
    taken = sorted(column for block in blocks for column in block.columns)
    assert taken == list(range(len(features)))
    for block in blocks:
        assert all(
            BLOCKS[spec.family] == block.name
            for place, spec in enumerate(feature_specs(name=name))
            if place in block.columns
        )


def test_a_block_that_is_not_named_is_left_out_and_flags_stand_with_what_they_flag():
    block_of = {"rsi": "technical", "pe": "fundamental", "sentiment": "news", "missing_news": "news"}
    blocks = feature_blocks(
        ["rsi", "pe", "sentiment", "missing_news"],
        block_of,
        widths={"technical": 4, "news": 2},
        slow_blocks=("news",),
    )
    assert [(b.name, b.columns, b.width, b.slow) for b in blocks] == [
        ("technical", (0,), 4, False),
        ("news", (2, 3), 2, True),
    ]


def test_a_block_without_a_feature_is_refused():
    with pytest.raises(InputError, match=r"block news must have features.*it has technical"):
        feature_blocks(["rsi"], {"rsi": "technical"}, widths={"news": 2}, slow_blocks=())


def test_without_blocks_the_network_reads_the_features_themselves():
    assert recipe_blocks(recipe_load("global_swing_v1"), ["anything"]) == ()


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ({"blocks": {"technical": 0}}, "leave out a block to switch it off"),
        ({"slow_blocks": ("news",)}, "hold every slow one"),
        ({"heads": ("p_long_logit",)}, "heads must hold"),
        ({"lookback_bars": 24}, "power of two for a tcn, was 24"),
        ({"attention_heads": 3}, "attention_heads must divide channels, was 3"),
        ({"depth": 0}, "channels, ticker_width, horizon_width, depth and ensemble must be at least 1"),
    ],
)
def test_a_network_that_cannot_be_is_refused_with_the_recipe(override, complaint):
    network = recipe_load("global_swing_v1").network
    with pytest.raises(ValueError, match=complaint):
        replace(network, **override)
    assert replace(network, name="lstm", lookback_bars=24).lookback_bars == 24


def test_every_head_needs_a_loss_weight():
    recipe = recipe_load("global_swing_v1")
    with pytest.raises(ValueError, match=r"loss_weights must give each of .*rank_score a weight"):
        replace(recipe, network=replace(recipe.network, heads=(*recipe.network.heads, "rank_score")))
