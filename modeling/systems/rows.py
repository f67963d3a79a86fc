"""The rows of an earlier system: stacked bars with features and a class each, in three parts of time.

Its labels begin at the decision's close, where nothing can be traded: they teach, and trades are judged at the next open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from modeling.contracts import ClassLabelSet, Horizon
from modeling.errors import DatasetRefusedError
from modeling.fitting.content import data_sha256
from modeling.fitting.dataset import NO_PART, TEST, TRAIN, VALIDATION, InstrumentRows, market_of
from modeling.kernels.class_labels import ClassLabels, class_labels, class_names
from modeling.kernels.label_windows import LABELLED, NEUTRAL, ROW_STATES, row_inputs
from modeling.kernels.simulator_market import Market, moscow_days
from modeling.kernels.sparse import DENSE, flag_names, sparse_columns, with_flags
from modeling.kernels.splits import (
    Borders,
    ChronologicalSplit,
    LabelledRows,
    chronological_split,
    split_between,
)
from modeling.kernels.windows import eligible_rows
from modeling.systems.recipe import SystemSplit
from traderai.common.arrays import F32, F64, I8, I64, Bools

DAY_S = 86_400


@dataclass(frozen=True, kw_only=True, eq=False)
class SystemRows:
    """m stacked bars of all shares; row r of the matrix is row r of `market`."""

    secids: tuple[str, ...]
    timeframe: str
    label_set: str
    horizon_bars: int
    classes: tuple[str, ...]  # the falling one first
    features: tuple[str, ...]  # (k,)
    sparse: Bools  # (k,) may be missing, and is 0 after scaling then
    lookback_bars: int
    values: F32  # (m, k) raw
    instrument: I64  # (m,) index into secids
    decision_s: I64  # (m,) when the bar is known
    window_end_s: I64  # (m,) 0 without a label
    close: F64  # (m,) adjusted
    label: I8  # (m,) index into classes; -1 without one
    move: F64  # (m,) from the decision's close to the window's last; NaN without a label
    threshold_frac: F64  # (m,) what the move had to exceed; 0 where the sign decides
    usable: Bools  # (m,) labelled, and the whole look-back is there
    neutral: (
        Bools  # (m,) as usable, had the set not dropped rows that moved too little: in no part, but traded
    )
    cost_frac: F64  # (m,) round trip
    median_turnover_rub: F64  # (m,)
    shortable: Bools  # (m,)
    market: Market
    exclusions: dict[str, int]  # rows, by reason
    part: I8  # (m,) TRAIN, VALIDATION, TEST or NO_PART
    purged: dict[str, int] = field(default_factory=dict)  # rows that the borders cost

    def rows_of(self, part: int) -> I64:
        """Return the rows of a part, in the matrix's order: share after share, each in time."""
        return np.flatnonzero(self.part == part).astype(np.int64)

    def traded_of(self, part: int) -> I64:
        """Return the rows on which a part trades: its own, and the neutral ones decided and ended within its time.

        Nobody knows beforehand which rows will move too little to have a class: without them trades would be made only
        where hindsight says that something happens.
        """
        own = self.part == part
        since_s, until_s = self.decision_s[own].min(), self.window_end_s[own].max()
        within = self.neutral & (self.decision_s >= since_s) & (self.window_end_s <= until_s)
        return np.flatnonzero(own | within).astype(np.int64)

    def classed(self, at: I64) -> Bools:
        """Return which of some rows (n,) have a class, by which a classifier is judged."""
        return np.asarray(self.label[at] >= 0)

    @cached_property
    def day(self) -> I64:
        """The Moscow day, counted from 1970, on which each row is decided (m,)."""
        return moscow_days(self.decision_s)

    @cached_property
    def sha256(self) -> str:
        """The fingerprint of every number that decides a fit or a figure, the parts included."""
        names = ("values", "instrument", "decision_s", "window_end_s", "label", "move", "cost_frac", "part")
        return data_sha256({name: getattr(self, name) for name in names})


def system_rows(
    instruments: Sequence[InstrumentRows],
    *,
    label_set: ClassLabelSet,
    features: tuple[str, ...],
    lookback_bars: int,
    sparse_blocks: tuple[str, ...] | None = None,
    all_may_miss: bool = False,
) -> SystemRows:
    """Return the rows of some shares, in no part yet; labels are made share by share and read no other share.

    With `all_may_miss` a row stands though any feature of its window is missing, not only those of sparse sources.

    Raises: DatasetRefusedError where there are no bars.
    """
    filled = [item for item in instruments if len(item.bars)]
    if not filled:
        raise DatasetRefusedError("there are no bars to learn from; ingest candles and build features first")
    (horizon,) = label_set.horizons
    inputs = [row_inputs(item.bars, cost_frac=item.cost_frac, auction=item.auction) for item in filled]
    labels = [
        class_labels(item.bars, label_set, horizon, own) for item, own in zip(filled, inputs, strict=True)
    ]
    blocks = (DENSE,) * len(features) if sparse_blocks is None else sparse_blocks
    values = with_flags(np.concatenate([item.values for item in filled]), blocks)
    instrument = np.concatenate([np.full(len(item.bars), i, dtype=np.int64) for i, item in enumerate(filled)])
    sparse = sparse_columns(blocks) | all_may_miss
    eligible = eligible_rows(values, instrument, lookback=lookback_bars, may_miss=sparse)
    state = np.concatenate([own.row_state for own in labels])
    return SystemRows(
        secids=tuple(item.bars.secid for item in filled),
        timeframe=label_set.timeframe,
        label_set=label_set.name,
        horizon_bars=Horizon.parse(horizon).count,
        classes=class_names(label_set),
        features=(*features, *flag_names(blocks)),
        sparse=sparse,
        lookback_bars=lookback_bars,
        values=values,
        instrument=instrument,
        decision_s=np.concatenate([item.bars.known_s for item in filled]),
        window_end_s=_joined(labels, "window_end_s"),
        close=np.concatenate([item.bars.close for item in filled]),
        label=_joined(labels, "label"),
        move=_joined(labels, "forward_return"),
        threshold_frac=_joined(labels, "threshold_frac"),
        usable=np.asarray((state == LABELLED) & eligible),
        neutral=np.asarray((state == NEUTRAL) & eligible),
        cost_frac=np.concatenate([own.cost_frac for own in inputs]),
        median_turnover_rub=np.concatenate([own.median_turnover_rub for own in inputs]),
        shortable=np.concatenate([item.terms.shortable for item in filled]),
        market=market_of(filled),
        exclusions=_exclusions(state, eligible),
        part=np.full(state.size, NO_PART, dtype=np.int8),
    )


def parted_by_shares(
    rows: SystemRows, *, shares: tuple[float, float, float], embargo_days: float, newest: int | None = None
) -> SystemRows:
    """Return the rows in train, validation and test by shares of time; of the usable ones the newest so many alone.

    A row whose window reaches into the next part, embargo included, is in none: labels are made of their own part.
    Raises: DatasetRefusedError where the rows cannot be split.
    """
    own = _newest(rows, newest)
    try:
        split = chronological_split(
            rows.decision_s[own], rows.window_end_s[own], shares=shares, embargo_s=round(embargo_days * DAY_S)
        )
    except ValueError as error:
        raise DatasetRefusedError(f"the bars cannot be split in time: {error}") from error
    return _parted(rows, own, split)


def parted_by_split(rows: SystemRows, split: SystemSplit, *, newest: int | None = None) -> SystemRows:
    """Return the rows in parts by a recipe's shares of time, or by its days before the test part where it names some.

    Raises: DatasetRefusedError where the rows cannot be split.
    """
    embargo_days = split.embargo_days
    if split.training_days is None and split.validation_days is None:
        return parted_by_shares(rows, shares=split.shares, embargo_days=embargo_days, newest=newest)
    rows = newest_alone(rows, newest)
    own = np.flatnonzero(rows.usable)
    if own.size == 0:
        raise DatasetRefusedError("there is no row to split in time; give more shares or time")
    first_s, last_s = int(rows.decision_s[own].min()), int(rows.decision_s[own].max())
    test_s = last_s - round((last_s - first_s) * split.test_frac)
    days = split.validation_days or (last_s - first_s) * split.validation_frac / DAY_S
    start_s = test_s - round(days * DAY_S)
    train_s = None if split.training_days is None else start_s - round(split.training_days * DAY_S)
    borders = Borders(train_start_s=train_s, validation_start_s=start_s, test_start_s=test_s)
    return parted_by_borders(rows, borders, embargo_s=round(embargo_days * DAY_S))


def newest_alone(rows: SystemRows, newest: int | None) -> SystemRows:
    """Return the rows, of which the newest so many that could be used may be; None: all."""
    if newest is None:
        return rows
    inside = np.zeros(rows.usable.size, dtype=np.bool_)
    inside[_newest(rows, newest)] = True
    return replace(rows, usable=inside)


def parted_by_borders(rows: SystemRows, borders: Borders, *, embargo_s: int) -> SystemRows:
    """Return the rows in the parts between some moments; an empty part is a DatasetRefusedError."""
    own = np.flatnonzero(rows.usable).astype(np.int64)
    labelled = LabelledRows(decision_s=rows.decision_s[own], window_end_s=rows.window_end_s[own])
    split = split_between(labelled, borders, embargo_s=embargo_s)
    if min(part.size for part in split.parts) == 0:
        raise DatasetRefusedError("a part between these moments is empty; give it more time")
    return _parted(rows, own, split)


def require_rows(rows: SystemRows, *, least: int) -> None:
    """Raise DatasetRefusedError where a part has too few rows or lacks a class: there is nothing to learn or judge."""
    for name, part in (("train", TRAIN), ("validation", VALIDATION), ("test", TEST)):
        own = rows.label[rows.part == part]
        if own.size < least:
            raise DatasetRefusedError(
                f"the {name} part must have at least {least} rows, had {own.size}; give more shares or time, a shorter "
                "look-back, or a lower min_rows"
            )
        missing = sorted(set(range(len(rows.classes))) - set(np.unique(own).tolist()))
        if missing:
            names = ", ".join(rows.classes[number] for number in missing)
            raise DatasetRefusedError(
                f"the {name} part has no row of class {names} among {own.size}; give it more time or a lower threshold"
            )


def _newest(rows: SystemRows, newest: int | None) -> I64:
    own = np.flatnonzero(rows.usable).astype(np.int64)
    if newest is None or own.size <= newest:
        return own
    order = np.argsort(rows.decision_s[own], kind="stable")
    return np.sort(own[order[-newest:]])


def _parted(rows: SystemRows, own: I64, split: ChronologicalSplit) -> SystemRows:
    part = np.full(rows.label.size, NO_PART, dtype=np.int8)
    for code, inside in zip((TRAIN, VALIDATION, TEST), split.parts, strict=True):
        part[own[inside]] = code
    purged = {"train": split.purged_train, "validation": split.purged_validation}
    return replace(rows, part=part, purged=purged)


def _joined(labels: Sequence[ClassLabels], name: str) -> np.ndarray:
    return np.concatenate([getattr(own, name) for own in labels])


def _exclusions(state: I8, eligible: Bools) -> dict[str, int]:
    counts = {reason: int((state == code).sum()) for code, reason in enumerate(ROW_STATES) if code > 0}
    counts["missing_features_in_window"] = int(((state == LABELLED) & ~eligible).sum())
    return counts
