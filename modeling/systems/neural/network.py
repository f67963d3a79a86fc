"""An exported classifier in ONNX Runtime: what it says of rows, and what is done to that before it is a probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modeling.fitting.batches import Scaler
from modeling.kernels.calibration import softmax
from modeling.kernels.imbalance.downsampling import prior_corrected
from modeling.kernels.imbalance.window_views import View, window_view
from modeling.registry.scorer import padded_batches, session_of
from modeling.systems.rows import SystemRows
from traderai.common.arrays import F32, F64, I32, I64

LOGITS: Final = "logits"
_GATHERED_ROWS: Final = 4_096  # windows that are held at a time
_LEAST_P: Final = 1e-12


def windows_of(rows: SystemRows, scaler: Scaler, at: I64) -> F32:
    """Return the standardised windows (b, L, k) that end with some rows (b,); what is missing is 0."""
    return scaler.windows(rows.values, at, lookback=rows.lookback_bars)


def tickers_of(rows: SystemRows, at: I64) -> I32:
    """Return the row of the embedding (b,) of some rows' shares; 0 is the unknown share."""
    return np.asarray(rows.instrument[at] + 1, dtype=np.int32)


class ClassNetwork:
    """An ONNX graph with one output; one thread and batches of one size, so that equal rows give equal bits."""

    def __init__(self, onnx: bytes) -> None:
        self._session = session_of(onnx)

    def logits(self, bars: F32, ticker: I32) -> F64:
        """Return the logits (n, k) of standardised windows (n, L, features)."""
        parts = [
            self._session.run([LOGITS], {"bars": bars[rows], "ticker": padded})[0][:kept]
            for rows, padded, kept in padded_batches(ticker)
        ]
        return np.concatenate(parts).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How logits become probabilities: averaged over views, put right for rows that were thinned out, tempered."""

    views: tuple[View, ...] = ("identity",)
    thinned_class: int = 0
    keep_frac: float = 1.0
    temperature: float = 1.0

    def log_odds(self, network: ClassNetwork, rows: SystemRows, scaler: Scaler, at: I64) -> F64:
        """Return the logarithms of the probabilities (n, k) before the temperature."""
        parts = [
            self._log_odds(network, windows_of(rows, scaler, own), tickers_of(rows, own))
            for own in np.split(at, range(_GATHERED_ROWS, at.size, _GATHERED_ROWS))
        ]
        return np.concatenate(parts)

    def tempered(self, log_odds: F64) -> F64:
        """Return the probabilities (n, k)."""
        return softmax(log_odds / self.temperature)

    def _log_odds(self, network: ClassNetwork, bars: F32, ticker: I32) -> F64:
        said = [softmax(network.logits(window_view(bars, view), ticker)) for view in self.views]
        p = np.mean(said, axis=0)
        if self.keep_frac < 1.0:
            p = _with_priors(p, thinned=self.thinned_class, keep_frac=self.keep_frac)
        return np.asarray(np.log(np.maximum(p, _LEAST_P)))


def _with_priors(p: F64, *, thinned: int, keep_frac: float) -> F64:
    """Return the probabilities (n, k) among all rows; the other classes keep their odds to one another."""
    others = np.clip(1.0 - p[:, thinned], 0.0, 1.0)
    among_all = prior_corrected(others, keep_frac=keep_frac)
    put_right = p * np.divide(among_all, others, out=np.ones_like(others), where=others > 0)[:, None]
    put_right[:, thinned] = 1.0 - among_all
    return np.asarray(put_right)
