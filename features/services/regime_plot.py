"""A picture of the stored history: the level of a market or sector, coloured by its regime."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from features.contracts import REGIMES, RegimeFacts
from features.selectors.regime import regime_days
from traderai.common.clock import MOSCOW
from traderai.common.errors import NotReadyError
from traderai.common.svg import AMBER, BLUE, GREEN, GREY, PLAIN_STYLE, RED, VIOLET

COLOURS = {
    "uptrend": GREEN,
    "downtrend": AMBER,
    "flat": GREY,
    "panic": RED,
    "euphoria": VIOLET,
    "news_storm": BLUE,
}
_PAUSE_S = 12 * 86_400  # lines do not run on over longer pauses


def regime_plot(*, as_of: datetime, since: datetime, simulated: bool = False, sector: str = "") -> bytes:
    """Return a PNG of the stored regimes of a span: level and regime above, probabilities below.

    Repeating gives the same picture of the same rows.

    Raises: NotReadyError if no regime is stored for the span.
    """
    days = regime_days(as_of=as_of, since=since, simulated=simulated, sector=sector)
    if not days:
        raise NotReadyError(
            f"a regime of {sector or 'the market'} must be stored between {since:%Y-%m-%d} and {as_of:%Y-%m-%d}, "
            "there is none; run manage.py build_regime"
        )
    with mpl.rc_context(PLAIN_STYLE):
        figure = Figure(figsize=(14, 7), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        moments = np.array([day.as_of.astimezone(MOSCOW).replace(tzinfo=None) for day in days])
        _level(above, days, moments)
        shares = [[day.probabilities[name] for day in days] for name in REGIMES]
        below.stackplot(
            moments, shares, colors=[COLOURS[name] for name in REGIMES], step="post", linewidth=0.0
        )
        below.set(ylim=(0.0, 1.0), ylabel="probability", xlim=(moments[0], moments[-1]))
        label = f"{'SIMULATED market' if simulated else 'Moscow Exchange'}: regime by trading day"
        above.set_title(f"{f'Sector {sector}, ' if sector else ''}{label}", loc="left")
        figure.supxlabel(f"newest day: {days[-1].source}", fontsize=8)
        target = io.BytesIO()
        figure.savefig(target, format="png", dpi=110, metadata={"Software": None})
    return target.getvalue()


def _level(axes: mpl.axes.Axes, days: tuple[RegimeFacts, ...], moments: Any) -> None:
    """Draw the chained daily returns, the day's regime behind them."""
    moves = np.array([dict(day.reasons)["return_1d_pct"] for day in days]) / 100.0
    level = 100.0 * np.cumprod(np.append(1.0, 1.0 + moves[1:]))
    gaps = np.diff([day.as_of.timestamp() for day in days]) > _PAUSE_S
    for part in np.split(np.arange(len(days)), np.flatnonzero(gaps) + 1):
        axes.plot(moments[part], level[part], color="black", linewidth=0.9)
    edges = np.append(moments, moments[-1])
    for at, day in enumerate(days):
        # A regime known after its day holds until the next one is known.
        if at < len(gaps) and not gaps[at]:
            axes.axvspan(edges[at], edges[at + 1], color=COLOURS[day.name], alpha=0.35, linewidth=0.0)
    axes.set_yscale("log")
    axes.set_ylabel("level, first day = 100")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.legend(
        handles=[Patch(color=COLOURS[name], alpha=0.5, label=name) for name in REGIMES],
        loc="upper left",
        ncols=len(REGIMES),
    )
