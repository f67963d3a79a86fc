"""The flags by which a recipe's usual options are changed: other names of `--set`, the same for every recipe that has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modeling.contracts.registry import SYSTEM
from modeling.fitting.recipe import recipe_content
from traderai.common.errors import InputError

# By flag the key of an earlier system's recipe and that of a network's; empty: it has none.
KEYS: Final[dict[str, tuple[str, str]]] = {
    "timeframe": ("timeframe", "timeframe"),
    "lookback": ("lookback_bars", "network.lookback_bars"),
    "horizon": ("horizon_bars", ""),
    "threshold": ("threshold_frac", ""),
    "val-size": ("split.validation_frac", "split.validation_frac"),
    "test-size": ("split.test_frac", "split.test_frac"),
    "epochs": ("parameters.epochs", "fit.max_epochs"),
    "batch-size": ("parameters.batch_rows", "fit.batch_rows"),
    "max-rows": ("max_rows", ""),
}
SIZES: Final = ("val-size", "test-size")
# What every earlier system has, whether or not its recipe names it.
_EVERY: Final = ("horizon", "threshold", "max-rows")


def flag_overrides(recipe: str, asked: Mapping[str, str]) -> tuple[str, ...]:
    """Return as `--set` takes them the flags that were given to a recipe, by name without dashes.

    The shares of validation and test leave the rest to training.
    Raises: InputError for an unknown recipe, and for a flag that the recipe has no option for: it names those it has.
    """
    content = recipe_content(recipe)
    keys = allowed_flags(content)
    for flag in asked:
        if flag not in keys:
            raise InputError(
                f"recipe {recipe} has no option for --{flag}; it takes {', '.join(f'--{own}' for own in keys)}, and what "
                "else its file names by --set",
                field=flag,
            )
    overrides = [f"{keys[flag]}={text}" for flag, text in asked.items()]
    if any(flag in asked for flag in SIZES):
        overrides.append(f"split.train_frac={_rest(content['split'], asked)!r}")
    return tuple(overrides)


def allowed_flags(content: Mapping[str, Any]) -> dict[str, str]:
    """Return by flag the key of a recipe's content that it changes; without those for which the recipe has no key."""
    is_system = content.get("kind") == SYSTEM
    found = {}
    for flag, (of_system, of_network) in KEYS.items():
        key = of_system if is_system else of_network
        if key and ((is_system and flag in _EVERY) or _named(content, key)):
            found[flag] = key
    return found


def _named(content: Mapping[str, Any], key: str) -> bool:
    target: Any = content
    for part in key.split("."):
        if not isinstance(target, dict) or part not in target:
            return False
        target = target[part]
    return True


def _rest(split: Mapping[str, Any], asked: Mapping[str, str]) -> float:
    """Return what validation and test leave to training."""
    sizes = []
    for flag in SIZES:
        text = asked.get(flag, split[KEYS[flag][0].partition(".")[2]])
        try:
            size = float(text)
        except ValueError as error:
            raise InputError(f"--{flag} must be a share like 0.15, was {text!r}", field=flag) from error
        if not 0.0 < size < 1.0:
            raise InputError(f"--{flag} must lie within (0, 1), was {text}", field=flag)
        sizes.append(size)
    rest = round(1.0 - sum(sizes), 12)
    if rest <= 0.0:
        raise InputError(
            f"--val-size and --test-size must leave rows to train on, were {sizes[0]:g} and {sizes[1]:g}",
            field="val-size",
        )
    return rest
