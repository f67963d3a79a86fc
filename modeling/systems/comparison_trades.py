"""What several runs' accounts made on the same days of the same shares, after the same costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np

from modeling.fitting.evaluation import DayBootstrap, bounds, mean_figure
from modeling.kernels.performance import drawdowns, equity_curve
from modeling.kernels.significance import sharpe_interval
from modeling.systems.said_file import Booked, SaidFile
from traderai.common.arrays import F64, I64, Bools
from traderai.common.errors import InputError

NO_TRADE: Final = "no trade"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Span:
    """What all runs have in common: days (d,) from the first on, and shares."""

    since: int
    days: I64
    secids: frozenset[str]
    whole: bool  # every run has these shares and no other: their accounts are compared as they are

    def place(self, days: I64) -> I64:
        """Return the common day to which each day counts: itself or the next one."""
        return np.searchsorted(self.days, days)

    def inside(self, days: I64) -> Bools:
        """Return which days count."""
        return np.asarray((days >= self.since) & (days <= self.days[-1]))


def compared_trades(
    runs: Mapping[str, SaidFile], bootstrap_of: Callable[[I64], DayBootstrap]
) -> dict[str, Any]:
    """Return the trading figures of every run and of what it had to beat, by one set of draws, with paired differences.

    Raises: InputError where the runs have no two days or no share in common.
    """
    span = _span(runs)
    bootstrap = bootstrap_of(span.days)
    own = {name: (said, said.speakers[0].booked) for name, said in runs.items()}
    rivals = _rivals(runs)
    daily = {name: _daily(*each, span) for name, each in {**own, **rivals}.items()}
    daily[NO_TRADE] = np.zeros(span.days.size)
    best = max((NO_TRADE, *rivals), key=lambda name: daily[name].mean())
    first = next(iter(own))

    def against(other: str, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
        return {name: bootstrap.mean(daily[name] - daily[other], span.days) for name in names}

    return {
        "days": int(span.days.size),
        "first_day": str(span.days[0].astype("datetime64[D]")),
        "last_day": str(span.days[-1].astype("datetime64[D]")),
        "shares": sorted(span.secids),
        "accounts": "whole" if span.whole else "trades of common shares",
        "figures": {
            name: _figures(*each, span, daily[name], bootstrap) for name, each in {**own, **rivals}.items()
        },
        "best_baseline": best,
        "first_run": first,
        "daily_gain_against_best_baseline": against(best, tuple(own)),
        "daily_gain_against_first_run": against(first, tuple(own)[1:]),
        "calendar": span.days.tolist(),
        "daily_net": {name: series.tolist() for name, series in daily.items()},
    }


def _span(runs: Mapping[str, SaidFile]) -> _Span:
    since = max(int(said.days[0]) for said in runs.values())
    days = reduce(np.intersect1d, [said.days for said in runs.values()])
    if days.size < 2:
        parts = "; ".join(f"{name} {_period(said.days)}" for name, said in runs.items())
        raise InputError(
            f"the test parts must have at least 2 trading days in common, have {days.size}: {parts}; choose other runs",
            field="runs",
        )
    shares = [frozenset(said.secids) for said in runs.values()]
    common = reduce(frozenset.intersection, shares)
    if not common:
        raise InputError("the runs have no share in common; choose other runs", field="runs")
    return _Span(since=since, days=days, secids=common, whole=len(set(shares)) == 1)


def _period(days: I64) -> str:
    first, last = days[[0, -1]].astype("datetime64[D]")
    return f"{first} to {last}"


def _rivals(runs: Mapping[str, SaidFile]) -> dict[str, tuple[SaidFile, Booked]]:
    """Return what the runs had to beat; what traded the same for several stands once."""
    found: dict[str, list[tuple[str, SaidFile, Booked]]] = {}
    for version, said in runs.items():
        for speaker in said.speakers[1:]:
            several = found.setdefault(speaker.name, [])
            if not any(_same(said, speaker.booked, other, booked) for _, other, booked in several):
                several.append((version, said, speaker.booked))
    return {
        name if len(several) == 1 else f"{name} of {version}": (said, booked)
        for name, several in found.items()
        for version, said, booked in several
    }


def _same(one: SaidFile, booked: Booked, other: SaidFile, its: Booked) -> bool:
    return (
        one.secids == other.secids
        and np.array_equal(one.days, other.days)
        and np.array_equal(booked.daily_net, its.daily_net)
        and np.array_equal(booked.net_frac, its.net_frac)
    )


def _daily(said: SaidFile, booked: Booked, span: _Span) -> F64:
    """Return what the account made of its capital on each common day (d,); other days count to the next one.

    Where the runs have other shares, an account is the trades of the common ones, each booked on the day of its exit.
    """
    if span.whole:
        inside = span.inside(said.days)
        growth = np.zeros(span.days.size)
        np.add.at(growth, span.place(said.days[inside]), np.log1p(booked.daily_net[inside]))
        return np.asarray(np.expm1(growth))
    taken = _counted(said, booked, span)
    made = np.zeros(span.days.size)
    np.add.at(made, span.place(booked.exit_day[taken]), booked.capital_frac[taken])
    return np.maximum(made, -1.0)


def _counted(said: SaidFile, booked: Booked, span: _Span) -> Bools:
    """Return which trades lie within the common days and shares (t,)."""
    shared = np.array([secid in span.secids for secid in said.secids])
    inside = span.inside(booked.entry_day) & span.inside(booked.exit_day)
    return np.asarray(inside & shared[booked.trade_secid])


def _figures(
    said: SaidFile, booked: Booked, span: _Span, daily: F64, bootstrap: DayBootstrap
) -> dict[str, Any]:
    taken = _counted(said, booked, span)
    told: dict[str, Any] = {
        "trades": int(taken.sum()),
        "daily_net": bootstrap.mean(daily, span.days),
        "net_total_frac": float(equity_curve(daily)[-1] - 1.0),
        "sharpe": bounds(sharpe_interval(daily, bootstrap.draws)),
        "max_drawdown_frac": drawdowns(equity_curve(daily)).deepest_frac,
    }
    if not taken.any():
        return told
    net, net_r, days = (
        booked.net_frac[taken],
        booked.net_r[taken],
        span.days[span.place(booked.exit_day[taken])],
    )
    known = np.isfinite(net_r)
    return told | {
        "net_expectancy_frac": mean_figure(net, days, bootstrap),
        "hit_rate": mean_figure((net > 0).astype(np.float64), days, bootstrap),
        "net_r": mean_figure(net_r[known], days[known], bootstrap) if known.any() else None,
    }
