"""A Bayesian search of an estimator's parameters that can be interrupted: it goes on as if it never had been."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from modeling.systems.search import Space
from traderai.common.config import fingerprint

Ranges = dict[str, optuna.distributions.CategoricalDistribution]


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedPoint:
    """One point with the mean of what was judged on the folds."""

    point: dict[str, Any]
    score: float


def tuned(
    space: Space,
    *,
    journal: Path,
    name: str,
    tries: int,
    seed: int,
    score: Callable[[dict[str, Any]], float],
    say: Callable[[int, int, str], None],
) -> tuple[TunedPoint, ...]:
    """Return the first so many points of a study in the order of their trying; those in the journal are not tried again.

    No point is tried twice, so a space that is used up gives fewer.

    Points are proposed by a tree-structured Parzen estimator. What it draws depends on the seed, the points told so far
    and their number alone, so a search that was interrupted finds the very points of one that was not.
    Source: Bergstra et al. (2011), Algorithms for Hyper-Parameter Optimization, NIPS 24.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.parent.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(study_name=name, storage=storage, direction="maximize", load_if_exists=True)
    _give_up_unfinished(study)
    ranges = {
        own: optuna.distributions.CategoricalDistribution(list(values)) for own, values in space.items()
    }
    for number in range(len(_told(study)), tries):
        say(number, tries, "point")
        trial, point = _proposal(study, ranges, seed=_seed(seed, number))
        if point is None:
            break
        value = score(point)
        if trial is None:
            found = optuna.trial.create_trial(params=point, distributions=dict(ranges), value=value)
            study.add_trial(found)
        else:
            study.tell(trial, value)
    say(tries, tries, "point")
    return tuple(
        TunedPoint(point=dict(one.params), score=float(one.value or 0.0)) for one in _told(study)[:tries]
    )


def _proposal(
    study: optuna.Study, ranges: Ranges, *, seed: int
) -> tuple[optuna.trial.Trial | None, dict[str, Any] | None]:
    """Return the estimator's proposal; where that was tried already, a random point that was not; None where all were."""
    tried = [one.params for one in _told(study)]
    study.sampler = optuna.samplers.TPESampler(seed=seed)
    trial = study.ask(dict(ranges))
    if trial.params not in tried:
        return trial, dict(trial.params)
    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    if len(tried) >= math.prod(len(own.choices) for own in ranges.values()):
        return None, None
    rng = np.random.default_rng(seed)

    def drawn() -> dict[str, Any]:
        return {name: own.choices[rng.integers(len(own.choices))] for name, own in ranges.items()}

    while (point := drawn()) in tried:
        continue
    return None, point


def _told(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))


def _give_up_unfinished(study: optuna.Study) -> None:
    """Mark what an interruption left behind: no result will come of it, and the sampler must not wait for one."""
    for one in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(one.number, state=optuna.trial.TrialState.FAIL)


def _seed(*numbers: int) -> int:
    return int(fingerprint(list(numbers))[:8], 16)
