"""Leakage guards on a dataset: what one feature tells of the targets, and what becomes of skill when labels shift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modeling.errors import DatasetRefusedError
from modeling.fitting.batches import stratified_rows
from modeling.fitting.dataset import PARTS, Dataset
from modeling.fitting.recipe import LeakScanConfig
from modeling.kernels.leakage import UNLABELLED, chance_auc, column_aucs, windows_apart
from modeling.kernels.metrics import roc_auc
from traderai.common.arrays import F64, I8, I64, Bools

SCAN_ROWS: Final = 20_000  # of a part: the AUC's own error is then 0.004, and 600 features take seconds
DIRECTION: Final = "forward_return"
SCANNED: Final = ("p_long", "p_short", DIRECTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureAuc:
    """How well one feature alone tells one target of a part, in whichever direction."""

    feature: str
    target: str  # one of SCANNED; of the forward return, its sign
    horizon: str
    part: str
    auc: float  # at least 0.5
    limit: float

    def __str__(self) -> str:
        return (
            f"{self.feature} alone tells {self.target} at horizon {self.horizon} in the {self.part} part with an AUC "
            f"of {self.auc:.3f}, allowed is {self.limit:.3f}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelShift:
    """The AUC of a score against the sign of returns: the row's own, one bar later and one whole window later."""

    horizon: str
    rows: int  # the same for all three
    window_bars: int
    auc: float
    one_bar_auc: float
    one_window_auc: float


def target_leak_scan(dataset: Dataset, config: LeakScanConfig) -> tuple[FeatureAuc, ...]:
    """Return for every part, target and horizon the feature that tells most, the worst offence first.

    What a council's aggregator reads besides the network is looked at, too: the daily rank.
    Where few windows that do not overlap have a feature, it reaches the limit even if it knows nothing: the limit is
    then what chance alone stays below.
    """
    found = [each for code in range(len(PARTS)) for each in _part_scan(dataset, code, config)]
    return tuple(sorted(found, key=lambda each: each.limit - each.auc))


def target_leak_check(dataset: Dataset, config: LeakScanConfig) -> None:
    """Raise DatasetRefusedError if a single feature tells a target better than the limit."""
    beyond = [str(each) for each in target_leak_scan(dataset, config) if each.auc > each.limit]
    if beyond:
        raise DatasetRefusedError(
            f"{'; '.join(beyond[:5])}: it knows what comes; leave it out or build it from what was known"
        )


def label_shifts(dataset: Dataset, score: F64, rows: I64, *, part: int) -> tuple[LabelShift, ...]:
    """Return what becomes of a score (n, h) of some rows (n,) when the labels of a part shift to later rows.

    A score that foretells its own window loses a little by one bar and all by a whole window. One that has seen the
    window's first bar loses most of it by one bar; one that foretells the share and not the window loses nothing.
    """
    return tuple(
        _label_shift(dataset, score[:, h], rows, h=h, part=part) for h in range(len(dataset.horizons))
    )


def shift_complaints(
    shifts: tuple[LabelShift, ...], *, limit_auc: float, least_kept: float
) -> tuple[str, ...]:
    """Return what is wrong with the way in which skill above an AUC falls as labels shift.

    Of the AUC above 0.5, `least_kept` of what the windows still share must be left one bar later, and less than
    before after a whole window.
    """
    found = []
    for shift in shifts:
        skill, later, apart = shift.auc - 0.5, shift.one_bar_auc - 0.5, shift.one_window_auc - 0.5
        if shift.auc <= limit_auc:
            continue
        if later < least_kept * skill * (1.0 - 1.0 / shift.window_bars):
            found.append(
                f"horizon {shift.horizon}: an AUC of {shift.auc:.3f} falls to {shift.one_bar_auc:.3f} when labels shift "
                f"by one of {shift.window_bars} bars: the first bar is known, or carries all"
            )
        if apart >= skill:
            found.append(
                f"horizon {shift.horizon}: an AUC of {shift.auc:.3f} does not fall when labels shift by a whole "
                f"window ({shift.one_window_auc:.3f}): it is not this window that is foretold"
            )
    return tuple(found)


def _part_scan(dataset: Dataset, code: int, config: LeakScanConfig) -> list[FeatureAuc]:
    rows = stratified_rows(dataset.rows_of(code), limit=SCAN_ROWS, rng=None)
    if not rows.size:
        return []
    scanned = [(target, h) for target in SCANNED for h in range(len(dataset.horizons))]
    labels = np.stack([_labels(dataset, rows, target, h, code) for target, h in scanned], axis=1)
    auc = column_aucs(dataset.last_bars(rows), labels)
    strength = np.nan_to_num(np.maximum(auc, 1.0 - auc), nan=0.5)
    found = []
    for (target, h), own in zip(scanned, strength.T, strict=True):
        wanted = config.direction_auc if target == DIRECTION else config.side_auc
        suspects = np.flatnonzero(own > wanted)
        told = [
            FeatureAuc(
                feature=dataset.last_bar_names[column],
                target=target,
                horizon=dataset.horizons[h],
                part=PARTS[code],
                auc=float(own[column]),
                limit=max(wanted, _chance(dataset, column, (target, h, code), config.chance_sigmas)),
            )
            for column in (suspects.tolist() or [int(np.argmax(own))])
        ]
        found.append(min(told, key=lambda each: each.limit - each.auc))
    return found


def _labels(dataset: Dataset, rows: I64, target: str, h: int, code: int) -> I8:
    values = getattr(dataset.targets, target)[rows, h]
    known = (dataset.part[rows, h] == code) & np.isfinite(values)
    if target == DIRECTION:
        known &= values != 0.0
    return np.where(known, values > 0.0, UNLABELLED).astype(np.int8)


def _chance(dataset: Dataset, column: int, at: tuple[str, int, int], sigmas: float) -> float:
    """Return the AUC that chance stays below in the rows that have this feature."""
    target, h, code = at
    there = np.flatnonzero((dataset.part[:, h] == code) & ~np.isnan(dataset.last_bar_column(column)))
    labels = _labels(dataset, there, target, h, code)
    known = labels[labels != UNLABELLED]
    if not known.size:
        return 1.0
    apart = windows_apart(dataset.decision_s[there], dataset.targets.window_end_s[there, h])
    share = float(known.mean())
    return chance_auc(apart * share, apart * (1.0 - share), sigmas=sigmas)


def _label_shift(dataset: Dataset, score: F64, rows: I64, *, h: int, part: int) -> LabelShift:
    targets = dataset.targets
    own = dataset.part[rows, h] == part
    bar = rows - dataset.market.offset[dataset.instrument[rows]]
    window = max(int(np.median((targets.last_bar[rows, h] - bar)[own])), 1) if own.any() else 1
    shifted = [_sign_later(dataset, rows, h, bars) for bars in (0, 1, window)]
    both = own & np.all([known for _, known in shifted], axis=0)
    aucs = [roc_auc(up[both], score[both]) for up, _ in shifted]
    return LabelShift(
        horizon=dataset.horizons[h],
        rows=int(both.sum()),
        window_bars=window,
        auc=aucs[0],
        one_bar_auc=aucs[1],
        one_window_auc=aucs[2],
    )


def _sign_later(dataset: Dataset, rows: I64, h: int, bars: int) -> tuple[F64, Bools]:
    """Return the sign of the return labelled so many bars later (n,), and where there is one of the same share."""
    later = np.minimum(rows + bars, dataset.instrument.size - 1)
    values = dataset.targets.forward_return[later, h]
    known = np.isfinite(values) & (values != 0.0) & (later == rows + bars)
    known &= dataset.instrument[later] == dataset.instrument[rows]
    return (values > 0.0).astype(np.float64), known
