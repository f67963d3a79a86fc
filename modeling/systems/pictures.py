"""Plots of a system's artifact: confusion, what it reads, the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from modeling.fitting.plots import equity_png, figure_png
from modeling.systems.rows import SystemRows
from modeling.systems.system import FoundSystem


def system_pictures(found: FoundSystem, rows: SystemRows, *, name: str) -> dict[str, bytes]:
    """Return the plots of a system's artifact by file name: those that every system has, and those of what its fit told."""
    told = found.fitted.told
    pictures = {
        "confusion.png": confusion_png(
            found.figures["test"][name]["classes"], title=f"{name} on the test part"
        ),
        "equity.png": equity_png(found.traded, title=f"{name} on the test part"),
    }
    if "importance" in told:
        pictures["importance.png"] = importance_png(told["importance"], title=f"What {name} reads")
    return pictures


def confusion_png(told: Mapping[str, Any], *, title: str) -> bytes:
    """Return the confusion matrix of class figures, each cell with its rows and its share of the true class."""
    confusion, names = np.asarray(told["confusion"]), list(told["class_shares"])
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(1.6 * len(names) + 2.4, 1.3 * len(names) + 2.0))
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for (row, column), rows in np.ndenumerate(confusion):
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{rows:,}\n{share:.0%}",
            ha="center",
            va="center",
            color="white" if share > 0.6 else "black",
        )
    ticks = range(len(names))
    axes.set(
        xticks=ticks,
        yticks=ticks,
        xticklabels=names,
        yticklabels=names,
        xlabel="predicted",
        ylabel="happened",
    )
    axes.set_title(title, fontsize=10)
    return figure_png(figure)


def importance_png(importance: Mapping[str, float], *, title: str, most: int = 20) -> bytes:
    """Return the features that count most, as shares of all."""
    total = sum(importance.values()) or 1.0
    strongest = sorted(importance.items(), key=lambda own: own[1])[-most:]
    figure, axes = plt.subplots(figsize=(7, 0.28 * len(strongest) + 1.2))
    axes.barh([name for name, _ in strongest], [100 * value / total for _, value in strongest])
    axes.set(xlabel="% of the whole importance")
    axes.set_title(title, fontsize=10)
    return figure_png(figure)
