"""The printed table and the model card: every figure with its interval, its baseline and its number of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modeling.contracts.council import META, META_RANK
from modeling.contracts.heads import SIDES
from modeling.fitting.report_names import named

_MODELS = ("base_rate", "logistic", "lightgbm", "network")
SIMULATED = "SIMULATED data: figures say nothing about a real market."


def table_lines(part: dict[str, Any], *, part_name: str, is_simulated: bool) -> list[str]:
    """Return the honest table of one part as lines of text."""
    level = f"{part['interval_level']:.0%}"
    title = f"{part_name.upper()} part, {part['days']} trading days; one-sided {level} block-bootstrap bounds"
    lines = [*([SIMULATED] if is_simulated else []), title, ""]
    header = f"{'head':<12}{'model':<11}{'ROC-AUC [bounds]':<24}{'PR lift':>8}{'log loss':>10}{'Brier':>8}{'ECE':>8}"
    lines.append(header)
    for head, entry in part["heads"].items():
        lines.append(
            f"{head}: {entry['rows']:,} overlapping rows, {entry['days']} days, base rate {entry['positive_frac']:.1%}"
        )
        lines += [_model_line(name, entry["models"][name]) for name in _MODELS]
    lines += ["", *_spread_lines(part), "", *_policy_lines(part["policy"])]
    return lines


def held_out_lines(metrics: dict[str, Any], *, is_simulated: bool) -> list[str]:
    """Return the honest table of a version's test part, and what it learned upon its network."""
    learned = [
        *threshold_lines(metrics.get("thresholds", {})),
        *filter_lines(metrics.get("filters", [])),
        *order_level_lines(metrics.get("order_levels", {})),
    ]
    return [
        *table_lines(metrics["test"], part_name="test", is_simulated=is_simulated),
        "",
        *coverage_lines(metrics.get("ranges", {})),
        *ways_lines(metrics.get("council", {})),
        *learning_lines(metrics.get("learning", {})),
        *learned,
    ]


def coverage_lines(ranges: Mapping[str, Any]) -> list[str]:
    """Return the coverage of the return quantiles of the test part, by horizon; nothing where there is none."""
    lines = []
    for horizon, entry in ranges.items():
        lines.append(
            f"ranges {horizon}: % of {entry['rows']:,} outcomes below each level, before and after learning"
        )
        levels = list(entry["adjusted"]["whole"]["coverage"])
        lines.append(f"  {'level':<12}" + "".join(f"{100 * float(level):>7.0f}" for level in levels))
        for name, way in (("as trained", "unadjusted"), ("as served", "adjusted")):
            told = entry[way]
            shares = "".join(f"{100 * told['whole']['coverage'][level]:>7.1f}" for level in levels)
            tercile = max(part["largest_miss"] for part in told["terciles"])
            lines.append(
                f"  {name:<12}{shares}  misses by {100 * told['whole']['largest_miss']:.1f}, in a tercile of volatility "
                f"by {100 * tercile:.1f}; pinball {told['pinball_loss'] * 1e4:.2f} bp"
            )
    return lines


def learning_lines(told: Mapping[str, Any]) -> list[str]:
    """Return which ranges and levels serve with what they learn, and what that made of the test part; nothing for none."""
    if not told:
        return []
    lines = [
        "",
        "what learns after training serves where rows that taught neither it nor the network are said better by it:",
        *(
            f"  ranges {own['horizon']:<3} {_served_words(own['kept'])}  largest miss of coverage "
            f"{_number(own['miss_before'], 100, 1)} -> {_number(own['miss_after'], 100, 1)} points, pinball "
            f"{_number(own['pinball_before'], 1e4, 2)} -> {_number(own['pinball_after'], 1e4, 2)} bp on {own['rows']:,} rows"
            for own in told["ranges"]
        ),
    ]
    for own in told["levels"]:
        tested = told["test"][own["horizon"]][own["side"]]
        before, after = (tested[way] for way in ("fixed", "learning"))
        lines.append(
            f"  {own['side']} {own['horizon']:<3} {_served_words(own['kept'])}  log loss {_number(own['log_loss_before'])} -> "
            f"{_number(own['log_loss_after'])} on {own['days']} days, less by at least {_number(own['better_low'], 1, 4)}; "
            f"test {before['log_loss']:.3f} -> {after['log_loss']:.3f}, ECE {before['ece']['value']:.3f} -> "
            f"{after['ece']['value']:.3f}"
        )
    return lines


def _served_words(kept: bool) -> str:
    return "learns  " if kept else "as trained"


def threshold_lines(told: Mapping[str, Any]) -> list[str]:
    """Return the least edges by regime with what chose them, and how they stand fold by fold; nothing for none."""
    if not told:
        return []
    lines = ["", f"least edges by regime ({told['mode']}): {told['reason']}"]
    for own in told["regimes"]:
        cut, of = own["cut"], "all regimes' rows" if own["pooled"] else "its own rows"
        least = (
            "nothing fits"
            if cut is None
            else f"edge >= {cut['least_edge']:g}"
            if cut["least_edge"]
            else "as configured"
        )
        words = f"{_cut_words(cut)}; configured " if cut is not None and cut["least_edge"] else ""
        lines.append(
            f"  {own['regime']:<12}{least:<16}{words}{_cut_words(own['configured'])}; by {of} ({own['days']} days of its own)"
        )
    lines += [
        f"  {choice['way']:<12}{choice['trades']:>5} trades of other folds' choice, "
        f"{_number(choice['net_expectancy_frac'], 1e4, 1)} bp a trade; a day better by at least "
        f"{choice['better_bound'] * 1e4:.2f} bp"
        for choice in told["choices"]
        if choice["way"] == "learned"
    ]
    for fold in told["folds"]:
        alone = fold["alone_least_edge"]
        lines.append(
            f"  {fold['first_day']} to {fold['last_day']}: configured {_cut_words(fold['configured'])}; chosen by all "
            f"{_cut_words(fold['learned'])}; alone it {'finds none' if alone is None else f'takes {alone:g}'}"
        )
    return lines


def ways_lines(told: Mapping[str, Any]) -> list[str]:
    """Return by what a council decides and whether its aggregator reads the daily rank, with what chose; nothing for none."""
    if not told:
        return []
    return [
        "",
        f"the council decides by: {named(told['kept'])}; what each way made of the validation rows:",
        *map(_choice_line, told["choices"]),
        rank_line(told),
    ]


def rank_line(told: Mapping[str, Any] | None) -> str:
    """Return whether a council's aggregator reads the daily rank, with the validation rows' figures; "" for no council.

    An aggregator may read it where another way decides: that is said.
    """
    if not told:
        return ""
    ranks = told.get("ranks")
    if ranks is None:
        return "daily rank not tried"
    without, reading = ranks["choices"]
    decides = "" if told["kept"] in (META, META_RANK) else " by an aggregator that does not decide"
    return (
        f"daily rank {'kept' if ranks['kept'] else 'not kept'}{decides}: {reading['trades']:,} trades at "
        f"{_number(reading['net_expectancy_frac'], 1e4, 1)} bp with it, {without['trades']:,} at "
        f"{_number(without['net_expectancy_frac'], 1e4, 1)} bp without; a day better by at least "
        f"{_number(reading['better_bound'], 1e4, 2)} bp"
    )


def filter_lines(told: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the cells that are left out with what their trades made, and how that held fold against fold."""
    lines = []
    for step in told:
        lines += ["", f"cells left out ({', '.join(step['kinds'])}): {step['reason']}"]
        lines += [
            f"  {own['kind']} {own['cell']}: {own['net_bp']:.1f} bp a trade [{own['low_bp']:.1f}, {own['high_bp']:.1f}] in "
            f"{own['trades']:,} trades{'' if step['kept'] else ' (found to lose, and yet not left out)'}"
            for own in step["left_out"]
        ]
        lines += map(_choice_line, step["choices"])
        lines += [
            f"  {block['first_day']} to {block['last_day']}: {block['rows']:,} rows at {_number(block['net_bp'], 1.0, 1)} bp; "
            f"without {', '.join(block['found_by_others']) or 'none'} {block['left_rows']:,} at "
            f"{_number(block['left_net_bp'], 1.0, 1)} bp"
            for block in step["blocks"]
        ]
    return lines


def order_level_lines(told: Mapping[str, Any]) -> list[str]:
    """Return which levels orders have, what each pair made, and how that held fold against fold; nothing for none."""
    if not told:
        return []
    lines = ["", f"order levels by excursions: {told['reason']}"]
    lines += [f"  all rows, {_pair_words(own)}" for own in told["tried"]]
    lines += map(_choice_line, told["choices"])
    lines += [
        f"  {block['first_day']} to {block['last_day']}: {_pair_words(block['label_set'])}; by the others' choice "
        f"{_pair_words(block['drawn'])}"
        for block in told["blocks"]
    ]
    found = told["found"] or {}
    return lines + [
        f"  expected of a {side} at an edge of {100 * edge:.1f} points: {net:+.2f} R [{low:+.2f}, {high:+.2f}] of the label "
        f"set's stop, {found[side]['trades']:,} trades in all{'' if told['kept'] else ' (not served)'}"
        for side in SIDES
        if found.get(side)
        for edge, net, low, high in zip(
            *(found[side][name] for name in ("knots", "net_r", "low_r", "high_r")), strict=True
        )
    ]


def pair_name(pair: Mapping[str, float] | None) -> str:
    """Return the quantiles of a pair of levels in words; None is the label set's own levels."""
    if pair is None:
        return "the label set's levels"
    return f"take-profit q{100 * pair['take_profit']:.0f} stop q{100 * pair['stop_loss']:.0f}"


def _pair_words(own: Mapping[str, Any]) -> str:
    made = bounded(own["net_frac"], digits=1, scale=1e4)
    return f"{pair_name(own['pair'])}: {own['trades']:,} trades at {made} bp"


def model_card(about: dict[str, Any], tables: list[str], dataset: dict[str, Any], read: list[str]) -> str:
    """Return the model card in Markdown; `read` are the lines on what the version reads."""
    parts = [
        f"| {name} | {part['first_decision'][:10]} | {part['last_decision'][:10]} | {part['rows']:,} |"
        for name, part in dataset["parts"].items()
    ]
    facts = [f"| {name} | {value} |" for name, value in about.items()]
    exclusions = [f"* {reason}: {count:,}" for reason, count in dataset["exclusions"].items() if count]
    lines = [
        f"# Model card: {about['version']}", "",
        *([f"**{SIMULATED}**", ""] if about["is_simulated"] else []),
        "| fact | value |", "|---|---|", *facts, "",
        "## Data", "", f"Shares: {', '.join(dataset['secids'])}.", "",
        "| part | first decision | last decision | rows x horizons |", "|---|---|---|---|", *parts, "",
        "Left out (rows x horizons):", "", *(exclusions or ["* nothing"]), "",
        *[f"* Warning: {warning}" for warning in dataset["warnings"]], "",
        "## Held-out figures", "", "```", *tables, "```", "",
        "## What it reads", "", "```", *read, "```", "",
        "## Limits", "",
        "* Rows overlap: neighbouring bars share most of their label window, so the count of rows overstates "
        "the evidence; the bounds resample whole days in blocks.",
        "* Trades are judged by the thresholds of the flat regime (by those of each day's own where least edges or cells "
        "to be left out were learned and kept), at the labels' own entries and exits (at order levels where those were kept), "
        "with equal stakes and profits not reinvested.",
        "* Calibration, losses by volatility and the edge map come from one validation part; they, least edges by regime, "
        "cells left out and order levels know no levels of probabilities that learn.",
        "* Held-out figures are of what is served: levels and ranges learn each day from outcomes, where they serve.",
        "* The shares are those listed today in the data: shares that were delisted are missing.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def bounded(figure: dict[str, float | None] | None, *, digits: int = 3, scale: float = 1.0) -> str:
    """Return "0.552 [0.531, 0.574]"; what could not be measured is "n/a"."""
    if figure is None or (value := figure["value"]) is None:
        return "n/a"
    low, high = figure["low"], figure["high"]
    if low is None or high is None:
        return f"{value * scale:.{digits}f} [n/a]"
    return f"{value * scale:.{digits}f} [{low * scale:.{digits}f}, {high * scale:.{digits}f}]"


def _model_line(name: str, figures: dict[str, Any]) -> str:
    return (
        f"{'':<12}{name:<11}{bounded(figures['roc_auc']):<24}{figures['pr_auc_lift'] or float('nan'):>8.2f}"
        f"{figures['log_loss']['value']:>10.4f}{figures['brier']['value']:>8.4f}{figures['ece']:>8.4f}"
    )


def _spread_lines(part: dict[str, Any]) -> list[str]:
    lines = ["quantiles: mean pinball loss in bp; network minus base rate below 0 is better"]
    for horizon, entry in part["quantiles"].items():
        difference = bounded(entry["network_minus_base_rate"], digits=2, scale=1e4)
        lines.append(
            f"  {horizon:<3} network {entry['network']['value'] * 1e4:.2f}  base rate "
            f"{entry['base_rate']['value'] * 1e4:.2f}  difference {difference}  90 % range covers "
            f"{entry['coverage']['0.95'] - entry['coverage']['0.05']:.1%}  n {entry['rows']:,}"
        )
    for horizon, by_name in part.get("excursions", {}).items():
        lines += [
            f"  {horizon:<3} {name.replace('_', ' ')}: network {entry['network']['value'] * 1e4:.2f}  training's own "
            f"{entry['base_rate']['value'] * 1e4:.2f}  difference "
            f"{bounded(entry['network_minus_base_rate'], digits=2, scale=1e4)}  median covers {entry['coverage']['0.50']:.1%}"
            for name, entry in by_name.items()
        ]
    lines.append("volatility: rank correlation with what came (root mean square error)")
    for horizon, entry in part["volatility"].items():
        shown = "  ".join(
            f"{name} {_number(entry[name]['rank_correlation'])} ({entry[name]['rmse']:.4f})"
            for name in ("network", "ewma")
        )
        lines.append(f"  {horizon:<3} {shown}  n {entry['rows']:,}")
    return lines


def _policy_lines(policy: dict[str, Any]) -> list[str]:
    lines = ["policy: net of costs, one position a share, equal stakes (no trade earns 0)"]
    for name, entry in policy.items():
        if entry["trades"] == 0:
            lines.append(f"  {name:<22}no trade in {entry['days']} days")
            continue
        lines.append(
            f"  {name:<22}{entry['trades']:>5} trades  net expectancy "
            f"{bounded(entry['net_expectancy_frac'], digits=1, scale=1e4)} bp  win rate "
            f"{bounded(entry['hit_rate'], digits=1, scale=100)} %  total {entry['net_total_frac']:+.1%}  "
            f"worst fall {entry['max_drawdown_frac']:.1%}"
        )
    return lines


def _choice_line(choice: Mapping[str, Any]) -> str:
    return (
        f"  {named(choice['way']):<24}{choice['trades']:>5} trades, {_number(choice['net_expectancy_frac'], 1e4, 1)} bp a "
        f"trade; a day better by at least {_number(choice['better_bound'], 1e4, 2)} bp"
    )


def _cut_words(cut: Mapping[str, Any]) -> str:
    return (
        f"{cut['trades']:,} trades, precision {_number(cut['precision'], 100, 1)} % (break-even "
        f"{_number(cut['p_break_even'], 100, 1)} %), {_number(cut['trade_net_r'])} R a row"
    )


def _number(value: float | None, scale: float = 1.0, digits: int = 3) -> str:
    return "n/a" if value is None else f"{value * scale:.{digits}f}"


def fallback_lines(lost: Sequence[str]) -> list[str]:
    """Return the plain words for heads that are back at their base; none for none."""
    names = {
        "log_loss": "the probabilities",
        "quantile_loss": "the return ranges",
        "volatility_rank": "the volatility",
    }
    if not lost:
        return []
    what = " and ".join(names[kind] for kind in lost)
    return [
        f"On the test part {what} were not better than the base rate's: there the base serves, not the network."
    ]
