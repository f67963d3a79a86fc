"""A process that writes candles, for the tests of concurrency: candle_writer.py SECID SOURCE PRIORITY ROUNDS [hang]."""

from __future__ import annotations

import os
import sys
import time

os.environ["DJANGO_SETTINGS_MODULE"] = "traderai.site.settings.test"

import django
import numpy as np

django.setup()

from market.contracts import CandleColumns, CandleOrigin, Timeframe  # noqa: E402
from market.selectors.instruments import instrument_get  # noqa: E402
from market.services import candle_write  # noqa: E402

ROWS = 400
FIRST_S = 1_704_265_200  # 2024-01-03 10:00 in Moscow


def bars(number: int) -> CandleColumns:
    """Return bars whose every figure is the number; the spans of the rounds overlap by half."""
    figure = np.full(ROWS, float(number))
    return CandleColumns(
        begin_s=FIRST_S + 60 * (np.arange(ROWS) + ROWS // 2 * (number % 5)),
        open=figure, high=figure, low=figure, close=figure, volume_shares=figure, value_rub=figure,
    )  # fmt: skip


def main(secid: str, source: str, priority: str, rounds: str, hang: str = "") -> None:
    """Write round after round and say so."""
    if hang:
        merge = candle_write._merge

        def merge_and_hang(*args):
            report = merge(*args)
            print("inside", flush=True)
            time.sleep(600)
            return report

        candle_write._merge = merge_and_hang
    instrument_id = instrument_get(secid=secid).id
    origin = CandleOrigin(name=source, kind="file", priority=int(priority))
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(1, int(rounds) + 1):
        candle_write.candles_write(
            instrument_id=instrument_id, timeframe=Timeframe.M1, columns=bars(number), origin=origin
        )
        print(number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
