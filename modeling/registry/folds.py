"""What networks said of rows that taught them nothing: by it a version is calibrated again after its training."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from modeling.errors import ArtifactBrokenError
from traderai.common.arrays import F64, I64

_UNKNOWN = -1  # a label that there is none of, in the file
_LABELS = ("p_long", "p_short", "direction")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutOfSample:
    """What one network said at one horizon of n rows, what became of them, and what was known without it."""

    p_long_logit: F64  # (n,)
    p_short_logit: F64  # (n,)
    direction_logits: F64  # (n, 5)
    p_long: F64  # (n,) labels
    p_short: F64  # (n,)
    direction: F64  # (n,) number of the class, NaN where it is not known
    day: I64  # (n,) Moscow day, counted from 1970
    p_long_prior: F64  # () logits of the base rates of its training part
    p_short_prior: F64  # ()
    direction_prior: F64  # (5,)


def folds_bytes(folds: Sequence[Mapping[str, OutOfSample]]) -> bytes:
    """Return the rows of each fold and horizon as arrays of NumPy, compressed; equal ones as equal bytes.

    Logits are kept in 32 bits, as networks give them.
    """
    arrays = {
        f"{number}:{horizon}:{own.name}": _narrow(own.name, getattr(said, own.name))
        for number, by_horizon in enumerate(folds)
        for horizon, said in by_horizon.items()
        for own in fields(OutOfSample)
    }
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)  # type: ignore[arg-type]  # the names are not those of options
    return held.getvalue()


def folds_read(content: bytes) -> tuple[dict[str, OutOfSample], ...]:
    """Return what `folds_bytes` wrote, by fold, newest first, and by horizon.

    Raises: ArtifactBrokenError for content that it did not write.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            found: dict[int, dict[str, dict[str, np.ndarray]]] = {}
            for key in arrays.files:
                number, horizon, name = key.split(":")
                found.setdefault(int(number), {}).setdefault(horizon, {})[name] = _wide(name, arrays[key])
        return tuple(
            {horizon: OutOfSample(**own) for horizon, own in found[number].items()}
            for number in range(len(found))
        )
    except (EOFError, KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ArtifactBrokenError(f"these are no rows of folds ({error!r}); train again") from error


def _narrow(name: str, array: np.ndarray) -> np.ndarray:
    if name in _LABELS:
        return np.where(np.isfinite(array), array, _UNKNOWN).astype(np.int8)
    if name == "day":
        return array.astype(np.int32)
    return array if name.endswith("_prior") else array.astype(np.float32)


def _wide(name: str, array: np.ndarray) -> np.ndarray:
    if name in _LABELS:
        return np.where(array == _UNKNOWN, np.nan, array.astype(np.float64))
    return array.astype(np.int64 if name == "day" else np.float64)
