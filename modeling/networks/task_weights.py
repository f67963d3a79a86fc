"""Weights of the heads' losses that are learned with the network (Kendall et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from modeling.networks.losses import Loss

_LEAST, _MOST = -3.0, 3.0  # of the logarithm: no head counts more than e ** 6 times another


@keras.saving.register_keras_serializable(package="traderai")
class TaskWeights(keras.layers.Layer):  # type: ignore[misc]  # Keras carries no types
    """The logarithm of each head's variance beside its outputs, which pass unchanged."""

    def __init__(self, heads: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self.heads = tuple(heads)

    def build(self, input_shape: Any) -> None:  # noqa: ARG002  # Keras gives it
        """Begin with equal weights."""
        self.log_variance = self.add_weight(
            shape=(len(self.heads),), initializer="zeros", name="log_variance"
        )

    def call(self, outputs: dict[str, Any]) -> dict[str, Any]:
        """Return the outputs as they are."""
        return {head: outputs[head] for head in self.heads}

    def weighted(self, head: str, loss: Any) -> Any:
        """Return the loss over the head's variance and what that variance costs."""
        own = keras.ops.clip(self.log_variance[self.heads.index(head)], _LEAST, _MOST)
        return keras.ops.exp(-own) * loss + 0.5 * own

    def get_config(self) -> dict[str, Any]:
        """Return what makes this layer again."""
        return {**super().get_config(), "heads": list(self.heads)}


def with_learned_weights(training: Any, losses: dict[str, Loss]) -> tuple[Any, dict[str, Loss]]:
    """Return the training view with one more weight a head, and the losses that are weighed by them.

    The losses must not be negative, or the smallest would be blown up without end; config weights multiply the result.
    """
    layer = TaskWeights(list(losses), name="task_weights")
    wrapped = keras.Model(training.input, layer(training.output), name=f"{training.name}_weighed")
    return wrapped, {head: _weighed(layer, head, loss) for head, loss in losses.items()}


def _weighed(layer: TaskWeights, head: str, loss: Loss) -> Loss:
    def weighed(target: Any, output: Any) -> Any:
        return layer.weighted(head, loss(target, output))

    return weighed
