"""A comparison as lines of text: first what is compared on what, then every figure with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modeling.fitting.report import SIMULATED, bounded


def comparison_lines(told: Mapping[str, Any]) -> list[str]:
    """Return the table of `comparison.compared`."""
    lines = [*([SIMULATED] if told["is_simulated"] else []), *compared_on(told)]
    for group in told["rows"]:
        lines += ["", *_row_lines(group)]
    return [*lines, "", *_trade_lines(told["trading"])]


def compared_on(told: Mapping[str, Any]) -> list[str]:
    """Return in sentences what is compared on what rows, days, shares and costs."""
    trading = told["trading"]
    says = [
        f"{version} ({own['recipe']}, {own['timeframe']}): {own['rows']:,} test rows of {own['shares']} shares, "
        f"{own['days']} days"
        for version, own in told["runs"].items()
    ]
    says += [_rows_sentence(group) for group in told["rows"]]
    accounts = (
        "whole accounts, positions at their closes; what was open on the first day counts from then on"
        if trading["accounts"] == "whole"
        else "runs have other shares, so an account is its trades of the common ones, booked on the day of their exit"
    )
    says += [
        f"trading: all runs on the same {trading['days']} days, {trading['first_day']} to {trading['last_day']}, and "
        f"{len(trading['shares'])} shares ({', '.join(trading['shares'])}); {accounts}",
        f"costs of all: {_costs(told['account'])}",
        f"bounds: one-sided {told['interval_level']:.0%} of a block bootstrap of days, the same {told['resamples']} draws "
        f"for all, blocks of {told['mean_block_days']:g} days",
    ]
    return says


def _rows_sentence(group: Mapping[str, Any]) -> str:
    name = f"classes: {group['label_set']} at {group['timeframe']} ({', '.join(group['horizons'])})"
    several = ", ".join(group["versions"])
    if "figures" not in group:
        return f"{name}: {several} have {group['rows']:,} rows in common, too few; compared by trades alone"
    left = {version: rows for version, rows in group["left_out"].items() if rows}
    without = "; left out: " + ", ".join(f"{rows:,} rows only of {own}" for own, rows in left.items())
    span = f"{group['rows']:,} rows on {group['days']} days, {group['first_day']} to {group['last_day']}"
    if len(group["versions"]) == 1:
        return f"{name}: {several} alone, {span}; beside its own baselines only"
    return f"{name}: {several} on the same {span}{without if left else ''}"


def _costs(account: Mapping[str, Any]) -> str:
    costs = ", ".join(f"{name} {value:g}" for name, value in account["costs"].items())
    return (
        f"{costs}; at most {account['max_open']} positions of {account['stake_frac']:.0%} of the capital each, an order "
        f"at most {account['max_turnover_frac']:.0%} of a bar's median turnover"
    )


def _row_lines(group: Mapping[str, Any]) -> list[str]:
    lines = [f"{group['label_set']} at {group['timeframe']}, {group['rows']:,} rows"]
    if "figures" not in group:
        return [f"{lines[0]} in common: nothing to compare"]
    width = 2 + max(map(len, group["figures"]))
    first = next(iter(group["figures"].values()))
    shares = ", ".join(f"{name} {share:.1%}" for name, share in first["class_shares"].items())
    lines += [
        f"base rate: {shares}",
        f"{'':<{width}}{'accuracy':<23}{'balanced':>9}{'macro F1':>10}  {'ROC-AUC':<23}{'log loss':<23}{'ECE':>6}",
    ]
    lines += [
        f"{name:<{width}}{bounded(own['accuracy']):<23}{own['balanced_accuracy']:>9.3f}{own['macro_f1']:>10.3f}  "
        f"{bounded(own['roc_auc']):<23}{bounded(own['log_loss']):<23}{own['ece']:>6.3f}"
        for name, own in group["figures"].items()
    ]
    for title, key in (
        (
            f"better than the baseline of least log loss, {group['best_baseline']}, row by row",
            "against_best_baseline",
        ),
        (f"better than {group['first_run']}, row by row", "against_first_run"),
    ):
        if group[key]:
            lines.append(title)
        lines += [
            f"  {name:<{width}}log loss lower by {bounded(own['log_loss_gain'], digits=4)}, accuracy higher by "
            f"{bounded(own['accuracy_gain'], scale=100, digits=1)} points"
            for name, own in group[key].items()
        ]
    return lines


def _trade_lines(trading: Mapping[str, Any]) -> list[str]:
    width = 2 + max(map(len, trading["figures"]))
    lines = [
        f"trading, {trading['days']} days, after costs",
        f"{'':<{width}}{'trades':>7}  {'net, bp a trade':<27}{'win, %':<21}{'net a day, bp':<24}{'total':>8}  {'Sharpe':<21}",
    ]
    lines += [_trade_line(name, own, width) for name, own in trading["figures"].items()]
    for title, key in (
        (
            f"more than the best baseline, {trading['best_baseline']}, day by day",
            "daily_gain_against_best_baseline",
        ),
        (f"more than {trading['first_run']}, day by day", "daily_gain_against_first_run"),
    ):
        if trading[key]:
            lines.append(title)
        lines += [
            f"  {name:<{width}}net a day {bounded(own, scale=1e4, digits=2)} bp{_verdict(own)}"
            for name, own in trading[key].items()
        ]
    return lines


def _trade_line(name: str, own: Mapping[str, Any], width: int) -> str:
    if not own["trades"]:
        return f"{name:<{width}}{0:>7}  no trade"
    return (
        f"{name:<{width}}{own['trades']:>7,}  {bounded(own['net_expectancy_frac'], scale=1e4, digits=1):<27}"
        f"{bounded(own['hit_rate'], scale=100, digits=1):<21}{bounded(own['daily_net'], scale=1e4, digits=2):<24}"
        f"{own['net_total_frac']:>+8.1%}  {bounded(own['sharpe'], digits=2):<21}"
    )


def _verdict(gain: Mapping[str, float | None]) -> str:
    low, high = gain["low"], gain["high"]
    if low is None or high is None:
        return ""
    return ", more" if low > 0 else ", less" if high < 0 else ", no difference proven"
