"""What became of decisions: the labels of their rows, or of the same rows at levels of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from market.contracts import Bars
from modeling.contracts import BarrierLabelSet
from modeling.kernels.label_windows import LABELLED, NO_LEVELS, RowInputs
from modeling.kernels.labels import NULL, BarrierOutcomes, SideOutcomes, barrier_labels
from traderai.common.arrays import F64, I8, I64


class Asked(NamedTuple):
    """k decisions of one share and horizon."""

    row: I64  # (k,) index of the decision's bar
    sign: I8  # (k,) 1 a long, -1 a short, 0 nothing
    take_profit_frac: F64  # (k,) of the entry price; NaN: both levels are the label set's
    stop_loss_frac: F64


class TradeOutcomes(NamedTuple):
    """What became of them, in their order; of what was not traded the side's columns are null, as labels have them."""

    state: I8  # (k,) index into label_windows.ROW_STATES
    entry_index: I64  # (k,) bar of the entry, NULL where null
    entry_price: F64  # (k,) forward-adjusted
    window_end_s: I64  # (k,) 0 where null
    side: SideOutcomes  # of (k,)


def trade_outcomes(
    bars: Bars, spec: BarrierLabelSet, horizon: str, inputs: RowInputs, asked: Asked
) -> TradeOutcomes:
    """Return what became of decisions, by `barrier_labels` alone.

    A row without a label voids its decision whatever its levels are. Levels of its own take the place of the label
    set's in the same windows: that is `barriers.first_exit` with them. Those not within 0 to 1 are `no_levels`.

    Shapes: bars of n; asked and every array of the result (k,).
    Units:  fractions of the entry price; seconds since 1970 UTC; exit prices forward-adjusted.
    NaN:    where nothing was traded or the row carries no label.
    Causal: looks forward by design, never beyond window_end_s.
    Raises: ValueError as `barrier_labels`.
    """
    labels = barrier_labels(bars, spec, horizon, inputs)
    row, own = asked.row, np.isfinite(asked.take_profit_frac)
    out = TradeOutcomes(
        state=labels.row_state[row].copy(),
        entry_index=labels.entry_index[row].astype(np.int64),
        entry_price=labels.entry_price[row],
        window_end_s=labels.window_end_s[row],
        side=_sides_at(labels, row, asked.sign),
    )
    # The spread was judged at the label set's take-profit, which decided whether the row is one to trade.
    quiet = replace(inputs, spread_frac=np.full(len(bars), np.nan))
    for place in np.flatnonzero(own & (asked.sign != 0) & (out.state == LABELLED)):
        take_profit, stop_loss = float(asked.take_profit_frac[place]), float(asked.stop_loss_frac[place])
        one = slice(place, place + 1)
        if 0.0 < take_profit < 1.0 and 0.0 < stop_loss < 1.0:
            other = replace(spec, barrier_unit="frac", take_profit=take_profit, stop_loss=stop_loss)
            again = barrier_labels(bars, other, horizon, quiet)
            found = _sides_at(again, row[one], asked.sign[one])
        else:
            out.state[place], out.entry_index[place], out.entry_price[place] = NO_LEVELS, NULL, np.nan
            out.window_end_s[place] = 0
            found = _sides_at(labels, row[one], np.zeros(1, dtype=np.int8))
        pairs: Any = zip(out.side, found, strict=True)
        for column, value in pairs:
            column[place] = value[0]
    return out


def _sides_at(labels: BarrierOutcomes, row: I64, sign: I8) -> SideOutcomes:
    """Return the rows' own sides; nulls where the sign is 0, as of a row without a label."""
    pairs: Any = zip(labels.long, labels.short, strict=True)
    found = SideOutcomes(*(np.where(sign > 0, long[row], short[row]) for long, short in pairs))
    none = sign == 0
    found.label[none] = NULL
    for times in (found.exit_reason, found.exit_s, found.bars_held):
        times[none] = 0
    for numbers in (found.exit_price, found.gross_frac, found.net_frac, found.r_multiple, found.mfe_frac):
        numbers[none] = np.nan
    found.mae_frac[none] = np.nan
    return found
