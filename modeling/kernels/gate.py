"""The gate's core: from measured figures to a grade, with every number and reason."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from modeling.contracts import GateConfig, Grade
from modeling.kernels.performance import daily_sharpe
from modeling.kernels.significance import block_bootstrap_mean, paired_block_bootstrap
from traderai.common.arrays import F64

Kind = Literal["log_loss", "quantile_loss", "volatility_rank"]
KINDS: tuple[Kind, ...] = ("log_loss", "quantile_loss", "volatility_rank")
_HIGHER_IS_BETTER = {"log_loss": False, "quantile_loss": False, "volatility_rank": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadComparison:
    """One head and horizon on the newest held-out rows, beside what it must not be worse than."""

    name: str  # "p_long_3d"
    kind: Kind
    rows: int
    candidate: float
    base: float  # the base rate's figure on the same rows; 0 for the rank of a constant volatility
    champion: float | None  # the champion's on the same rows, None without one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateInput:
    """Everything the gate judges; all of it from the newest held-out period, after costs."""

    heads: tuple[HeadComparison, ...]
    daily_net: F64  # (d,) of the candidate's backtest, days without a trade as 0
    trades: int
    direction_auc: tuple[tuple[str, float], ...]  # by horizon
    trade_champion_daily_net: F64 | None  # (d,) of a champion of grade `trade` on the same days
    leak_audited: bool = False  # the candidate has passed its leak audit


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCheck:
    """One comparison: what was measured, against what, and whether it passed."""

    name: str
    value: float | None  # None where it cannot be measured, which never passes
    limit: float | None
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """The grade with its reasons and every figure behind it."""

    grade: Grade
    reasons: tuple[str, ...]  # codes of what kept the grade from being higher
    warnings: tuple[
        str, ...
    ]  # single heads that are worse than their base rate: "worse_than_base:p_short_3d"
    checks: tuple[GateCheck, ...]
    figures: dict[str, float | None]  # trades, days, mean, bounds, Sharpe; None where undefined


def grade_candidate(measured: GateInput, config: GateConfig, rng: np.random.Generator) -> GateVerdict:
    """Return the verdict on a candidate.

    `rejected` unless log loss, quantile loss and volatility, each the mean over its heads weighted by rows, are
    not worse than the base rate and the champion. `trade` needs besides: enough trades and days, a lower
    bootstrap bound of daily net profit above 0, a mean not below that of a `trade` champion, and no figure so
    good that a leak must first be ruled out (`leak_audit_needed`), unless it has been. All else is `inform`.

    Units:  daily figures as fractions of the starting capital, after costs.
    NaN:    a figure that cannot be measured does not pass.
    Causal: equal inputs and an equal generator give an equal verdict.
    Raises: ValueError if a kind has no head, a head has no row, or daily series do not match.
    """
    inform = _inform_checks(measured.heads, config)
    trade, figures = _trade_checks(measured, config, rng)
    leak = _leak_checks(measured, config, figures)
    failed_inform = [check.name for check in inform if not check.passed]
    failed_trade = [check.name for check in trade if not check.passed]
    if any(not check.passed for check in leak) and not measured.leak_audited:
        failed_trade.append("leak_audit_needed")
    grade: Grade = "rejected" if failed_inform else "inform" if failed_trade else "trade"
    return GateVerdict(
        grade=grade,
        reasons=tuple(failed_inform + failed_trade),
        warnings=tuple(
            f"worse_than_base:{head.name}"
            for head in measured.heads
            if not _not_worse(head.kind, head.candidate, head.base)
        ),
        checks=(*inform, *trade, *leak),
        figures=figures,
    )


def _inform_checks(heads: Sequence[HeadComparison], config: GateConfig) -> list[GateCheck]:
    checks = []
    for kind in KINDS:
        own = [head for head in heads if head.kind == kind]
        if not own or min(head.rows for head in own) < 1:
            raise ValueError(
                f"the gate needs a head of kind {kind}, each with a row at least, were {len(own)}"
            )
        value = _mean([head.candidate for head in own], own)
        limit = _limit(kind, _mean([head.base for head in own], own), config.base_tolerance_frac)
        checks.append(_check(f"{kind}_against_base", kind, value, limit))
        with_champion = [(head, head.champion) for head in own if head.champion is not None]
        if with_champion:
            rivals = [head for head, _ in with_champion]
            value = _mean([head.candidate for head in rivals], rivals)
            champion = _mean([figure for _, figure in with_champion], rivals)
            limit = _limit(kind, champion, config.champion_tolerance_frac)
            checks.append(_check(f"{kind}_against_champion", kind, value, limit))
    return checks


def _trade_checks(
    measured: GateInput, config: GateConfig, rng: np.random.Generator
) -> tuple[list[GateCheck], dict[str, float | None]]:
    daily, champion = measured.daily_net, measured.trade_champion_daily_net
    figures: dict[str, float | None] = {
        "trades": float(measured.trades),
        "days": float(daily.size),
        "daily_net_mean": _known(float(daily.mean())) if daily.size else None,
        "sharpe": _known(daily_sharpe(daily)),
    }
    checks = [
        _at_least("enough_trades", measured.trades, config.min_trades),
        _at_least("enough_days", daily.size, config.min_days),
    ]
    options = {"level": config.level, "mean_block_days": config.mean_block_days}
    low = None
    if daily.size >= 2:
        interval = block_bootstrap_mean(daily, resamples=config.resamples, rng=rng, **options)
        low = interval.low
        figures |= {"daily_net_low": low, "daily_net_high": interval.high}
    checks.append(
        GateCheck(name="profit_above_zero", value=low, limit=0.0, passed=low is not None and low > 0.0)
    )
    if champion is not None:
        paired = paired_block_bootstrap(daily, champion, resamples=config.resamples, rng=rng, **options)
        figures |= {"against_champion_mean": paired.mean, "against_champion_low": paired.low}
        checks.append(_at_least("profit_against_champion", paired.mean, 0.0))
    return checks, figures


def _leak_checks(
    measured: GateInput, config: GateConfig, figures: dict[str, float | None]
) -> list[GateCheck]:
    checks = [
        GateCheck(
            name=f"direction_auc_{horizon}",
            value=_known(auc),
            limit=config.leak_auc,
            passed=not auc > config.leak_auc,
        )
        for horizon, auc in measured.direction_auc
    ]
    sharpe = figures["sharpe"]
    passed = sharpe is None or sharpe <= config.leak_sharpe
    return [*checks, GateCheck(name="sharpe", value=sharpe, limit=config.leak_sharpe, passed=passed)]


def _not_worse(kind: Kind, value: float, limit: float) -> bool:
    return value >= limit if _HIGHER_IS_BETTER[kind] else value <= limit


def _limit(kind: Kind, reference: float, tolerance_frac: float) -> float:
    slack = tolerance_frac * abs(reference)
    return reference - slack if _HIGHER_IS_BETTER[kind] else reference + slack


def _mean(figures: Sequence[float], heads: Sequence[HeadComparison]) -> float:
    return float(np.average(figures, weights=[head.rows for head in heads]))


def _check(name: str, kind: Kind, value: float, limit: float) -> GateCheck:
    return GateCheck(
        name=name, value=_known(value), limit=_known(limit), passed=_not_worse(kind, value, limit)
    )


def _at_least(name: str, value: float, limit: float) -> GateCheck:
    return GateCheck(name=name, value=_known(float(value)), limit=limit, passed=value >= limit)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
