"""Sums that grow share by share, and the coverage of a label set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from modeling.kernels.label_profile import added

_FOLD_ROWS: Final = 400_000


class RunningSum:
    """Tables of sums added up now and then, so that their rows stay few however many shares there are."""

    def __init__(self, by: Sequence[str]) -> None:
        self._by, self._parts, self._rows, self._limit = by, list[pl.DataFrame](), 0, _FOLD_ROWS

    def add(self, table: pl.DataFrame) -> None:
        """Add a share's sums."""
        self._parts.append(table)
        self._rows += table.height
        if self._rows > self._limit:
            self._parts = [self.total()]
            self._rows = self._parts[0].height
            self._limit = max(_FOLD_ROWS, 2 * self._rows)

    def total(self) -> pl.DataFrame:
        """Return the sums of all shares."""
        return added(self._parts, self._by)


def coverage_figures(states: Counter[str], ticker_rows: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """Return which rows carry labels and why the others do not, in all and by ticker."""
    rows = sum(states.values())
    return {
        "rows": rows,
        "labelled": states.get("labelled", 0),
        "states": [
            {"state": state, "rows": count, "frac": count / rows} for state, count in states.most_common()
        ],
        "by_ticker": [
            {"secid": secid, "rows": both[0], "labelled": both[1]}
            for secid, both in sorted(ticker_rows.items())
            if both[0]
        ],
    }
