"""A network that is linear in the last bar of its window, as ONNX, and an artifact around it: what it says is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from modeling.contracts import HeadTrust, ModelVersionFacts, ServingArtifact
from modeling.contracts.heads import BASE_HEADS, HEAD_WIDTHS

WIDE = np.array([-5, -3.5, -1.5, 0.2, 2, 4, 6]) / 100
HORIZONS = ("1d", "2d")


def linear_onnx(heads: Mapping[str, tuple[np.ndarray, np.ndarray]], *, lookback: int) -> bytes:
    """Return the network with these weights (k, width) and biases (width,) by head."""
    k = next(iter(heads.values()))[0].shape[0]
    nodes = [helper.make_node("Gather", ["bars", "last"], ["row"], axis=1)]
    constants = [numpy_helper.from_array(np.asarray(lookback - 1, dtype=np.int64), "last")]
    for name, (weights, bias) in heads.items():
        constants += [
            numpy_helper.from_array(weights.astype(np.float32), f"{name}_w"),
            numpy_helper.from_array(bias.astype(np.float32), f"{name}_b"),
        ]
        nodes.append(helper.make_node("Gemm", ["row", f"{name}_w", f"{name}_b"], [name]))
    graph = helper.make_graph(
        nodes,
        "linear",
        [
            helper.make_tensor_value_info("bars", TensorProto.FLOAT, [None, lookback, k]),
            helper.make_tensor_value_info("ticker", TensorProto.INT32, [None]),
            helper.make_tensor_value_info("horizon", TensorProto.INT32, [None]),
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, w.shape[1]])
            for name, (w, _) in heads.items()
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def side_heads(
    weights: Sequence[float], *, median: float = 0.005
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return heads whose long side rises, and whose short side falls, with what the weights add up to."""
    w = np.asarray(weights, dtype=np.float64)[:, None]
    heads = {
        head: (np.zeros((w.size, HEAD_WIDTHS[head])), np.zeros(HEAD_WIDTHS[head])) for head in BASE_HEADS
    }
    return heads | {
        "p_long_logit": (w, np.full(1, -0.75)),
        "p_short_logit": (-w, np.full(1, -0.75)),
        "return_quantiles": (np.tile(median * w, 7), WIDE),
        "volatility": (np.zeros_like(w), np.full(1, 0.03)),
    }


def whole_trust(**changes: object) -> HeadTrust:
    """Return a trust under which the network is heard as it is."""
    values = {
        "p_long_prior": 0.0, "p_short_prior": 0.0, "direction_prior": (0.0,) * 5, "base_quantiles": (0.0,) * 7,
        "unit_quantiles": (-3.0, -2.0, -1.0, 0.1, 1.0, 2.0, 3.0), "base_volatility": 0.02, "volatility_per_unit": 5.0,
        "p_long_trust": 1.0, "p_short_trust": 1.0, "direction_trust": 1.0, "quantile_weights": (0.0, 0.0, 1.0),
        "volatility_weights": (0.0, 0.0, 1.0),
    }  # fmt: skip
    return HeadTrust(**{**values, **changes})


def linear_artifact(
    onnx_bytes: bytes,
    *,
    features: tuple[str, ...],
    scale: tuple[np.ndarray, np.ndarray],
    lookback: int,
    trust: HeadTrust,
    sparse_blocks: tuple[str, ...] | None = None,
) -> ServingArtifact:
    """Return an artifact of the set selfcheck_v1 whose inputs have this mean and standard deviation."""
    facts = ModelVersionFacts(
        id=1, version="linear-1", kind="global", recipe="test", feature_set_key="selfcheck_v1@0", label_set="quick_v1",
        timeframe="1h", horizons=HORIZONS, lookback_bars=lookback, trained_until=datetime(2022, 1, 1, tzinfo=UTC),
        grade="inform", state="champion", is_simulated=True, artifact_key="models/linear-1", manifest_sha256="",
        metrics={},
    )  # fmt: skip
    k = scale[0].size
    return ServingArtifact(
        version=facts, onnx=onnx_bytes, feature_names=features,
        sparse_blocks=("",) * len(features) if sparse_blocks is None else sparse_blocks, mean=scale[0], std=scale[1],
        ticker_rows={}, horizon_rows={horizon: row for row, horizon in enumerate(HORIZONS)},
        trust=dict.fromkeys(HORIZONS, trust), volatility_feature=features[1], evidence={}, novelty_mean=np.zeros(k),
        novelty_precision=np.eye(k),
    )  # fmt: skip
