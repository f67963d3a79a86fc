"""Backtests of published versions on their own held-out rows: the policy, and cuts through its edges, after costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from modeling.contracts import ModelVersionFacts
from modeling.fitting.cuts import Cut, Scored, base_win_rates, chosen_rows, cut_figures, part_code, scored
from modeling.fitting.dataset import NO_PART, PARTS, TEST, VALIDATION, Dataset
from modeling.fitting.evaluation import DayBootstrap, plain
from modeling.fitting.judging import Judged, Rules, bootstrap_of
from modeling.fitting.report import SIMULATED, bounded
from modeling.fitting.trading import Traded, part_days, traded
from modeling.models import TrainingRun, Trial
from modeling.selectors.configuration import policy_get
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
from traderai.common.clock import MOSCOW, from_epoch_s, to_epoch_s
from traderai.common.config import fingerprint
from traderai.common.errors import InputError
from traderai.common.progress import Progress, silent

POLICY = Cut(kind="policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestAsk:
    """What to trade on which held-out rows, at which costs."""

    model: str  # a version's name, or the number of a training run
    split: str = "test"
    thresholds: tuple[float, ...] = ()  # edges
    top_pct: tuple[float, ...] = (0.2, 0.5, 1.0, 5.0)
    costs_bp: tuple[float, ...] = (5.0, 10.0, 20.0, 40.0)  # besides the configured ones
    until: datetime | None = None  # windows that end later are left out

    def __post_init__(self) -> None:
        part_code(self.split)
        for cost in self.costs_bp:
            if not 0.0 < cost < 1000.0:
                raise InputError(
                    f"a round trip's cost must be above 0 (no trade is free) and below 1000 bp, was {cost:g}",
                    field="costs_bp",
                )

    def cuts(self) -> tuple[Cut, ...]:
        """Return the policy and the cuts asked for, each once."""
        edges = [Cut(kind="edge", level=level) for level in self.thresholds]
        tops = [Cut(kind="top", level=level) for level in self.top_pct]
        return tuple(dict.fromkeys([POLICY, *edges, *tops]))


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestReport:
    """What the cuts made; every figure with its bounds, beside the rate of wins that needs no model."""

    version: ModelVersionFacts
    table: tuple[str, ...]
    content: dict[str, Any]  # the same for machines
    new_trials: int


def version_backtest(*, ask: BacktestAsk, now: datetime, progress: Progress = silent) -> BacktestReport:
    """Backtest a published version on its own dataset, built anew as of its training.

    A cut that was not looked at before is counted as a trial; repeating counts nothing and gives the same figures.

    Raises: NotFoundError for an unknown version or run, ArtifactBrokenError for bytes that are not those registered,
            ConflictError where the dataset is not the one of the training, InputError for what cannot be asked.
    """
    ask.cuts()  # what cannot be is refused before anything is loaded
    facts = version_of(ask.model)
    dataset = own_dataset(facts, progress=progress)
    return dataset_backtest(facts=facts, dataset=dataset, ask=ask, now=now, progress=progress)


def dataset_backtest(
    *,
    facts: ModelVersionFacts,
    dataset: Dataset,
    ask: BacktestAsk,
    now: datetime,
    progress: Progress = silent,
) -> BacktestReport:
    """Backtest a version on its assembled dataset; everything after the loading of `version_backtest`."""
    run = run_of(facts)
    plan = recipe_of(run)
    require_own_dataset(facts, dataset)  # parts of another might not be held out
    part, cuts = part_code(ask.split), ask.cuts()
    shown = _until(dataset, ask.until, part=part)
    rules = rules_of(plan, seed=run.seed, simulated=facts.is_simulated)
    own = held_out_judged(facts, dataset)
    bootstrap = _bootstrap(shown, rules, part)
    rows: list[dict[str, Any]] = []
    new_trials = 0
    costs: tuple[float | None, ...] = (None, *dict.fromkeys(ask.costs_bp))
    for number, cost_bp in enumerate(costs):
        progress(number, len(costs), _cost_name(cost_bp))
        found = scored(own, dataset, shown, rules, part=part, cost_bp=cost_bp)
        base = base_win_rates(shown, part=part, cost_bp=cost_bp)
        for cut in cuts:
            result, chosen, least = _traded(cut, found, shown, rules, (part, cost_bp))
            about = {"cut": cut.name, "cost_bp": cost_bp, "least_edge": least, "chosen_rows": chosen}
            rows.append({**about, **cut_figures(result, bootstrap, base)})
            # Costs are what they are, nobody chooses among them: the cut counts once, at the configured ones.
            if cost_bp is None and not _counted_by_training(cut, run, ask):
                asked = [ask.split, asdict(cut), str(ask.until)]
                new_trials += looked_at_record(facts, dataset, result, asked=asked, now=now)
    content = plain(_content(facts, run, shown, ask, bootstrap, rows))
    return BacktestReport(
        version=facts, table=tuple(_table(content, own)), content=content, new_trials=new_trials
    )


def _until(dataset: Dataset, until: datetime | None, *, part: int) -> Dataset:
    """Return the dataset without those rows of a part whose windows end after a moment."""
    if until is None:
        return dataset
    later = (dataset.part == part) & (dataset.targets.window_end_s > to_epoch_s(until))
    own = np.where(later, NO_PART, dataset.part).astype(np.int8)
    if not (own == part).any():
        begin_s = {VALIDATION: dataset.validation_start_s, TEST: dataset.test_start_s}[part]
        raise InputError(
            f"no window of the {PARTS[part]} part has ended by {until.astimezone(MOSCOW):%Y-%m-%d %H:%M} Moscow time; it "
            f"begins on {from_epoch_s(begin_s).astimezone(MOSCOW):%Y-%m-%d}: name a later day",
            field="until",
        )
    return replace(dataset, part=own)


def _bootstrap(dataset: Dataset, rules: Rules, part: int) -> DayBootstrap:
    days = part_days(dataset, part)
    if days.size < 2:
        raise InputError(
            f"a backtest needs 2 trading days at least, was {days.size}; name a later day", field="until"
        )
    return bootstrap_of(days, rules)


def _traded(
    cut: Cut, found: Scored, shown: Dataset, rules: Rules, at: tuple[int, float | None]
) -> tuple[Traded, int, float | None]:
    """Return what the account makes of a cut, how many rows it chose, and the least edge of them."""
    part, cost_bp = at
    wanted, chosen, least = chosen_rows(cut, found)
    orders = wanted.orders(shown, rules.policy, chosen=chosen)
    result = traded(orders, shown, rules.terms(cost_bp), days=part_days(shown, part))
    return result, int(chosen.sum()), least


def _counted_by_training(cut: Cut, run: TrainingRun, ask: BacktestAsk) -> bool:
    whole_test = ask.split == PARTS[TEST] and ask.until is None
    return cut == POLICY and whole_test and Trial.objects.filter(run=run, kind=Trial.Kind.TRAINING).exists()


def _content(
    facts: ModelVersionFacts,
    run: TrainingRun,
    shown: Dataset,
    ask: BacktestAsk,
    bootstrap: DayBootstrap,
    rows: list[dict[str, Any]],
) -> dict[str, Any]:
    days = bootstrap.days
    return {
        "version": facts.version,
        "run_id": run.pk,
        "manifest_sha256": facts.manifest_sha256,
        "dataset_sha256": run.data_sha256,
        "is_simulated": facts.is_simulated,
        "grade": facts.grade,
        "split": ask.split,
        "until": None if ask.until is None else ask.until.isoformat(),
        "first_day": str(np.datetime64(int(days[0]), "D")),
        "last_day": str(np.datetime64(int(days[-1]), "D")),
        "days": int(days.size),
        "rows": int((shown.part == part_code(ask.split)).sum()),
        "interval_level": bootstrap.draws.level,
        "policy_sha256": fingerprint(policy_get()),
        "cuts": rows,
    }


def _table(content: dict[str, Any], own: Judged) -> list[str]:
    level = f"{content['interval_level']:.0%}"
    lines = [
        *([SIMULATED] if content["is_simulated"] else []),
        f"{content['version']} ({content['grade']}), {content['split'].upper()} part {content['first_day']} to "
        f"{content['last_day']}: {content['days']} trading days, {content['rows']:,} overlapping rows; one-sided {level} "
        "block-bootstrap bounds",
    ]
    if content["split"] == PARTS[VALIDATION]:
        lines.append(
            "Calibration and cuts were chosen on these very rows: the figures flatter and prove nothing."
        )
    if not any(each.long_informed or each.short_informed for each in own.evidence.values()):
        lines.append(
            "This version knows no more than base rates: it claims no edge, so no cut has a row to trade."
        )
    for cost in dict.fromkeys(row["cost_bp"] for row in content["cuts"]):
        lines += ["", f"{_cost_name(cost)}:", _HEADER]
        lines += [_line(row) for row in content["cuts"] if row["cost_bp"] == cost]
    return lines


_WIDTHS: Sequence[tuple[str, int]] = (
    ("cut", 15), ("rows", 7), ("trades", 7), ("net P&L %", 24), ("win rate % (base)", 27), ("bp a trade", 24),
    ("R a trade", 24), ("Sharpe", 22), ("worst fall %", 20),
)  # fmt: skip
_HEADER = "  " + " ".join(f"{name:<{width}}" for name, width in _WIDTHS)


def _line(row: dict[str, Any]) -> str:
    cells = [row["cut"], f"{row['chosen_rows']:,}", f"{row['trades']:,}"]
    if row["trades"] == 0:
        cells.append(f"no trade in {row['days']} days")
    else:
        base = "n/a" if row["base_win_rate"] is None else f"{100 * row['base_win_rate']:.1f}"
        cells += [
            bounded(row["net_frac"], digits=1, scale=100),
            f"{bounded(row['win_rate'], digits=1, scale=100)} ({base})",
            bounded(row["expectancy_frac"], digits=1, scale=1e4),
            bounded(row["expectancy_r"], digits=3),
            bounded(row["sharpe"], digits=2),
            bounded(row["max_drawdown_frac"], digits=1, scale=100),
        ]
    shown = " ".join(f"{cell:<{width}}" for cell, (_, width) in zip(cells, _WIDTHS, strict=False))
    return f"  {shown}".rstrip()


def _cost_name(cost_bp: float | None) -> str:
    return "configured costs" if cost_bp is None else f"{cost_bp:g} bp a round trip"
