"""Reports on edges: walk forward over all the data, trade what was said, and say plainly whether there is an edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from features.selectors.catalogue import feature_set_get
from market.contracts import Timeframe
from modeling.contracts.ledger import data_family
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.forecasters import FORECASTERS, Forecaster
from modeling.fitting.judging import Rules
from modeling.fitting.loading import Loaded, complete_only, whole_load
from modeling.fitting.manifest import code_sha256
from modeling.fitting.recipe import BACKBONES, Recipe, recipe_load
from modeling.fitting.report_settings import ReportConfig, is_rank_report, midnight, report_config
from modeling.fitting.strategies import strategy_shapes
from modeling.fitting.trading import account_rules, part_days
from modeling.fitting.walk import Panel, Walk, walk
from modeling.fitting.walk_arms import liquid_rows
from modeling.fitting.walk_luck import Tried
from modeling.fitting.walk_page import edge_page, table_lines
from modeling.fitting.walk_report import (
    CONFIGURED,
    Accounts,
    Surroundings,
    accounts_of,
    configured_bp,
    data_figures,
    report_figures,
)
from modeling.kernels.known_regimes import RegimeSteps, regime_known
from modeling.kernels.simple_rules import RULES
from modeling.kernels.splits import DAY_S
from modeling.kernels.walk_forward import FoldDates, WalkConfig, equal_folds
from modeling.selectors.configuration import account_get, cost_model_get, gate_get, policy_get
from modeling.selectors.ledger import trials_of
from modeling.selectors.regimes import regime_steps
from modeling.services.edge_question import STAGES, EdgeQuestion, EdgeReport, report_files, stage
from modeling.services.index_bars import index_bars
from modeling.services.ledger import NewTrial, trial_record
from modeling.services.rank_report import rank_report_write
from traderai.common import clock
from traderai.common.arrays import I8
from traderai.common.config import fingerprint
from traderai.common.errors import InputError
from traderai.common.progress import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    question: EdgeQuestion
    config: ReportConfig
    rules: Rules

    @property
    def recipe(self) -> Recipe:
        return self.rules.recipe

    def known(self, regimes: RegimeSteps) -> _Plan:
        """Return the plan with the regimes of the world that the data are of."""
        return replace(self, rules=replace(self.rules, regimes=regimes))

    @property
    def since(self) -> datetime | None:
        return self.question.since or midnight(self.config.since)


def edge_report_write(*, question: EdgeQuestion, folder: Path, progress: Progress = silent) -> EdgeReport:
    """Walk forward, count each model as a trial, and write the report as JSON and HTML.

    Repeating with the same question, data and code counts no new trial and writes the same figures.
    Raises: InputError for an unknown label set or setting, NotReadyError without bars or features,
            DatasetRefusedError where a fold cannot teach or judge.
    """
    if is_rank_report(question.label_set):
        return rank_report_write(question=question, folder=folder, progress=progress)
    plan = _plan(question)
    loaded = whole_load(plan.recipe, as_of=question.as_of, since=plan.since, progress=_loading(progress))
    loaded = complete_only(loaded, plan.recipe, since=plan.since)
    return loaded_report_write(question=question, loaded=loaded, folder=folder, progress=progress)


def loaded_report_write(
    *, question: EdgeQuestion, loaded: Loaded, folder: Path, progress: Progress = silent
) -> EdgeReport:
    """Write the report of data that are loaded; everything after the loading of `edge_report_write`."""
    plan = _plan(question).known(regime_steps(as_of=question.as_of, simulated=loaded.is_simulated))
    dataset = liquid_rows(loaded.dataset, plan.config.min_median_turnover_rub)
    found = _walked(plan, dataset, progress)
    around = _surroundings(plan, loaded, found)
    accounts = accounts_of(found, around, plan.rules, say=stage(progress, 2))
    tried, new = _count(plan, found, accounts, loaded)
    figures, verdict = report_figures(
        found, accounts, around, plan.rules, tried=tried, gate=gate_get(), say=stage(progress, 3)
    )
    content = plain(
        {
            **_about(plan, loaded),
            "data": data_figures(dataset, found),
            "council": found.panel,
            "ranks": _ranks_told(loaded),
            **figures,
        }
    )
    json_path, html_path = report_files(content, edge_page(content), folder)
    return EdgeReport(
        json_path=json_path,
        html_path=html_path,
        sentence=verdict.sentence,
        table=tuple(table_lines(content)),
        is_simulated=loaded.is_simulated,
        new_trials=new,
    )


def _plan(question: EdgeQuestion) -> _Plan:
    config = report_config(question.label_set)
    told = question.told("folds", "first_train_days", "validation_days", "rolling_days")
    recipe = recipe_load(config.recipe)
    recipe = replace(
        recipe,
        label_set=question.label_set,
        timeframe=question.timeframe or recipe.timeframe,
        feature_set=question.feature_set or recipe.feature_set,
        universe=question.secids or recipe.universe,
        adapters=recipe.adapters if question.council else None,
    )
    unknown = sorted(set(question.backbones) - set(BACKBONES))
    if unknown:
        raise InputError(
            f"backbones must be of {', '.join(BACKBONES)}, were {', '.join(unknown)}", field="backbones"
        )
    if question.council and recipe.council is None:
        raise InputError(
            f"recipe {recipe.name} has no council; write one or leave out --council", field="council"
        )
    if not question.council:
        recipe = replace(recipe, kind="global", council=None)
    recipe.labels()  # refuses a timeframe that the label set is not for before anything is loaded
    account = account_rules(account_get(), cost_model_get())
    rules = Rules(policy=policy_get(), account=account, recipe=recipe, seed=question.seed)
    return _Plan(question=question, config=replace(config, **told), rules=rules)


def _walked(plan: _Plan, dataset: Dataset, progress: Progress) -> Walk:
    config = plan.config
    walk_config = WalkConfig(
        embargo_s=round(plan.recipe.split.embargo_days * DAY_S), rolling_days=config.rolling_days
    )
    return walk(
        dataset,
        _forecasters(plan, stage(progress, 1)),
        plan.rules,
        dates=_dates(dataset, config),
        config=walk_config,
        say=stage(progress, 1),
        panel=_panel(plan, dataset),
    )


def _dates(dataset: Dataset, config: ReportConfig) -> tuple[FoldDates, ...]:
    try:
        return equal_folds(
            dataset.decision_s[dataset.usable.any(axis=1)],
            n_folds=config.folds,
            first_train_days=config.first_train_days,
            validation_days=config.validation_days,
        )
    except ValueError as error:
        raise InputError(f"the rows give no folds: {error}", field="folds") from error


def _forecasters(plan: _Plan, say: Progress) -> tuple[Forecaster, ...]:
    known, question = tuple(FORECASTERS.values()), plan.question
    if not question.network and not question.backbones:
        return known
    from modeling.fitting.network_forecaster import NetworkForecaster  # imports Keras: 6 to 10 s

    recipe = plan.recipe
    own = [NetworkForecaster(recipe=recipe, say=say)] if question.network else []
    others = [
        NetworkForecaster(
            recipe=replace(recipe, network=replace(recipe.network, name=name)), say=say, name=name
        )
        for name in question.backbones
    ]
    return (*known, *own, *others)


def _panel(plan: _Plan, dataset: Dataset) -> Panel | None:
    if plan.recipe.council is None:
        return None
    from modeling.fitting.adapters import local_columns  # imports XGBoost

    if plan.recipe.adapters is not None:
        local_columns(plan.recipe.adapters, dataset.features)  # refuses before hours of training, not after
    from modeling.fitting.council import CouncilPanel  # imports Keras

    shapes, _ = strategy_shapes(plan.recipe, dataset.features)
    return CouncilPanel(
        rules=plan.rules,
        strategies=tuple(own.name for own in shapes),
        ranked=dataset.ranks is not None,
    )


def _ranks_told(loaded: Loaded) -> Mapping[str, Any] | None:
    ranks = loaded.ranks
    return {"left_out": ranks} if isinstance(ranks, str) else None if ranks is None else ranks.told


def _surroundings(plan: _Plan, loaded: Loaded, found: Walk) -> Surroundings:
    sides: Mapping[str, I8] = {
        name: np.concatenate([rule(item.bars) for item in loaded.instruments]) for name, rule in RULES.items()
    }
    return Surroundings(
        sides=sides,
        regime=regime_known(found.dataset.decision_s, plan.rules.known_regimes),
        indices={}
        if loaded.is_simulated
        else index_bars(part_days(found.dataset, TEST), plan.question.as_of),
        timeframe=Timeframe.parse(plan.recipe.timeframe),
    )


def _count(plan: _Plan, found: Walk, accounts: Accounts, loaded: Loaded) -> tuple[Tried, int]:
    """Count each model of the report as a trial; return what the ledger counts then, and how many were new."""
    now, labels, new = clock.now(), plan.recipe.labels(), 0
    for name, result in accounts.traded[CONFIGURED].items():
        if name not in found.by_forecaster:
            continue
        trades = result.simulation.trades
        trial = NewTrial(
            kind="walk_forward_fold",
            recipe=f"{plan.recipe.name} {name}",
            labels=labels,
            is_simulated=loaded.is_simulated,
            config_sha256=fingerprint([_config_sha(plan), name, plan.question.seed, code_sha256()]),
            data_sha256=found.dataset.sha256,
            days=accounts.days,
            daily_net=result.daily_net,
            trades=len(trades),
            net_expectancy_frac=trades.mean_net_frac,
        )
        new += trial_record(trial=trial, now=now)
    known = trials_of(
        label_family=labels.family,
        data_family=_data_family(plan, loaded),
        first_day=int(accounts.days[0]),
        last_day=int(accounts.days[-1]),
        as_of=clock.now(),
    )
    return Tried(count=known.count, sharpes_per_day=known.sharpes_per_day), new


def _data_family(plan: _Plan, loaded: Loaded) -> str:
    return data_family(timeframe=plan.recipe.timeframe, is_simulated=loaded.is_simulated)


def _config_sha(plan: _Plan) -> str:
    return fingerprint(
        [fingerprint(plan.recipe), fingerprint(plan.recipe.labels()), fingerprint(plan.config), fingerprint(policy_get()),
         fingerprint(account_get()), fingerprint(cost_model_get()), feature_set_get(name=plan.recipe.feature_set).sha]
    )  # fmt: skip


def _about(plan: _Plan, loaded: Loaded) -> dict[str, Any]:
    recipe = plan.recipe
    features = feature_set_get(name=recipe.feature_set)
    return {
        "label_set": asdict(recipe.labels()),
        "label_set_sha256": fingerprint(recipe.labels()),
        "feature_set": features.key,
        "feature_set_sha256": features.sha,
        "timeframe": recipe.timeframe,
        "recipe": recipe.name,
        "settings": asdict(plan.config),
        "config_sha256": _config_sha(plan),
        "code_sha256": code_sha256(),
        "embargo_days": recipe.split.embargo_days,
        "seed": plan.question.seed,
        "since": plan.since.isoformat() if plan.since else None,
        "as_of": plan.question.as_of.isoformat(),
        "is_simulated": loaded.is_simulated,
        "without_features": list(loaded.without_features),
        "left_out": loaded.left_out,
        "account": asdict(account_get()),
        "costs": asdict(cost_model_get()),
        "configured_bp": configured_bp(plan.rules),
        "min_policy_turnover_rub": plan.rules.policy.min_median_turnover_rub,
    }


def _loading(progress: Progress) -> Progress:
    return lambda done, total, what: progress(0, STAGES, f"data {what} {done}/{total}")
