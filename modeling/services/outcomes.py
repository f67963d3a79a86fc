"""The door to what became of decisions: by the code of the labels, on the terms and at the costs of training.

Whole histories are read: terms and ranges of a share depend on bars long before a decision, and its labels with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.bars_many import bars_load_many
from modeling.contracts import BarrierLabelSet
from modeling.contracts.outcomes import DecisionOutcome, Side, SideBase, Trade, TradeAsked
from modeling.kernels.label_windows import INCOMPLETE, LABELLED, ROW_STATES, RowInputs
from modeling.kernels.labels import EXIT_REASONS, SideOutcomes, barrier_labels
from modeling.kernels.trade_outcomes import Asked, TradeOutcomes, trade_outcomes
from modeling.selectors.configuration import cost_model_get
from modeling.selectors.terms import label_inputs
from traderai.common.arrays import F64, I64, Bools
from traderai.common.clock import from_epoch_s, to_epoch_s

NO_BAR = "no_bar"  # the decision's bar is stored no more
_SIGNS = {"long": 1, "short": -1, None: 0}


def outcomes_find(
    *,
    instrument: InstrumentFacts,
    asked: Sequence[tuple[BarrierLabelSet, str, TradeAsked]],
    as_of: datetime,
) -> tuple[DecisionOutcome, ...]:
    """Return what became of one share's decisions by the bars known at `as_of`, in their order.

    `asked` names the label set and horizon of each. A window that is not whole is `waiting`; so is a decision whose
    window ends with the newest bar, because only a later bar shows that it does.
    """
    found: dict[int, DecisionOutcome] = {}
    together: defaultdict[tuple[BarrierLabelSet, str], list[int]] = defaultdict(list)
    for place, (label_set, horizon, _) in enumerate(asked):
        together[label_set, horizon].append(place)
    histories: dict[str, _History] = {}
    for (label_set, horizon), places in together.items():
        history = histories.get(label_set.timeframe)
        if history is None:
            history = histories[label_set.timeframe] = _history(instrument, label_set.timeframe, as_of)
        own = [asked[place][2] for place in places]
        found.update(zip(places, _outcomes(history, label_set, horizon, own), strict=True))
    return tuple(found[place] for place in range(len(asked)))


def side_bases(
    *,
    instruments: Iterable[InstrumentFacts],
    label_set: BarrierLabelSet,
    horizon: str,
    since: datetime,
    until: datetime,
    as_of: datetime,
) -> dict[Side, SideBase]:
    """Return what all labelled rows of some shares made that were decided from `since` to `until`, by side.

    It is what a record of trades must be held against: the same shares, days and costs without any choice. A side
    without a row is left out.
    """
    sides: dict[Side, list[_SideRows]] = {"long": [], "short": []}
    for instrument in instruments:
        history = _history(instrument, label_set.timeframe, as_of)
        if not len(history.bars):
            continue
        labels = barrier_labels(history.bars, label_set, horizon, history.inputs)
        known = history.bars.known_s
        rows = labels.labelled & (known >= to_epoch_s(since)) & (known <= to_epoch_s(until))
        sides["long"].append(_side_rows(history, labels.long, rows))
        sides["short"].append(_side_rows(history, labels.short, rows))
    bases = {side: _base(side, parts) for side, parts in sides.items()}
    return {side: base for side, base in bases.items() if base is not None}


class _History(NamedTuple):
    """All bars of a share with what their labels need."""

    bars: Bars
    inputs: RowInputs


class _SideRows(NamedTuple):
    """Labelled rows of one share and side; all (n,)."""

    day: I64
    hit: Bools
    r_multiple: F64
    gross_frac: F64
    net_frac: F64
    cost_frac: F64


def _history(instrument: InstrumentFacts, timeframe: str, as_of: datetime) -> _History:
    bars = bars_load_many(
        instruments=[instrument], timeframe=Timeframe.parse(timeframe), as_of=as_of, since_by_id={}
    )[instrument.secid]
    return _History(bars, label_inputs(instrument, bars, cost_model_get()))


def _side_rows(history: _History, side: SideOutcomes, rows: Bools) -> _SideRows:
    return _SideRows(
        day=history.bars.trading_day[rows],
        hit=side.label[rows] == 1,
        r_multiple=side.r_multiple[rows],
        gross_frac=side.gross_frac[rows],
        net_frac=side.net_frac[rows],
        cost_frac=history.inputs.cost_frac[rows],
    )


def _outcomes(
    history: _History, label_set: BarrierLabelSet, horizon: str, asked: Sequence[TradeAsked]
) -> list[DecisionOutcome]:
    bars = history.bars
    begin_s = np.array([to_epoch_s(own.bar_begin) for own in asked], dtype=np.int64)
    row = np.searchsorted(bars.begin_s, begin_s)
    there = np.isin(begin_s, bars.begin_s)
    kept = [own for own, is_there in zip(asked, there, strict=True) if is_there]
    levels = np.array([own.own_levels or (np.nan, np.nan) for own in kept], dtype=np.float64).reshape(-1, 2)
    sign = np.array([_SIGNS[own.side] for own in kept], dtype=np.int8)
    if not kept:
        return [DecisionOutcome(state="void", void_reason=NO_BAR) for _ in asked]
    rows = Asked(row[there], sign, levels[:, 0], levels[:, 1])
    found = trade_outcomes(bars, label_set, horizon, history.inputs, rows)
    told = iter([_told(history, rows, found, place) for place in range(sign.size)])
    return [
        next(told) if is_there else DecisionOutcome(state="void", void_reason=NO_BAR) for is_there in there
    ]


def _told(history: _History, asked: Asked, found: TradeOutcomes, place: int) -> DecisionOutcome:
    state = int(found.state[place])
    if state == INCOMPLETE:
        return DecisionOutcome(state="waiting")
    if state != LABELLED:
        return DecisionOutcome(state="void", void_reason=ROW_STATES[state])
    window_end_at = from_epoch_s(int(found.window_end_s[place]))
    if asked.sign[place] == 0:
        return DecisionOutcome(state="no_trade", window_end_at=window_end_at)
    side = SideOutcomes(*(column[place] for column in found.side))
    bars, entry = history.bars, int(found.entry_index[place])
    held = int(side.bars_held)
    trade = Trade(
        exit_reason=EXIT_REASONS[int(side.exit_reason)],
        entry_at=from_epoch_s(int(bars.begin_s[entry])),
        exit_at=from_epoch_s(int(side.exit_s)),
        entry_price=float(found.entry_price[place] / bars.split_factor[entry]),
        exit_price=float(side.exit_price / bars.split_factor[entry + held - 1]),
        bars_held=held,
        gross_frac=float(side.gross_frac),
        net_frac=float(side.net_frac),
        r_multiple=float(side.r_multiple),
        mfe_frac=float(side.mfe_frac),
        mae_frac=float(side.mae_frac),
        cost_frac=float(history.inputs.cost_frac[asked.row[place]]),
    )
    return DecisionOutcome(state="traded", window_end_at=window_end_at, trade=trade)


def _base(side: Side, parts: Sequence[_SideRows]) -> SideBase | None:
    if not any(part.hit.size for part in parts):
        return None
    rows = _SideRows(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    hit = rows.hit
    gain = float(rows.gross_frac[hit].mean()) if hit.any() else float("nan")
    loss = -float(rows.gross_frac[~hit].mean()) if not hit.all() else float("nan")
    return SideBase(
        side=side,
        rows=int(hit.size),
        days=int(np.unique(rows.day).size),
        hit_rate=float(hit.mean()),
        break_even=(loss + float(rows.cost_frac.mean())) / (gain + loss),
        mean_r=float(rows.r_multiple.mean()),
        net_frac=float(rows.net_frac.mean()),
    )
