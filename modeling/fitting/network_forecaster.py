"""The network as a forecaster among others: fitted, exported and run as it will serve."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from modeling.fitting.dataset import Dataset
from modeling.fitting.export import onnx_export
from modeling.fitting.forecasters import FitTask
from modeling.fitting.forecasts import NetworkInputs, Provenance, Raw, raw_forecasts
from modeling.fitting.recipe import Recipe
from modeling.fitting.training import Fitted, network_fit
from modeling.registry.scorer import Network
from traderai.common.arrays import I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkFit:
    """A trained network and the graph that was exported from it."""

    task: FitTask
    fitted: Fitted
    onnx: bytes

    def raw(self, rows: I64) -> Raw:
        """Return the exported network's outputs."""
        dataset = self.task.dataset
        return raw_forecasts(
            Network(self.onnx),
            dataset,
            inputs=NetworkInputs(
                scaler=self.task.scaler,
                ticker=dataset.ticker,
                horizon_rows=horizon_rows(dataset),
            ),
            rows=rows,
            provenance=Provenance.of_fit(hashlib.sha256(self.onnx).hexdigest(), dataset),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkForecaster:
    """The recipe's network."""

    recipe: Recipe
    say: Callable[[int, int, str], None]
    name: str = "network"  # in tables
    checkpoints: Path | None = None  # a folder: a fit that was cut off there is gone on with

    def fit(self, task: FitTask) -> NetworkFit:
        """Return the network with the weights of its best validation epoch."""
        dataset = task.dataset
        fitted = network_fit(
            dataset,
            self.recipe,
            scaler=task.scaler,
            seed=task.seed,
            say=self.say,
            checkpoints=self.checkpoints,
        )
        onnx = onnx_export(
            fitted.networks.serving, lookback_bars=dataset.lookback_bars, n_features=len(dataset.features)
        )
        return NetworkFit(task=task, fitted=fitted, onnx=onnx)


def horizon_rows(dataset: Dataset) -> dict[str, int]:
    """Return the embedding row of each horizon."""
    return {horizon: h for h, horizon in enumerate(dataset.horizons)}
