"""vectorbt's stop generator on given bars, timed. Runs in an environment of its own, where vectorbt is installed:

python vectorbt_stops.py FOLDER, where FOLDER holds a bars.npz with arrays (n,) of open, high, low, close, take_profit
and stop_loss, the latter two as fractions of each bar's open. Prints one line of JSON.

For an entry at every open it looks for the first bar that touches a stop or a target, once for longs and once for
shorts. It knows no horizon, session, halt or dividend, fills gaps at the level, and leaves one column of exits in which
the trades are no longer told apart.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt


def stops(bars: dict[str, Any], *, reverse: bool) -> Any:
    """Return vectorbt's exits of an entry at every bar."""
    return vbt.OHLCSTX.run(
        bars["entries"], bars["open"], bars["high"], bars["low"], bars["close"],
        sl_stop=[bars["stop_loss"]], tp_stop=[bars["take_profit"]], reverse=reverse,
        until_next=False, is_open_safe=True, wait=0,
    )  # fmt: skip


def main() -> None:
    arrays = np.load(Path(sys.argv[1]) / "bars.npz")
    bars: dict[str, Any] = {name: pd.Series(arrays[name]) for name in ("open", "high", "low", "close")}
    bars |= {name: arrays[name] for name in ("stop_loss", "take_profit")}
    bars["entries"] = pd.Series(np.ones(len(bars["open"]), dtype=bool))
    seconds, exits = [], 0
    for _ in range(30):
        began_s = time.process_time()
        found = [stops(bars, reverse=reverse) for reverse in (False, True)]
        seconds.append(time.process_time() - began_s)
        exits = sum(int(np.asarray(one.exits).sum()) for one in found)
    print(json.dumps({"vectorbt": vbt.__version__, "seconds": min(seconds[1:]), "exits": exits}))


if __name__ == "__main__":
    main()
