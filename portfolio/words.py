"""Codes of advice in words, chosen when they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import translation

from portfolio.phrases import PHRASES
from portfolio.risk_contracts import Told
from signals.explain import worded
from traderai.common.errors import InvariantError

_PLAIN = ("secids",)  # words already


def told(code: str, params: Mapping[str, Any], *, language: str, decimals: int) -> Told:
    """Return a code with its sentence; `decimals` are those of the prices."""
    phrase = PHRASES.get(code)
    if phrase is None:
        raise InvariantError(f"a code of advice must have a phrase, was {code!r}")
    plain = {name: value for name, value in params.items() if name in _PLAIN}
    numbers = {name: value for name, value in params.items() if name not in _PLAIN}
    with translation.override(language):
        return Told(code=code, text=str(phrase % (worded(numbers, decimals=decimals) | plain)))
