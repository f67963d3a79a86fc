"""What two or three classes call for, how sure they are, and which calls are told."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from modeling.contracts.emission import EmissionRules
from traderai.common.arrays import F64, I8, I64, Bools

SELL, HOLD, BUY = -1, 0, 1
_ROUNDING = 1e-9  # 0.80 is 0.70 and a step of 0.10, whatever binary fractions say


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """The call of a share that was told last."""

    call: int  # SELL, HOLD or BUY
    confidence: float
    bar: int
    at_s: float = 0.0  # when it was decided


def class_calls(p: F64) -> tuple[I8, F64]:
    """Return the call (n,) of each row's likeliest class, HOLD among equals, and its probability (n,) as the confidence.

    Two classes are p_sell and p_buy, three are p_sell, p_hold and p_buy; equal halves call for a HOLD that has no
    probability of its own, so its confidence is 0.

    Shapes: p (n, 2) or (n, 3), adding up to 1.
    NaN:    refused.
    Causal: reads each row alone.
    Raises: ValueError for another number of classes, or what are no probabilities.
    """
    if p.ndim != 2 or p.shape[1] not in (2, 3):
        raise ValueError(f"p must be (n, 2) or (n, 3), was {p.shape}")
    if not np.all(p >= 0.0) or not np.allclose(p.sum(axis=1), 1.0, atol=1e-3):
        raise ValueError("p must hold probabilities that add up to 1; drop rows without a forecast first")
    sell, buy = p[:, 0], p[:, -1]
    hold = p[:, 1] if p.shape[1] == 3 else np.zeros(p.shape[0])
    strongest = np.maximum(sell, buy)
    quiet = (hold >= strongest) | (sell == buy)
    call = np.where(quiet, HOLD, np.where(buy > sell, BUY, SELL)).astype(np.int8)
    return call, np.where(quiet, hold, strongest)


def is_emitted(
    *,
    call: int,
    confidence: float,
    bar: int,
    last: Emitted | None,
    rules: EmissionRules,
    at_s: float = math.inf,
) -> bool:
    """Return whether a call is told: sure enough, and no repetition of what was told of the share last.

    The same call is a repetition for `again_bars` bars and for `again_s` seconds, whichever is longer, unless its
    confidence has risen by the step. Another call, a flip, never is one; it must be sure enough all the same.

    Units:  confidence a fraction; `bar` counts the share's bars; `at_s` seconds, without it bars alone count.
    """
    if confidence < (rules.min_hold_confidence if call == HOLD else rules.min_confidence):
        return False
    if last is None or last.call != call:
        return True
    if bar - last.bar > rules.again_bars and at_s - last.at_s > rules.again_s:
        return True
    return confidence >= last.confidence + rules.confidence_step - _ROUNDING


def emitted_rows(call: I8, confidence: F64, instrument: I64, bar: I64, *, rules: EmissionRules) -> Bools:
    """Return which rows' calls are told, share by share from bar to bar.

    Shapes: all (n,); rows of a share in rising order of bars, shares in any.
    Causal: a row reads itself and what was told of its share before.
    Raises: ValueError where a share's bars do not rise.
    """
    told = np.zeros(call.size, dtype=np.bool_)
    newest: dict[int, Emitted] = {}
    seen: dict[int, int] = {}
    for row in range(call.size):
        share, own_bar = int(instrument[row]), int(bar[row])
        if seen.get(share, own_bar - 1) >= own_bar:
            raise ValueError(f"the bars of a share must rise, {own_bar} came after {seen[share]}")
        seen[share] = own_bar
        own, sure = int(call[row]), float(confidence[row])
        if is_emitted(call=own, confidence=sure, bar=own_bar, last=newest.get(share), rules=rules):
            told[row] = True
            newest[share] = Emitted(call=own, confidence=sure, bar=own_bar)
    return told
