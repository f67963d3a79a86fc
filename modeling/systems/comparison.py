"""Several runs beside one another: classified rows that all have, trades of the same days and shares, and paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any, Final

import numpy as np

from modeling.fitting.evaluation import DayBootstrap, plain
from modeling.kernels.simulator_market import moscow_days
from modeling.systems.comparison_trades import compared_trades
from modeling.systems.figures import score_figures, score_losses
from modeling.systems.said_file import SaidFile, Speaker
from traderai.common.arrays import F64, I8, I64
from traderai.common.config import fingerprint
from traderai.common.errors import InputError

MIN_DAYS: Final = 2  # fewer cannot be drawn from
_SECOND_BITS, _HORIZON_BITS = 34, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonConfig:
    """How the figures of a comparison are bounded: for all runs alike, whatever their recipes say."""

    resamples: int = 1000
    mean_block_days: float = 5.0
    interval_level: float = 0.95
    seed: int = 0

    def bootstrap(self, days: I64) -> DayBootstrap:
        """Return one set of draws of rising days."""
        return DayBootstrap.draw(
            days,
            resamples=self.resamples,
            mean_block_days=self.mean_block_days,
            level=self.interval_level,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparedRun:
    """A training by its version's name, and what it said."""

    version: str
    said: SaidFile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """Rows that all runs of a group have."""

    runs: Sequence[ComparedRun]
    places: list[I64]  # of each run, its rows in one order
    label: I8  # (n,)
    day: I64  # (n,)


def compared(runs: Sequence[ComparedRun], config: ComparisonConfig) -> dict[str, Any]:
    """Return the figures of some runs on what they have in common, and what that is.

    Runs of one timeframe and label set are compared as classifiers, on the rows that all of them judged. All runs are
    compared as traders, on the trading days of all test parts and the shares of all.
    Raises: InputError where runs cannot be compared: other costs or another account, simulated beside real shares, no
    common day or share, other labels of the same rows.
    """
    require_comparable(runs)
    groups: dict[tuple[str, str], list[ComparedRun]] = {}
    for run in runs:
        groups.setdefault((run.said.timeframe, run.said.labels_sha256), []).append(run)
    found = {
        "runs": {run.version: _about(run.said) for run in runs},
        "rows": [_compared_rows(own, config) for own in groups.values()],
        "trading": compared_trades({run.version: run.said for run in runs}, config.bootstrap),
        "account": runs[0].said.account,
        "is_simulated": runs[0].said.is_simulated,
        "interval_level": config.interval_level,
        "resamples": config.resamples,
        "mean_block_days": config.mean_block_days,
    }
    told: dict[str, Any] = plain(found)
    return told


def require_comparable(runs: Sequence[ComparedRun]) -> None:
    """Raise InputError unless the runs trade in one account at one cost, on one sort of shares."""
    names = [run.version for run in runs]
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError(
            f"runs must be at least two different ones, were {', '.join(names) or 'none'}", field="runs"
        )
    for first, other in pairwise(runs):
        if fingerprint(first.said.account) != fingerprint(other.said.account):
            unlike = sorted(
                name
                for name in first.said.account.keys() | other.said.account.keys()
                if fingerprint(first.said.account.get(name)) != fingerprint(other.said.account.get(name))
            )
            raise InputError(
                f"{first.version} and {other.version} must trade in one account at the same costs, differ in "
                f"{', '.join(unlike)}; train both again with the configuration of today",
                field="runs",
            )
        if first.said.is_simulated != other.said.is_simulated:
            raise InputError(
                f"{first.version} and {other.version} must both be of real or both of simulated shares; choose others",
                field="runs",
            )


def _compared_rows(runs: Sequence[ComparedRun], config: ComparisonConfig) -> dict[str, Any]:
    """Return what the runs of one timeframe and label set say of the rows that all of them have."""
    rows, said = _common_rows(runs), runs[0].said
    days = np.unique(rows.day)
    told: dict[str, Any] = {
        "timeframe": said.timeframe,
        "label_set": said.label_set,
        "horizons": list(said.horizons),
        "versions": [run.version for run in runs],
        "rows": int(rows.label.size),
        "days": int(days.size),
        "first_day": str(days[0].astype("datetime64[D]")) if days.size else None,
        "last_day": str(days[-1].astype("datetime64[D]")) if days.size else None,
        "left_out": {run.version: int(run.said.label.size - rows.label.size) for run in runs},
    }
    if days.size < MIN_DAYS:
        return told
    bootstrap = config.bootstrap(days)
    own = {run.version: run.said.speakers[0].scores[at] for run, at in zip(runs, rows.places, strict=True)}
    rivals = _rivals(rows)
    figures = {
        name: score_figures(rows.label, scores, rows.day, bootstrap, classes=said.classes)
        for name, scores in {**own, **rivals}.items()
    }
    best = min(rivals, key=lambda name: figures[name]["log_loss"]["value"], default=None)
    first = next(iter(own))
    told |= {
        "figures": figures,
        "best_baseline": best,
        "first_run": first,
        "against_best_baseline": {
            name: _differences(scores, rivals[best], rows, bootstrap) for name, scores in own.items() if best
        },
        "against_first_run": {
            name: _differences(scores, own[first], rows, bootstrap)
            for name, scores in own.items()
            if name != first
        },
    }
    return told


def _common_rows(runs: Sequence[ComparedRun]) -> _Rows:
    secids = sorted({secid for run in runs for secid in run.said.secids})
    horizons = sorted({name for run in runs for name in run.said.horizons})
    keys = [_keys(run.said, secids, horizons) for run in runs]
    common = reduce(np.intersect1d, keys)
    places = []
    for own in keys:
        order = np.argsort(own, kind="stable")
        places.append(order[np.searchsorted(own, common, sorter=order)])
    first = runs[0].said
    label = first.label[places[0]]
    for run, at in zip(runs[1:], places[1:], strict=True):
        other = int((run.said.label[at] != label).sum())
        if other:
            raise InputError(
                f"{runs[0].version} and {run.version} must have learned from the same data, but {other} of "
                f"{label.size} common rows have another label; train the older one again",
                field="runs",
            )
    return _Rows(runs=runs, places=places, label=label, day=moscow_days(first.decision_s[places[0]]))


def _keys(said: SaidFile, secids: Sequence[str], horizons: Sequence[str]) -> I64:
    """Return one number for the share, horizon and moment of each row (n,)."""
    secid = np.array([secids.index(name) for name in said.secids], dtype=np.int64)[said.secid]
    horizon = np.array([horizons.index(name) for name in said.horizons], dtype=np.int64)[said.horizon]
    return (((secid << _HORIZON_BITS) + horizon) << _SECOND_BITS) + said.decision_s


def _rivals(rows: _Rows) -> dict[str, F64]:
    """Return what the runs had to beat, on the common rows; what is the same of several runs stands once."""
    found: dict[str, list[tuple[str, F64]]] = {}
    for run, at in zip(rows.runs, rows.places, strict=True):
        for speaker in run.said.speakers[1:]:
            several = found.setdefault(speaker.name, [])
            scores = speaker.scores[at]
            if not any(np.array_equal(scores, other) for _, other in several):
                several.append((run.version, scores))
    return {
        name if len(several) == 1 else f"{name} of {version}": scores
        for name, several in found.items()
        for version, scores in several
    }


def _differences(own: F64, other: F64, rows: _Rows, bootstrap: DayBootstrap) -> dict[str, dict[str, float]]:
    """Return row by row how much lower the log loss and how much higher the accuracy is."""

    def right(scores: F64) -> F64:
        return (scores.argmax(axis=1) == rows.label).astype(np.float64)

    gain = score_losses(rows.label, other) - score_losses(rows.label, own)
    return {
        "log_loss_gain": bootstrap.mean(gain, rows.day),
        "accuracy_gain": bootstrap.mean(right(own) - right(other), rows.day),
    }


def _about(said: SaidFile) -> dict[str, Any]:
    system: Speaker = said.speakers[0]
    return {
        "recipe": said.recipe,
        "timeframe": said.timeframe,
        "label_set": said.label_set,
        "rows": int(said.label.size),
        "shares": len(said.secids),
        "days": int(said.days.size),
        "cut": system.cut,
    }
