"""Qlib's Alpha158 on given bars, timed. Runs in an environment of its own, where qlib is installed:

python qlib_alpha158.py FOLDER, where FOLDER holds a bars.npz with `secids` and arrays (s, n) of open, high, low, close,
volume and vwap. Each bar stands for one day of qlib's calendar. Prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np


def provider(folder: Path) -> tuple[Path, list[str], int]:
    """Write the bars as qlib's binary files and return their folder, the tickers and the bars of each."""
    bars = np.load(folder / "bars.npz")
    secids, n = [str(secid) for secid in bars["secids"]], bars["close"].shape[1]
    days = np.datetime64("1900-01-01") + np.arange(n)
    target = folder / "provider"
    (target / "calendars").mkdir(parents=True, exist_ok=True)
    (target / "instruments").mkdir(exist_ok=True)
    (target / "calendars" / "day.txt").write_text("\n".join(str(day) for day in days) + "\n")
    lines = [f"{secid}\t{days[0]}\t{days[-1]}" for secid in secids]
    (target / "instruments" / "all.txt").write_text("\n".join(lines) + "\n")
    for at, secid in enumerate(secids):
        place = target / "features" / secid.lower()
        place.mkdir(parents=True, exist_ok=True)
        for name in ("open", "high", "low", "close", "volume", "vwap"):
            column = np.concatenate([[0.0], bars[name][at]]).astype("<f4")
            column.tofile(place / f"{name}.day.bin")
    return target, secids, n


def main() -> None:
    target, secids, n = provider(Path(sys.argv[1]))
    import qlib
    from qlib.contrib.data.loader import Alpha158DL
    from qlib.data import D

    qlib.init(
        provider_uri=str(target), region="us", kernels=1, joblib_backend="threading", expression_cache=None,
        dataset_cache=None, logging_level=40,
    )  # fmt: skip
    fields, _ = Alpha158DL.get_feature_config()
    D.features(secids[:1], fields[:2])  # loads the calendar
    began_s = time.perf_counter()
    table = D.features(secids, fields, freq="day", disk_cache=0)
    seconds = time.perf_counter() - began_s
    assert table.shape == (n * len(secids), len(fields)), table.shape
    values = table.shape[0] * table.shape[1]
    print(json.dumps({"qlib": qlib.__version__, "values": values, "seconds": seconds}))


if __name__ == "__main__":
    main()
