"""The rows that teach a classifier: real ones as numbers into the matrix, synthetic ones as windows, each with a weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from modeling.errors import DatasetRefusedError
from modeling.fitting.batches import Scaler
from modeling.fitting.dataset import TRAIN
from modeling.kernels.imbalance.downsampling import downsampled_rows
from modeling.kernels.imbalance.reweighting import positive_weights
from modeling.kernels.imbalance.row_filter import rows_between
from modeling.kernels.imbalance.smote import smote_windows
from modeling.systems.neural.network import tickers_of, windows_of
from modeling.systems.neural.relabel import Relabelled, relabelled
from modeling.systems.neural.toolkit import RowFilter, Toolkit
from modeling.systems.rows import SystemRows
from traderai.common.arrays import F32, F64, I32, I64, Bools
from traderai.common.errors import InputError, did_you_mean

_IN_REGIME = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taught:
    """n real rows and s synthetic ones; a place from 0 to n + s - 1 names one of them."""

    source: SystemRows
    scaler: Scaler
    rows: I64  # (n,) of the matrix
    synthetic: F32  # (s, L, k) standardised
    label: I64  # (n + s,)
    ticker: I32  # (n + s,) rows of the embedding; 0, the unknown share, for synthetic rows
    move: F64  # (n + s,) what came; NaN for synthetic rows
    weight: F64  # (n + s,) of mean 1, besides the classes' own
    commonest: int  # the class with the most rows before anything was changed
    keep_frac: float  # of that class's rows that were kept
    told: dict[str, Any]

    def windows(self, places: I64) -> F32:
        """Return the standardised windows (b, L, k) of some places (b,)."""
        real = places < self.rows.size
        out = np.empty((places.size, self.source.lookback_bars, len(self.source.features)), dtype=np.float32)
        out[real] = windows_of(self.source, self.scaler, self.rows[places[real]])
        out[~real] = self.synthetic[places[~real] - self.rows.size]
        return out


def scaler_of(rows: SystemRows) -> Scaler:
    """Return mean and standard deviation of the training rows; a constant feature is only centred, all may be missing."""
    values = rows.values[rows.rows_of(TRAIN)].astype(np.float64)
    known = ~np.isnan(values).all(axis=0)
    found = StandardScaler().fit(values[:, known])
    mean, std = np.zeros(known.size), np.ones(known.size)
    mean[known], std[known] = found.mean_, found.scale_
    return Scaler(mean=mean, std=std, sparse=np.ones(mean.size, dtype=np.bool_))


def taught_rows(rows: SystemRows, scaler: Scaler, toolkit: Toolkit, *, seed: int) -> Taught:
    """Return what the training part teaches after everything that the toolkit does to rows.

    In order: labels by searched thresholds, rows filtered, the commonest class thinned out, synthetic rows made, weights.
    Only rows of the training part are read. Raises: InputError for features that are not there, DatasetRefusedError where
    a class has no row left.
    """
    classes = len(rows.classes)
    start = _labelled(rows, toolkit)
    at, label = start.at, start.label
    kept = (
        _filtered(rows, at, toolkit.row_filter) if toolkit.has("row_filter") else np.ones(at.size, np.bool_)
    )
    at, label = at[kept], label[kept]
    counts = np.bincount(label, minlength=classes)
    if counts.min() == 0:
        raise DatasetRefusedError(
            f"of the rows that teach, a class has none after the toolkit's filters ({counts.tolist()}); loosen row_filter "
            "or threshold_factors"
        )
    commonest = int(counts.argmax())
    keep_frac = toolkit.keep_frac if toolkit.has("downsampling") else 1.0
    left = downsampled_rows(
        (label != commonest).astype(np.int64), keep_frac=keep_frac, rng=np.random.default_rng([seed, 1])
    )
    at, label = at[left], label[left]
    synthetic, made = _synthetic(rows, scaler, (at, label), toolkit, seed=seed)
    weight = _ticker_weights(rows, at, label != commonest, toolkit)
    told = {
        "training_rows": int(counts.sum()), "filtered_out": int((~kept).sum()), "thinned_out": int(counts.sum()) - at.size,
        "synthetic": np.bincount(made, minlength=classes).tolist(), "label_search": start.told,
    }  # fmt: skip
    return Taught(
        source=rows, scaler=scaler, rows=at, synthetic=synthetic, label=np.concatenate([label, made]),
        ticker=np.concatenate([tickers_of(rows, at), np.zeros(made.size, np.int32)]),
        move=np.concatenate([rows.move[at], np.full(made.size, np.nan)]),
        weight=np.concatenate([weight, np.ones(made.size)]), commonest=commonest, keep_frac=keep_frac, told=told,
    )  # fmt: skip


def _labelled(rows: SystemRows, toolkit: Toolkit) -> Relabelled:
    if toolkit.has("label_search"):
        return relabelled(rows, factors=toolkit.threshold_factors)
    at = rows.rows_of(TRAIN)
    return Relabelled(at=at, label=rows.label[at].astype(np.int64), told=None)


def _filtered(rows: SystemRows, at: I64, asked: RowFilter) -> Bools:
    kept = rows_between(rows.median_turnover_rub[at], low=asked.turnover[0], high=asked.turnover[1])
    if asked.volatility_feature is not None:
        own = _column(rows, at, asked.volatility_feature)
        kept &= rows_between(own, low=asked.volatility[0], high=asked.volatility[1])
    for name in asked.without_regimes:
        kept &= ~(_column(rows, at, name) >= _IN_REGIME)
    return kept


def _column(rows: SystemRows, at: I64, name: str) -> F32:
    if name not in rows.features:
        raise InputError(
            f"row_filter must name features of the set{did_you_mean(name, rows.features)}, named {name!r}",
            field="row_filter",
        )
    return np.asarray(rows.values[at, rows.features.index(name)])


def _synthetic(
    rows: SystemRows, scaler: Scaler, labelled: tuple[I64, I64], toolkit: Toolkit, *, seed: int
) -> tuple[F32, I64]:
    if not toolkit.has("smote"):
        nothing = np.zeros((0, rows.lookback_bars, len(rows.features)), dtype=np.float32)
        return nothing, np.zeros(0, dtype=np.int64)
    at, label = labelled
    return smote_windows(
        lambda places: windows_of(rows, scaler, at[places]),
        label,
        toolkit.smote.plan(),
        classes=len(rows.classes),
        seed=seed,
    )


def _ticker_weights(rows: SystemRows, at: I64, positive: Bools, toolkit: Toolkit) -> F64:
    """Return the weight of each row (n,), of mean 1: rows of rare classes count by what is rare in their own share."""
    if not toolkit.has("ticker_weights"):
        return np.ones(at.size)
    own = positive_weights(
        positive.astype(np.int64),
        rows.instrument[at],
        tickers=len(rows.secids),
        most=toolkit.most_ticker_weight,
    )
    weight = np.where(positive, own[rows.instrument[at]], 1.0)
    return np.asarray(weight / weight.mean())
