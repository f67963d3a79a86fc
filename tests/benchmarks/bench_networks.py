"""Benchmarks of the networks: one row by ONNX Runtime beside Keras, training steps, and the batches that feed them.

Every network here has the sizes of the recipes; weights are as they begin, which costs the same as when they have
learned.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np

from modeling.contracts.heads import BASE_HEADS, EXCURSION_HEADS
from modeling.fitting.batches import Scaler
from modeling.fitting.dataset import TRAIN
from tests.benchmarks.environments import ROOT
from tests.benchmarks.figures import Figure, fastest

LOOKBACK, FEATURES, TICKERS, HORIZONS, BATCH_ROWS = 64, 100, 15, 3, 512
LEAST_SPEEDUP = {"tcn": 50.0, "lstm": 50.0}  # over Keras; of the others 10
ROWS = 100_000
HEADS = (*BASE_HEADS, *EXCURSION_HEADS)


def network_scoring() -> list[Figure]:
    """Return how much faster a row is scored by the exported network than by `keras.Model.predict`."""
    import keras

    from modeling.fitting.export import onnx_export
    from modeling.networks.build import BACKBONES, build_networks
    from modeling.registry.scorer import Network

    figures = []
    for backbone in BACKBONES:
        keras.utils.set_random_seed(0)
        serving = build_networks(_shape(backbone)).serving
        network = Network(onnx_export(serving, lookback_bars=LOOKBACK, n_features=FEATURES))
        row = _windows(1)
        by_onnx_s = fastest(lambda network=network, row=row: network.run(**row), 200)
        by_keras_s = fastest(lambda serving=serving, row=row: serving.predict(row, verbose=0), 20)
        figures += [
            Figure(
                what=f"one row scored, {backbone}: Keras's time over ONNX Runtime's",
                value=by_keras_s / by_onnx_s,
                unit="x",
                at_least=LEAST_SPEEDUP.get(backbone, 10.0),
            ),
            Figure(what=f"one row scored, {backbone}", value=1e3 * by_onnx_s, unit="ms"),
        ]
        if backbone == "tcn":
            many = _windows(250)
            seconds = fastest(lambda network=network, many=many: network.run(**many), 20)
            figures.append(Figure(what="250 shares scored, tcn", value=1e3 * seconds, unit="ms", below=300.0))
    return figures


def network_training() -> list[Figure]:
    """Return the windows that training takes a second, the batch being ready."""
    return [
        Figure(what=f"trained, {backbone}", value=_trained_a_second(backbone), unit="windows/s")
        for backbone in ("tcn", "transformer", "tft", "gru_attention", "lstm", "xlstm")
    ]


def window_batches() -> list[Figure]:
    """Return the speed of the input pipeline alone, beside the training step and Keras's own dataset."""
    import keras

    from modeling.fitting.window_batches import WindowBatches

    source = source_of(ROWS)
    rows = np.arange(LOOKBACK, ROWS, dtype=np.int64)
    batches = WindowBatches(source, rows, part=TRAIN, limit=50_000, seed=0)
    ours = batches.windows / fastest(lambda: drawn(batches), 3)
    theirs = keras.utils.timeseries_dataset_from_array(
        source.values, None, sequence_length=LOOKBACK, batch_size=BATCH_ROWS, shuffle=True, seed=0
    )
    count = 10
    seconds = fastest(lambda: [None for _ in theirs.take(count)], 2)
    keras_own = count * BATCH_ROWS / seconds
    return [
        Figure(what="windows of 64 bars x 100 features, gathered and scaled", value=ours, unit="windows/s"),
        Figure(
            what="over keras.utils.timeseries_dataset_from_array",
            value=ours / keras_own,
            unit="x",
            at_least=20,
        ),
        Figure(
            what="over what a training step of the tcn takes",
            value=ours / _trained_a_second("tcn"),
            unit="x",
            at_least=10,
        ),
        Figure(
            what="memory of 1,000,000 rows and their batches over the matrix",
            value=_memory_ratio(),
            unit="x",
            below=1.3,
        ),
    ]


def drawn(batches: Any) -> None:
    """Draw an epoch; a batch is let go before the next one is made, as in training and as Keras's own are."""
    for place in range(len(batches)):
        batches[place]


def source_of(rows: int) -> Any:
    """Return a source of random features and labels."""
    from modeling.fitting.window_batches import WindowSource

    rng = np.random.default_rng(0)
    return WindowSource(
        values=rng.standard_normal((rows, FEATURES), dtype=np.float32),
        scaler=Scaler(
            mean=np.zeros(FEATURES), std=np.ones(FEATURES), sparse=np.zeros(FEATURES, dtype=np.bool_)
        ),
        ticker=np.ones(rows, dtype=np.int32),
        moment=np.arange(rows, dtype=np.int64),
        part=np.full((rows, 1), TRAIN, dtype=np.int8),
        targets=dict.fromkeys(HEADS, np.zeros((rows, 1))),
        lookback_bars=LOOKBACK,
        batch_rows=BATCH_ROWS,
        ticker_dropout_frac=0.1,
    )


def _shape(backbone: str) -> Any:
    from modeling.networks.shape import NetworkShape

    return NetworkShape(
        backbone=backbone,
        lookback_bars=LOOKBACK,
        n_features=FEATURES,
        n_tickers=TICKERS,
        n_horizons=HORIZONS,
        channels=32,
        ticker_width=4,
        horizon_width=4,
        dropout_frac=0.2,
        heads=HEADS,
        return_unit_frac=0.03,
        volatility_column=0,
        volatility_mean=0.01,
        volatility_std=0.005,
    )


def _windows(rows: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        "bars": rng.standard_normal((rows, LOOKBACK, FEATURES), dtype=np.float32),
        "ticker": np.ones(rows, dtype=np.int32),
        "horizon": np.zeros(rows, dtype=np.int32),
    }


def _trained_a_second(backbone: str) -> float:
    """Return windows a second of training steps on one batch that is already there."""
    import keras

    from modeling.networks.build import build_networks, prepare_fit
    from modeling.networks.losses import losses

    keras.utils.set_random_seed(0)
    training = build_networks(_shape(backbone)).training
    loss = losses(return_unit_frac=0.03, heads=HEADS)
    training.compile(keras.optimizers.AdamW(0.001, clipnorm=1.0), loss=loss)
    own = _windows(BATCH_ROWS)
    inputs = {
        "bars": own["bars"],
        "ticker": own["ticker"],
        "horizons": np.tile(np.arange(HORIZONS, dtype=np.int32), (BATCH_ROWS, 1)),
    }
    targets = dict.fromkeys(training.output, np.full((BATCH_ROWS, HORIZONS, 1), 1.0, dtype=np.float32))
    prepare_fit(training, inputs, targets)
    return BATCH_ROWS / fastest(lambda: training.train_on_batch(inputs, targets), 5)


def _memory_ratio() -> float:
    """Return the peak of a process that makes the matrix and draws batches from it, over the matrix."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.window_memory"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "traderai.site.settings.test"},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.splitlines()[-1])
