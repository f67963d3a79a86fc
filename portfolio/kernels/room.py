"""How far a portfolio is from its limits, share by share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portfolio.kernels.rebalance import TOLERANCE, Holdings, LimitCode, Limits
from portfolio.kernels.risk import portfolio_volatility
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitState:
    """One limit and where the portfolio stands; fractions of the capital."""

    code: LimitCode
    at: int | None  # the share's row or the sector's number; None: the whole portfolio
    now_frac: float
    limit_frac: float  # the most; of cash the least

    @property
    def is_kept(self) -> bool:
        """Whether the portfolio is inside."""
        over = self.now_frac - self.limit_frac
        return (-over if self.code == "cash" else over) <= TOLERANCE


def limit_states(holdings: Holdings, limits: Limits, *, capital_rub: float) -> tuple[LimitState, ...]:
    """Return where a portfolio stands towards each of its limits.

    Shapes: holdings of n
    Units: rubles; fractions of the capital
    NaN: not accepted
    """
    sizes = holdings.sizes_rub(np.zeros_like(holdings.lots)) / capital_rub
    is_short = holdings.sign < 0.0
    own: tuple[tuple[LimitCode, F64], ...] = (
        ("share", np.full(sizes.size, limits.share_frac)),
        ("exit_days", holdings.exit_cap_rub / capital_rub),
    )
    states = [
        LimitState(code=code, at=at, now_frac=float(size), limit_frac=float(cap))
        for code, caps in own
        for at, (size, cap) in enumerate(zip(sizes, caps, strict=True))
    ]
    states += [
        LimitState(
            code="sector",
            at=int(code),
            now_frac=float(sizes[holdings.sector == code].sum()),
            limit_frac=limits.sector_frac,
        )
        for code in np.unique(holdings.sector)
    ]
    whole: list[tuple[LimitCode, float, float | None]] = [
        ("gross", float(sizes.sum()), limits.gross_frac),
        ("short", float(sizes[is_short].sum()), limits.short_frac),
        ("cash", 1.0 - float(sizes[~is_short].sum()), limits.cash_frac),
        (
            "volatility",
            portfolio_volatility(holdings.sign * sizes, holdings.covariance),
            limits.volatility_frac,
        ),
    ]
    states += [
        LimitState(code=code, at=None, now_frac=now, limit_frac=cap)
        for code, now, cap in whole
        if cap is not None
    ]
    return tuple(states)


def room_lots(holdings: Holdings, limits: Limits, *, capital_rub: float) -> I64:
    """Return by how many lots each position alone could grow inside its limits; of volatility nothing is said here.

    Shapes: holdings of n -> (n,), 0 where there is none or the share is not tradable
    Units: lots
    NaN: not accepted
    """
    sizes = holdings.sizes_rub(np.zeros_like(holdings.lots))
    is_short = holdings.sign < 0.0
    in_sector = np.array([sizes[holdings.sector == code].sum() for code in holdings.sector])
    own = np.minimum(limits.share_frac * capital_rub, holdings.exit_cap_rub) - sizes
    room = np.minimum(own, limits.sector_frac * capital_rub - in_sector)
    room = np.minimum(room, limits.gross_frac * capital_rub - sizes.sum())
    cash = (1.0 - limits.cash_frac) * capital_rub - sizes[~is_short].sum()
    side = np.where(is_short, limits.short_frac * capital_rub - sizes[is_short].sum(), cash)
    each = holdings.lot_rub + np.where(is_short, 0.0, holdings.cost_rub)
    return _whole(np.minimum(room, side), each, holdings)


def _whole(room: F64, each: F64, holdings: Holdings) -> I64:
    lots = np.floor(np.divide(room, each, out=np.zeros_like(room), where=each > 0.0) + 1e-9)
    return np.where(holdings.tradable, np.maximum(lots, 0.0), 0.0).astype(np.int64)
