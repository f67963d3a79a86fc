"""Synthetic windows of rare classes, made chunk by chunk so that memory stays under a bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from imblearn.over_sampling import SMOTE

from traderai.common.arrays import F32, I64

_COPIES = 8  # of a chunk's windows that SMOTE holds at its peak: gathered, checked, joined with what is made, and slack
_STORED_FRAC = 0.5  # of the bound that made windows may take; the chunk in work has the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class SmotePlan:
    """How many windows are made of how many at a time."""

    chunk_rows: int
    neighbours: int
    to_frac: float  # every class is brought to this share of the chunk's largest one
    max_bytes: int  # of all that is held at a time: what was made and the chunk in work

    def __post_init__(self) -> None:
        if min(self.chunk_rows, self.neighbours, self.max_bytes) < 1 or not 0.0 < self.to_frac <= 1.0:
            raise ValueError(
                "chunk_rows, neighbours and max_bytes must be at least 1 and to_frac within (0, 1], were "
                f"{self.chunk_rows}, {self.neighbours}, {self.max_bytes} and {self.to_frac}"
            )


def smote_windows(
    gather: Callable[[I64], F32], label: I64, plan: SmotePlan, *, classes: int, seed: int
) -> tuple[F32, I64]:
    """Return synthetic windows (s, L, k) between windows of one class, and their classes (s,).

    The rows are drawn into chunks; each chunk's windows are gathered, SMOTE makes what its rare classes lack, and the
    chunk is let go of. It ends when all rows had their turn or half of the bound is filled with what was made. A class with
    a single row in a chunk has no neighbour there and gets nothing of it.

    Shapes: gather takes row numbers (c,) from 0 to n - 1 and returns (c, L, k); label (n,).
    NaN:    the windows must be finite.
    Raises: ValueError for labels outside the classes and a bound that a chunk of four windows already breaks.
    Source: Chawla et al. (2002), SMOTE: synthetic minority over-sampling technique; imbalanced-learn.
    """
    if label.size and (label.min() < 0 or label.max() >= classes):
        raise ValueError(f"labels must be from 0 to {classes - 1}, were from {label.min()} to {label.max()}")
    one = gather(np.zeros(1, dtype=np.int64))
    stored_bytes = int(_STORED_FRAC * plan.max_bytes)
    chunk_rows = min(plan.chunk_rows, (plan.max_bytes - stored_bytes) // (_COPIES * one.nbytes))
    if chunk_rows < 4:
        raise ValueError(
            f"max_bytes must hold {_COPIES} times four windows of {one.nbytes:,} bytes twice, was {plan.max_bytes:,}"
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(label.size)
    chunks = [order[first : first + chunk_rows] for first in range(0, label.size, chunk_rows)]
    wanted = [_wanted(label[chunk], plan, classes) for chunk in chunks]
    room = min(stored_bytes // one.nbytes, sum(sum(own.values()) for own in wanted))
    made = np.empty((room, *one.shape[1:]), dtype=np.float32)
    made_label = np.empty(room, dtype=np.int64)
    filled = 0
    for number, (chunk, own) in enumerate(zip(chunks, wanted, strict=True)):
        if filled == room:
            break
        if not own:
            continue
        new, new_label = _made(gather(chunk), label[chunk], own, plan, seed=seed + number)
        taken = min(room - filled, new_label.size)
        some = rng.permutation(new_label.size)[:taken]  # of the last chunk no class is left out
        made[filled : filled + taken] = new[some].reshape(taken, *one.shape[1:])
        made_label[filled : filled + taken] = new_label[some]
        filled += taken
    return made, made_label


def _wanted(label: I64, plan: SmotePlan, classes: int) -> dict[int, int]:
    """Return by class how many windows a chunk lacks; those that lack none or have no neighbour are left out."""
    counts = np.bincount(label, minlength=classes)
    goal = round(plan.to_frac * int(counts.max()))
    return {number: goal - count for number, count in enumerate(counts.tolist()) if 1 < count < goal}


def _made(windows: F32, label: I64, wanted: dict[int, int], plan: SmotePlan, *, seed: int) -> tuple[F32, I64]:
    counts = np.bincount(label)
    least = min(int(counts[number]) for number in wanted)
    sampler = SMOTE(
        sampling_strategy={number: int(counts[number]) + more for number, more in wanted.items()},
        k_neighbors=min(plan.neighbours, least - 1),
        random_state=seed,
    )
    found, found_label = sampler.fit_resample(windows.reshape(label.size, -1), label)
    return found[label.size :], found_label[label.size :].astype(np.int64)
