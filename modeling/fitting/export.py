"""From a Keras network to ONNX bytes that provably compute the same."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, load
from onnx.checker import check_model

from modeling.errors import ExportMismatchError
from modeling.fitting.onnx_graphs import OPSET, drop_unread, fuse_norms, lighten_loops, skip_padding
from modeling.fitting.onnx_rows import skip_padding_products
from modeling.registry.scorer import PADDING, Network
from traderai.common.arrays import F32, I32

COMPARED_BATCHES = (1, 7, 250)
TOLERANCE = 1e-4


def onnx_export(serving: Any, *, lookback_bars: int, n_features: int) -> bytes:
    """Return the serving view as ONNX; the network is called once before, as the exporter needs."""
    asked = {tensor.name for tensor in serving.inputs}  # a classifier knows no horizon
    some = _inputs(np.zeros((1, lookback_bars, n_features), np.float32), *_zeros(1))
    serving({name: value for name, value in some.items() if name in asked})
    model = onnx_model(serving)
    skip_padding(model, lookback_bars=lookback_bars, padding_ticker=PADDING)
    lighten_loops(model)
    fuse_norms(model)
    drop_unread(model.graph)
    skip_padding_products(model, padding_ticker=PADDING)
    check_model(model)
    return bytes(model.SerializeToString())


def onnx_model(network: Any) -> ModelProto:
    """Return what Keras's exporter makes of a network, as it comes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # the exporter asks NumPy for an old name
            network.export(str(path), format="onnx", verbose=False, opset_version=OPSET)
        return load(path)


def keras_bytes(network: Any) -> bytes:
    """Return the network in Keras's own format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.keras"
        network.save(str(path))
        return path.read_bytes()


def onnx_check(serving: Any, onnx: bytes, *, n_tickers: int, n_horizons: int, seed: int) -> float:
    """Return the largest difference between Keras and ONNX at batches of 1, 7 and 250.

    Raises: ExportMismatchError beyond 1e-4, where anything is not finite or a head is missing.
    """
    network = Network(onnx)
    if set(network.heads) != set(serving.output):
        raise ExportMismatchError(
            f"the export must have the heads {sorted(serving.output)}, has {sorted(network.heads)}"
        )
    bars_input = next(tensor for tensor in serving.inputs if tensor.name == "bars")
    _, lookback, k = bars_input.shape
    rng = np.random.default_rng(seed)
    worst = 0.0
    for batch in COMPARED_BATCHES:
        bars = rng.standard_normal((batch, lookback, k)).astype(np.float32)
        ticker = rng.integers(0, n_tickers + 1, batch).astype(np.int32)
        horizon = rng.integers(0, n_horizons, batch).astype(np.int32)
        wanted = serving(_inputs(bars, ticker, horizon), training=False)
        found = network.run(bars=bars, ticker=ticker, horizon=horizon)
        for head in network.heads:
            expected = np.asarray(wanted[head]).reshape(batch, -1)
            gap = np.abs(expected - found.of(head).reshape(batch, -1))
            if not np.isfinite(gap).all() or gap.max() > TOLERANCE:
                raise ExportMismatchError(
                    f"head {head} differs by {gap.max():.2e} at a batch of {batch}, allowed is {TOLERANCE:.0e}"
                )
            worst = max(worst, float(gap.max()))
    return worst


def _inputs(bars: F32, ticker: I32, horizon: I32) -> dict[str, Any]:
    return {"bars": bars, "ticker": ticker, "horizon": horizon}


def _zeros(n: int) -> tuple[I32, I32]:
    return np.zeros(n, np.int32), np.zeros(n, np.int32)
