"""Reports on edges: walk forward over all the data, trade what was said, and say plainly whether there is an edge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

import numpy as np

from features.contracts import REGIMES
from features.selectors.catalogue import feature_set_get
from features.selectors.regime import regime_days
from market.contracts import Bars, Timeframe
from market.selectors.bars import bars_load
from market.selectors.macro import macro_series
from modeling.contracts.ledger import data_family
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.forecasters import FORECASTERS, Forecaster
from modeling.fitting.judging import Rules
from modeling.fitting.label_data import regime_known
from modeling.fitting.loading import Loaded, complete_only, whole_load
from modeling.fitting.manifest import code_sha256
from modeling.fitting.recipe import Recipe, recipe_load
from modeling.fitting.report_page import page_html
from modeling.fitting.trading import account_rules, part_days
from modeling.fitting.walk import Walk, walk
from modeling.fitting.walk_arms import liquid_rows
from modeling.fitting.walk_luck import Tried
from modeling.fitting.walk_page import edge_page, table_lines
from modeling.fitting.walk_report import (
    CONFIGURED,
    INDEX,
    INDEX_WITH_DIVIDENDS,
    Accounts,
    Surroundings,
    accounts_of,
    configured_bp,
    data_figures,
    report_figures,
)
from modeling.kernels.simple_rules import RULES
from modeling.kernels.simulator_market import day_ends_s
from modeling.kernels.splits import DAY_S
from modeling.kernels.walk_forward import FoldDates, WalkConfig, equal_folds
from modeling.selectors.configuration import account_get, cost_model_get, gate_get, policy_get
from modeling.selectors.ledger import trials_of
from modeling.services.ledger import NewTrial, trial_record
from traderai.common import clock
from traderai.common.arrays import I8, I64
from traderai.common.config import fingerprint, load_config
from traderai.common.errors import InputError, NotFoundError, did_you_mean
from traderai.common.progress import Progress, silent

CONFIG: Final = "edge_reports.yaml"
STAGES: Final = 4
_CLOSE_KNOWN_S: Final = 12 * 3600  # after midnight: by then everybody knows the index's close


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportConfig:
    """What a label set's report walks through when it is not told otherwise."""

    recipe: str
    since: str | None
    folds: int
    first_train_days: float
    validation_days: float
    rolling_days: float | None
    min_median_turnover_rub: float

    def __post_init__(self) -> None:
        if not self.min_median_turnover_rub >= 0:
            raise ValueError(
                f"min_median_turnover_rub must not be negative, was {self.min_median_turnover_rub}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsConfig:
    """The whole file."""

    reports: dict[str, ReportConfig]


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeQuestion:
    """What is asked; None is what edge_reports.yaml and the recipe say."""

    label_set: str
    as_of: datetime
    timeframe: str | None = None
    feature_set: str | None = None
    secids: tuple[str, ...] | None = None
    since: datetime | None = None
    folds: int | None = None
    first_train_days: float | None = None
    validation_days: float | None = None
    rolling_days: float | None = None
    network: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeReport:
    """Where a report lies, and what it says."""

    json_path: Path
    html_path: Path
    sentence: str
    table: tuple[str, ...]
    is_simulated: bool
    new_trials: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    question: EdgeQuestion
    config: ReportConfig
    rules: Rules

    @property
    def recipe(self) -> Recipe:
        return self.rules.recipe

    @property
    def since(self) -> datetime | None:
        return self.question.since or _midnight(self.config.since)


def edge_report_write(*, question: EdgeQuestion, folder: Path, progress: Progress = silent) -> EdgeReport:
    """Walk forward, count each model as a trial, and write the report as JSON and HTML.

    Repeating with the same question, data and code counts no new trial and writes the same figures.
    Raises: InputError for an unknown label set or setting, NotReadyError without bars or features,
            DatasetRefusedError where a fold cannot teach or judge.
    """
    plan = _plan(question)
    loaded = whole_load(plan.recipe, as_of=question.as_of, since=plan.since, progress=_loading(progress))
    loaded = complete_only(loaded, plan.recipe, since=plan.since)
    return loaded_report_write(question=question, loaded=loaded, folder=folder, progress=progress)


def loaded_report_write(
    *, question: EdgeQuestion, loaded: Loaded, folder: Path, progress: Progress = silent
) -> EdgeReport:
    """Write the report of data that are loaded; everything after the loading of `edge_report_write`."""
    plan = _plan(question)
    dataset = liquid_rows(loaded.dataset, plan.config.min_median_turnover_rub)
    found = _walked(plan, dataset, progress)
    around = _surroundings(plan, loaded, found)
    accounts = accounts_of(found, around, plan.rules, say=_stage(progress, 2))
    tried, new = _count(plan, found, accounts, loaded)
    figures, verdict = report_figures(
        found, accounts, around, plan.rules, tried=tried, gate=gate_get(), say=_stage(progress, 3)
    )
    content = plain({**_about(plan, loaded), "data": data_figures(dataset, found), **figures})
    json_path, html_path = _write(content, folder)
    return EdgeReport(
        json_path=json_path,
        html_path=html_path,
        sentence=verdict.sentence,
        table=tuple(table_lines(content)),
        is_simulated=loaded.is_simulated,
        new_trials=new,
    )


def report_config(label_set: str) -> ReportConfig:
    """Return what the report of a label set walks through.

    Raises: InputError for a label set without an entry.
    """
    known = load_config(CONFIG, ReportsConfig).reports
    if label_set not in known:
        raise InputError(
            f"{CONFIG} must have an entry for {label_set!r}{did_you_mean(label_set, known)}; known: {', '.join(known)}",
            field="label_set",
        )
    return known[label_set]


def _plan(question: EdgeQuestion) -> _Plan:
    config = report_config(question.label_set)
    named = ("folds", "first_train_days", "validation_days", "rolling_days")
    told = {name: getattr(question, name) for name in named if getattr(question, name) is not None}
    recipe = recipe_load(config.recipe)
    recipe = replace(
        recipe,
        label_set=question.label_set,
        timeframe=question.timeframe or recipe.timeframe,
        feature_set=question.feature_set or recipe.feature_set,
        universe=question.secids or recipe.universe,
    )
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
        _forecasters(plan),
        plan.rules,
        dates=_dates(dataset, config),
        config=walk_config,
        say=_stage(progress, 1),
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


def _forecasters(plan: _Plan) -> tuple[Forecaster, ...]:
    known = tuple(FORECASTERS.values())
    if not plan.question.network:
        return known
    from modeling.fitting.network_forecaster import NetworkForecaster  # imports Keras: 6 to 10 s

    return (*known, NetworkForecaster(recipe=plan.recipe, say=silent))


def _surroundings(plan: _Plan, loaded: Loaded, found: Walk) -> Surroundings:
    sides: Mapping[str, I8] = {
        name: np.concatenate([rule(item.bars) for item in loaded.instruments]) for name, rule in RULES.items()
    }
    days = regime_days(as_of=plan.question.as_of, since=clock.from_epoch_s(0), simulated=loaded.is_simulated)
    moments_s = np.array([clock.to_epoch_s(day.as_of) for day in days], dtype=np.int64)
    codes = np.array([REGIMES.index(day.name) for day in days], dtype=np.int8)
    return Surroundings(
        sides=sides,
        regime=regime_known(found.dataset.decision_s, moments_s, codes),
        indices={} if loaded.is_simulated else _indices(part_days(found.dataset, TEST), plan.question.as_of),
        timeframe=Timeframe.parse(plan.recipe.timeframe),
    )


def _indices(days: I64, as_of: datetime) -> dict[str, Bars]:
    """Return the index and the index with dividends over some days, each where it is stored."""
    found = {}
    try:
        bars = bars_load(secid="IMOEX", timeframe=Timeframe.D1, as_of=as_of)
        if len(bars) and np.isin(days, day_of(bars)).any():
            found[INDEX] = bars
        ends_s = day_ends_s(days)
        closes = macro_series(code=INDEX_WITH_DIVIDENDS, moments_s=ends_s + _CLOSE_KNOWN_S, as_of=as_of)
        if np.isfinite(closes).all():
            found[INDEX_WITH_DIVIDENDS] = bars_of_closes(INDEX_WITH_DIVIDENDS, ends_s, closes)
    except NotFoundError:
        return found
    return found


def day_of(bars: Bars) -> I64:
    """Return the Moscow day of daily bars, since 1970."""
    return (bars.known_s - 1 + 3 * 3600) // DAY_S


def bars_of_closes(secid: str, ends_s: I64, closes: np.ndarray) -> Bars:
    """Return daily bars of an index of which the closes alone are known: bought at the first close."""
    none, ones = np.zeros(closes.size), np.ones(closes.size)
    return Bars(
        secid=secid,
        timeframe=Timeframe.D1,
        begin_s=ends_s - DAY_S,
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        volume_shares=ones,
        turnover_rub=none,
        split_factor=ones,
        dividend_rub=none,
        trading_day=np.arange(closes.size, dtype=np.int64),
        session=np.zeros(closes.size, dtype=np.int8),
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
            net_expectancy_frac=float(trades.net_frac.mean()) if len(trades) else float("nan"),
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


def _write(content: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    label_set, timeframe = content["label_set"]["name"], content["timeframe"]
    name = f"{label_set}_{timeframe}{'_SIMULATED' if content['is_simulated'] else ''}"
    json_path, html_path = folder / f"{name}.json", folder / f"{name}.html"
    json_path.write_text(
        json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")), encoding="utf-8"
    )
    html_path.write_text(page_html(edge_page(content)), encoding="utf-8")
    return json_path, html_path


def _midnight(day: str | None) -> datetime | None:
    return None if day is None else datetime.combine(date.fromisoformat(day), time(), clock.MOSCOW)


def _stage(progress: Progress, number: int) -> Any:
    return lambda done, total, what: progress(number, STAGES, f"{what} {done}/{total}")


def _loading(progress: Progress) -> Progress:
    return lambda done, total, what: progress(0, STAGES, f"data {what} {done}/{total}")
