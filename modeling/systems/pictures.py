"""Plots of a system's artifact: confusion, what it reads, the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from modeling.fitting.plots import equity_png, figure_png, learning_curve_png
from modeling.systems.price_figures import ForecastsPrices
from modeling.systems.rows import SystemRows
from modeling.systems.system import FoundSystem
from traderai.common.arrays import F64, I64


def system_pictures(found: FoundSystem, rows: SystemRows, *, name: str) -> dict[str, bytes]:
    """Return the plots of a system's artifact by file name: those that every system has, and those of what its fit told."""
    told = found.fitted.told
    pictures = {
        "confusion.png": confusion_png(
            found.figures["test"][name]["classes"], title=f"{name} on the test part"
        ),
        "equity.png": equity_png(found.traded, title=f"{name} on the test part"),
    }
    if "learning_curve" in told:
        pictures["learning_curve.png"] = learning_curve_png(told["learning_curve"])
    if isinstance(found.fitted, ForecastsPrices):
        forecast = found.fitted.forecast(rows, found.said.at)
        pictures["forecast.png"] = forecast_png(forecast, rows, found.said.at)
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


def forecast_png(forecast: F64, rows: SystemRows, at: I64, *, shares: int = 4, bars: int = 120) -> bytes:
    """Return forecasts (n,) of some rows' next closes beside what came and the last close, for the first shares' last bars.

    All in roubles as traded, by the bar that was foretold: a forecast that only repeats the last close lies on it.
    """
    own = [at[rows.instrument[at] == number][-bars:] for number in range(len(rows.secids))]
    shown = [here for here in own if here.size][:shares]
    figure, panels = plt.subplots(len(shown), 1, figsize=(8, 2.4 * len(shown)), squeeze=False)
    for axes, here in zip(panels[:, 0], shown, strict=True):
        traded = rows.market.bar["split_factor"][here]
        days = rows.decision_s[here + rows.horizon_bars].astype("datetime64[s]")
        axes.plot(days, rows.close[here + rows.horizon_bars] / traded, color="black", label="close")
        axes.plot(days, rows.close[here] / traded, color="grey", linestyle=":", label="last close")
        axes.plot(days, forecast[np.searchsorted(at, here)] / traded, label="forecast")
        axes.set(ylabel="RUB")
        axes.set_title(rows.secids[rows.instrument[here[0]]], fontsize=10)
    panels[0, 0].legend(fontsize=8)
    figure.autofmt_xdate()
    return figure_png(figure)
