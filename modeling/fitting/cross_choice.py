"""Which model's ranks feed the council: chosen on rows before each test part, and what came of it on the test rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from modeling.contracts import Horizon
from modeling.fitting.cross_ics import daily_ic, tested_rows
from modeling.fitting.cross_walk import CHOSEN, NO_SKILL, RankWalk
from modeling.fitting.evaluation import DayBootstrap
from modeling.fitting.report_names import named
from modeling.fitting.report_page import bounded, number

NETWORK = "network"


def choice_figures(walk: RankWalk, horizon: str, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return the choice of each fold of a horizon, and the network's daily rank IC less that of the best other model.

    `bootstrap` draws the days of the horizon's test rows.
    """
    h = walk.panel.horizons.index(horizon)
    chosen = walk.chosen(h)
    figures: dict[str, Any] = {
        "folds": [
            {
                "fold": fold.name,
                "choice_ic": {name: float(own[number_, h]) for name, own in walk.choice_ic.items()},
                "chosen": chosen[number_],
            }
            for number_, fold in enumerate(walk.folds[horizon])
        ],
        "next": chosen[-1],
        "network": _network(walk, horizon, bootstrap) if NETWORK in walk.learned else None,
    }
    return {**figures, "sentence": _sentence(horizon, figures)}


def _network(walk: RankWalk, horizon: str, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return how the network ranked the test rows beside the best other model, on the days that both ranked."""
    count = Horizon.parse(horizon).count
    rows = tested_rows(walk, walk.panel.horizons.index(horizon))
    others = [name for name in walk.scores if name not in (NETWORK, CHOSEN, NO_SKILL)]
    daily = {name: daily_ic(rows, name, count, walk.panel.min_shares) for name in (NETWORK, *others)}
    means = {name: float(np.nanmean(own.ic)) for name, own in daily.items()}
    best = max(others, key=lambda name: means[name])
    own, other = daily[NETWORK], daily[best]
    both, at, there = np.intersect1d(own.date, other.date, return_indices=True)
    gap = own.ic[at] - other.ic[there]
    known = np.isfinite(gap)
    difference = bootstrap.mean(gap[known], both[known])
    return {
        "ic": means[NETWORK],
        "best_other": best,
        "best_other_ic": means[best],
        "difference": difference,
        "days": int(known.sum()),
        "at_least": difference["value"] >= 0.0,
    }


def _sentence(horizon: str, figures: Mapping[str, Any]) -> str:
    times = Counter(fold["chosen"] for fold in figures["folds"])
    told = ", ".join(f"{named(name)} in {count}" for name, count in times.most_common())
    choice = f"of {len(figures['folds'])} folds the rows that choose took {told}; {named(figures['next'])} feeds what comes next"
    network = figures["network"]
    if network is None:
        return f"{horizon}: {choice}."
    word = "at least" if network["at_least"] else "below"
    return (
        f"{horizon}: the network's rank IC of {number(network['ic'], digits=3, sign=True)} is {word} that of the best other, "
        f"{named(network['best_other'])} at {number(network['best_other_ic'], digits=3, sign=True)} (daily difference "
        f"{bounded(network['difference'], digits=4, sign=True)}, {network['days']:,} days); {choice}."
    )
