"""The figures of a rank report: how well models order shares, what their best tenths make, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from market.contracts import Timeframe
from modeling.contracts import GateConfig, Horizon
from modeling.fitting.cross_books import Books, book_figures
from modeling.fitting.cross_choice import choice_figures
from modeling.fitting.cross_ics import daily_ic, tested_rows
from modeling.fitting.cross_verdict import RankEvidence, rank_verdict
from modeling.fitting.cross_walk import RankFold, RankWalk
from modeling.fitting.evaluation import DayBootstrap
from modeling.fitting.label_figures import LEVEL, block_days, days_drawn
from modeling.fitting.label_ranks import score_figures
from modeling.fitting.report_names import named
from modeling.fitting.walk_luck import (
    Tried,
    days_of,
    deflated_figures,
    discovery_figures,
    overfitting_figures,
    superiority_figures,
)
from modeling.fitting.walk_report import INDEX, INDEX_WITH_DIVIDENDS
from modeling.fitting.walk_trades import account_figures, mean_p_value
from modeling.fitting.walk_verdict import Verdict
from modeling.kernels.cross_section import mean_ic
from modeling.kernels.performance import DailyFractions, equity_curve
from traderai.common.arrays import F64, I64

RESAMPLES: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class RankTerms:
    """By what a rank report judges."""

    round_trips_bp: tuple[float, ...]
    gate: GateConfig
    timeframe: Timeframe
    seed: int


def horizon_counts(horizons: tuple[str, ...]) -> dict[str, int]:
    """Return the trading days of each horizon."""
    return {name: Horizon.parse(name).count for name in horizons}


def rank_report_figures(
    walk: RankWalk, books: Books, tried: Tried, terms: RankTerms
) -> tuple[dict[str, Any], Verdict]:
    """Return all figures of a report as plain values, and its verdict."""
    horizons = horizon_counts(walk.panel.horizons)
    ranking = {name: ranking_figures(walk, name, terms) for name in horizons}
    bootstraps = {name: _bootstrap(books.days, block_days(name, terms.timeframe), terms) for name in horizons}
    trading: dict[str, dict[str, Any]] = {name: {} for name in horizons}
    for candidate in books.tops:
        trading[candidate.horizon][candidate.model] = book_figures(
            books, candidate, bootstraps[candidate.horizon], round_trips_bp=terms.round_trips_bp
        )
    luck = _luck(walk, books, trading, tried, bootstraps)
    verdict = rank_verdict(_evidence(books, ranking, trading, luck), terms.gate)
    held = {
        **{f"universe {name}": _alone(books.universe[name]) for name in horizons},
        **books.indices,
    }
    figures = {
        "ranking": ranking,
        "trading": trading,
        "held": {name: account_figures(own, bootstraps[list(horizons)[-1]]) for name, own in held.items()},
        "luck": luck,
        "curves": _curves(books),
        "interval_level": LEVEL,
        "verdict": verdict.as_json(),
    }
    return figures, verdict


def _evidence(
    books: Books,
    ranking: Mapping[str, Any],
    trading: Mapping[str, Mapping[str, Any]],
    luck: Mapping[str, Any],
) -> list[RankEvidence]:
    horizons = horizon_counts(tuple(ranking))
    indices = (INDEX_WITH_DIVIDENDS, INDEX)
    market = next((books.indices[name].net_frac for name in indices if name in books.indices), None)
    return [
        RankEvidence(
            name=f"{named(each.model)} at {each.horizon}",
            horizon_days=horizons[each.horizon],
            days=books.days,
            net=books.tops[each].net_frac(),
            excess=books.excess(each),
            bought=trading[each.horizon][each.model]["bought"],
            ic=_told(ranking[each.horizon]["models"][each.model]["ic"]["mean"]),
            ic_t=_told(ranking[each.horizon]["models"][each.model]["ic"]["t_apart"]),
            deflated_p=luck["deflated"][each.key]["p_value"],
            stands=each.key in luck["discoveries"]["stand"],
            market=market,
        )
        for each in books.candidates
    ]


def ranking_figures(walk: RankWalk, horizon: str, terms: RankTerms) -> dict[str, Any]:
    """Return what every model's order of the test rows of a horizon was worth, by the labels alone."""
    rows = tested_rows(walk, walk.panel.horizons.index(horizon))
    days = np.unique(rows.day)
    block = block_days(horizon, terms.timeframe)
    draws = days_drawn(days, mean_block_days=block)
    bootstrap = _bootstrap(days, block, terms)
    count, found = Horizon.parse(horizon).count, {}
    for name in walk.scores:
        own = score_figures(rows, name, count, days, draws, walk.panel.min_shares)
        daily = daily_ic(rows, name, count, walk.panel.min_shares)
        known = np.isfinite(daily.ic)
        found[name] = own | {
            "ic_p_value": mean_p_value(daily.ic[known], daily.date[known], bootstrap),
            "decay": _decay(walk, name, horizon),
        }
    return {
        "rows": int(rows.day.size),
        "days": int(days.size),
        "shares_a_day": float(rows.day.size / days.size),
        "block_days": block,
        "models": found,
        "choice": choice_figures(walk, horizon, bootstrap),
    }


def _decay(walk: RankWalk, name: str, learned_for: str) -> list[dict[str, Any]]:
    """Return how well the scores made for one horizon order the returns over every horizon."""
    panel = walk.panel
    score = walk.scores[name][:, panel.horizons.index(learned_for)]
    found = []
    for h, (horizon, days) in enumerate(horizon_counts(panel.horizons).items()):
        rows = tested_rows(walk, h)
        own = replace(rows, scores={name: score[walk.test & panel.labelled[:, h]]})
        ic = mean_ic(daily_ic(own, name, days, panel.min_shares))
        found.append({"horizon": horizon, "ic": ic.mean, "t_apart": ic.t_apart})
    return found


def _bootstrap(days: I64, mean_block_days: float, terms: RankTerms) -> DayBootstrap:
    return DayBootstrap.draw(
        days, resamples=RESAMPLES, mean_block_days=mean_block_days, level=LEVEL, seed=terms.seed
    )


def _luck(
    walk: RankWalk,
    books: Books,
    trading: Mapping[str, Mapping[str, Any]],
    tried: Tried,
    bootstraps: Mapping[str, DayBootstrap],
) -> dict[str, Any]:
    excess = {each.key: books.excess(each) for each in books.candidates}
    tests = [
        {
            "group": each.key,
            "model": each.model,
            "horizon": each.horizon,
            "p_value": trading[each.horizon][each.model]["p_value"],
        }
        for each in books.candidates
    ]
    discoveries = discovery_figures(tests)
    longest = bootstraps[walk.panel.horizons[-1]]
    none = np.zeros(books.days.size)
    return {
        "trials_counted": tried.count,
        "deflated": {key: deflated_figures(own, tried) for key, own in excess.items()},
        "tests": tests,
        "discoveries": discoveries,
        "overfitting": overfitting_figures(excess),
        "superior": superiority_figures(none, excess, longest.draws),
    }


def _curves(books: Books) -> dict[str, Any]:
    return {
        "days": days_of(books.days),
        "net": {
            each.key: equity_curve(book.net_frac()).round(5).tolist() for each, book in books.tops.items()
        },
        "universe": {name: equity_curve(own).round(5).tolist() for name, own in books.universe.items()},
        "indices": {
            name: equity_curve(own.net_frac).round(5).tolist() for name, own in books.indices.items()
        },
        "excess": {each.key: np.cumsum(books.excess(each)).round(5).tolist() for each in books.tops},
    }


def _told(figure: float | None) -> float:
    return float("nan") if figure is None else figure


def _alone(daily: F64) -> DailyFractions:
    return DailyFractions(net_frac=daily, invested_frac=np.ones(daily.size), traded_frac=np.zeros(daily.size))


def fold_figures(walk: RankWalk) -> list[dict[str, Any]]:
    """Return dates and rows of the folds of every horizon."""
    return [
        _fold(horizon, fold, walk.panel.decision_s) for horizon, own in walk.folds.items() for fold in own
    ]


def _fold(horizon: str, fold: RankFold, decision_s: I64) -> dict[str, Any]:
    borders, split = fold.fold.borders, fold.fold.split
    return {
        "horizon": horizon,
        "name": fold.name,
        "train_start_s": int(decision_s[fold.lesson].min()),
        "validation_start_s": borders.validation_start_s,
        "test_start_s": borders.test_start_s,
        "test_end_s": borders.test_end_s,
        "lesson": int(fold.lesson.size),
        "validation": int(fold.validation.size),
        "test": int(fold.test.size),
        "purged_validation": split.purged_train,
        "purged_test": split.purged_validation,
    }
