"""What makes LightGBM say the same again, whatever the machine does beside; every fit of it here is told so."""

from __future__ import annotations

from typing import Any


def repeatable(*, seed: int, threads: int) -> dict[str, Any]:
    """Return the options of a fit that equal data repeat to the bit with as many threads."""
    return {
        "seed": seed,
        "num_threads": threads,
        "deterministic": True,
        "force_row_wise": True,
        "max_bin": 63,
        "verbose": -1,
    }
