"""The dataset: one float32 matrix over all instruments, a label for each bar and horizon, three parts in time.

Windows are never made as a whole: a training row is an index into the matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Literal

import numpy as np

from market.contracts import Bars
from modeling.contracts import BarrierLabelSet
from modeling.contracts.decisions import EXCURSIONS
from modeling.errors import DatasetRefusedError
from modeling.fitting.content import data_sha256
from modeling.kernels.bar_returns import ewma_volatility
from modeling.kernels.label_windows import LABELLED, ROW_STATES, RowInputs, row_inputs
from modeling.kernels.labels import NULL, BarrierOutcomes, barrier_labels, barrier_levels
from modeling.kernels.simulator_market import Instrument, Market, moscow_days, stack_market
from modeling.kernels.sparse import DENSE, flag_names, sparse_columns, with_flags
from modeling.kernels.window_excursions import window_excursions
from modeling.kernels.windows import eligible_rows
from modeling.selectors.terms import TradingTerms
from traderai.common.arrays import F32, F64, I8, I32, I64, Bools
from traderai.common.errors import InvariantError

TRAIN, VALIDATION, TEST = range(3)
PARTS = ("train", "validation", "test")
NO_PART = -1
PARTED = ("part", "validation_start_s", "test_start_s", "test_end_s")  # what a split adds to the content
# Told, and decided by the rest: a session by its moment.
COUNTED = ("exclusions", "purged", "session")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InstrumentRows:
    """The bars, features, costs and terms of one instrument before they join the dataset."""

    bars: Bars
    values: F32  # (n, k) features of the bars, NaN where missing
    cost_frac: F64  # (n,) round trip
    terms: TradingTerms
    auction: Bools | None = None  # (n,) None: no bar is an auction of its own


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
    long_mfe: F32  # best and worst excursions of each side, fractions of the entry price
    long_mae: F32
    short_mfe: F32
    short_mae: F32
    entry_bar: I64  # bars are counted from the instrument's first; NULL without a label
    last_bar: I64
    window_end_s: I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownRanks:
    """Where each row's share stood among others, by the newest order that was known at the row."""

    name: str  # of the column
    place: F64  # (m,) from -1, the lowest, to 1; NaN where none was known
    known_s: I64  # (m,) since when; 0 without a place


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """m stacked bars of all instruments; (m, h) labels and parts. Row r of the matrix is row r of `market`."""

    secids: tuple[str, ...]
    horizons: tuple[str, ...]
    features: tuple[str, ...]  # (k,) the feature set's, then a flag for each of its sparse blocks
    sparse_blocks: tuple[str, ...]  # by feature of the set the sparse source that it reads, or DENSE
    lookback_bars: int
    values: F32  # (m, k) raw
    instrument: I64  # (m,) index into secids
    decision_s: I64  # (m,)
    trading_day: I64  # (m,)
    session: I8  # (m,) code of the bar's, as `market.kernels.sessions` has them
    median_turnover_rub: F64  # (m,) of the last 100 bars, NaN before there are so many
    shortable: Bools  # (m,)
    cost_frac: F64  # (m,) configured round trip
    take_profit_frac: F64  # (m,) of the entry price; NaN where barriers are in ATR and it is not known
    stop_loss_frac: F64  # (m,)
    ewma_volatility: F64  # (m,) of a bar's return
    eligible: Bools  # (m,) the whole look-back is there
    usable: Bools  # (m, h) labelled and eligible
    market: Market
    targets: Targets
    exclusions: dict[str, int]  # rows times horizons, by reason
    part: I8  # (m, h): TRAIN, VALIDATION, TEST or NO_PART
    validation_start_s: int = 0
    test_start_s: int = 0
    test_end_s: int | None = None  # None: to the last row
    purged: dict[str, int] = field(default_factory=dict)  # rows times horizons that the borders cost
    ranks: KnownRanks | None = None  # no network reads them, a council's aggregator may

    def __post_init__(self) -> None:
        if self.ranks is None:
            return
        later = np.isfinite(self.ranks.place) & (self.ranks.known_s > self.decision_s)
        if later.any():
            raise InvariantError(
                f"{int(later.sum())} rows would read a {self.ranks.name} that was known after their decision; join what "
                "was known by then"
            )

    def r_multiple(self, side: Literal["long", "short"]) -> F64:
        """Return what each trade of a side made after costs, in its own stops (m, h); NaN without a label."""
        gross = self.targets.long_gross if side == "long" else self.targets.short_gross
        return (gross - self.cost_frac[:, None]) / self.stop_loss_frac[:, None]

    def resolved(self, rows: I64, side: str, h: int, *, as_of_s: int) -> Bools:
        """Return which rows (n,) have an outcome of a side and horizon that is known at a moment."""
        known = np.isfinite(getattr(self.targets, side)[rows, h])
        return np.asarray(known & (self.targets.window_end_s[rows, h] <= as_of_s))

    @property
    def last_bar_names(self) -> tuple[str, ...]:
        """The names of what `last_bars` gives."""
        return self.features if self.ranks is None else (*self.features, self.ranks.name)

    def last_bars(self, rows: I64) -> F32:
        """Return what a council may read of rows (n,) besides the network: raw features, then the rank."""
        if self.ranks is None:
            return self.values[rows]
        return np.column_stack((self.values[rows], self.ranks.place[rows])).astype(np.float32)

    def last_bar_column(self, column: int) -> F32:
        """Return one of the columns that `last_bars` gives, of all rows (m,)."""
        if self.ranks is None or column < len(self.features):
            return self.values[:, column]
        return self.ranks.place.astype(np.float32)

    def rows_of(self, part: int) -> I64:
        """Return the matrix rows that have a label of this part at any horizon, in the matrix's order."""
        return np.flatnonzero((self.part == part).any(axis=1)).astype(np.int64)

    @cached_property
    def day(self) -> I64:
        """The Moscow day, counted from 1970, on which each row is decided (m,)."""
        return moscow_days(self.decision_s)

    @cached_property
    def step_frac(self) -> F64:
        """The price step as a fraction of each bar's close, both as traded (m,)."""
        path, bar = self.market.path, self.market.bar
        return np.asarray(bar["price_step_rub"] * bar["split_factor"] / (path.close - path.paid))

    @property
    def sparse(self) -> Bools:
        """Which columns may be missing in a row that teaches (k,)."""
        return sparse_columns(self.sparse_blocks)

    @cached_property
    def excursions(self) -> F64:
        """How far prices went within the whole windows (m, h, 4), by EXCURSIONS; NaN without a label.

        Fractions of the entry price. Those of a labelled trade end at the label set's barriers; these end with the window.
        """
        rows, columns = np.nonzero(np.isfinite(self.targets.p_long))
        begin = self.market.offset[self.instrument[rows]]
        found = window_excursions(
            self.market.path,
            begin + self.targets.entry_bar[rows, columns],
            begin + self.targets.last_bar[rows, columns],
        )
        up, down = found.up_frac, found.down_frac
        moved = {"long_mfe": up, "long_mae": down, "short_mfe": -down, "short_mae": -up}
        out = np.full((*self.targets.p_long.shape, len(EXCURSIONS)), np.nan)
        out[rows, columns] = np.stack([moved[name] for name in EXCURSIONS], axis=-1)
        return out

    @property
    def flags(self) -> Bools:
        """Which columns tell what is missing (k,)."""
        return np.asarray(np.arange(len(self.features)) >= len(self.sparse_blocks))

    @property
    def ticker(self) -> I32:
        """The embedding row of each bar's instrument; 0 is kept for the unknown one."""
        return (self.instrument + 1).astype(np.int32)

    def taught_until_s(self, *parts: int) -> int:
        """Return the end of the last label of some parts: what is taught there is known by then."""
        return int(self.targets.window_end_s[np.isin(self.part, parts)].max())

    @cached_property
    def sha256(self) -> str:
        """The fingerprint of every number that decides a fit or a figure, the parts included."""
        return data_sha256({"content": self.content_sha256, **{name: getattr(self, name) for name in PARTED}})

    @cached_property
    def content_sha256(self) -> str:
        """The fingerprint of all rows, whatever parts they are in: what predictions are tied to."""
        names = [own.name for own in fields(self) if own.name not in PARTED + COUNTED]
        if self.ranks is None:  # a dataset without them is what it was before there were any
            names.remove("ranks")
        return data_sha256({name: getattr(self, name) for name in names})


def dataset_assemble(
    instruments: Sequence[InstrumentRows],
    *,
    features: tuple[str, ...],
    label_set: BarrierLabelSet,
    lookback_bars: int,
    sparse_blocks: tuple[str, ...] | None = None,
) -> Dataset:
    """Return the dataset, its rows not yet in any part, or raise DatasetRefusedError where there are no bars.

    Without `sparse_blocks` every feature is dense: a row with one missing in its look-back does not teach.
    """
    filled = [item for item in instruments if len(item.bars)]
    if not filled:
        raise DatasetRefusedError("there are no bars to learn from; ingest candles and build features first")
    inputs = [row_inputs(item.bars, cost_frac=item.cost_frac, auction=item.auction) for item in filled]
    outcomes = [
        [barrier_labels(item.bars, label_set, horizon, own) for horizon in label_set.horizons]
        for item, own in zip(filled, inputs, strict=True)
    ]
    levels = [barrier_levels(label_set, own.atr_frac) for own in inputs]
    blocks = (DENSE,) * len(features) if sparse_blocks is None else sparse_blocks
    values = with_flags(np.concatenate([item.values for item in filled]), blocks)
    instrument = np.concatenate([np.full(len(item.bars), i, dtype=np.int64) for i, item in enumerate(filled)])
    eligible = eligible_rows(values, instrument, lookback=lookback_bars, may_miss=sparse_columns(blocks))
    state = _stacked(outcomes, lambda o: o.row_state)
    return Dataset(
        secids=tuple(item.bars.secid for item in filled),
        horizons=label_set.horizons,
        features=(*features, *flag_names(blocks)),
        sparse_blocks=blocks,
        lookback_bars=lookback_bars,
        values=values,
        instrument=instrument,
        decision_s=np.concatenate([item.bars.known_s for item in filled]),
        trading_day=np.concatenate([item.bars.trading_day for item in filled]),
        session=np.concatenate([item.bars.session for item in filled]).astype(np.int8),
        median_turnover_rub=_joined(inputs, lambda own: own.median_turnover_rub),
        shortable=np.concatenate([item.terms.shortable for item in filled]),
        cost_frac=_joined(inputs, lambda own: own.cost_frac),
        take_profit_frac=np.concatenate([take_profit for take_profit, _ in levels]),
        stop_loss_frac=np.concatenate([stop_loss for _, stop_loss in levels]),
        ewma_volatility=np.concatenate([ewma_volatility(item.bars) for item in filled]),
        eligible=eligible,
        usable=np.asarray((state == LABELLED) & eligible[:, None]),
        market=market_of(filled),
        targets=_targets(outcomes),
        exclusions=_exclusions(state, eligible),
        part=np.full(state.shape, NO_PART, dtype=np.int8),
    )


def market_of(instruments: Sequence[InstrumentRows]) -> Market:
    """Return the bars and terms of some instruments as the simulator trades them, in their order."""
    return stack_market(
        [
            Instrument(
                bars=item.bars,
                price_step_rub=item.terms.price_step_rub,
                lot_size=item.terms.lot_size,
                shortable=item.terms.shortable,
            )
            for item in instruments
        ]
    )


def _joined(inputs: Sequence[RowInputs], read: Callable[[RowInputs], F64]) -> F64:
    return np.concatenate([read(own) for own in inputs])


def _stacked(
    outcomes: list[list[BarrierOutcomes]], read: Callable[[BarrierOutcomes], np.ndarray]
) -> np.ndarray:
    return np.concatenate([np.stack([read(o) for o in each], axis=1) for each in outcomes])


def _targets(outcomes: list[list[BarrierOutcomes]]) -> Targets:
    def labels(read: Callable[[BarrierOutcomes], I8]) -> F64:
        found = _stacked(outcomes, read).astype(np.float64)
        return np.where(found == NULL, np.nan, found)

    def excursions(read: Callable[[BarrierOutcomes], F64]) -> F32:
        return _stacked(outcomes, read).astype(np.float32)

    return Targets(
        p_long=labels(lambda o: o.long.label),
        p_short=labels(lambda o: o.short.label),
        forward_return=_stacked(outcomes, lambda o: o.forward_return),
        forward_volatility=_stacked(
            outcomes, lambda o: np.where(o.forward_volatility > 0, o.forward_volatility, np.nan)
        ),
        direction=labels(lambda o: o.direction),
        long_gross=_stacked(outcomes, lambda o: o.long.gross_frac),
        short_gross=_stacked(outcomes, lambda o: o.short.gross_frac),
        long_mfe=excursions(lambda o: o.long.mfe_frac),
        long_mae=excursions(lambda o: o.long.mae_frac),
        short_mfe=excursions(lambda o: o.short.mfe_frac),
        short_mae=excursions(lambda o: o.short.mae_frac),
        entry_bar=_stacked(outcomes, lambda o: o.entry_index).astype(np.int64),
        last_bar=_stacked(outcomes, lambda o: o.last_index).astype(np.int64),
        window_end_s=_stacked(outcomes, lambda o: o.window_end_s).astype(np.int64),
    )


def _exclusions(state: I8, eligible: Bools) -> dict[str, int]:
    counts = {reason: int((state == code).sum()) for code, reason in enumerate(ROW_STATES) if code > 0}
    counts["missing_features_in_window"] = int(((state == LABELLED) & ~eligible[:, None]).sum())
    return counts
