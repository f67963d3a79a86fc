"""Class weights: from the labels once, and moved from epoch to epoch by what is predicted."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F64, I64


def class_weights(label: I64, *, classes: int) -> F64:
    """Return the weight of each class by which all classes count the same; the mean weight of a row is 1.

    Shapes: label (n,) class numbers from 0 to classes - 1 -> (classes,)
    Raises: ValueError for a class without a row.
    Source: King and Zeng (2001), Logistic regression in rare events data; scikit-learn's "balanced".
    """
    counts = np.bincount(label, minlength=classes)
    if counts.size > classes or counts.min() == 0:
        raise ValueError(
            f"every class from 0 to {classes - 1} must have rows and no other, had {counts.tolist()}"
        )
    return np.asarray(label.size / (classes * counts))


def positive_weights(label: I64, ticker: I64, *, tickers: int, most: float) -> F64:
    """Return by how much each ticker's positive rows count more: negatives per positive, at most `most`.

    A ticker without a positive or without a negative row has the weight of all tickers together: its own says nothing.

    Shapes: label (n,) of 0 and 1, ticker (n,) numbers from 0 to tickers - 1 -> (tickers,)
    Raises: ValueError where all rows are of one class, or `most` is below 1.
    """
    if most < 1.0:
        raise ValueError(f"most must be at least 1, was {most}")
    positive = np.bincount(ticker, weights=label, minlength=tickers)
    negative = np.bincount(ticker, minlength=tickers) - positive
    if positive.sum() == 0 or negative.sum() == 0:
        raise ValueError(
            f"labels must be of both classes, {int(positive.sum())} of {label.size} rows were positive"
        )
    both = (positive > 0) & (negative > 0)
    own = np.divide(negative, positive, out=np.full(tickers, negative.sum() / positive.sum()), where=both)
    return np.asarray(np.clip(own, 1.0 / most, most))


def reweighted(weights: F64, *, predicted: F64, wanted: F64, step: float) -> F64:
    """Return class weights moved a small step towards what is predicted too seldom; their mean stays what it was.

    A class that is predicted half as often as it is wanted gets a factor of 2 ** step.

    Shapes: weights, predicted, wanted (k,) -> (k,)
    Units:  shares of the rows that are predicted to be of a class and that are wanted to be.
    Raises: ValueError for shapes that differ, weights or wanted shares that are not positive, shares that do not
            add up to 1, and a step outside (0, 1].
    """
    if not weights.shape == predicted.shape == wanted.shape or weights.ndim != 1:
        raise ValueError(
            f"weights, predicted and wanted must be of one shape (k,), were {weights.shape}, {predicted.shape} "
            f"and {wanted.shape}"
        )
    sums = (float(predicted.sum()), float(wanted.sum()))
    if min(weights.min(), wanted.min()) <= 0 or predicted.min() < 0 or max(abs(s - 1.0) for s in sums) > 1e-6:
        raise ValueError(
            f"weights and wanted must be above 0 and shares add up to 1, were {weights}, {predicted} and {wanted}"
        )
    if not 0.0 < step <= 1.0:
        raise ValueError(f"step must lie in (0, 1], was {step}")
    seen = np.maximum(predicted, 0.01)  # a class that vanished is pulled back hard, not without bound
    moved = weights * (wanted / seen) ** step
    return np.asarray(moved * (weights.mean() / moved.mean()))
