"""A process of its own that makes a feature matrix, draws an epoch of batches from it and prints its peak over it.

The labels, which are given and not made here, do not count.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from modeling.fitting.dataset import TRAIN
from modeling.fitting.window_batches import WindowBatches
from tests.benchmarks.bench_networks import FEATURES, LOOKBACK, drawn, source_of

ROWS, WINDOWS = 1_000_000, 50_000
KIB = 1024


def memory_bytes(name: str) -> int:
    """Return what the kernel tells of this process's own memory; getrusage's peak counts its parent's, too."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) * KIB


def main() -> None:
    small = source_of(1000)
    drawn(WindowBatches(small, np.arange(LOOKBACK, 1000), part=TRAIN, limit=100, seed=0))  # compiles
    labels = {
        "ticker": np.ones(ROWS, dtype=np.int32),
        "moment": np.arange(ROWS),
        "part": np.full((ROWS, 1), TRAIN, dtype=np.int8),
        "targets": {head: np.ones((ROWS, 1)) for head in small.targets},
    }
    rows = np.arange(LOOKBACK, ROWS)
    before = memory_bytes("VmRSS")
    values = np.empty((ROWS, FEATURES), dtype=np.float32)
    values[:] = np.arange(FEATURES)
    drawn(WindowBatches(replace(small, values=values, **labels), rows, part=TRAIN, limit=WINDOWS, seed=0))
    peak = memory_bytes("VmHWM")
    print((peak - before) / values.nbytes)


if __name__ == "__main__":
    main()
