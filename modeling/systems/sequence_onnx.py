"""A network over windows as ONNX: run in batches of one size, so that a row's answer is the same bits in every batch."""

from __future__ import annotations

from typing import Final

import numpy as np

from modeling.kernels.windows import require_windows
from modeling.registry.scorer import session_of
from traderai.common.arrays import F32, F64, I64

BATCH_ROWS: Final = 128


class SequenceNetwork:
    """An ONNX graph that reads windows (b, lookback, k) and says numbers (b, c); one thread, as the scorer has."""

    def __init__(self, onnx: bytes) -> None:
        self._session = session_of(onnx)
        self._input = self._session.get_inputs()[0].name
        self.onnx = onnx

    def said(self, values: F32, rows: I64, *, lookback: int) -> F64:
        """Return what it says (n, c) of the windows that end with some rows (n,) of a matrix (m, k)."""
        found = [
            self._session.run(
                None, {self._input: windows_of(values, _filled(rows[start : start + BATCH_ROWS]), lookback)}
            )[0]
            for start in range(0, rows.size, BATCH_ROWS)
        ]
        return np.concatenate(found)[: rows.size].astype(np.float64) if found else np.zeros((0, 1))


def windows_of(values: F32, rows: I64, lookback: int) -> F32:
    """Return the windows (b, lookback, k) that end with some rows (b,) of a matrix (m, k), oldest step first."""
    require_windows(values, rows, lookback=lookback)
    return np.asarray(values[rows[:, None] + np.arange(1 - lookback, 1)])


def _filled(rows: I64) -> I64:
    """Return the rows with the last one repeated until the batch is full."""
    return rows[np.minimum(np.arange(BATCH_ROWS), rows.size - 1)]
