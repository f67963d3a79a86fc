"""A track record as a picture: the sum of R as trades ended, and how far it lay below its highest."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from signals.contracts import TrackRecord
from traderai.common.clock import MOSCOW, from_epoch_s
from traderai.common.errors import NotReadyError
from traderai.common.svg import BLUE, GREY, PLAIN_STYLE, RED


def record_plot(*, record: TrackRecord) -> bytes:
    """Return a PNG of a record's trades in the order in which they ended.

    Raises: NotReadyError where no trade has ended.
    """
    if record.figures is None:
        raise NotReadyError("no trade of this record has ended, so there is nothing to draw; see its counts")
    moments: Any = [
        from_epoch_s(int(moment)).astimezone(MOSCOW).replace(tzinfo=None) for moment in record.curve.exit_s
    ]
    equity = record.curve.equity_r
    below = equity - np.maximum.accumulate(np.maximum(equity, 0.0))
    kind = f"{record.source}, {'proven' if record.proven else 'paper'}"
    with mpl.rc_context(PLAIN_STYLE):
        figure = Figure(figsize=(9, 4.5), layout="constrained")
        axes = figure.subplots()
        axes.axhline(0.0, color=GREY, linewidth=0.6)
        axes.fill_between(moments, below, 0.0, step="post", color=RED, alpha=0.25, label="below its highest")
        axes.step(moments, equity, where="post", color=BLUE, linewidth=1.2, label="sum of R after costs")
        axes.set_title(f"Track record: {kind}, {record.figures.trades} trades, 1 R each", loc="left")
        axes.set_ylabel("R")
        axes.legend(loc="best")
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=120, metadata={"Software": None})
    return stream.getvalue()
