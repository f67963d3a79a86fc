"""Plots for the artifact: learning curve, reliability, equity."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")  # before pyplot: there is no screen

from matplotlib import pyplot as plt

from modeling.fitting.dataset import Dataset
from modeling.fitting.forecasts import Forecasts
from modeling.fitting.trading import Traded
from modeling.kernels.metrics import reliability
from modeling.kernels.performance import equity_curve


def learning_curve_png(curve: dict[str, list[float]]) -> bytes:
    """Return the loss by epoch on both parts."""
    figure, axes = plt.subplots(figsize=(7, 4))
    epochs = np.arange(1, len(curve["loss"]) + 1)
    axes.plot(epochs, curve["loss"], marker="o", label="training")
    axes.plot(epochs, curve["val_loss"], marker="o", label="validation")
    axes.set(xlabel="epoch", ylabel="weighted loss", title="Learning curve")
    axes.legend()
    return figure_png(figure)


def reliability_png(forecasts: Forecasts, dataset: Dataset, *, part: int) -> bytes:
    """Return predicted against realised frequency on held-out rows, by side and horizon."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.5), sharex=True, sharey=True)
    for axes, side in zip(panels, ("p_long", "p_short"), strict=True):
        axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
        for h, horizon in enumerate(dataset.horizons):
            inside = dataset.part[forecasts.rows, h] == part
            y = getattr(dataset.targets, side)[forecasts.rows[inside], h]
            table = reliability(y, getattr(forecasts, side)[inside, h])
            axes.plot(table.p_mean, table.happened, marker="o", label=f"{horizon}, n {y.size:,}")
        axes.set(xlabel="predicted", ylabel="happened", title=f"{side} on the test part")
        axes.legend()
    return figure_png(figure)


def equity_png(result: Traded, *, title: str) -> bytes:
    """Return the account by day, positions at their last close."""
    figure, axes = plt.subplots(figsize=(8, 4))
    days = result.simulation.daily.day.astype("datetime64[D]")
    axes.plot(days, equity_curve(result.daily_net))
    axes.axhline(1.0, color="grey", linewidth=0.8)
    axes.set(ylabel="capital", title=f"{title}; {len(result.simulation.trades)} trades, after costs")
    figure.autofmt_xdate()
    return figure_png(figure)


def figure_png(figure: Any) -> bytes:
    """Return a figure as a PNG that is the same bytes each time, and let go of it."""
    buffer = io.BytesIO()
    figure.tight_layout()
    figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()
