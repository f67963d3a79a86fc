"""The fingerprint of data: of every number that a structure holds, wherever it lies in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

import numpy as np


def data_sha256(held: object) -> str:
    """Return the fingerprint of mappings, dataclasses, tuples, arrays and plain values, with their names.

    Whatever a structure holds counts, so that a column which is added later is not forgotten.
    """
    digest = hashlib.sha256()
    for name, leaf in _leaves(held):
        if isinstance(leaf, np.ndarray):
            digest.update(repr((name, leaf.dtype.str, leaf.shape)).encode())
            digest.update(np.ascontiguousarray(leaf).data)
        else:
            plain = leaf.item() if isinstance(leaf, np.generic) else leaf
            digest.update(repr((name, plain)).encode())
    return digest.hexdigest()


def _leaves(held: object, name: str = "") -> Iterator[tuple[str, object]]:
    inside = _inside(held)
    if inside is None:
        yield name, held
        return
    for key, value in inside.items():
        yield from _leaves(value, f"{name}.{key}")


def _inside(held: object) -> Mapping[str, object] | None:
    """Return the named parts of a structure, None for what has none."""
    if isinstance(held, Mapping):
        return held
    if is_dataclass(held):
        return {field.name: getattr(held, field.name) for field in fields(held)}
    if isinstance(held, tuple):
        names = getattr(held, "_fields", range(len(held)))
        return {str(key): value for key, value in zip(names, held, strict=True)}
    if isinstance(held, np.ndarray) and held.dtype.names:
        # By column: what lies between two columns of a table is left over from other use of the memory.
        return {column: held[column] for column in held.dtype.names}
    return None
