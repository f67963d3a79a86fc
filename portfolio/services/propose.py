"""What would bring a portfolio inside its limits, and what would be worth swapping."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from market.contracts import InstrumentFacts
from modeling.selectors.configuration import cost_model_get
from portfolio.kernels.advice import BrokenLimit, SignalWord, stance_of
from portfolio.kernels.rebalance import Holdings, Limits, Rebalancing, rebalance
from portfolio.kernels.risk import TRADING_DAYS_A_YEAR
from portfolio.kernels.room import LimitState, limit_states, room_lots
from portfolio.kernels.swaps import Candidate, Leavable, swaps_worth
from portfolio.risk_contracts import PortfolioRules, ProfileLimits
from portfolio.services.book import Book
from signals.contracts import SignalFacts
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """Limits and trades, as far as the capital is known."""

    holdings: Holdings
    limits: Limits
    capital_rub: float
    states: tuple[LimitState, ...]
    rebalancing: Rebalancing
    room: I64  # (n,) lots

    def broken_by(self, at: int) -> tuple[BrokenLimit, ...]:
        """Return the limits that one position takes part in breaking."""
        side = "short" if self.holdings.sign[at] < 0 else "cash"
        mine: set[tuple[str, int | None]] = {(code, None) for code in ("gross", side, "volatility")}
        mine |= {("share", at), ("exit_days", at), ("sector", int(self.holdings.sector[at]))}
        return tuple(
            BrokenLimit(code=state.code, now_frac=state.now_frac, limit_frac=state.limit_frac)
            for state in self.states
            if not state.is_kept and (state.code, state.at) in mine
        )


def plan_of(book: Book, profile: ProfileLimits, rules: PortfolioRules, *, capital_rub: float) -> Plan:
    """Return where a portfolio stands towards its limits and the fewest lots that bring it inside."""
    holdings, limits = holdings_of(book, profile, rules), limits_of(profile)
    return Plan(
        holdings=holdings,
        limits=limits,
        capital_rub=capital_rub,
        states=limit_states(holdings, limits, capital_rub=capital_rub),
        rebalancing=rebalance(holdings, limits, capital_rub=capital_rub),
        room=room_lots(holdings, limits, capital_rub=capital_rub),
    )


def limits_of(profile: ProfileLimits) -> Limits:
    """Return the limits that are fractions of the capital, the volatility as that of a day."""
    annual = profile.volatility_annual_frac
    return Limits(
        share_frac=profile.share_frac,
        sector_frac=profile.sector_frac,
        gross_frac=profile.gross_frac,
        short_frac=profile.short_frac,
        cash_frac=profile.cash_frac,
        volatility_frac=None if annual is None else annual / math.sqrt(TRADING_DAYS_A_YEAR),
    )


def holdings_of(book: Book, profile: ProfileLimits, rules: PortfolioRules) -> Holdings:
    """Return the positions in lots; what has a stale price or no turnover cannot be traded.

    Shares of an unknown sector are each a sector of their own: nothing says that they belong together.
    """
    sign = np.sign(book.value_rub)
    price = np.abs(book.value_rub) / np.array([one.qty_shares for one in book.held])
    lot_rub = price * np.array([one.instrument.lot_size for one in book.held])
    names = [one.instrument.sector or f"?{one.instrument.secid}" for one in book.held]
    known = sorted(set(names))
    return Holdings(
        lots=(sign * np.array([one.lots for one in book.held])).astype(np.int64),
        lot_rub=lot_rub,
        odd_rub=sign * price * np.array([one.odd_shares for one in book.held]),
        cost_rub=lot_rub * side_costs(book),
        tradable=~book.is_stale & (book.turnover_rub > 0.0),
        sector=np.array([known.index(name) for name in names]),
        exit_cap_rub=profile.exit_days * rules.exit_participation_frac * book.turnover_rub,
        covariance=book.whole_covariance,
    )


def side_costs(book: Book) -> F64:
    """Return what one side of a trade costs in each share, as a fraction of its value: half of a round trip."""
    costs = cost_model_get()
    return np.array(
        [
            costs.round_trip_frac(price_rub=float(price), price_step_rub=one.instrument.price_step_rub) / 2.0
            for one, price in zip(book.held, book.panel.price_rub, strict=False)
        ]
    )


def proposals_of(book: Book, plan: Plan | None, swaps: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Return the verdict with its trades; without a capital there is none."""
    if plan is None:
        return {"verdict": None, "limits": [], "trades": [], "lots": None, "cost_rub": None, "unkept": [],
                "is_fewest": None, "swaps": []}  # fmt: skip
    found = plan.rebalancing
    return {
        "verdict": _verdict(found, swaps),
        "limits": [_limit_row(book, plan, state) for state in plan.states if _is_shown(state)],
        "trades": [_trade(book, plan, int(at)) for at in np.flatnonzero(found.traded_lots)],
        "lots": found.lots,
        "cost_rub": found.cost_rub,
        "unkept": [
            {
                "limit": one.code,
                "of": _name_of(book, plan, one.code, one.at),
                "limit_frac": one.limit_frac,
                "best_frac": one.best_frac,
                "why": _why(plan, one.code, one.at),
            }
            for one in found.unkept
        ],
        "is_fewest": found.is_fewest,
        "swaps": list(swaps),
    }


def swaps_of(
    book: Book,
    plan: Plan | None,
    words: list[SignalWord | None],
    buys: dict[str, tuple[InstrumentFacts, SignalFacts]],
    rules: PortfolioRules,
) -> tuple[dict[str, Any], ...]:
    """Return the swaps worth their costs; `buys` are the proven BUYs that may still be entered, by ticker."""
    if plan is None or not buys:
        return ()
    held = {one.instrument.secid: at for at, one in enumerate(book.held)}
    costs = side_costs(book)
    leavable = tuple(
        Leavable(
            secid=one.instrument.secid,
            value_rub=float(book.value_rub[at]),
            exit_cost_frac=float(costs[at]),
        )
        for at, one in enumerate(book.held)
        if one.side == "long"
        and plan.holdings.tradable[at]
        and not plan.rebalancing.traded_lots[at]
        and not _keeps(words[at])
    )
    candidates = tuple(
        Candidate(
            secid=secid,
            confidence=signal.confidence or 0,
            expected_net_frac=float(signal.payload["decision"]["expected_net_frac"] or 0.0),
            room_rub=_swap_room_rub(book, plan, facts, held.get(secid)),
        )
        for secid, (facts, signal) in sorted(buys.items())
        if secid not in held or book.held[held[secid]].side == "long"
    )
    found = swaps_worth(leavable, candidates, rules=rules.swaps)
    return tuple(
        {
            "leave": one.leave,
            "enter": one.enter,
            "value_rub": one.value_rub,
            "expected_gain_rub": one.gain_rub,
            "cost_rub": one.cost_rub,
        }
        for one in found
    )


def signal_word(signal: SignalFacts, *, is_stale: bool, as_of: datetime) -> SignalWord:
    """Return what of a signal counts for advice."""
    fresh = not is_stale and as_of <= signal.valid_until
    return SignalWord(action=signal.action, proven=signal.proven, is_fresh=fresh)


def _swap_room_rub(book: Book, plan: Plan, facts: InstrumentFacts, at: int | None) -> float:
    """Return how much of a share fits below the limits of one share and of its sector; what leaves makes no room."""
    own = 0.0 if at is None else abs(float(book.value_rub[at]))
    inside = sum(
        abs(float(value))
        for one, value in zip(book.held, book.value_rub, strict=True)
        if facts.sector and one.instrument.sector == facts.sector
    )
    room = min(
        plan.limits.share_frac * plan.capital_rub - own, plan.limits.sector_frac * plan.capital_rub - inside
    )
    return max(room, 0.0)


def _keeps(word: SignalWord | None) -> bool:
    return word is not None and word.proven and word.is_fresh and stance_of(word, is_long=True) == "with"


def _verdict(found: Rebalancing, swaps: tuple[dict[str, Any], ...]) -> str:
    if found.unkept:
        return "not_all_limits"
    if found.lots:
        return "rebalance"
    return "swap" if swaps else "no_change"


def _is_shown(state: LimitState) -> bool:
    """Of the limits of shares and sectors only the broken ones are news."""
    return not state.is_kept or state.at is None


def _limit_row(book: Book, plan: Plan, state: LimitState) -> dict[str, Any]:
    scale = math.sqrt(TRADING_DAYS_A_YEAR) if state.code == "volatility" else 1.0
    return {
        "limit": state.code,
        "of": _name_of(book, plan, state.code, state.at),
        "now_frac": scale * state.now_frac,
        "limit_frac": scale * state.limit_frac,
        "is_kept": state.is_kept,
    }


def _name_of(book: Book, plan: Plan, code: str, at: int | None) -> str | None:
    """Return the ticker or the sector that a limit is about; None of the whole."""
    if at is None:
        return None
    if code == "sector":
        at = int(np.flatnonzero(plan.holdings.sector == at)[0])
        return book.held[at].instrument.sector or book.held[at].instrument.secid
    return book.held[at].instrument.secid


def _why(plan: Plan, code: str, at: int | None) -> str:
    """Return why a limit cannot be kept: what stands in the way cannot be traded, or is less than a lot."""
    holdings = plan.holdings
    if code in ("share", "exit_days"):
        inside = np.arange(holdings.lots.size) == at
    elif code == "sector":
        inside = holdings.sector == at
    else:
        inside = np.ones(holdings.lots.size, dtype=np.bool_)
    if (inside & ~holdings.tradable).any():
        return "not_tradable"
    return "below_a_lot" if (inside & (holdings.odd_rub != 0.0)).any() else "costs"


def _trade(book: Book, plan: Plan, at: int) -> dict[str, Any]:
    one, lots = book.held[at], int(plan.rebalancing.traded_lots[at])
    return {
        "secid": one.instrument.secid,
        "side": "SELL" if one.side == "long" else "BUY",
        "lots": lots,
        "shares": lots * one.instrument.lot_size,
        "price_rub": float(book.panel.price_rub[at]),
        "value_rub": float(lots * plan.holdings.lot_rub[at]),
        "cost_rub": float(lots * plan.holdings.cost_rub[at]),
        "limits": [broken.code for broken in plan.broken_by(at)],
    }
