"""A part of a system's test part: some shares, or the newest rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from modeling.fitting.dataset import NO_PART, TEST
from modeling.systems.rows import SystemRows
from traderai.common.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceAsk:
    """Which of a stored system's test rows are scored again; by default all."""

    timeframe: str | None = None  # None: the system's own, and no other is taken
    tickers: tuple[str, ...] = ()
    max_rows: int | None = None  # the newest so many

    def __post_init__(self) -> None:
        if self.max_rows is not None and self.max_rows < 1:
            raise InputError(f"--max-rows must be at least 1, was {self.max_rows}", field="max_rows")

    @property
    def whole(self) -> bool:
        """Whether all test rows are asked for."""
        return not self.tickers and self.max_rows is None


def judged_slice(rows: SystemRows, ask: SliceAsk) -> SystemRows:
    """Return the rows with only those in the test part that are asked for; what there is none of is an InputError."""
    if ask.timeframe not in (None, rows.timeframe):
        raise InputError(
            f"--timeframe must be {rows.timeframe}, by whose bars the system learned, was {ask.timeframe}; train it at "
            "the other one",
            field="timeframe",
        )
    for secid in ask.tickers:
        if secid not in rows.secids:
            raise InputError(
                f"--tickers must be of {', '.join(rows.secids)}, named {secid!r}{did_you_mean(secid, rows.secids)}",
                field="tickers",
            )
    chosen = [rows.secids.index(secid) for secid in ask.tickers or rows.secids]
    of_chosen = np.isin(rows.instrument, chosen)
    at = np.flatnonzero((rows.part == TEST) & of_chosen)
    if ask.max_rows is not None:
        at = at[np.argsort(rows.decision_s[at], kind="stable")[-ask.max_rows :]]
    if at.size == 0:
        raise InputError(f"{', '.join(ask.tickers)} has no test rows; ask for other shares", field="tickers")
    part = np.where(rows.part == TEST, NO_PART, rows.part)
    part[at] = TEST
    return replace(rows, part=part, neutral=rows.neutral & of_chosen)
