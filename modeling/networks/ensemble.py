"""Several networks of one shape that answer as one: the mean of what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras


def mean_network(members: Sequence[Any]) -> Any:
    """Return a serving view whose heads are the means of the members' heads.

    Logits are averaged before calibration; the mean of quantiles that do not cross does not cross either.
    """
    inputs = {tensor.name: tensor for tensor in members[0].inputs}
    said = [member(inputs) for member in members]
    heads = {head: keras.layers.Average(name=f"mean_{head}")([own[head] for own in said]) for head in said[0]}
    return keras.Model(inputs, heads, name=f"{len(members)}_members")
