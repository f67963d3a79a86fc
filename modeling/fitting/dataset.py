"""The dataset: one float32 matrix over all instruments, a label for each bar and horizon, three parts in time.

Windows are never made as a whole: a training row is an index into the matrix.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from market.contracts import Bars
from modeling.contracts import BarrierLabelSet
from modeling.errors import DatasetRefusedError
from modeling.fitting.recipe import SplitConfig
from modeling.kernels.label_windows import ROW_STATES, RowInputs, row_inputs
from modeling.kernels.labels import NULL, BarrierOutcomes, barrier_labels, barrier_levels
from modeling.kernels.splits import chronological_split
from modeling.kernels.windows import eligible_rows
from traderai.common.arrays import F32, F64, I8, I32, I64, Bools

TRAIN, VALIDATION, TEST = range(3)
PARTS = ("train", "validation", "test")
NO_PART = -1
_DAY_S = 86_400
EWMA_DECAY = 0.94


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InstrumentRows:
    """The bars, features and costs of one instrument before they join the dataset."""

    bars: Bars
    values: F32  # (n, k) features of the bars, NaN where missing
    cost_frac: F64  # (n,) round trip
    shortable: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targets:
    """Labels by (row, horizon), NaN where there is none; and what trades became."""

    p_long: F64
    p_short: F64
    forward_return: F64
    forward_volatility: F64
    direction: F64
    long_gross: F64
    short_gross: F64
    long_exit_s: I64
    short_exit_s: I64
    entry_s: I64
    window_end_s: I64

    def by_head(self) -> dict[str, F64]:
        """Return the targets under the names of the network's heads."""
        return {
            "p_long_logit": self.p_long,
            "p_short_logit": self.p_short,
            "return_quantiles": self.forward_return,
            "volatility": self.forward_volatility,
            "direction_logits": self.direction,
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """m stacked bars of all instruments; (m, h) labels and parts."""

    secids: tuple[str, ...]
    horizons: tuple[str, ...]
    features: tuple[str, ...]
    lookback_bars: int
    values: F32  # (m, k) raw
    instrument: I64  # (m,) index into secids
    decision_s: I64  # (m,)
    trading_day: I64  # (m,)
    median_turnover_rub: F64  # (m,) of the last 100 bars, NaN before there are so many
    shortable: Bools  # (m,)
    cost_frac: F64  # (m,) configured round trip
    take_profit_frac: F64  # (m,) of the entry price
    stop_loss_frac: F64  # (m,)
    ewma_volatility: F64  # (m,) of a bar's return
    eligible: Bools  # (m,) the whole look-back is there
    targets: Targets
    part: I8  # (m, h): TRAIN, VALIDATION, TEST or NO_PART
    validation_start_s: int
    test_start_s: int
    exclusions: dict[str, int]  # rows times horizons, by reason

    def rows_of(self, part: int) -> I64:
        """Return the matrix rows that have a label of this part at any horizon, in the matrix's order."""
        return np.flatnonzero((self.part == part).any(axis=1)).astype(np.int64)

    @property
    def ticker(self) -> I32:
        """The embedding row of each bar's instrument; 0 is kept for the unknown one."""
        return (self.instrument + 1).astype(np.int32)

    @property
    def sha256(self) -> str:
        """The fingerprint of every number that decides a fit."""
        digest = hashlib.sha256(repr((self.secids, self.horizons, self.features)).encode())
        targets = self.targets
        for array in (
            self.values, self.instrument, self.decision_s, self.part, self.cost_frac, targets.p_long,
            targets.p_short, targets.forward_return, targets.forward_volatility, targets.direction,
            targets.long_gross, targets.short_gross,
        ):  # fmt: skip
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def dataset_assemble(
    instruments: Sequence[InstrumentRows],
    *,
    features: tuple[str, ...],
    label_set: BarrierLabelSet,
    split: SplitConfig,
    lookback_bars: int,
    max_missing_frac: float,
) -> Dataset:
    """Return the dataset, or raise DatasetRefusedError naming what is empty, one-sided, constant or missing."""
    filled = [item for item in instruments if len(item.bars)]
    if not filled:
        raise DatasetRefusedError("there are no bars to learn from; ingest candles and build features first")
    inputs = [row_inputs(item.bars, cost_frac=item.cost_frac) for item in filled]
    outcomes = [_outcomes(item, label_set, own) for item, own in zip(filled, inputs, strict=True)]
    levels = [barrier_levels(label_set, own.atr_frac) for own in inputs]
    values = np.concatenate([item.values for item in filled]).astype(np.float32)
    values[~np.isfinite(values)] = np.nan
    instrument = np.concatenate([np.full(len(item.bars), i, dtype=np.int64) for i, item in enumerate(filled)])
    eligible = eligible_rows(values, instrument, lookback=lookback_bars)
    targets = _targets(outcomes)
    decision_s = np.concatenate([item.bars.known_s for item in filled])
    state = np.concatenate([np.stack([o.row_state for o in each], axis=1) for each in outcomes])
    part, starts, purged = _parts(decision_s, targets, (state == 0) & eligible[:, None], split)
    dataset = Dataset(
        secids=tuple(item.bars.secid for item in filled),
        horizons=label_set.horizons,
        features=features,
        lookback_bars=lookback_bars,
        values=values,
        instrument=instrument,
        decision_s=decision_s,
        trading_day=np.concatenate([item.bars.trading_day for item in filled]),
        median_turnover_rub=np.concatenate([own.median_turnover_rub for own in inputs]),
        shortable=np.concatenate([np.full(len(item.bars), item.shortable) for item in filled]),
        cost_frac=np.concatenate([item.cost_frac for item in filled]),
        take_profit_frac=np.concatenate([take_profit for take_profit, _ in levels]),
        stop_loss_frac=np.concatenate([stop_loss for _, stop_loss in levels]),
        ewma_volatility=np.concatenate([ewma_volatility(item.bars) for item in filled]),
        eligible=eligible,
        targets=targets,
        part=part,
        validation_start_s=starts[0],
        test_start_s=starts[1],
        exclusions=_exclusions(state, eligible) | purged,
    )
    dataset_check(dataset, max_missing_frac=max_missing_frac)
    return dataset


def dataset_check(dataset: Dataset, *, max_missing_frac: float) -> None:
    """Raise DatasetRefusedError if a part is empty or one-sided or a feature is constant or mostly missing."""
    for code, part in enumerate(PARTS):
        for h, horizon in enumerate(dataset.horizons):
            rows = dataset.part[:, h] == code
            if not rows.any():
                raise DatasetRefusedError(
                    f"the {part} part has no row at horizon {horizon}; give it more data"
                )
            for side in ("p_long", "p_short"):
                share = float(getattr(dataset.targets, side)[rows, h].mean())
                if share in (0.0, 1.0):
                    raise DatasetRefusedError(
                        f"{side} knows a single class ({share:.0f}) in the {part} part at horizon {horizon}; "
                        "give it more data or a label set with nearer targets"
                    )
    spread = np.nanstd(dataset.values[dataset.rows_of(TRAIN)], axis=0)
    constant = [name for name, std in zip(dataset.features, spread, strict=True) if not std > 0]
    if constant:
        raise DatasetRefusedError(f"constant on the training rows: {', '.join(constant)}; leave them out")
    _check_missing(dataset, max_missing_frac)


def ewma_volatility(bars: Bars) -> F64:
    """Return the exponentially weighted volatility of bar returns (decay 0.94), known at each bar's end."""
    returns = np.zeros(len(bars))
    returns[1:] = (bars.close[1:] + bars.dividend_rub[1:]) / bars.close[:-1] - 1.0
    variance = np.empty(len(bars))
    level = float(np.mean(returns[1:21] ** 2)) if len(bars) > 1 else 0.0
    for t, square in enumerate(returns**2):
        level = EWMA_DECAY * level + (1.0 - EWMA_DECAY) * square
        variance[t] = level
    variance[:21] = np.nan  # the starting level used these bars
    return np.sqrt(variance)


def _check_missing(dataset: Dataset, max_missing_frac: float) -> None:
    for number, secid in enumerate(dataset.secids):
        own = dataset.values[dataset.instrument == number]
        missing = np.isnan(own).mean(axis=0)
        worst = int(np.argmax(missing))
        if missing[worst] > max_missing_frac:
            raise DatasetRefusedError(
                f"{dataset.features[worst]} is missing in {missing[worst]:.0%} of the bars of {secid}, "
                f"allowed are {max_missing_frac:.0%}; build the features or leave the share out"
            )


def _outcomes(item: InstrumentRows, label_set: BarrierLabelSet, inputs: RowInputs) -> list[BarrierOutcomes]:
    return [barrier_labels(item.bars, label_set, horizon, inputs) for horizon in label_set.horizons]


def _targets(outcomes: list[list[BarrierOutcomes]]) -> Targets:
    def stacked(read: object) -> F64:
        assert callable(read)  # noqa: S101  # a lambda below; keeps the closure's type simple
        return np.concatenate([np.stack([read(o) for o in each], axis=1) for each in outcomes])

    def labels(read: object) -> F64:
        found = stacked(read).astype(np.float64)
        return np.where(found == NULL, np.nan, found)

    return Targets(
        p_long=labels(lambda o: o.long.label),
        p_short=labels(lambda o: o.short.label),
        forward_return=stacked(lambda o: o.forward_return),
        forward_volatility=stacked(
            lambda o: np.where(o.forward_volatility > 0, o.forward_volatility, np.nan)
        ),
        direction=labels(lambda o: o.direction),
        long_gross=stacked(lambda o: o.long.gross_frac),
        short_gross=stacked(lambda o: o.short.gross_frac),
        long_exit_s=stacked(lambda o: o.long.exit_s).astype(np.int64),
        short_exit_s=stacked(lambda o: o.short.exit_s).astype(np.int64),
        entry_s=stacked(lambda o: o.entry_s).astype(np.int64),
        window_end_s=stacked(lambda o: o.window_end_s).astype(np.int64),
    )


def _parts(
    decision_s: I64, targets: Targets, usable: Bools, split: SplitConfig
) -> tuple[I8, tuple[int, int], dict[str, int]]:
    rows, columns = np.nonzero(usable)
    try:
        found = chronological_split(
            decision_s[rows],
            targets.window_end_s[rows, columns],
            shares=split.shares,
            embargo_s=round(split.embargo_days * _DAY_S),
        )
    except ValueError as error:
        raise DatasetRefusedError(f"the bars cannot be split in time: {error}") from error
    part = np.full(usable.shape, NO_PART, dtype=np.int8)
    for code, chosen in ((TRAIN, found.train), (VALIDATION, found.validation), (TEST, found.test)):
        part[rows[chosen], columns[chosen]] = code
    purged = {"purged_train": found.purged_train, "purged_validation": found.purged_validation}
    return part, (found.validation_start_s, found.test_start_s), purged


def _exclusions(state: I8, eligible: Bools) -> dict[str, int]:
    counts = {reason: int((state == code).sum()) for code, reason in enumerate(ROW_STATES) if code > 0}
    counts["missing_features_in_window"] = int(((state == 0) & ~eligible[:, None]).sum())
    return counts
