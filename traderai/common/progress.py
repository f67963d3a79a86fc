"""How long work tells its caller how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called as `progress(done, total, what)`: 3 of 15 "SBER"; services take it as an argument, commands draw it."""


def silent(_done: int, _total: int, _what: str) -> None:
    """Report to nobody; the default of every service."""
