"""What each option of the imbalance toolkit does: the variants of a recipe, and the one table of what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from modeling.fitting.report import SIMULATED, bounded
from modeling.systems.neural.classifier import NeuralClassifier
from modeling.systems.neural.toolkit import OPTIONS, TEN, Option
from modeling.systems.recipe import SystemRecipe
from modeling.systems.system import estimator_of
from traderai.common.errors import InputError, did_you_mean

NONE: Final = "none"
ALL: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A recipe with some options switched on."""

    name: str
    plan: SystemRecipe


def variants(plan: SystemRecipe, *, options: Sequence[str] = ()) -> list[Variant]:
    """Return the recipe without any option, with each one alone, and with all of them together.

    `options` are those that are asked about; none: the toolkit's ten. Split, seed and parameters are the recipe's; a
    second stage is left out, which would decide by the trades and not by what the classifier has learned.
    Raises: InputError for a recipe without the toolkit and an unknown option.
    """
    estimator = estimator_of(plan)
    if not isinstance(estimator, NeuralClassifier):
        raise InputError(
            f"recipe {plan.name} has no imbalance toolkit (its estimator is {plan.estimator}); choose one of estimator neural",
            field="recipe",
        )
    asked: list[Option] = [_option(name) for name in options] or list(TEN)
    sets: dict[str, tuple[Option, ...]] = {NONE: (), **{name: (name,) for name in asked}, ALL: tuple(asked)}
    if len(asked) == 1:
        del sets[ALL]  # it would be the same
    toolkit = estimator.toolkit
    return [
        Variant(
            name=name,
            plan=replace(
                plan,
                parameters=plan.parameters | {"toolkit": _plain(asdict(toolkit.only(own)))},
                reinforcement=None,
            ),
        )
        for name, own in sets.items()
    ]


def ablation_lines(told: Mapping[str, Mapping[str, Any]], *, recipe: str, is_simulated: bool) -> list[str]:
    """Return the table: a line for each variant's test figures by name, the one without any option first."""
    first = next(iter(told.values()))
    classes, level = first["test"][recipe]["classes"], first["interval_level"]
    names = classes["names"]
    shares = ", ".join(f"{name} {classes['class_shares'][name]:.1%}" for name in names)
    base = first["test"]["base rate"]["classes"]
    lines = [
        *([SIMULATED] if is_simulated else []),
        f"TEST part, {classes['rows']:,} rows, {classes['days']} days; true shares: {shares}; one-sided {level:.0%} "
        "block-bootstrap bounds",
        f"base rate: balanced accuracy {base['balanced_accuracy']:.3f}, log loss {base['log_loss']['value']:.3f}",
        "",
        f"{'options':<18}{'balanced':>9}{'macro F1':>10}{'log loss':>10}{'ECE':>7}  "
        f"{'predicted ' + '/'.join(names):<24}{'before':<16}net of a trade, bp",
    ]
    before = _shares(classes)
    for name, figures in told.items():
        own = figures["test"][recipe]
        lines.append(_line(name, own, before if name != NONE else ""))
    collapsed = [name for name, figures in told.items() if figures["test"][recipe]["classes"]["collapsed"]]
    if collapsed:
        lines += ["", f"COLLAPSED, one class has more than 90 % of the predictions: {', '.join(collapsed)}"]
    return lines


def _line(name: str, own: Mapping[str, Any], before: str) -> str:
    told, trading = own["classes"], own["trading"]
    net = (
        f"{bounded(trading['net_expectancy_frac'], scale=1e4, digits=1)} in {trading['trades']:,} trades"
        if trading["trades"]
        else f"no trade in {trading['days']} days"
    )
    ece = "n/a" if told["ece"] is None else f"{told['ece']:.3f}"
    return (
        f"{name:<18}{told['balanced_accuracy']:>9.3f}{told['macro_f1']:>10.3f}{told['log_loss']['value']:>10.3f}{ece:>7}  "
        f"{_shares(told):<24}{before:<16}{net}"
    )


def _shares(told: Mapping[str, Any]) -> str:
    return "/".join(f"{told['predicted_shares'][name]:.0%}" for name in told["names"])


def _option(name: str) -> Option:
    for option in OPTIONS:
        if option == name:
            return option
    raise InputError(
        f"option must be one of {', '.join(OPTIONS)}, was {name!r}{did_you_mean(name, OPTIONS)}",
        field="options",
    )


def _plain(content: Any) -> Any:
    """Return parsed parameters as YAML would give them: lists for tuples."""
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    return [_plain(value) for value in content] if isinstance(content, tuple) else content
