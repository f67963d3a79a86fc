"""How good decided classes are: the confusion matrix and what is read from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassScores:
    """Scores of predicted classes; of two classes the figures of class 1 are the binary ones."""

    rows: int
    majority_share: float  # accuracy of always saying the most frequent class
    accuracy: float
    balanced_accuracy: float  # mean recall of the classes that occurred; chance is one over their number
    support: I64  # (k,) rows of each class
    precision: F64  # (k,) NaN for a class that was never predicted
    recall: F64  # (k,) NaN for a class that did not occur
    f1: F64  # (k,) NaN for a class that neither occurred nor was predicted
    macro_precision: float  # mean over the classes that occurred or were predicted
    macro_recall: float
    macro_f1: float


def confusion_matrix(y: I64, predicted: I64, *, classes: int) -> I64:
    """Return the number of rows of each true class (down) and predicted class (across).

    Shapes: y, predicted (n,) class numbers from 0 to classes - 1; returns (classes, classes).
    Raises: ValueError for classes below 2, shapes that differ, numbers that are not whole or outside the classes.
    """
    if classes < 2:
        raise ValueError(f"classes must be at least 2, was {classes}")
    if y.shape != predicted.shape or y.ndim != 1:
        raise ValueError(f"y and predicted must be of one shape (n,), were {y.shape} and {predicted.shape}")
    for name, numbers in (("y", y), ("predicted", predicted)):
        if not np.issubdtype(numbers.dtype, np.integer):
            raise ValueError(
                f"{name} must hold whole class numbers, was {numbers.dtype}; drop null rows first"
            )
        if numbers.size and (numbers.min() < 0 or numbers.max() >= classes):
            raise ValueError(
                f"{name} must be from 0 to {classes - 1}, was from {numbers.min()} to {numbers.max()}"
            )
    cells = y.astype(np.int64) * classes + predicted
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def class_scores(confusion: I64) -> ClassScores:
    """Return accuracy, precision, recall and F1 of a confusion matrix.

    A macro average takes the classes that occurred or were predicted and is NaN if one of them has no such figure:
    a class that was never predicted has no precision, and leaving it out would flatter.

    Shapes: confusion (k, k), true classes down, predicted classes across.
    Units:  fractions of 1.
    NaN:    every figure whose denominator is 0; the macro average over it.
    Raises: ValueError unless confusion is square, without negative counts and with a row at least.
    """
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"confusion must be (k, k), was {confusion.shape}")
    if confusion.sum() == 0 or confusion.min() < 0:
        raise ValueError("confusion must hold counts of a row at least, was empty or negative")
    right = np.diagonal(confusion).astype(np.float64)
    support, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = _share(right, predicted), _share(right, support)
    f1 = _share(2 * right, support + predicted)
    seen = support + predicted > 0
    rows = int(confusion.sum())
    return ClassScores(
        rows=rows,
        majority_share=float(support.max() / rows),
        accuracy=float(right.sum() / rows),
        balanced_accuracy=float(recall[support > 0].mean()),
        support=support.astype(np.int64),
        precision=precision,
        recall=recall,
        f1=f1,
        macro_precision=float(precision[seen].mean()),
        macro_recall=float(recall[seen].mean()),
        macro_f1=float(f1[seen].mean()),
    )


def _share(part: F64, whole: I64) -> F64:
    share: F64 = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return share
