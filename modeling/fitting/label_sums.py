"""Sums that grow share by share, and the coverage of a label set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from modeling.kernels.label_profile import added, coverage
from traderai.common.arrays import I8

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


class RowCoverage:
    """Which rows carry labels and why the others do not, in all and by ticker."""

    def __init__(self) -> None:
        self._states: Counter[str] = Counter()
        self._by_ticker: dict[str, dict[str, int]] = {}

    def add(self, secid: str, row_state: I8) -> None:
        """Add the rows of a share."""
        self._by_ticker[secid] = coverage(row_state)
        self._states.update(self._by_ticker[secid])

    def figures(self) -> dict[str, Any]:
        """Return the counts; shares without a row are left out."""
        rows = self._states.total()
        return {
            "rows": rows,
            "labelled": self._states["labelled"],
            "states": [
                {"state": state, "rows": count, "frac": count / rows}
                for state, count in self._states.most_common()
            ],
            "by_ticker": [
                {"secid": secid, "rows": sum(own.values()), "labelled": own.get("labelled", 0)}
                for secid, own in sorted(self._by_ticker.items())
                if own
            ],
        }
