"""Compiled loops that hand arrays on to each other row by row."""

from __future__ import annotations

from typing import Any, Final

from numba import njit

# Numba counts the references to every array that a compiled function is handed: two atomic additions an array and
# call, which in a loop over rows cost as much as the loop's own work. A loop that allocates nothing and returns
# numbers alone only borrows what its caller holds, and may leave the counting out; one that allocates is refused when
# it is compiled. What it calls inherits the option, so it may call nothing but its like: a slice returned without
# counting is silently the whole array (tests/architecture holds all borrowing loops to this). The option is Numba's,
# though not a documented one: tests/modeling/kernels/test_loops.py fails when a release drops it.
#
# Divisions follow IEEE: a check of each divisor keeps a loop from being computed several rows at a time.
_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "cache": True, "error_model": "numpy", "_nrt": False}
borrowing_njit = njit(**_OPTIONS)
inlined_borrowing_njit = njit(forceinline=True, **_OPTIONS)
