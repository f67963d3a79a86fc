"""Which bars of a series have come already."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from traderai.common.arrays import I64, Bools

_ROOM = 4096


@dataclass(slots=True, kw_only=True)
class SeenBars:
    """The begins that have come, a byte for each place on the timeframe's grid: small however many pages come."""

    step_s: int
    first: int = field(init=False, default=0)
    cells: Bools = field(init=False)

    def __post_init__(self) -> None:
        self.step_s = min(self.step_s, 3600)
        self.cells = np.zeros(0, dtype=np.bool_)

    def holds(self, begin_s: I64) -> Bools:
        """Return which of the begins have come. Begins off the grid have not."""
        at = begin_s // self.step_s - self.first
        inside = (at >= 0) & (at < self.cells.size) & (begin_s % self.step_s == 0)
        found = np.zeros(begin_s.size, dtype=np.bool_)
        found[inside] = self.cells[at[inside]]
        return found

    def add(self, begin_s: I64) -> None:
        """Remember begins; those off the grid are refused elsewhere."""
        on_grid = begin_s[begin_s % self.step_s == 0] // self.step_s
        if not on_grid.size:
            return
        self._make_room(int(on_grid.min()), int(on_grid.max()))
        self.cells[on_grid - self.first] = True

    def _make_room(self, first: int, last: int) -> None:
        if not self.cells.size:
            self.first = first
        before = max(0, self.first - first)
        after = max(0, last + 1 - self.first - self.cells.size)
        if before or after:
            room = [np.zeros(n + _ROOM if n else 0, dtype=np.bool_) for n in (before, after)]
            self.first -= room[0].size
            self.cells = np.concatenate([room[0], self.cells, room[1]])
