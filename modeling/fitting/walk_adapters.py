"""What an edge report says of adapters: ticker by ticker what taught and judged them, and whether they were kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from modeling.fitting.report_names import named
from modeling.fitting.report_page import Part, Table, number

_COLUMNS: Final = (
    "Ticker", "#Days taught", "#Share taken", "#Days judged", "#Log loss less by, 1e-4", "#p", "Kept, or why not",
)  # fmt: skip


def adapters_part(folds: Sequence[Mapping[str, Any]]) -> Part:
    """Return the tables of what a council told of its adapters by fold."""
    return Part(
        title="Adapters of single tickers",
        texts=[
            "Each is taught by the older out-of-fold rows and judged on the validation rows: paired daily log loss of both "
            "sides and all horizons, p by days a whole horizon apart, false discoveries over all tickers held down. Those "
            "proven are kept together, and only if the policy's trades of the validation rows make more with them. The "
            "arm of adapters trades the test rows with those proven, whether they were kept or not."
        ],
        tables=[table for fold in folds for table in _tables(fold["fold"], fold["adapters"])],
    )


def adapters_lines(folds: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what was kept in each fold, in plain sentences."""
    return [_line(fold["fold"], fold["adapters"]) for fold in folds]


def _line(fold: str, told: Mapping[str, Any]) -> str:
    proven = [own["secid"] for own in told["verdicts"] if own["kept"]]
    if not proven:
        return f"Adapters in {fold}: none, {told['reason']}."
    of = f"proven for {', '.join(proven)} of {len(told['verdicts'])} tickers"
    before, after = (
        f"{number(own['net_expectancy_frac'], scale=1e4, sign=True)} bp a trade, "
        f"{number(own['mean_daily_net'], scale=1e4, digits=2, sign=True)} bp a day"
        for own in told["choices"]
    )
    return (
        f"Adapters in {fold}: {of}, {'kept' if told['kept'] else 'not kept'}: {told['reason']} (validation rows: {after} with "
        f"them, {before} without)."
    )


def _tables(fold: str, told: Mapping[str, Any]) -> list[Table]:
    if not told["verdicts"]:
        return []
    kept = "kept" if told["kept"] else f"not kept: {told['reason']}"
    choices = Table(
        caption=f"{fold}: adapters are {kept}",
        columns=("Way", "#Trades", "#Net bp a trade", "#Net bp a day"),
        rows=[
            (
                named(own["way"]),
                f"{own['trades']:,}",
                number(own["net_expectancy_frac"], scale=1e4, sign=True),
                number(own["mean_daily_net"], scale=1e4, digits=2, sign=True),
            )
            for own in told["choices"]
        ],
    )
    verdicts = Table(
        caption=f"{fold}: tickers",
        columns=_COLUMNS,
        rows=[_row(own) for own in told["verdicts"]],
        folded=True,
        tall=True,
    )
    return [choices, verdicts]


def _row(own: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        own["secid"],
        f"{own['days_taught']:,}",
        number(own["share"], digits=2),
        f"{own['days_judged']:,}",
        number(own["better"], scale=1e4, digits=2, sign=True),
        number(own["p_value"], digits=3),
        f"{'kept' if own['kept'] else 'not kept'}: {own['reason']}",
    )
