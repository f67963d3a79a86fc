"""A network with one answer: the class of the next bars, by any of the backbones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import keras

from modeling.networks.build import BACKBONES
from modeling.networks.inputs import Encoded
from modeling.networks.shape import TrunkShape

LOGITS: Final = "logits"  # the only output, before the softmax


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierShape(TrunkShape):
    """What decides the layers of a classifier."""

    n_classes: int
    dense_width: int  # of the layer between the backbone's state and the classes

    def __post_init__(self) -> None:
        super(ClassifierShape, self).__post_init__()  # slots make a new class: no bare super()
        if self.backbone not in BACKBONES:
            raise ValueError(f"backbone must be one of {', '.join(BACKBONES)}, was {self.backbone!r}")
        if (
            self.n_classes < 2
            or min(self.dense_width, self.ticker_width) < 1
            or not 0 <= self.dropout_frac < 1
        ):
            raise ValueError(
                "n_classes must be at least 2, dense_width and ticker_width at least 1 and dropout_frac within [0, 1), "
                f"were {self.n_classes}, {self.dense_width}, {self.ticker_width} and {self.dropout_frac}"
            )


def build_classifier(shape: ClassifierShape) -> Any:
    """Return the uncompiled network; the caller sets the seed first (keras.utils.set_random_seed).

    Its inputs are `bars` (b, L, k), standardised, and `ticker` (b,), row 0 being the unknown share; its output `logits`
    (b, classes).
    """
    bars = keras.Input((shape.lookback_bars, shape.n_features), name="bars")
    ticker = keras.Input((), dtype="int32", name="ticker")
    encoded = Encoded(sequence=bars, widths=(1,) * shape.n_features, last=())
    last = BACKBONES[shape.backbone](encoded, shape)
    who = keras.layers.Embedding(shape.n_tickers + 1, shape.ticker_width, name="ticker_embedding")(ticker)
    state = keras.layers.Concatenate(name="state")([last, who])
    state = keras.layers.Dropout(shape.dropout_frac, name="state_dropout")(state)
    state = keras.layers.Dense(shape.dense_width, activation="silu", name="dense")(state)
    logits = keras.layers.Dense(shape.n_classes, name=LOGITS)(state)
    return keras.Model(
        {"bars": bars, "ticker": ticker}, {LOGITS: logits}, name=f"{shape.backbone}_classifier"
    )
