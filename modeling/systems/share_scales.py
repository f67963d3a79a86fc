"""Scales of each share by itself, by its own training rows: prices of one share say nothing of those of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modeling.fitting.dataset import TRAIN
from modeling.kernels.sparse import standardise
from modeling.systems.rows import SystemRows
from traderai.common.arrays import F32, F64, I64

LEAST_ROWS: Final = 50  # of a share's training part: fewer give no scale


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShareScales:
    """Mean and standard deviation of s shares' features and closes on their training rows."""

    secids: tuple[str, ...]  # (s,)
    mean: F64  # (s, k)
    std: F64  # (s, k)
    close_mean: F64  # (s,)
    close_std: F64  # (s,)

    def places(self, rows: SystemRows) -> I64:
        """Return for each row (m,) which of the shares it is of; -1 for a share without scales."""
        place = {secid: number for number, secid in enumerate(self.secids)}
        return np.array([place.get(secid, -1) for secid in rows.secids], dtype=np.int64)[rows.instrument]

    def scaled(self, rows: SystemRows) -> F32:
        """Return the features in units of their share (m, k), cut at 10; 0 of shares without scales."""
        place, found = self.places(rows), np.zeros(rows.values.shape, dtype=np.float32)
        for number in range(len(self.secids)):
            own = place == number
            found[own] = standardise(
                rows.values[own], mean=self.mean[number], std=self.std[number], sparse=rows.sparse
            )
        return found

    def target(self, rows: SystemRows, at: I64) -> F32:
        """Return the scaled close at the end of the window (m,) of some rows; NaN of all others."""
        place, found = self.places(rows)[at], np.full(rows.close.shape, np.nan, dtype=np.float32)
        found[at] = (rows.close[at + rows.horizon_bars] - self.close_mean[place]) / self.close_std[place]
        return found

    def close_of(self, scaled: F64, place: I64) -> F64:
        """Return closes (n,) from scaled ones of the shares at some places (n,)."""
        return scaled * self.close_std[place] + self.close_mean[place]

    def plain(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        arrays = {name: getattr(self, name).tolist() for name in ("mean", "std", "close_mean", "close_std")}
        return {"secids": list(self.secids), **arrays}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> ShareScales:
        """Return what `plain` gave."""
        arrays = {name: np.asarray(own, dtype=np.float64) for name, own in plain.items() if name != "secids"}
        return cls(secids=tuple(plain["secids"]), **arrays)


def share_scales(rows: SystemRows) -> ShareScales:
    """Return the scales of every share with enough training rows; no later row is read.

    What never moved in a share's training part has no unit of its own and is only centred.
    """
    train = rows.rows_of(TRAIN)
    several = [(secid, train[rows.instrument[train] == n]) for n, secid in enumerate(rows.secids)]
    enough = [(secid, own) for secid, own in several if own.size >= LEAST_ROWS]
    width = rows.values.shape[1]
    mean, std = np.zeros((len(enough), width)), np.ones((len(enough), width))
    for number, (_, own) in enumerate(enough):
        values = rows.values[own].astype(np.float64)
        known = ~np.isnan(values).all(axis=0)
        mean[number, known] = np.nanmean(values[:, known], axis=0)
        std[number, known] = np.nanstd(values[:, known], axis=0)
    std[std <= 0] = 1.0
    closes = [rows.close[own] for _, own in enough]
    return ShareScales(
        secids=tuple(secid for secid, _ in enough),
        mean=mean,
        std=std,
        close_mean=np.array([own.mean() for own in closes]),
        close_std=np.array([own.std() or 1.0 for own in closes]),
    )
