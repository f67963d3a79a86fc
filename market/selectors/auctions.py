"""Which bars were auctions; reads the table of sessions alone."""

from __future__ import annotations

from market.calendar_config import session_table
from market.contracts import Bars
from market.kernels.sessions import auction_bars
from traderai.common.arrays import Bools


def bars_in_auction(*, bars: Bars) -> Bools:
    """Return which bars lie wholly within an opening or closing auction; bars over ten minutes never do."""
    return auction_bars(bars.begin_s, session_table(), bar_s=60 * bars.timeframe.minutes)
