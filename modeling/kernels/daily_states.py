"""What learns once a day: rows are said by the newest state that was known, states taught by what was said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np

from traderai.common.arrays import F64, I64


class Dated(Protocol):
    """A state that knows until when it has learned."""

    @property
    def learned_until_s(self) -> int:
        """Every outcome known by then has been learned, none that was known later."""


State = TypeVar("State", bound=Dated)


def daily_steps(
    known: Sequence[State],
    said: F64,
    *,
    decision_s: I64,
    resolved_s: I64,
    until_s: Sequence[int],
    say: Callable[[State, slice], F64],
    learn: Callable[[State, F64, I64, int], State],
) -> tuple[F64, tuple[State, ...]]:
    """Return rows as they are said by states that learn from step to step only, and the state of each new step.

    A row is said by the newest state that had learned by its decision, one decided before all of them by the first.
    So the states kept tell how every row was said: going on from them gives the bits of having gone on at once.

    Shapes: `known` states, the oldest first; `said` n rows of any width before they are moved; decision_s, resolved_s
            (n,), decisions never falling; `until_s` the ends of the steps. `say` gives some of the rows as a state says
            them; `learn` what a state becomes at an end by some of the rows as they were said. Returns rows as `said`.
    Causal: row t reads outcomes resolved by the last step's end before its decision.
    Raises: ValueError without a state, and for steps that do not come one after the other.
    """
    ends_s = [*(state.learned_until_s for state in known), *until_s]
    if not known or np.any(np.diff(ends_s) <= 0):
        raise ValueError(f"steps must follow at least one state and each other, ended at {ends_s}")
    # The rows of a step stand together, and so do its outcomes once they are sorted: no step looks at all rows.
    first = [0, *np.searchsorted(decision_s, ends_s[1:]).tolist(), decision_s.size]
    order = np.argsort(resolved_s, kind="stable")
    known_by = np.searchsorted(resolved_s[order], ends_s, side="right")
    states, heard = list(known), said.copy()
    for number, end_s in enumerate(ends_s):
        if number == len(states):
            fresh = np.sort(order[known_by[number - 1] : known_by[number]])
            states.append(learn(states[-1], heard[fresh], fresh, end_s))
        own = slice(first[number], first[number + 1])
        heard[own] = say(states[number], own)
    return heard, tuple(states[len(known) :])
