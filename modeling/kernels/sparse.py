"""Features of sources that are often silent: a missing value becomes 0 after scaling, beside a flag that says so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from traderai.common.arrays import F32, F64, Bools

DENSE = ""  # the block of features that must be there
CLIP_STD = 10.0


def flag_names(blocks: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the flags of some features' blocks, each block once, in the order of the features."""
    return tuple(f"missing_{block}" for block in dict.fromkeys(blocks) if block != DENSE)


def sparse_columns(blocks: Sequence[str]) -> Bools:
    """Return which of the columns that `with_flags` gives may be missing; the flags never are.

    Shapes: k blocks, b of them sparse and different; returns (k + b,).
    """
    may_miss = [block != DENSE for block in blocks]
    return np.array([*may_miss, *(False for _ in flag_names(blocks))], dtype=np.bool_)


def with_flags(values: F32, blocks: Sequence[str]) -> F32:
    """Return the features followed by one flag for each sparse block: the share of its features that are missing.

    Training, the exported network and live scoring all read what this returns.

    Shapes: values (..., k); k blocks, b of them sparse and different; returns a new (..., k + b).
    NaN:    what is not finite becomes NaN; a flag is 0 where its whole block is there and 1 where nothing of it is.
    Raises: ValueError unless there is a block for each feature.
    """
    k = len(blocks)
    if values.shape[-1:] != (k,):
        raise ValueError(f"values must be (..., {k}), one column for each block, were {values.shape}")
    names = [block for block in dict.fromkeys(blocks) if block != DENSE]
    made = np.empty((*values.shape[:-1], k + len(names)), dtype=np.float32)
    made[..., :k] = values
    made[..., :k][~np.isfinite(values)] = np.nan
    for place, name in enumerate(names):
        own = [column for column, block in enumerate(blocks) if block == name]
        missing = np.zeros(values.shape[:-1], dtype=np.float32)
        for column in own:  # whole numbers: the same bits for any number of rows
            missing += np.isnan(made[..., column])
        made[..., k + place] = missing / np.float32(len(own))
    return made


def standardise(values: F32, *, mean: F64, std: F64, sparse: Bools) -> F32:
    """Return (values - mean) / std over the last axis, cut at 10 standard deviations, as float32.

    Shapes: values (..., k); mean, std, sparse (k,); returns a new (..., k).
    NaN:    0 in columns that may be missing; stays NaN in the others.
    """
    scaled = (values - mean.astype(np.float32)) / std.astype(np.float32)
    scaled = np.clip(scaled, -CLIP_STD, CLIP_STD).astype(np.float32, copy=False)
    for column in np.flatnonzero(sparse):
        own = scaled[..., column]
        own[np.isnan(own)] = 0.0
    return np.asarray(scaled)
