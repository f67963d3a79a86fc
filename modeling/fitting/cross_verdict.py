"""The rules by which a rank report says whether there is an edge, and the one sentence that says it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from modeling.contracts import GateConfig
from modeling.fitting.walk_luck import market_alpha
from modeling.fitting.walk_verdict import SIGNIFICANCE, Test, Verdict
from modeling.kernels.cross_section import calendar_years
from modeling.kernels.performance import TRADING_DAYS_A_YEAR, daily_sharpe
from modeling.kernels.significance import DayDraws, FigureInterval, draw_days, ratio_interval
from traderai.common.arrays import F64, I64

LEVEL: Final = 0.95  # of each bound that is told; what must hold keeps the gate's
LEAST_T: Final = 1.645  # one-sided 5 %
_TOO_GOOD: Final = "not too good to be true"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankEvidence:
    """What is known of one model at one horizon that the rules are held against; days are the test days (d,)."""

    name: str  # in plain words: "ridge regression at 20d"
    horizon_days: int
    days: I64
    net: F64  # of the best tenth, at the configured costs
    excess: F64  # of it over all shares, which pay none
    bought: int
    ic: float  # mean daily rank IC
    ic_t: float  # its t-statistic of dates a whole horizon apart
    deflated_p: float | None
    stands: bool  # after all tests of the report, with false discoveries held
    market: F64 | None  # the index with dividends where it is known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """Means of days with their bounds, by the same draws for all candidates of a horizon."""

    excess: FigureInterval  # at the gate's level
    excess_usual: FigureInterval  # at the usual one
    beta: float
    alpha: FigureInterval | None  # what is left without the index, at the usual level


def rank_verdict(evidence: list[RankEvidence], gate: GateConfig) -> Verdict:
    """Return the verdict on the candidate that passes most rules, of equals the one with the highest lower bound."""
    bounds: dict[str, _Bounds] = {}
    for horizon_days in sorted({own.horizon_days for own in evidence}):
        same = [own for own in evidence if own.horizon_days == horizon_days]
        draws = draw_days(
            same[0].days.size,
            level=gate.level,
            mean_block_days=max(gate.mean_block_days, 2.0 * horizon_days),
            resamples=gate.resamples,
            rng=np.random.default_rng(gate.seed),
        )
        bounds |= {own.name: _bounds_of(own, draws) for own in same}
    tests = {own.name: _rank_tests(own, gate, bounds[own.name]) for own in evidence}
    best = max(
        evidence,
        key=lambda own: (sum(test.passed for test in tests[own.name]), bounds[own.name].excess.low),
    )
    passed = all(test.passed for test in tests[best.name])
    return Verdict(
        edge=passed,
        model=best.name,
        sentence=_sentence(best, tests[best.name], bounds[best.name], passed),
        tests=tests,
    )


def _bounds_of(own: RankEvidence, draws: DayDraws) -> _Bounds:
    every_day, usual = np.ones(own.days.size), replace(draws, level=LEVEL)
    beta, alpha = (float("nan"), None) if own.market is None else market_alpha(own.net, own.market)
    return _Bounds(
        excess=ratio_interval(own.excess, every_day, draws),
        excess_usual=ratio_interval(own.excess, every_day, usual),
        beta=beta,
        alpha=None if alpha is None else ratio_interval(alpha, every_day, usual),
    )


def _rank_tests(own: RankEvidence, gate: GateConfig, bounds: _Bounds) -> tuple[Test, ...]:
    """Return every rule with what was found of one candidate."""
    return (
        Test(
            name="enough to judge",
            asked=f"at least {gate.min_trades} purchases and {gate.min_days} days",
            found=f"{own.bought:,} purchases, {own.days.size:,} days",
            passed=own.bought >= gate.min_trades and own.days.size >= gate.min_days,
        ),
        Test(
            name="ranks better than chance",
            asked=f"t of the mean daily rank IC, dates a whole horizon apart, at least {LEAST_T}",
            found=f"rank IC {own.ic:+.3f}, t {own.ic_t:.1f}",
            passed=own.ic_t >= LEAST_T,
        ),
        Test(
            name="more than all shares after costs",
            asked=f"lower {gate.level:.0%} bound of the mean day beyond all shares above 0, configured costs",
            found=f"mean {bounds.excess.value * 1e4:+.2f} bp a day, bound {bounds.excess.low * 1e4:+.2f} bp",
            passed=bounds.excess.low > 0.0,
        ),
        _all_but_the_best_year(own),
        Test(
            name="deflated Sharpe ratio",
            asked=f"p of at most {SIGNIFICANCE} among all trials of the ledger",
            found="not measured" if own.deflated_p is None else f"p {own.deflated_p:.3f}",
            passed=own.deflated_p is not None and own.deflated_p <= SIGNIFICANCE,
        ),
        Test(
            name="one of many tests",
            asked=f"stands among all models and horizons with false discoveries held at {SIGNIFICANCE:.0%}",
            found="stands" if own.stands else "does not stand",
            passed=own.stands,
        ),
        _beats_market(bounds),
        _no_leak(own, gate),
    )


def _all_but_the_best_year(own: RankEvidence) -> Test:
    years = calendar_years(own.days)
    sums = {int(year): float(own.excess[years == year].sum()) for year in np.unique(years)}
    best = max(sums, key=lambda year: sums[year])
    rest = sum(sums.values()) - sums[best]
    return Test(
        name="more than one good year",
        asked="the excess of all years but the best one above 0",
        found=f"{rest:+.1%} in {len(sums) - 1} years without {best} ({sums[best]:+.1%})",
        passed=rest > 0.0,
    )


def _beats_market(bounds: _Bounds) -> Test:
    name, asked = (
        "more than the index",
        "lower 95 % bound of the mean day above 0 without its beta to the index with dividends",
    )
    if bounds.alpha is None:
        return Test(name=name, asked=asked, found="the index is not known over these days", passed=False)
    mean, low = bounds.alpha.value * 1e4, bounds.alpha.low * 1e4
    return Test(
        name=name,
        asked=asked,
        found=f"beta {bounds.beta:.2f}, {mean:+.2f} bp a day, bound {low:+.2f} bp",
        passed=low > 0.0,
    )


def _no_leak(own: RankEvidence, gate: GateConfig) -> Test:
    sharpe = daily_sharpe(own.excess)
    return Test(
        name=_TOO_GOOD,
        asked=f"Sharpe ratio of the excess at most {gate.leak_sharpe:g}; beyond, a leak is looked for first",
        found=f"Sharpe ratio {sharpe:.2f}",
        passed=not sharpe > gate.leak_sharpe,
    )


def _sentence(own: RankEvidence, tests: tuple[Test, ...], bounds: _Bounds, passed: bool) -> str:
    found = bounds.excess_usual
    yearly = [one * TRADING_DAYS_A_YEAR * 100.0 for one in (found.value, found.low, found.high)]
    told = (
        f"the best tenth by {own.name} made {yearly[0]:+.1f} [{yearly[1]:+.1f}, {yearly[2]:+.1f}] % a year more than all "
        f"liquid shares after configured costs, over {own.days.size:,} test days with {own.bought:,} purchases (mean daily "
        f"rank IC {own.ic:+.3f}, t {own.ic_t:.1f})"
    )
    if passed:
        return f"Edge: {told}, and every rule of this report holds."
    failed = [test for test in tests if not test.passed]
    if {test.name for test in failed} == {_TOO_GOOD}:
        return f"No edge is claimed: {told}, which is too good to be true; look for a leak first."
    return f"No edge: {told}; it fails on {'; '.join(f'{test.name} ({test.found})' for test in failed)}."
