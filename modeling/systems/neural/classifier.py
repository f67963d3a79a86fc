"""`neural`: a network over windows of bars that says which class the next bars are of, with the imbalance toolkit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import numpy as np

from modeling.fitting.batches import Scaler
from modeling.systems.estimators import FittedSystem, SystemTask
from modeling.systems.neural.network import ClassNetwork, Said
from modeling.systems.neural.toolkit import Toolkit
from modeling.systems.rows import SystemRows
from traderai.common.arrays import F64, I64
from traderai.common.config import parse
from traderai.common.native_stderr import native_stderr_held

KERAS: Final = "network.keras"
ONNX: Final = "network.onnx"
META: Final = "meta.json"
SCALER: Final = "scaler.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedClassifier:
    """A network as it was exported; what is stored is what was judged."""

    onnx: bytes
    keras: bytes
    scaler: Scaler
    said: Said
    told: dict[str, Any]

    def scores(self, rows: SystemRows, at: I64) -> F64:
        """Return the probability of each class (n, k)."""
        if at.size == 0:
            return np.zeros((0, len(rows.classes)))
        return self.said.tempered(self.said.log_odds(ClassNetwork(self.onnx), rows, self.scaler, at))

    def files(self) -> dict[str, bytes]:
        """Return the network in both formats, its scaling, and what is known of it."""
        scaling = {"mean": self.scaler.mean.tolist(), "std": self.scaler.std.tolist()}
        return {
            ONNX: self.onnx,
            KERAS: self.keras,
            SCALER: json.dumps(scaling).encode(),
            META: json.dumps({"said": asdict(self.said), "told": self.told}, sort_keys=True).encode(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuralClassifier:
    """The network's size, its training and the toolkit."""

    backbone: str
    channels: int = 64
    depth: int = 2
    attention_heads: int = 2
    dense_width: int = 32
    ticker_width: int = 4
    dropout_frac: float = 0.2
    epochs: int = 20
    batch_rows: int = 256
    learning_rate: float = 1e-3
    patience_epochs: int = 5
    plateau_epochs: int = 2
    plateau_factor: float = 0.5
    stop_on: Literal["balanced_log_loss", "log_loss"] = (
        "balanced_log_loss"  # balanced: each class counts the same
    )
    max_windows_per_epoch: int = 100_000
    max_validation_windows: int = 20_000
    max_fit_minutes: float | None = None  # None: as long as it takes, the same on every machine
    toolkit: Toolkit = field(default_factory=Toolkit)

    def __post_init__(self) -> None:
        least = min(self.epochs, self.patience_epochs, self.plateau_epochs, self.max_windows_per_epoch)
        if min(least, self.batch_rows, self.max_validation_windows) < 1:
            raise ValueError(
                "epochs, patience_epochs, plateau_epochs, batch_rows and the largest numbers of windows must be at least 1"
            )
        if not 0.0 < self.plateau_factor < 1.0 or not self.learning_rate > 0:
            raise ValueError(
                "plateau_factor must lie within (0, 1) and learning_rate be above 0, were "
                f"{self.plateau_factor} and {self.learning_rate}"
            )

    def fit(self, task: SystemTask) -> FittedSystem:
        """Return the network of the training part with the weights of its best validation epoch."""
        # TensorFlow's own log level does not silence what its libraries say before it is read.
        with native_stderr_held():
            from modeling.systems.neural.fit import classifier_fit  # imports Keras: 6 to 10 s

        return classifier_fit(self, task)

    def load(self, files: Mapping[str, bytes]) -> FittedSystem:
        """Return the stored network; Keras is not needed to score."""
        scaling, meta = json.loads(files[SCALER]), json.loads(files[META])
        mean, std = (np.asarray(scaling[name], dtype=np.float64) for name in ("mean", "std"))
        return FittedClassifier(
            onnx=files[ONNX],
            keras=files[KERAS],
            scaler=Scaler(mean=mean, std=std, sparse=np.ones(mean.size, dtype=np.bool_)),
            said=parse(meta["said"], Said, where=META),
            told=meta["told"],
        )
