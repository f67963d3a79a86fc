"""Reports on the edge of ranks: walk forward over the years, hold the best tenth, and say what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from features.selectors.catalogue import feature_set_get
from market.contracts import Timeframe
from modeling.contracts import RankLabelSet
from modeling.contracts.ledger import data_family
from modeling.fitting.cross_books import Books, Candidate, books_of
from modeling.fitting.cross_data import RankPanel, panel_load
from modeling.fitting.cross_page import rank_page, rank_table
from modeling.fitting.cross_rankers import RANKERS, PanelRanker, Ranker
from modeling.fitting.cross_report import (
    RankTerms,
    fold_figures,
    horizon_counts,
    rank_report_figures,
)
from modeling.fitting.cross_settings import RankReportConfig
from modeling.fitting.cross_walk import RankWalk, rank_walk
from modeling.fitting.evaluation import plain
from modeling.fitting.label_data import LabelScope
from modeling.fitting.manifest import code_sha256
from modeling.fitting.rank_loading import rank_scope, rank_set, year_borders
from modeling.fitting.report_settings import CONFIG, midnight, rank_report_config
from modeling.fitting.walk_luck import Tried, days_of
from modeling.fitting.walk_report import stepless_bp
from modeling.fitting.walk_trades import held
from modeling.kernels.simulator_benchmarks import buy_and_hold
from modeling.kernels.simulator_orders import FlatCost
from modeling.kernels.splits import DAY_S
from modeling.kernels.walk_forward import FoldDates, WalkConfig, equal_folds, named_folds
from modeling.selectors.configuration import cost_model_get, gate_get
from modeling.selectors.ledger import trials_of
from modeling.services.edge_question import STAGES, EdgeQuestion, EdgeReport, report_files, stage
from modeling.services.index_bars import index_bars
from modeling.services.ledger import NewTrial, trial_record
from traderai.common import clock
from traderai.common.config import fingerprint
from traderai.common.errors import InputError
from traderai.common.progress import Progress, silent

_CAPITAL_RUB: Final = 1e6  # of an index that is held in fractions: no figure depends on it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    question: EdgeQuestion
    config: RankReportConfig
    spec: RankLabelSet
    rankers: Sequence[Ranker | PanelRanker]

    @property
    def feature_set(self) -> str:
        return self.question.feature_set or self.config.feature_set

    @property
    def terms(self) -> RankTerms:
        return RankTerms(
            round_trips_bp=self.config.round_trips_bp,
            gate=gate_get(),
            timeframe=Timeframe.parse(self.spec.timeframe),
            seed=self.question.seed,
        )


def rank_report_write(*, question: EdgeQuestion, folder: Path, progress: Progress = silent) -> EdgeReport:
    """Walk forward over ranks, count each model at each horizon as a trial, and write the report as JSON and HTML.

    Repeating with the same question, data and code counts no new trial and writes the same figures.
    Raises: InputError for an unknown label set or setting, NotReadyError without bars or features,
            DatasetRefusedError where a fold cannot teach or judge.
    """
    plan = _plan(question, tuple(RANKERS.values()), progress)
    scope = rank_scope(
        plan.spec,
        secids=question.secids,
        since=question.since or midnight(plan.config.since),
        as_of=question.as_of,
    )
    panel = panel_load(
        scope,
        plan.spec,
        feature_set=plan.feature_set,
        columns=feature_set_get(name=plan.feature_set).columns,
        progress=stage(progress, 0),
    )
    return panel_report_write(question=question, panel=panel, scope=scope, folder=folder, progress=progress)


def panel_report_write(
    *,
    question: EdgeQuestion,
    panel: RankPanel,
    scope: LabelScope,
    folder: Path,
    rankers: Sequence[Ranker] = tuple(RANKERS.values()),
    progress: Progress = silent,
) -> EdgeReport:
    """Write the report of a panel that is loaded; everything after the loading of `rank_report_write`."""
    plan = _plan(question, rankers, progress)
    walk = rank_walk(
        panel,
        plan.rankers,
        dates=_dates(plan, panel),
        config=WalkConfig(
            embargo_s=round(plan.config.embargo_days * DAY_S), rolling_days=plan.config.rolling_days
        ),
        seed=question.seed,
        say=stage(progress, 1),
    )
    progress(2, STAGES, "portfolios")
    books = _with_indices(books_of(walk, horizon_days=horizon_counts(panel.horizons)), plan, scope)
    tried, new = _count(plan, panel, books, scope)
    progress(3, STAGES, "figures")
    figures, verdict = rank_report_figures(walk, books, tried, plan.terms)
    content = plain({**_about(plan, scope), "data": _data(walk), **figures})
    json_path, html_path = report_files(content, rank_page(content), folder)
    return EdgeReport(
        json_path=json_path,
        html_path=html_path,
        sentence=verdict.sentence,
        table=tuple(rank_table(content)),
        is_simulated=scope.is_simulated,
        new_trials=new,
    )


def _plan(question: EdgeQuestion, rankers: Sequence[Ranker], progress: Progress) -> _Plan:
    config = rank_report_config(question.label_set)
    if question.council or question.backbones:
        raise InputError(
            "a rank report has no council and one network; leave out --council and --backbones",
            field="council",
        )
    spec = rank_set(question.label_set, timeframe=question.timeframe)
    told = question.told("first_train_days", "validation_days", "rolling_days")
    networks = (_network(config, progress),) if question.network else ()
    return _Plan(question=question, config=replace(config, **told), spec=spec, rankers=(*rankers, *networks))


def _network(config: RankReportConfig, progress: Progress) -> PanelRanker:
    if config.network is None:
        raise InputError(
            f"{CONFIG} must give this rank report a network to fit one; add it or leave out --network",
            field="network",
        )
    from modeling.fitting.cross_network import NetworkRanker  # imports Keras: 6 to 10 s

    return NetworkRanker(config=config.network, say=stage(progress, 1))


def _dates(plan: _Plan, panel: RankPanel) -> tuple[FoldDates, ...]:
    config, folds = plan.config, plan.question.folds
    if folds is None:
        return named_folds(
            {str(year): year_borders(year, config.validation_days) for year in config.test_years}
        )
    try:
        return equal_folds(
            panel.decision_s[panel.labelled.any(axis=1)],
            n_folds=folds,
            first_train_days=config.first_train_days,
            validation_days=config.validation_days,
        )
    except ValueError as error:
        raise InputError(f"the rows give no folds: {error}", field="folds") from error


def _with_indices(books: Books, plan: _Plan, scope: LabelScope) -> Books:
    if scope.is_simulated:
        return books
    flat = FlatCost(round_trip_bp=stepless_bp(scope.costs))
    return replace(
        books,
        indices={
            name: held(
                buy_and_hold(bars, calendar=books.days, capital_rub=_CAPITAL_RUB, costs=flat),
                capital_rub=_CAPITAL_RUB,
            )
            for name, bars in index_bars(books.days, plan.question.as_of).items()
        },
    )


def _count(plan: _Plan, panel: RankPanel, books: Books, scope: LabelScope) -> tuple[Tried, int]:
    """Count each model at each horizon as a trial; return what the ledger counts then, and how many were new."""
    now, new = clock.now(), 0
    for candidate in books.candidates:
        bought = int(books.tops[candidate].bought.sum())
        excess = books.excess(candidate)
        trial = NewTrial(
            kind="walk_forward_fold",
            recipe=f"rank_report {candidate.key}",
            labels=plan.spec,
            is_simulated=scope.is_simulated,
            config_sha256=fingerprint([_config_sha(plan), _made_by(plan, candidate), code_sha256()]),
            data_sha256=panel.sha256,
            days=books.days,
            daily_net=excess,
            trades=bought,
            net_expectancy_frac=books.a_purchase(candidate) if bought else float("nan"),
        )
        new += trial_record(trial=trial, now=now)
    known = trials_of(
        label_family=plan.spec.family,
        data_family=data_family(timeframe=plan.spec.timeframe, is_simulated=scope.is_simulated),
        first_day=int(books.days[0]),
        last_day=int(books.days[-1]),
        as_of=clock.now(),
    )
    return Tried(count=known.count, sharpes_per_day=known.sharpes_per_day), new


def _made_by(plan: _Plan, candidate: Candidate) -> list[Any]:
    ranker = next((repr(each) for each in plan.rankers if each.name == candidate.model), candidate.model)
    return [ranker, candidate.horizon, plan.question.seed]


def _config_sha(plan: _Plan) -> str:
    features = feature_set_get(name=plan.feature_set).sha
    asked = fingerprint([plan.question.folds, plan.config, plan.spec, cost_model_get()])
    return fingerprint([asked, features])


def _about(plan: _Plan, scope: LabelScope) -> dict[str, Any]:
    features = feature_set_get(name=plan.feature_set)
    return {
        "label_set": asdict(plan.spec),
        "label_set_sha256": fingerprint(plan.spec),
        "feature_set": features.key,
        "feature_set_sha256": features.sha,
        "timeframe": plan.spec.timeframe,
        "settings": asdict(plan.config),
        "models": {each.name: repr(each) for each in plan.rankers},
        "config_sha256": _config_sha(plan),
        "code_sha256": code_sha256(),
        "seed": plan.question.seed,
        "since": scope.since.isoformat() if scope.since else None,
        "as_of": scope.as_of.isoformat(),
        "is_simulated": scope.is_simulated,
        "left_out": scope.left_out,
        "costs": asdict(scope.costs),
    }


def _data(walk: RankWalk) -> dict[str, Any]:
    panel = walk.panel
    rows = panel.day.size
    return {
        "secids": list(panel.secids),
        "shares_tested": len(set(panel.share[walk.test].tolist())),
        "rows": rows,
        "rows_tested": int(walk.test.sum()),
        "first_day": days_of(panel.day[:1])[0],
        "last_day": days_of(panel.day[-1:])[0],
        "states": panel.states,
        "features": list(panel.features),
        "missing": dict(zip(panel.features, panel.missing.tolist(), strict=True)),
        "alike": [name for name, differs in zip(panel.features, panel.differs, strict=True) if not differs],
        "without_features": list(panel.without_features),
        "mean_cost_bp": 1e4 * float(panel.cost_frac[walk.test].mean()),
        "dataset_sha256": panel.sha256,
        "folds": fold_figures(walk),
    }
