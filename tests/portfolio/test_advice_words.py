"""Every code that advice can say has its words in both languages, and nothing a reason says is lost."""

from __future__ import annotations

import ast
import inspect
import itertools
import math

import pytest
from django.utils import translation

from portfolio.kernels import advice
from portfolio.kernels.advice import BrokenLimit, PositionState, SignalWord, advice_of, stance_of
from portfolio.kernels.rebalance import LimitCode
from portfolio.phrases import PHRASES, REASONS
from portfolio.services import analyze
from portfolio.words import told
from traderai.common.errors import InvariantError

STATE = {
    "is_long": True, "price_rub": 100.0, "price_is_stale": False, "avg_price_rub": 90.0, "stop_rub": None,
    "stop_near_frac": 0.02, "exit_days": 0.1, "exit_days_limit": 5.0, "lots": 10, "cut_lots": 0, "broken": (),
    "room_lots": 3, "signal": None, "dividend_in_days": None,
}  # fmt: skip
ACTIONS = (None, "BUY", "SELL", "HOLD", "NO_TRADE")


def states():
    """Return every kind of situation."""
    limits = LimitCode.__args__
    for action, proven, fresh, is_long, stop, cut, room, stale in itertools.product(
        ACTIONS, (True, False), (True, False), (True, False), (None, 99.0, 101.0, 50.0), (0, 4, 10), (None, 0, 3),
        (True, False),
    ):  # fmt: skip
        signal = None if action is None else SignalWord(action=action, proven=proven, is_fresh=fresh)
        broken = tuple(BrokenLimit(code=code, now_frac=0.5, limit_frac=0.1) for code in limits) if cut else ()
        yield PositionState(**{
            **STATE, "is_long": is_long, "stop_rub": stop, "cut_lots": cut, "broken": broken, "signal": signal,
            "room_lots": room, "price_is_stale": stale, "dividend_in_days": 3, "exit_days": 9.0 if cut else math.inf,
        })  # fmt: skip


def test_only_stops_limits_and_proven_words_move_a_position():
    for state in states():
        found = advice_of(state)
        moved = found.action != "HOLD"
        proven = state.signal is not None and state.signal.proven and state.signal.is_fresh
        stance = stance_of(state.signal, is_long=state.is_long)
        assert not (moved and state.price_is_stale)
        assert moved <= (found.basis != "none")
        if found.action == "ADD":
            assert proven and stance == "with" and state.room_lots and not state.cut_lots
        if found.basis == "proven_signal":
            assert proven
        if found.action == "CLOSE":
            passed = (
                state.stop_rub is not None
                and (state.price_rub - state.stop_rub) * (1 if state.is_long else -1) <= 0
            )
            assert passed or state.cut_lots >= state.lots or (proven and stance == "against")
        if found.action == "REDUCE":
            assert 0 < state.cut_lots < state.lots and found.basis == "limits"
        assert {reason.code for reason in found.reasons} <= set(REASONS)


def test_what_was_bought_at_moves_nothing():
    for state in itertools.islice(states(), 0, None, 7):
        dear = PositionState(**{name: getattr(state, name) for name in STATE} | {"avg_price_rub": 500.0})
        cheap = PositionState(**{name: getattr(state, name) for name in STATE} | {"avg_price_rub": 1.0})
        assert advice_of(dear).action == advice_of(cheap).action


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_reason_has_words(language):
    seen = {}
    for state in states():
        for reason in advice_of(state).reasons:
            seen[reason.code] = told(reason.code, reason.params, language=language, decimals=2).text
    loss = PositionState(**STATE | {"avg_price_rub": 110.0, "stop_rub": 99.0})
    for reason in advice_of(loss).reasons:
        seen[reason.code] = told(reason.code, reason.params, language=language, decimals=2).text
    assert set(seen) == set(REASONS), set(REASONS) - set(seen)
    assert all("%(" not in text for text in seen.values())
    if language == "ru":
        assert all(any("а" <= letter <= "я" for letter in text) for text in seen.values())


def test_every_warning_has_words():
    said = {
        node.elts[0].value
        for node in ast.walk(ast.parse(inspect.getsource(analyze._told_warnings)))
        if isinstance(node, ast.Tuple) and node.elts and isinstance(node.elts[0], ast.Constant)
    }
    assert said and {str(code) for code in said} <= set(PHRASES)
    with translation.override("ru"):
        assert "позиции пропущены" in told("positions_refused", {"count": 3}, language="ru", decimals=2).text
    assert inspect.getdoc(advice)
    with pytest.raises(InvariantError, match="must have a phrase"):
        told("nonsense", {}, language="en", decimals=2)
