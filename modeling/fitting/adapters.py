"""Adapters: for each ticker a light model that corrects the shared probabilities by what is its own.

They are taught by what was heard out of fold and nothing else: it cannot be made of predictions that knew what they
foretell. What a ticker's adapter adds is drawn to nothing by the days behind it, and is kept only where newer rows prove
it, false discoveries over all tickers held down: many are tried each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from modeling.contracts import HeadTrust
from modeling.fitting.calibration import base_of, log_losses, upon
from modeling.fitting.corrections import CorrectionTask, correction_fit
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.folds import Fold
from modeling.fitting.forecasts import Forecasts, calibrated, require_held_out
from modeling.fitting.recipe_adapters import AdapterConfig
from modeling.kernels.multiple_testing import false_discovery_control
from modeling.kernels.overlap import mean_above_zero_p
from modeling.kernels.simulator_market import moscow_days
from modeling.kernels.splits import DAY_S
from modeling.registry.adapters import (
    Adapter,
    Adapters,
    adapted,
    adapter_inputs,
    adapters_json,
    logits_of,
)
from traderai.common.arrays import F32, F64, I64, Bools
from traderai.common.errors import InputError, InvariantError, did_you_mean
from traderai.common.progress import Progress, silent

_SIDES: Final = ("p_long", "p_short")
_DAYS_A_MONTH: Final = 365.25 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterVerdict:
    """Why a ticker has an adapter, or why the shared probabilities stand."""

    secid: str
    kept: bool
    days_taught: int
    share: float  # of the correction that would be taken
    days_judged: int
    better: float  # mean daily log loss of what it would replace less the adapter's; NaN if not judged
    p_value: float  # of `better` not being above 0, one-sided; NaN if not judged
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """The shared probabilities of rows of which whoever says them had learned nothing: the dataset's validation part."""

    dataset: Dataset
    shared: Forecasts
    # What would be said in service of the same rows, where that is another word: with levels, by a newer calibration.
    served: Forecasts | None = None

    def __post_init__(self) -> None:
        for said in (self.shared, self.replaced):
            require_held_out(said, self.dataset, part=VALIDATION)
        if not np.array_equal(self.shared.rows, self.replaced.rows):
            raise InvariantError(
                f"what is said in service must be of the {self.shared.rows.size} rows that are heard, was of "
                f"{self.replaced.rows.size}; say the same rows"
            )

    @property
    def replaced(self) -> Forecasts:
        """The words that adapters would take the place of."""
        return self.shared if self.served is None else self.served


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taught:
    """What older rows taught of every ticker, judged by nothing yet."""

    adapters: Adapters
    days: Mapping[str, int]  # with rows of each ticker, those too few included
    left_out: Mapping[str, str]  # by ticker why it has none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedAdapters:
    """The adapters that newer rows prove, and the word on every ticker."""

    adapters: Adapters
    verdicts: tuple[AdapterVerdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lesson:
    """n rows of all horizons and tickers."""

    x: F32  # (n, d)
    shared: F64  # (2, n) logits
    y: F64  # (2, n)
    instrument: I64
    day: I64

    def of(self, instrument: int) -> _Lesson:
        own = self.instrument == instrument
        return _Lesson(
            x=self.x[own],
            shared=self.shared[:, own],
            y=self.y[:, own],
            instrument=self.instrument[own],
            day=self.day[own],
        )


def local_columns(config: AdapterConfig, features: Sequence[str]) -> list[int]:
    """Return where a dataset has the features that adapters read; one that it has not is an InputError."""
    if missing := [name for name in config.features if name not in features]:
        raise InputError(
            f"adapters read {missing[0]!r}, which the feature set has not{did_you_mean(missing[0], features)}; leave it out "
            "or take another feature set",
            code="unknown_feature",
            field="adapters.features",
        )
    return [features.index(name) for name in config.features]


def fold_heard(fold: Fold, trust: Mapping[str, HeadTrust], *, column: int) -> Heard:
    """Return what a fold's own network says of its validation rows, trusted as given upon the fold's own base."""
    on_its_base = {
        horizon: upon(base_of(fold.dataset, h=h, column=column), trust[horizon])
        for h, horizon in enumerate(fold.dataset.horizons)
    }
    shared = calibrated(fold.raw, fold.dataset, on_its_base, column=column)
    return Heard(dataset=fold.dataset, shared=shared)


def adapters_teach(
    heard: Sequence[Heard], *, config: AdapterConfig, seed: int, progress: Progress = silent
) -> Taught:
    """Return an adapter of each ticker of which enough was heard in the newest months.

    The correction is learned upon the shared probabilities, whoever calibrated them.
    Raises: InvariantError for nothing heard or for several datasets, InputError for a feature that they have not.
    """
    if not heard or len({own.dataset.content_sha256 for own in heard}) > 1:
        raise InvariantError(
            "adapters need out-of-fold predictions of one dataset, there were "
            f"{len(heard)} folds; give them its earlier folds"
        )
    data = heard[0].dataset
    newest_s = max(int(own.dataset.decision_s[own.shared.rows].max()) for own in heard)
    since_s = newest_s - round(config.window_months * _DAYS_A_MONTH * DAY_S)
    lesson = _joined([_lesson(own, config, since_s=since_s) for own in heard])
    taught_until_s = max(own.dataset.taught_until_s(VALIDATION) for own in heard)
    by_secid, days, left_out = {}, {}, {}
    for number, secid in enumerate(data.secids):
        progress(number, len(data.secids), f"adapter of {secid}")
        own = lesson.of(number)
        days[secid] = int(np.unique(own.day).size)
        if why := _too_little(own, days[secid], config):
            left_out[secid] = why
        else:
            by_secid[secid] = _adapter(secid, own, days[secid], config, seed)
    return Taught(
        adapters=Adapters(
            features=config.features,
            horizons=data.horizons,
            by_secid=by_secid,
            learned_until_s=taught_until_s,
            judged_until_s=taught_until_s,
        ),
        days=days,
        left_out=left_out,
    )


def adapters_judge(taught: Taught, heard: Heard, *, config: AdapterConfig) -> JudgedAdapters:
    """Return the adapters that rows prove which are newer than all that taught them.

    A ticker's adapter stands where its mean daily log loss, paired with that of what it would replace in service on the
    same rows of both sides and all horizons, is proven less: windows overlap, so that days a whole horizon apart count;
    Benjamini and Hochberg hold the false discoveries over all tickers that can be judged.
    Raises: InvariantError for rows that the adapters knew.
    """
    dataset, shared = heard.dataset, heard.shared
    own = said(taught.adapters, shared, dataset)
    require_held_out(own, dataset, part=VALIDATION)
    horizon_days = longest_window_days(heard)
    better = {
        secid: daily_better(heard.replaced, own, dataset, instrument=number)
        for number, secid in enumerate(dataset.secids)
        if secid in taught.adapters.by_secid
    }
    p = {secid: mean_above_zero_p(daily, horizon_days=horizon_days) for secid, daily in better.items()}
    kept = proven(p, level=config.false_discoveries)
    verdicts = tuple(
        _verdict(taught, secid, better.get(secid), p.get(secid, np.nan), kept=secid in kept)
        for secid in dataset.secids
    )
    by_secid = {secid: adapter for secid, adapter in taught.adapters.by_secid.items() if secid in kept}
    chosen = replace(taught.adapters, by_secid=by_secid, judged_until_s=dataset.taught_until_s(VALIDATION))
    return JudgedAdapters(adapters=chosen, verdicts=verdicts)


def said(adapters: Adapters, shared: Forecasts, dataset: Dataset) -> Forecasts:
    """Return the predictions with the corrections; their provenance tells what adapters have seen too."""
    rows = shared.rows
    local = dataset.values[rows][:, [dataset.features.index(name) for name in adapters.features]]
    secids = np.asarray(dataset.secids)[dataset.instrument[rows]]
    found = [
        adapted(
            adapters, shared.p_long[:, h], shared.p_short[:, h], local=local, secids=secids.tolist(), horizon=horizon
        )
        for h, horizon in enumerate(dataset.horizons)
    ]  # fmt: skip
    own = shared.provenance
    provenance = replace(
        own,
        model=f"{own.model}:{hashlib.sha256(adapters_json(adapters)).hexdigest()}",
        train_end_s=max(own.train_end_s, adapters.learned_until_s),
        validation_end_s=max(own.validation_end_s, adapters.judged_until_s),
    )
    long, short = (np.stack(side, axis=1) for side in zip(*found, strict=True))
    return replace(shared, provenance=provenance, p_long=long, p_short=short)


def proven(p_values: Mapping[str, float], *, level: float) -> frozenset[str]:
    """Return whose p-values stand by Benjamini and Hochberg among those that have one."""
    judged = {secid: p for secid, p in p_values.items() if np.isfinite(p)}
    if not judged:
        return frozenset()
    found = false_discovery_control(np.array(list(judged.values())), level=level)
    return frozenset(secid for secid, stands in zip(judged, found.accepted, strict=True) if stands)


def longest_window_days(heard: Heard) -> int:
    """Return over how many trading days the windows of the longest horizon reach in the median, the first included."""
    data, rows = heard.dataset, heard.shared.rows
    calendar = np.unique(data.day)
    longest = 1
    for h in range(len(data.horizons)):
        own = rows[data.part[rows, h] == VALIDATION]
        if own.size:
            last = np.searchsorted(calendar, moscow_days(data.targets.window_end_s[own, h]), side="right")
            longest = max(longest, int(np.median(last - np.searchsorted(calendar, data.day[own]))))
    return longest


def daily_better(before: Forecasts, own: Forecasts, dataset: Dataset, *, instrument: int) -> F64:
    """Return by how much the daily log loss is less than before (d,), in order of the rows' trading days.

    Rows of a ticker's validation part at all horizons and both sides count alike; a day without one is NaN.
    """
    rows = before.rows
    calendar = np.unique(dataset.day[rows])
    total, count = np.zeros(calendar.size), np.zeros(calendar.size)
    for h in range(len(dataset.horizons)):
        inside = (dataset.part[rows, h] == VALIDATION) & (dataset.instrument[rows] == instrument)
        place = np.searchsorted(calendar, dataset.day[rows[inside]])
        for side in _SIDES:
            y = getattr(dataset.targets, side)[rows[inside], h]
            first, second = (log_losses(getattr(each, side)[inside, h], y) for each in (before, own))
            total += np.bincount(place, weights=first - second, minlength=calendar.size)
            count += np.bincount(place, minlength=calendar.size)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _lesson(heard: Heard, config: AdapterConfig, *, since_s: int) -> _Lesson:
    data, shared, rows = heard.dataset, heard.shared, heard.shared.rows
    columns = local_columns(config, data.features)
    parts = []
    for h in range(len(data.horizons)):
        own: Bools = (data.part[rows, h] == VALIDATION) & (data.decision_s[rows] > since_s)
        at = rows[own]
        long, short = logits_of(shared.p_long[own, h]), logits_of(shared.p_short[own, h])
        parts.append(
            _Lesson(
                x=adapter_inputs(long, short, data.values[at][:, columns], h=h, horizons=len(data.horizons)),
                shared=np.stack([long, short]),
                y=np.stack([getattr(data.targets, side)[at, h] for side in _SIDES]),
                instrument=data.instrument[at],
                day=data.day[at],
            )
        )
    return _joined(parts)


def _joined(parts: Sequence[_Lesson]) -> _Lesson:
    return _Lesson(
        x=np.concatenate([own.x for own in parts]),
        shared=np.concatenate([own.shared for own in parts], axis=1),
        y=np.concatenate([own.y for own in parts], axis=1),
        instrument=np.concatenate([own.instrument for own in parts]),
        day=np.concatenate([own.day for own in parts]),
    )


def _too_little(own: _Lesson, days: int, config: AdapterConfig) -> str:
    if days < config.min_days:
        return f"{days} days taught it, {config.min_days} are asked for: the shared probabilities stand"
    for place, side in enumerate(_SIDES):
        if np.unique(own.y[place]).size < 2:
            return f"{side} has one outcome only in its {days} days: the shared probabilities stand"
    return ""


def _adapter(secid: str, own: _Lesson, days: int, config: AdapterConfig, seed: int) -> Adapter:
    _, at, rows = np.unique(own.day, return_inverse=True, return_counts=True)
    weight = 1.0 / rows[at]
    long, short = (
        correction_fit(
            CorrectionTask(
                x=own.x,
                shared=np.ascontiguousarray(own.shared[place]),
                y=np.ascontiguousarray(own.y[place]),
                weight=weight,
                config=config,
                seed=seed,
            )
        )
        for place in range(len(_SIDES))
    )
    return Adapter(secid=secid, long=long, short=short, share=config.share(days), days=days)


def _verdict(taught: Taught, secid: str, better: F64 | None, p: float, *, kept: bool) -> AdapterVerdict:
    own = taught.adapters.by_secid.get(secid)
    judged = 0 if better is None else int(np.isfinite(better).sum())
    reason = taught.left_out.get(secid, "its gain is proven")
    if own is not None and np.isnan(p):
        reason = f"{judged} days are too few to judge it by, or it changed nothing"
    elif own is not None and not kept:
        reason = "its gain is not proven among all tickers tried"
    return AdapterVerdict(
        secid=secid,
        kept=kept,
        days_taught=taught.days[secid],
        share=0.0 if own is None else own.share,
        days_judged=judged,
        better=float(np.nanmean(better)) if better is not None and judged else float("nan"),
        p_value=p,
        reason=reason,
    )
