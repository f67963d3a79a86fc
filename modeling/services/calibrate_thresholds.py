"""Cuts of a published version at a wanted precision, frozen on its validation part and reported on both; nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modeling.contracts import ModelVersionFacts
from modeling.contracts.thresholds import ThresholdConfig
from modeling.fitting.cuts import base_win_rates, cut_figures
from modeling.fitting.dataset import PARTS, TEST, VALIDATION, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.judging import Rules, bootstrap_of
from modeling.fitting.precision_cuts import (
    HeadRows,
    curve_points,
    cuts_wanted,
    head_rows,
    left_figures,
    precision_cuts,
)
from modeling.fitting.report import SIMULATED, bounded
from modeling.fitting.trading import Traded, part_days, traded
from modeling.selectors.versions import version_of
from modeling.services.judgement import (
    held_out_judged,
    own_dataset,
    recipe_of,
    require_own_dataset,
    rules_of,
    run_of,
)
from modeling.services.looked_at import looked_at_record
from traderai.common.errors import InputError
from traderai.common.progress import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateReport:
    """The cuts, what they leave, and the curves that they lie on."""

    version: ModelVersionFacts
    table: tuple[str, ...]
    content: dict[str, Any]  # the same for machines
    new_trials: int


def thresholds_calibrate(
    *, model: str, target_precision: float, now: datetime, progress: Progress = silent
) -> CalibrateReport:
    """Find, for each side and horizon, the least probability whose validation rows reach a precision.

    The account that trades what is left counts as a trial of each part; repeating counts nothing.

    Raises: InputError for a precision that cannot be, and as `version_of`, `own_dataset` and `require_own_dataset`.
    """
    _require_precision(target_precision)
    facts = version_of(model)
    dataset = own_dataset(facts, progress=progress)
    return dataset_calibrate(
        facts=facts, dataset=dataset, target_precision=target_precision, now=now, progress=progress
    )


def dataset_calibrate(
    *,
    facts: ModelVersionFacts,
    dataset: Dataset,
    target_precision: float,
    now: datetime,
    progress: Progress = silent,
) -> CalibrateReport:
    """Find the cuts on an assembled dataset; everything after the loading of `thresholds_calibrate`."""
    _require_precision(target_precision)
    run = run_of(facts)
    require_own_dataset(facts, dataset)  # parts of another might not be held out
    rules = rules_of(recipe_of(run), seed=run.seed, simulated=facts.is_simulated)
    own = held_out_judged(facts, dataset)
    chosen_on = head_rows(own, dataset, rules, part=VALIDATION)
    # What the recipe asks of a least edge that shall prove anything is asked of a cut, too.
    min_share_days = (rules.recipe.thresholds or ThresholdConfig()).min_trades
    cuts = precision_cuts(chosen_on, target_precision, min_share_days=min_share_days)
    found, new_trials = {}, 0
    for number, part in enumerate((VALIDATION, TEST)):
        progress(number, 2, PARTS[part])
        heads = chosen_on if part == VALIDATION else head_rows(own, dataset, rules, part=part)
        account = _account(heads, cuts, dataset, rules, part=part)
        found[PARTS[part]] = _part_figures(heads, cuts, dataset, rules, account=account, part=part)
        if cuts:
            asked = ["precision", target_precision, PARTS[part]]
            new_trials += looked_at_record(facts, dataset, account, asked=asked, now=now)
    content = plain(
        {
            "version": facts.version,
            "manifest_sha256": facts.manifest_sha256,
            "dataset_sha256": run.data_sha256,
            "is_simulated": facts.is_simulated,
            "grade": facts.grade,
            "target_precision": target_precision,
            "min_share_days": min_share_days,
            "interval_level": rules.recipe.evaluation.interval_level,
            "cuts": cuts,
            "parts": found,
        }
    )
    return CalibrateReport(
        version=facts, table=tuple(_table(content)), content=content, new_trials=new_trials
    )


def _require_precision(precision: float) -> None:
    if not 0.0 < precision <= 1.0:
        raise InputError(
            f"a precision is the share of rows that reach their take-profit, within (0, 1], was {precision:g}",
            field="target_precision",
        )


def _account(
    heads: tuple[HeadRows, ...], cuts: dict[str, float], dataset: Dataset, rules: Rules, *, part: int
) -> Traded:
    orders = cuts_wanted(heads, cuts).orders(dataset, rules.policy)
    return traded(orders, dataset, rules.terms(None), days=part_days(dataset, part))


def _part_figures(
    heads: tuple[HeadRows, ...],
    cuts: dict[str, float],
    dataset: Dataset,
    rules: Rules,
    *,
    account: Traded,
    part: int,
) -> dict[str, Any]:
    bootstrap = bootstrap_of(part_days(dataset, part), rules)
    return {
        "days": int(bootstrap.days.size),
        "account": cut_figures(account, bootstrap, base_win_rates(dataset, part=part, cost_bp=None)),
        "heads": {
            own.name: {
                "curve": curve_points(own),
                "left": left_figures(own, cuts[own.name], bootstrap) if own.name in cuts else None,
            }
            for own in heads
        },
    }


def _table(content: dict[str, Any]) -> list[str]:
    parts, cuts, enough = content["parts"], content["cuts"], content["min_share_days"]
    lines = [
        *([SIMULATED] if content["is_simulated"] else []),
        f"{content['version']} ({content['grade']}): the least probabilities whose VALIDATION rows reach their "
        f"take-profit in {content['target_precision']:.1%}; one-sided {content['interval_level']:.0%} block-bootstrap "
        "bounds",
        "The cuts were chosen on the validation rows, where the figures flatter and prove nothing; rows overlap. A cut must "
        f"leave rows on {enough} days of shares at least.",
    ]
    for name, told in parts["validation"]["heads"].items():
        if name not in cuts:
            known = [point["precision"] for point in told["curve"] if point["share_days"] >= enough]
            shown = (
                f"the best on its curve with so many is {max(known):.1%}"
                if known
                else "there are too few rows"
            )
            lines += ["", f"{name}: no probability reaches it on {enough} days of shares, {shown}"]
            continue
        lines += ["", f"{name} >= {cuts[name]:.4f}"]
        lines += [_left_line(part, parts[part]["heads"][name]["left"], enough) for part in parts]
        lines.append("  validation curve: " + ", ".join(_point(point) for point in told["curve"]))
    lines += ["", "one account that trades all of them at configured costs:"]
    return [*lines, *(_account_line(part, told["account"]) for part, told in parts.items())]


def _left_line(part: str, left: dict[str, Any], enough: int) -> str:
    if not left["rows"]:
        return f"  {part:<12}no row of {left['of_rows']:,} is left"
    recall = "n/a" if left["recall"] is None else f"{left['recall']:.1%}"
    return (
        f"  {part:<12}{left['rows']:,} of {left['of_rows']:,} rows on {left['days']} days, {left['share_days']:,} days of "
        f"shares{', too few to tell' * (left['share_days'] < enough)}: precision "
        f"{bounded(left['precision'], digits=1, scale=100)} % (all rows {100 * left['base_rate']:.1f}), recall {recall}, "
        f"F1 {left['f1']:.3f}, net {bounded(left['net_frac'], digits=1, scale=1e4)} bp a row (all rows "
        f"{1e4 * left['base_net_frac']:.1f})"
    )


def _point(point: dict[str, Any]) -> str:
    recall = "n/a" if point["recall"] is None else f"{point['recall']:.0%}"
    return f"{point['precision']:.0%} of {point['rows']:,} at recall {recall} (p >= {point['least_p']:.3f})"


def _account_line(part: str, account: dict[str, Any]) -> str:
    if account["trades"] == 0:
        return f"  {part:<12}no trade in {account['days']} days"
    return (
        f"  {part:<12}{account['trades']:,} trades, win rate {bounded(account['win_rate'], digits=1, scale=100)} % "
        f"({100 * account['base_win_rate']:.1f} without a model), {bounded(account['expectancy_frac'], digits=1, scale=1e4)} "
        f"bp a trade, net {bounded(account['net_frac'], digits=1, scale=100)} %"
    )
