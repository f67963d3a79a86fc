"""`price_lstm`: the next close foretold by an LSTM over scaled prices; long where the forecast is above the close."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from scipy.special import ndtr

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import TRAIN, VALIDATION
from modeling.systems.estimators import FittedSystem, SystemTask
from modeling.systems.price_settings import PriceSettings
from modeling.systems.rows import SystemRows
from modeling.systems.sequence_onnx import SequenceNetwork
from modeling.systems.share_scales import ShareScales, share_scales
from traderai.common.arrays import F64, I64
from traderai.common.errors import InputError

ONNX: Final = "price.onnx"
KERAS: Final = "price.keras"
TOLD: Final = "price.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedPrices:
    """A network that says the scaled next close, and the scales of each share."""

    network: SequenceNetwork
    keras: bytes
    scales: ShareScales
    error_frac: float  # root mean square of the validation part's errors, of the close
    lookback: int
    told: dict[str, Any]

    def forecast(self, rows: SystemRows, at: I64) -> F64:
        """Return the forecast of the close after the horizon of some rows (n,), adjusted as `rows.close` is.

        A share that had too few training rows for scales of its own is foretold to stay at its last close.
        """
        place = self.scales.places(rows)[at]
        known = place >= 0
        found = rows.close[at].copy()
        said = self.network.said(self.scales.scaled(rows), at[known], lookback=self.lookback)[:, 0]
        found[known] = self.scales.close_of(said, place[known])
        return found

    def scores(self, rows: SystemRows, at: I64) -> F64:
        """Return the probability (n, 2) that the close falls or rises: as if errors were normal, as large as on validation.

        Above one half exactly where the forecast is above the close.
        """
        move = self.forecast(rows, at) / rows.close[at] - 1.0
        up = ndtr(move / self.error_frac)
        return np.column_stack((1.0 - up, up))

    def files(self) -> dict[str, bytes]:
        """Return the network in both formats, and scales and report as JSON."""
        held = {
            "scales": self.scales.plain(),
            "error_frac": self.error_frac,
            "lookback": self.lookback,
            "told": self.told,
        }
        return {
            ONNX: self.network.onnx,
            KERAS: self.keras,
            TOLD: json.dumps(held, sort_keys=True).encode(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLstm(PriceSettings):
    """One network for all shares of a recipe, or for its one share."""

    def fit(self, task: SystemTask) -> FittedSystem:
        """Return the network of the training part, stopped on the validation part.

        Raises: InputError for labels of more than two classes, DatasetRefusedError where no share has enough rows.
        """
        # Keras takes seconds to import, and what is stored is scored without it.
        from modeling.systems.price_fit import PriceWindows, price_network_fit

        rows = task.rows
        if len(rows.classes) != 2:
            raise InputError(
                f"a forecast of the close is above or below it: the label set must have 2 classes, {rows.label_set} has "
                f"{len(rows.classes)}; take direction_v1",
                field="label_set",
            )
        scales = share_scales(rows)
        place = scales.places(rows)
        train, validation = (own[place[own] >= 0] for own in map(rows.rows_of, (TRAIN, VALIDATION)))
        if not (train.size and validation.size):
            raise DatasetRefusedError("no share has enough rows before and after the training part's end")
        windows = PriceWindows(
            values=scales.scaled(rows),
            target=scales.target(rows, np.concatenate((train, validation))),
            train=train,
            validation=validation,
            lookback=rows.lookback_bars,
        )
        found = price_network_fit(windows, PriceSettings(**asdict(self)), seed=task.seed, say=task.say)
        network = SequenceNetwork(found.onnx)
        said = scales.close_of(
            network.said(windows.values, validation, lookback=windows.lookback)[:, 0], place[validation]
        )
        error = (said - rows.close[validation + rows.horizon_bars]) / rows.close[validation]
        return FittedPrices(
            network=network,
            keras=found.keras,
            scales=scales,
            error_frac=float(np.sqrt(np.mean(error**2))),
            lookback=rows.lookback_bars,
            told={
                "learning_curve": found.learning_curve,
                "epochs": found.epochs,
                "stopped_by": found.stopped_by,
                "windows": {"train": int(train.size), "validation": int(validation.size)},
                "without_scales": sorted(set(rows.secids) - set(scales.secids)),
            },
        )

    def load(self, files: Mapping[str, bytes]) -> FittedSystem:
        """Return the stored network, to be run by ONNX Runtime alone."""
        held = json.loads(files[TOLD])
        return FittedPrices(
            network=SequenceNetwork(files[ONNX]),
            keras=files[KERAS],
            scales=ShareScales.of(held["scales"]),
            error_frac=held["error_frac"],
            lookback=held["lookback"],
            told=held["told"],
        )
