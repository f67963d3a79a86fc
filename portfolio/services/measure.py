"""The figures of the whole: exposure, risk, stress and how long it takes to leave."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from portfolio.kernels.covariance import correlation_of
from portfolio.kernels.risk import (
    TRADING_DAYS_A_YEAR,
    effective_bets,
    exit_days,
    herfindahl,
    historical_tail,
    max_drawdown,
    normal_tail,
    portfolio_volatility,
    risk_contributions,
)
from portfolio.kernels.stress import share_move, spell_move
from portfolio.risk_contracts import PortfolioRules, StressSpell
from portfolio.services.book import BEFORE_SPELL, Book, day_number, day_of
from traderai.common.arrays import F64

CONFIDENCES = (0.95, 0.99)


def exposure_of(book: Book, capital_rub: float | None) -> dict[str, Any]:
    """Return longs, shorts, gross, net and cash; cash is what the capital leaves, a negative one is borrowed."""
    long_rub = float(book.value_rub[book.value_rub > 0].sum())
    short_rub = float(np.abs(book.value_rub[book.value_rub < 0]).sum())
    amounts: dict[str, float | None] = {
        "long": long_rub,
        "short": short_rub,
        "gross": long_rub + short_rub,
        "net": long_rub - short_rub,
        "cash": None if capital_rub is None else capital_rub - (long_rub - short_rub),
    }
    answer: dict[str, Any] = {f"{name}_rub": amount for name, amount in amounts.items()}
    for name, amount in amounts.items():
        known = capital_rub is not None and amount is not None
        answer[f"{name}_frac"] = amount / capital_rub if known else None  # type: ignore[operator]
    return answer


def sectors_of(book: Book, base_rub: float) -> tuple[dict[str, Any], ...]:
    """Return what is in each sector, the largest first; shares without a known sector are one of them."""
    codes = np.array([one.instrument.sector for one in book.held])
    rows: list[dict[str, Any]] = [
        {
            "sector": str(code),
            "gross_rub": float(np.abs(book.value_rub[codes == code]).sum()),
            "net_rub": float(book.value_rub[codes == code].sum()),
        }
        for code in np.unique(codes)
    ]
    for row in rows:
        row["weight_frac"] = row["gross_rub"] / base_rub
    return tuple(sorted(rows, key=lambda row: -row["gross_rub"]))


def exit_days_of(book: Book, rules: PortfolioRules) -> F64:
    """Return how many days it takes to leave each position."""
    return exit_days(book.value_rub, book.turnover_rub, participation_frac=rules.exit_participation_frac)


def liquidity_of(book: Book, days: F64, rules: PortfolioRules) -> dict[str, Any]:
    """Return how long leaving everything takes, and what can be left in a day."""
    reachable = np.isfinite(days)
    in_a_day = np.minimum(np.abs(book.value_rub), rules.exit_participation_frac * book.turnover_rub)
    return {
        "participation_frac": rules.exit_participation_frac,
        "days_to_leave_all": float(days.max()) if reachable.all() else None,
        "left_in_a_day_frac": float(in_a_day.sum() / book.gross_rub),
        "without_turnover": [
            one.instrument.secid for one, known in zip(book.held, reachable, strict=True) if not known
        ],
    }


def risk_of(book: Book, base_rub: float) -> dict[str, Any] | None:
    """Return the risk of the shares with enough history, and who is left out; None where none has."""
    if book.covariance is None:
        return None
    kept, rows = book.common.kept, book.common.rows
    positions, matrix = book.value_rub[kept], book.covariance.matrix
    profit = book.returns[rows][:, kept] @ positions
    volatility = portfolio_volatility(positions, matrix)
    days = book.days[1:][rows]
    hhi = herfindahl(book.value_rub)
    names = [one.instrument.secid for one, own in zip(book.held, kept, strict=True) if own]
    return {
        "days": len(days),
        "first_day": day_of(days[0]),
        "last_day": day_of(days[-1]),
        "left_out": _left_out(book),
        "covered_frac": float(np.abs(positions).sum() / book.gross_rub),
        "shrinkage": book.covariance.shrinkage,
        "volatility_day_rub": volatility,
        "volatility_annual_frac": volatility * math.sqrt(TRADING_DAYS_A_YEAR) / base_rub,
        "beta": _beta(book, base_rub),
        "tails": [
            row for confidence in CONFIDENCES for row in _tails(profit, volatility, base_rub, confidence)
        ],
        "max_drawdown_frac": max_drawdown(profit / base_rub),
        "concentration": {
            "hhi": hhi,
            "effective_positions": 1.0 / hhi,
            "effective_bets": _number(effective_bets(positions, matrix)),
        },
        "contributions": _contributions(positions, matrix, volatility, names),
        "correlation": {"secids": names, "matrix": correlation_of(matrix).round(4).tolist()},
    }


def stress_of(book: Book, base_rub: float, rules: PortfolioRules) -> tuple[dict[str, Any], ...]:
    """Return what each spell would cost: each share's own move where it was traded then, else a stand-in that says so."""
    return tuple(_spell(book, base_rub, spell) for spell in rules.stress)


def _spell(book: Book, base_rub: float, spell: StressSpell) -> dict[str, Any]:
    after, until = day_number(spell.after), day_number(spell.until)
    rows = book.panel.rows_between(after - BEFORE_SPELL.days, until)
    first = int(np.searchsorted(book.panel.days[rows], after, side="right"))
    close, dividend = book.panel.close[rows], book.panel.dividend_rub[rows]
    column = book.index_column
    index = math.nan if column is None else spell_move(close[:, column], dividend[:, column], first=first)
    moves = [
        share_move(
            spell_move(close[:, at], dividend[:, at], first=first),
            beta=float(book.beta[at]),
            index_frac=index,
        )
        for at in range(len(book.held))
    ]
    profit = book.value_rub * np.array([move.move_frac for move in moves])
    known = np.isfinite(profit).all()
    return {
        "name": spell.name,
        "after": spell.after,
        "until": spell.until,
        "index_move_frac": _number(index),
        # Without a move of the index nothing can stand in for a share, and a sum without it would look better than it is.
        "profit_rub": float(profit.sum()) if known else None,
        "profit_frac": float(profit.sum() / base_rub) if known else None,
        "shares": [
            {
                "secid": one.instrument.secid,
                "move_frac": _number(move.move_frac),
                "stand_in": move.stand_in,
                "profit_rub": _number(own),
            }
            for one, move, own in zip(book.held, moves, profit.tolist(), strict=True)
        ],
    }


def _left_out(book: Book) -> list[dict[str, Any]]:
    counts = np.isfinite(book.returns).sum(axis=0)
    return [
        {"secid": one.instrument.secid, "days": int(count)}
        for one, kept, count in zip(book.held, book.common.kept, counts, strict=True)
        if not kept
    ]


def _beta(book: Book, base_rub: float) -> float | None:
    known = np.isfinite(book.beta)
    if not known.all():
        return None
    return float(book.value_rub @ book.beta / base_rub)


def _tails(profit: F64, volatility: float, base_rub: float, confidence: float) -> list[dict[str, Any]]:
    both = (
        ("historical", historical_tail(profit, confidence=confidence)),
        ("normal", normal_tail(volatility, confidence=confidence)),
    )
    return [
        {
            "method": method,
            "confidence": confidence,
            "var_rub": tail.var_rub,
            "cvar_rub": tail.cvar_rub,
            "var_frac": tail.var_rub / base_rub,
            "cvar_frac": tail.cvar_rub / base_rub,
        }
        for method, tail in both
    ]


def _contributions(positions: F64, matrix: F64, volatility: float, names: list[str]) -> list[dict[str, Any]]:
    parts = risk_contributions(positions, matrix)
    shares = parts / volatility if volatility > 0.0 else parts
    return [
        {"secid": name, "volatility_day_rub": float(part), "share_frac": float(share)}
        for name, part, share in zip(names, parts, shares, strict=True)
    ]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
