"""The printed table of a system: every figure with its interval, beside what the system must beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modeling.fitting.report import SIMULATED, bounded
from modeling.systems.second_stage import stage_lines

_RIVALS = ("base rate", "last move", "logistic regression")


def system_lines(figures: Mapping[str, Any], *, is_simulated: bool) -> list[str]:
    """Return the honest table of the test part as lines of text."""
    figures = {**figures, "test": _system_first(figures["test"])}
    first = next(iter(figures["test"].values()))["classes"]
    shares = ", ".join(f"{name} {first['class_shares'][name]:.1%}" for name in first["names"])
    lines = [
        *([SIMULATED] if is_simulated else []),
        f"TEST part, {first['rows']:,} rows, {first['days']} days ({shares}); one-sided {figures['interval_level']:.0%} "
        "block-bootstrap bounds",
        "",
        f"{'':<22}{'accuracy':<23}{'balanced':>9}{'macro F1':>10}  {'ROC-AUC':<23}{'log loss':>9}{'ECE':>7}",
    ]
    lines += [_class_line(name, own["classes"]) for name, own in figures["test"].items()]
    lines += [
        "",
        f"most frequent class: {first['majority_share']:.1%} of the rows",
        "",
        f"trading, after costs{unclassed(figures.get('traded_without_class', 0))}",
    ]
    lines += [_trade_line(name, own["trading"], own["cut"]) for name, own in figures["test"].items()]
    for cost in next(iter(figures["test"].values()))["trading_at_bp"]:
        lines += ["", f"trading, round trip {cost} bp"]
        lines += [
            _trade_line(name, own["trading_at_bp"][cost], own["cut"]) for name, own in figures["test"].items()
        ]
    lines += [
        line
        for name, own in figures["test"].items()
        if "prices" in own
        for line in _price_lines(name, own["prices"])
    ]
    lines += stage_lines(figures.get("fit", {}))
    lines += _emission_lines(figures["test"])
    lines += ["", *(f"WARNING: {text}" for text in figures["fit"].get("warnings", ()))]
    lines += ["predicted: " + "; ".join(_shares(name, own) for name, own in figures["test"].items())]
    return lines


def _class_line(name: str, told: Mapping[str, Any]) -> str:
    return (
        f"{name:<22}{bounded(told['accuracy']):<23}{_figure(told['balanced_accuracy'], 9)}"
        f"{_figure(told['macro_f1'], 10)}  {bounded(told['roc_auc']):<23}{_figure(told['log_loss']['value'], 9)}"
        f"{_figure(told['ece'], 7)}"
    )


def unclassed(rows: int) -> str:
    """Return what is added where trades are made on more rows than classes are judged by."""
    return f", also on {rows:,} rows that moved too little to have a class" if rows else ""


def _system_first(test: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures with those of what must be beaten last: the database keeps no order of names."""
    return dict(sorted(test.items(), key=lambda own: _RIVALS.index(own[0]) if own[0] in _RIVALS else -1))


def _price_lines(name: str, told: Mapping[str, Any]) -> list[str]:
    lines = [
        "",
        f"forecasts of the close, {told['rows']:,} rows: {name} is {told['verdict']}",
        f"  scaled MSE {bounded(told['scaled_mse'], digits=4)}, of the last close "
        f"{bounded(told['naive_scaled_mse'], digits=4)}; the one is {bounded(told['error_share'], digits=2)} of the other "
        "(below 1 is better)",
        f"  {'':<8}{'rows':>7}  {'RMSE, RUB':<29}{'last close, RUB':<29}share of its squared error",
    ]
    return lines + [
        f"  {secid:<8}{own['rows']:>7,}  {bounded(own['rmse_rub'], digits=2):<29}"
        f"{bounded(own['naive_rmse_rub'], digits=2):<29}{bounded(own['error_share'], digits=2)}"
        for secid, own in told["tickers"].items()
    ]


def _trade_line(name: str, told: Mapping[str, Any], cut: Mapping[str, Any] | None) -> str:
    above = "what was told" if cut is None else f"score above {cut['threshold']:.3f}"
    if cut is not None:
        above += f", chosen for {cut['tuned_for']}" if cut["tuned_for"] != "none" else ", not tuned"
    if not told["trades"]:
        return f"  {name:<20} no trade in {told['days']} days ({above})"
    return (
        f"  {name:<20} {told['trades']:,} trades  net {bounded(told['net_expectancy_frac'], scale=1e4, digits=1)} bp  win "
        f"{bounded(told['hit_rate'], scale=100, digits=1)} %  total {told['net_total_frac']:+.1%}  Sharpe "
        f"{told['sharpe']:.2f} ({above})"
    )


def _emission_lines(test: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, own in test.items():
        told = own.get("emitted")
        if told is None:
            continue
        right = (
            ""
            if told["told_right"] is None
            else f", right {bounded(told['told_right'], scale=100, digits=1)} %"
        )
        strengths = ", ".join(
            f"{strength} {each['calls']:,}"
            + ("" if each["right"] is None else f" ({each['right']:.1%} right)")
            for strength, each in told["by_strength"].items()
        )
        lines.append(
            f"  {name:<20} told {_calls(told['told'])}{right}; of all {_calls(told['calls'])}, right "
            f"{bounded(told['right'], scale=100, digits=1)} %; {strengths}"
        )
        lines.append(_trade_line(name, told["trading"], None))
    return (
        ["", "emission: calls by the likeliest class, those sure enough and not repeated are told", *lines]
        if lines
        else []
    )


def _calls(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {call}" for call, count in counts.items())


def _shares(name: str, own: Mapping[str, Any]) -> str:
    told = own["classes"]
    shares = {each: told["predicted_shares"][each] for each in told["names"]}
    collapsed = " (COLLAPSED: one class has more than 90 %)" if told["collapsed"] else ""
    return f"{name} " + ", ".join(f"{each} {share:.0%}" for each, share in shares.items()) + collapsed


def _figure(value: float | None, width: int) -> str:
    return f"{'n/a':>{width}}" if value is None else f"{value:>{width}.3f}"
