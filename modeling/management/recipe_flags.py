"""The options of commands that change a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from modeling.systems.flags import KEYS, flag_overrides

_SAYS = {
    "timeframe": "of the bars, such as 1h",
    "lookback": "bars of a window",
    "horizon": "bars that the label looks ahead",
    "threshold": "move that counts, a fraction such as 0.003",
    "val-size": "share of the rows that stops and chooses",
    "test-size": "share of the newest rows, that judges",
    "epochs": "at most",
    "batch-size": "rows of a batch",
    "max-rows": "the newest so many rows",
}


def add_recipe_flags(parser: CommandParser) -> None:
    """Declare `--set` and its other names."""
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
    for flag in KEYS:
        parser.add_argument(f"--{flag}", help=_SAYS[flag])


def overrides_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the options change of the recipe; `--set` has the last word. A flag that it lacks is an InputError."""
    given = {flag: options[flag.replace("-", "_")] for flag in KEYS}
    asked = {flag: text for flag, text in given.items() if text is not None}
    flags = flag_overrides(options["recipe"], asked) if asked else ()
    return (*flags, *options["overrides"])
