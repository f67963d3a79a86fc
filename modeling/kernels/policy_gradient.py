"""A small decision policy upon a classifier's log-probabilities, and the gradient that tunes it by rewards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modeling.kernels.calibration import softmax
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyShape:
    """A policy over k actions: logits of the classifier plus what it makes of c inputs, by a line or one hidden layer.

    With all outer weights at 0, as it begins, it is the classifier itself.
    """

    inputs: int  # c
    actions: int  # k
    hidden_units: int = 0  # 0: a line

    def __post_init__(self) -> None:
        if self.inputs < 1 or self.actions < 2 or self.hidden_units < 0:
            raise ValueError(
                "inputs must be at least 1, actions at least 2 and hidden_units not negative, were "
                f"{self.inputs}, {self.actions} and {self.hidden_units}"
            )

    @property
    def inner(self) -> tuple[int, int]:
        """The shape of the inner weights, their bias in the last row; (0, 0) for a line."""
        return (self.inputs + 1, self.hidden_units) if self.hidden_units else (0, 0)

    @property
    def outer(self) -> tuple[int, int]:
        """The shape of the outer weights, their bias in the last row."""
        return ((self.hidden_units or self.inputs) + 1, self.actions)

    @property
    def size(self) -> int:
        """How many parameters it has."""
        return self.inner[0] * self.inner[1] + self.outer[0] * self.outer[1]

    def begun(self, rng: np.random.Generator) -> F64:
        """Return parameters (size,) by which the policy is the classifier: small random inner weights, no outer ones."""
        inner = self.inner[0] * self.inner[1]
        scale = 1.0 / np.sqrt(self.inputs)
        return np.concatenate((scale * rng.standard_normal(inner), np.zeros(self.size - inner)))


def policy_shares(shape: PolicyShape, parameters: F64, log_p: F64, inputs: F64) -> F64:
    """Return the probability of each action: softmax of the classifier's log-probabilities plus the policy's own logits.

    Shapes: parameters (size,), log_p (n, k), inputs (n, c); returns (n, k), rows adding up to 1.
    NaN:    not expected; a row with one gets none but NaN.
    Causal: each row reads itself alone.
    """
    return softmax(log_p + _layers(shape, parameters, inputs)[1])


def policy_gradient(
    shape: PolicyShape,
    parameters: F64,
    log_p: F64,
    inputs: F64,
    *,
    action: I64,
    advantage: F64,
    entropy_weight: float,
) -> F64:
    """Return the gradient of `mean(advantage log pi(action)) + entropy_weight mean(entropy)` by the parameters.

    With actions drawn from the policy itself and rewards less a baseline that does not read the action, the first part is
    an unbiased estimate of the gradient of the expected reward (REINFORCE).

    Shapes: action, advantage (n,), others as `policy_shares`; returns (size,).
    Units:  of the advantage.
    Source: Williams (1992), Machine Learning 8, 229-256; entropy bonus: Williams and Peng (1991), Connection Science 3.
    """
    read, logits = _layers(shape, parameters, inputs)
    shares = softmax(log_p + logits)
    log_shares = np.log(np.maximum(shares, 1e-300))
    entropy = -(shares * log_shares).sum(axis=1, keepdims=True)
    taken = np.zeros_like(shares)
    taken[np.arange(action.size), action] = 1.0
    by_logit = advantage[:, None] * (taken - shares) - entropy_weight * shares * (log_shares + entropy)
    by_logit /= action.size
    outer = _with_ones(read).T @ by_logit
    if not shape.hidden_units:
        return np.asarray(outer.ravel())
    weights = _split(shape, parameters)[1]
    by_hidden = (by_logit @ weights[:-1].T) * (1.0 - read**2)
    return np.asarray(np.concatenate(((_with_ones(inputs).T @ by_hidden).ravel(), outer.ravel())))


def drawn_actions(shares: F64, rng: np.random.Generator) -> I64:
    """Return an action for each row of probabilities, drawn by them.

    Shapes: shares (n, k), rows adding up to 1; returns (n,).
    """
    drawn = rng.random((shares.shape[0], 1))
    places = (drawn > np.cumsum(shares, axis=1)).sum(axis=1)
    return np.asarray(np.minimum(places, shares.shape[1] - 1), dtype=np.int64)


def _layers(shape: PolicyShape, parameters: F64, inputs: F64) -> tuple[F64, F64]:
    """Return what the outer weights read (n, h or c), and the logits (n, k)."""
    inner, outer = _split(shape, parameters)
    read = np.tanh(_with_ones(inputs) @ inner) if shape.hidden_units else inputs
    return read, _with_ones(read) @ outer


def _split(shape: PolicyShape, parameters: F64) -> tuple[F64, F64]:
    if parameters.shape != (shape.size,):
        raise ValueError(f"parameters must have shape ({shape.size},), were {parameters.shape}")
    inner = shape.inner[0] * shape.inner[1]
    return parameters[:inner].reshape(shape.inner), parameters[inner:].reshape(shape.outer)


def _with_ones(values: F64) -> F64:
    return np.column_stack((values, np.ones(values.shape[0])))
