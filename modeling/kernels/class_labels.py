"""Class labels: whether the price rises or falls over the next bars, as earlier systems asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.contracts import Bars
from modeling.contracts import ClassLabelSet, Horizon
from modeling.kernels.bar_returns import trailing_volatility
from modeling.kernels.label_windows import LABELLED, NEUTRAL, RowInputs, label_windows
from modeling.kernels.labels import NULL, TINY_VOLATILITY
from traderai.common.arrays import F64, I8, I64, Bools

# Moves nearer to a threshold than this are on it: prices in rubles and kopecks hit thresholds exactly, floats do not.
ON_THRESHOLD_FRAC = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassLabels:
    """The classes of one instrument and horizon, a row for each bar; the decision is made when the bar ends."""

    classes: tuple[str, ...]  # the names of the codes, the falling one first
    row_state: I8  # index into label_windows.ROW_STATES
    label: I8  # index into `classes`, NULL
    decision_s: I64  # when the row's bar is known
    window_end_s: I64  # end of the window's last bar, for purging; 0 where null
    forward_return: (
        F64  # from the decision's close to the window's last one, dividends included; NaN where null
    )
    threshold_frac: F64  # what the move had to exceed; 0 for rule "sign"

    @property
    def labelled(self) -> Bools:
        """True where the row carries a label."""
        return np.asarray(self.row_state == LABELLED)


def class_names(spec: ClassLabelSet) -> tuple[str, ...]:
    """Return the names of a set's classes; the label is the index."""
    if spec.rule == "sign":
        return ("down", "up")
    return ("sell", "hold", "buy") if spec.neutral == "class" else ("sell", "buy")


def class_labels(bars: Bars, spec: ClassLabelSet, horizon: str, inputs: RowInputs) -> ClassLabels:
    """Return the class of the move after every bar, from its own close to that of the window's last bar.

    Rule "sign": up if the close rises, else down. The others: buy above and sell below the row's threshold, and
    between them hold, or no label where the set drops neutral rows. A dividend in the window is added: its gap is
    no fall. Nothing can be traded at the decision's close, so these labels never judge a trade.

    Shapes: bars of n; every array of the result (n,).
    Units:  fractions of the decision's close; seconds since 1970 UTC.
    NaN:    forward_return of rows without a window; `row_state` says why.
    Causal: labels look forward by design, never beyond window_end_s; thresholds read the bars up to the row.
    Raises: ValueError as `label_windows`.
    """
    windows = label_windows(bars, spec, horizon, inputs)
    state, last = windows.state, windows.last
    usable = state == LABELLED
    lifted = bars.close + np.cumsum(bars.dividend_rub)
    move = np.where(usable, (lifted[last] - lifted) / bars.close, np.nan)
    threshold = class_thresholds(bars, spec, Horizon.parse(horizon).count)
    label = np.full(len(bars), NULL, dtype=np.int8)
    rises = move > threshold + ON_THRESHOLD_FRAC
    falls = usable & ~rises if spec.rule == "sign" else move < -threshold - ON_THRESHOLD_FRAC
    if spec.neutral == "drop":
        state[usable & ~rises & ~falls] = NEUTRAL
    elif spec.neutral == "class":
        label[usable] = 1
    label[falls] = 0
    label[rises] = len(class_names(spec)) - 1
    return ClassLabels(
        classes=class_names(spec),
        row_state=state,
        label=label,
        decision_s=bars.known_s,
        window_end_s=np.where(usable, bars.known_s[last], 0),
        forward_return=move,
        threshold_frac=threshold,
    )


def class_thresholds(bars: Bars, spec: ClassLabelSet, horizon_bars: int) -> F64:
    """Return what the move after each bar must exceed.

    Rule "adaptive": `multiplier` standard deviations of the move over the horizon, estimated from the last
    `trailing_bars` returns, at least `threshold_frac`; `base_frac` where the volatility is not known yet.

    Shapes: bars of n -> (n,)
    Units:  fractions of the decision's close.
    Causal: row t reads bars up to t.
    """
    if spec.rule != "adaptive":
        return np.full(len(bars), spec.threshold_frac or 0.0)
    assert spec.multiplier and spec.trailing_bars and spec.threshold_frac  # noqa: S101  # the set saw to it
    volatility = trailing_volatility(bars, window=spec.trailing_bars)
    volatility[volatility <= TINY_VOLATILITY] = 0.0
    threshold = np.maximum(spec.multiplier * volatility * np.sqrt(horizon_bars), spec.threshold_frac)
    threshold[np.isnan(volatility)] = spec.base_frac
    return np.asarray(threshold)
