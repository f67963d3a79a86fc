"""The index of the simulated shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from market.simulator.calendar import day_number
from market.simulator.config import SimulatedShare, SimulatorConfig
from market.simulator.corporate import CorporateEvents
from market.simulator.paths import SimulatedPanel, panel_minutes, prices_on_steps
from traderai.common.arrays import F64, Bools

BASE = 1000.0
STEP = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexBasis:
    """What makes the index at each hour; arrays have shape (n, k), the divisor (n,)."""

    member: Bools
    issue: F64  # shares issued
    stale: F64  # the last traded price where an hour has no trade, in the shares of the hour
    divisor: F64
    weights_frac: F64  # of the members' capitalisation at the hour's close


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexBars:
    """Bars of the index; arrays have shape (h,) for hours, (h, 60) for minutes."""

    open: F64
    high: F64
    low: F64
    close: F64


def index_basis(config: SimulatorConfig, panel: SimulatedPanel) -> IndexBasis:
    """Return members, weights and the divisor that keeps the index whole when members change.

    A share counts with its last traded price. Splits change nothing; dividends fall out of it, as out of any price
    index.

    Shapes: panel (n, k)
    Units: the index stands at 1000 points at the first open
    Causal: hour i depends on hours up to i alone
    Raises: ValueError if an hour is left without a member
    """
    member = _members(config, panel)
    issue = _issues(config, panel.corporate, len(panel))
    stale = _last_traded(panel)
    closing = np.where(panel.traded, panel.close, stale) * issue
    opening = np.where(panel.traded, panel.open, stale) * issue
    caps = np.where(member, closing, 0.0)
    return IndexBasis(
        member=member,
        issue=issue,
        stale=stale,
        divisor=_divisors(member, closing, np.where(member, opening, 0.0)),
        weights_frac=caps / caps.sum(axis=1, keepdims=True),
    )


def index_minutes_of(
    config: SimulatorConfig, panel: SimulatedPanel, basis: IndexBasis, month: int, rows: slice
) -> IndexBars:
    """Return the index at the minutes of a month's hours, told once a minute, from its members' prices.

    Shapes: -> (h, 60)
    Units: points
    """
    paths = panel_minutes(config, panel, month, rows)
    prices = prices_on_steps(config, paths.path + panel.log_open[rows, None])
    counted = np.where(basis.member[rows], basis.issue[rows], 0.0) / basis.divisor[rows, None]
    traded = panel.traded[rows]
    prices = np.where(traded[:, None], prices, basis.stale[rows, None])
    levels = np.einsum("hmk,hk->hm", prices, counted)
    opened = np.where(traded, panel.open[rows], basis.stale[rows])
    first = np.einsum("hk,hk->h", opened, counted)
    levels = _points(np.concatenate([first[:, None], levels], axis=1))
    begin, end = levels[:, :-1], levels[:, 1:]
    return IndexBars(open=begin, high=np.maximum(begin, end), low=np.minimum(begin, end), close=end)


def index_value_rub(panel: SimulatedPanel, basis: IndexBasis) -> F64:
    """Return what was traded in the members in each hour: (n,)."""
    value: F64 = np.round(np.where(basis.member & panel.traded, panel.value_rub, 0.0).sum(axis=1), 2)
    return value


def index_span(config: SimulatorConfig, share: SimulatedShare) -> tuple[date, date | None] | None:
    """Return a share's first day in the index and the first one outside, None if it never belongs."""
    if not share.in_index:
        return None
    start = date.fromisoformat(config.start)
    since = max(start, date.fromisoformat(share.index_from or share.listed_on or config.start))
    till = None if share.index_till is None else date.fromisoformat(share.index_till)
    return None if till is not None and till <= since else (since, till)


def _members(config: SimulatorConfig, panel: SimulatedPanel) -> Bools:
    member = np.zeros(panel.close.shape, dtype=np.bool_)
    seen = np.logical_or.accumulate(panel.traded, axis=0)
    for at, share in enumerate(config.shares):
        span = index_span(config, share)
        if span is None:
            continue
        inside = panel.clock.date >= day_number(span[0])
        if span[1] is not None:
            inside &= panel.clock.date < day_number(span[1])
        # A share that has not traded yet has no price to count with.
        member[:, at] = inside & seen[:, at]
    if not member.any(axis=1).all():
        raise ValueError(
            "the index must have a member at every bar; see in_index and index_from of the shares"
        )
    return member


def _issues(config: SimulatorConfig, corporate: CorporateEvents, n: int) -> F64:
    issue = np.tile(np.array([share.issue_size_shares for share in config.shares], dtype=np.float64), (n, 1))
    for split in corporate.splits:
        issue[split.row :, split.share] *= split.shares_after_per_before
    return issue


def _last_traded(panel: SimulatedPanel) -> F64:
    """Return the last traded close up to each hour, in the shares of that hour."""
    rows = np.where(panel.traded, np.arange(len(panel))[:, None], -1)
    last = np.maximum(np.maximum.accumulate(rows, axis=0), 0)
    ratio = np.ones_like(panel.close)
    for split in panel.corporate.splits:
        ratio[split.row :, split.share] *= split.shares_after_per_before
    known: F64 = np.take_along_axis(panel.close * ratio, last, axis=0) / ratio
    return known


def _divisors(member: Bools, closing: F64, opening: F64) -> F64:
    """Return what capitalisation is divided by; at a change of members the last close stays what it was."""
    n = len(member)
    divisor = np.full(n, opening[:1].sum() / BASE)
    changed = np.flatnonzero((member[1:] != member[:-1]).any(axis=1)) + 1
    for row in changed.tolist():
        before = closing[row - 1][member[row - 1]].sum()
        after = closing[row - 1][member[row]].sum()
        divisor[row:] *= after / before
    return divisor


def _points(level: F64) -> F64:
    return np.round(np.round(level / STEP) * STEP, 9)
