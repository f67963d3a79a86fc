"""The settings of the game; reads YAML alone."""

from __future__ import annotations

from modeling.contracts import BarrierLabelSet
from modeling.selectors.label_sets import barrier_set_get
from traderai.common.config import load_config
from traderai.common.errors import InputError, did_you_mean
from training_game.contracts import GameConfig


def game_config_get() -> GameConfig:
    """Return training_game.yaml, fully checked."""
    return load_config("training_game.yaml", GameConfig)


def game_barriers(*, timeframe: str) -> BarrierLabelSet:
    """Return the barriers that a timeframe is played by.

    Raises: InputError for a timeframe that is not played, or levels that are no fractions of the price.
    """
    rules = game_config_get().timeframes
    if timeframe not in rules:
        raise InputError(
            f"timeframe must be one of {', '.join(rules)}, was {timeframe!r}{did_you_mean(timeframe, rules)}",
            code="unknown_timeframe",
            field="timeframe",
        )
    found = barrier_set_get(name=rules[timeframe].label_set, timeframe=timeframe)
    if found.barrier_unit != "frac" or rules[timeframe].horizon not in found.horizons:
        raise InputError(
            f"training_game.yaml: {timeframe} must be played by a label set with levels in fractions and its horizon "
            f"{rules[timeframe].horizon}, {found.name} is in {found.barrier_unit} for {', '.join(found.horizons)}"
        )
    return found
