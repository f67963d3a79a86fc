"""A walk as text and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from modeling.fitting.plots import figure_png
from modeling.fitting.report import SIMULATED, bounded
from modeling.kernels.performance import equity_curve
from modeling.systems.lines import unclassed

_COLUMNS = (
    ("accuracy", "accuracy"),
    ("balanced", "balanced_accuracy"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("F1", "f1"),
    ("ROC-AUC", "roc_auc"),
    ("RMSE", "direction_rmse"),
)
_WIDTH = 22


def walk_lines(figures: Mapping[str, Any], *, is_simulated: bool) -> list[str]:
    """Return the honest table: all folds together, then each, everything beside what must be beaten."""
    lines = [
        *([SIMULATED] if is_simulated else []),
        f"walked forward over {len(figures['folds'])} folds, refitted in each; one-sided {figures['interval_level']:.0%} "
        "block-bootstrap bounds; precision, recall, F1 and ROC-AUC of the upper class, RMSE of its direction (-1 to 1)",
    ]
    lines += _part("ALL FOLDS", figures["pooled"])
    for name, own in figures["folds"].items():
        lines += _part(f"fold {name}", own)
    lines += [f"fold {name} REFUSED: {'; '.join(reasons)}" for name, reasons in figures["refused"].items()]
    return lines


def walk_png(figures: Mapping[str, Any], *, title: str) -> bytes:
    """Return the balanced accuracy and the Sharpe ratio by fold, and the accounts of all folds together."""
    names, folds = list(figures["pooled"]), figures["folds"]
    canvas, panels = plt.subplots(3, 1, figsize=(9, 11))
    shown = (("balanced accuracy", "balanced_accuracy"), ("Sharpe, after costs", "sharpe"))
    for axes, (label, key) in zip(panels, shown, strict=False):
        for place, name in enumerate(names):
            spots = np.arange(len(folds)) + 0.15 * (place - (len(names) - 1) / 2)
            told = [(own[name]["trading"] if key == "sharpe" else own[name])[key] for own in folds.values()]
            low, value, high = (
                np.array([_number(each[end]) for each in told]) for end in ("low", "value", "high")
            )
            # A basic bound may lie on the wrong side of a skewed figure; a bar has no negative length.
            axes.errorbar(
                spots,
                value,
                yerr=np.maximum([value - low, high - value], 0.0),
                fmt="o",
                capsize=3,
                label=name,
            )
        axes.set(xticks=range(len(folds)), xticklabels=list(folds), ylabel=label)
    panels[0].legend(fontsize=8)
    panels[1].axhline(0.0, color="grey", linewidth=0.8)
    for name in names:
        told = figures["pooled"][name]["trading"]
        days = np.array(told["day"]).astype("datetime64[D]")
        curve = equity_curve(np.array(told["daily_net"]))
        panels[2].plot(days, curve, label=f"{name}, {told['trades']:,} trades")
    panels[2].axhline(1.0, color="grey", linewidth=0.8)
    panels[2].set(ylabel="capital, after costs")
    panels[2].legend(fontsize=8)
    panels[0].set_title(title, fontsize=10)
    return figure_png(canvas)


def _part(title: str, told: Mapping[str, Any]) -> list[str]:
    first = next(iter(told.values()))
    shares = ", ".join(f"{name} {share:.1%}" for name, share in first["class_shares"].items())
    head = "".join(f"{name:<{_WIDTH}}" for name, _ in _COLUMNS)
    lines = [
        "",
        f"{title}: {first['rows']:,} rows, {first['days']} days ({shares}); most frequent class "
        f"{first['majority_share']:.1%}",
        f"{'':<22}{head}",
    ]
    for name, own in told.items():
        lines.append(f"{name:<22}" + "".join(f"{bounded(own[key]):<{_WIDTH}}" for _, key in _COLUMNS))
    lines.append(f"trading, after costs{unclassed(first['traded_without_class'])}")
    lines += [_trades(name, own["trading"]) for name, own in told.items()]
    for name, own in told.items():
        if "price_rmse" in own:
            both = own["price_rmse"]
            lines.append(
                f"  {name:<20} close foretold to {bounded(both['own'], scale=100)} %, by the last close to "
                f"{bounded(both['last_close'], scale=100)} %"
            )
    return lines


def _trades(name: str, told: Mapping[str, Any]) -> str:
    if not told["trades"]:
        return f"  {name:<20} no trade in {told['days']} days"
    return (
        f"  {name:<20} {told['trades']:,} trades  net {bounded(told['net_expectancy_frac'], scale=1e4, digits=1)} bp  win "
        f"{bounded(told['hit_rate'], scale=100, digits=1)} %  Sharpe {bounded(told['sharpe'], digits=2)}  drawdown "
        f"{bounded(told['max_drawdown_frac'], scale=100, digits=1)} %"
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
