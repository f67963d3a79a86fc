"""The rules by which a report says whether there is an edge, and the one sentence that says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from modeling.contracts import GateConfig
from modeling.fitting.report_names import named
from modeling.fitting.report_page import bounded
from modeling.fitting.walk_luck import market_alpha
from modeling.kernels.significance import block_bootstrap_mean
from traderai.common.arrays import F64

SIGNIFICANCE: Final = 0.05
_TOO_GOOD: Final = "not too good to be true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One of the rules: what was asked, what was found, and whether it holds."""

    name: str
    asked: str
    found: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What is known of one model that the rules are held against."""

    name: str
    daily_net: F64  # (d,) at the configured costs
    trades: int
    figures: Mapping[str, Any]  # of trading at the configured costs
    deflated_p: float | None
    shift_p: float | None
    always_long: F64  # (d,)
    market: F64 | None  # (d,) the index with dividends where it is known
    direction_auc: float  # the highest of its horizons


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether there is an edge, in one sentence, and the rules that say so."""

    edge: bool
    model: str
    sentence: str
    tests: dict[str, tuple[Test, ...]]  # by model

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as plain values."""
        return {
            "edge": self.edge,
            "model": self.model,
            "sentence": self.sentence,
            "tests": {name: [asdict(test) for test in tests] for name, tests in self.tests.items()},
        }


def verdict_of(evidence: list[Evidence], gate: GateConfig) -> Verdict:
    """Return the verdict on the trading model that passes most rules, of equals the one with the highest lower bound."""
    tests = {own.name: model_tests(own, gate) for own in evidence}
    bounds = {own.name: _low(own.daily_net, gate.level, gate) for own in evidence}
    best = max(
        evidence,
        key=lambda own: (own.trades > 0, sum(test.passed for test in tests[own.name]), bounds[own.name]),
    )
    passed = all(test.passed for test in tests[best.name])
    return Verdict(
        edge=passed,
        model=best.name,
        sentence=_sentence(best, tests[best.name], passed),
        tests=tests,
    )


def model_tests(own: Evidence, gate: GateConfig) -> tuple[Test, ...]:
    """Return every rule with what was found of one model."""
    return (
        _enough(own, gate),
        _profit(own, gate),
        _p_test("deflated Sharpe ratio", "among all trials of the ledger", own.deflated_p),
        _p_test("shifted signals", "the same orders at other times", own.shift_p),
        _beats_always_long(own),
        _beats_market(own, gate),
        _no_leak(own, gate),
    )


def _enough(own: Evidence, gate: GateConfig) -> Test:
    return Test(
        name="enough to judge",
        asked=f"at least {gate.min_trades} trades and {gate.min_days} days",
        found=f"{own.trades:,} trades, {own.daily_net.size:,} days",
        passed=own.trades >= gate.min_trades and own.daily_net.size >= gate.min_days,
    )


def _profit(own: Evidence, gate: GateConfig) -> Test:
    low = _low(own.daily_net, gate.level, gate)
    return Test(
        name="profit after costs",
        asked=f"lower {gate.level:.0%} bound of the mean daily net result at configured costs above 0",
        found=f"mean {own.daily_net.mean() * 1e4:+.2f} bp, bound {low * 1e4:+.2f} bp",
        passed=own.trades > 0 and low > 0.0,
    )


def _p_test(name: str, what: str, p: float | None) -> Test:
    return Test(
        name=name,
        asked=f"p of at most {SIGNIFICANCE} {what}",
        found="not measured" if p is None else f"p {p:.3f}",
        passed=p is not None and p <= SIGNIFICANCE,
    )


def _beats_always_long(own: Evidence) -> Test:
    difference = float(own.daily_net.mean() - own.always_long.mean()) * 1e4
    return Test(
        name="better than always long",
        asked="a mean day not below that of always long with the same barriers and account",
        found=f"{difference:+.2f} bp a day",
        passed=difference >= 0.0,
    )


def _beats_market(own: Evidence, gate: GateConfig) -> Test:
    if own.market is None:
        return Test(
            name="more than the market",
            asked="a profit beside its share of the index's moves",
            found="the index is not known over these days",
            passed=False,
        )
    beta, alpha = market_alpha(own.daily_net, own.market)
    low = _low(alpha, 0.95, gate)
    return Test(
        name="more than the market",
        asked="lower 95 % bound of the mean day above 0 without its beta to the index",
        found=f"beta {beta:.2f}, {alpha.mean() * 1e4:+.2f} bp a day, bound {low * 1e4:+.2f} bp",
        passed=low > 0.0,
    )


def _no_leak(own: Evidence, gate: GateConfig) -> Test:
    sharpe = own.figures["sharpe"]["value"]
    shown = f"{sharpe:.2f}" if np.isfinite(sharpe) else "n/a"
    return Test(
        name=_TOO_GOOD,
        asked=f"AUC of direction at most {gate.leak_auc} and Sharpe ratio at most {gate.leak_sharpe:g}; beyond, a leak "
        "is looked for first",
        found=f"AUC {own.direction_auc:.3f}, Sharpe ratio {shown}",
        passed=own.direction_auc <= gate.leak_auc and not sharpe > gate.leak_sharpe,
    )


def _low(daily: F64, level: float, gate: GateConfig) -> float:
    found = block_bootstrap_mean(
        daily,
        level=level,
        mean_block_days=gate.mean_block_days,
        resamples=gate.resamples,
        rng=np.random.default_rng(gate.seed),
    )
    return found.low


def _sentence(own: Evidence, tests: tuple[Test, ...], passed: bool) -> str:
    days = own.daily_net.size
    if own.trades == 0:
        return f"No edge: {named(own.name)} finds no trade worth its costs in {days:,} test days."
    net = own.figures["net_bp"]
    told = (
        f"{named(own.name)} made {bounded(net, sign=True)} bp a trade net in "
        f"{own.trades:,} trades over {days:,} test days"
    )
    if passed:
        return f"Edge: {told}, and every rule of this report holds."
    failed_names = {test.name for test in tests if not test.passed}
    if failed_names == {_TOO_GOOD}:
        return f"No edge is claimed: {told}, which is too good to be true ({tests[-1].found}); look for a leak first."
    failed = "; ".join(f"{test.name} ({test.found})" for test in tests if not test.passed)
    return f"No edge: {told}; it fails on {failed}."
