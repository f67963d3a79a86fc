"""What many selfcheck runs prove together, and how it is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final, Literal

import numpy as np

from market.simulated_config import simulated_markets_config
from modeling.fitting.selfcheck import RunResult

Size = Literal["short", "full"]
AUC_TOLERANCE: Final = 0.01
PROMOTIONS_MAX_FRAC: Final = 0.05  # of the null runs; the gate's own level is 1 %
ORACLE_MIN_FRAC: Final = 0.8  # of the oracle's net profit, at the configured strength
STANDARD_ERRORS: Final = 3.0  # in the few runs of the short form the mean may lie so far off by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class NullSummary:
    """Markets without an edge, for one forecaster."""

    forecaster: str
    runs: int
    auc_direction: float  # mean over the runs
    auc_direction_error: float  # standard error of the mean
    spread_difference: (
        float  # mean of p_long's AUC less that of the model of volatility and time of day alone
    )
    spread_difference_error: float
    promotions: int  # to the grade `trade`, or kept from it by nothing but the leak audit
    informs: int
    trades: int
    net_frac: float  # mean over the runs
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedSummary:
    """Markets with one edge at one strength, for one forecaster."""

    forecaster: str
    edge: str
    strength: float
    runs: int
    rows_frac: float
    trades: int
    net_frac: float  # sum over the runs
    oracle_trades: int
    oracle_net_frac: float
    oracle_share: float  # of the oracle's net profit; NaN where it made none
    promotions: int
    auc_direction: float
    least_share: float | None  # that is asked for; None below the configured strength
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfcheckReport:
    """Both halves; `passed` is what the exit status says."""

    size: Size
    seed: int  # of the first market
    nulls: tuple[NullSummary, ...]
    planted: tuple[PlantedSummary, ...]
    runs: tuple[RunResult, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every summary passed."""
        return all(each.passed for each in self.nulls) and all(each.passed for each in self.planted)


def null_summaries(results: Sequence[RunResult], *, strict: bool) -> tuple[NullSummary, ...]:
    """Return what the runs without an edge say of each forecaster.

    `strict`: the tolerance alone decides, as in the full form; otherwise few runs are also forgiven what chance does.
    """
    by_forecaster: dict[str, list[RunResult]] = defaultdict(list)
    for each in results:
        by_forecaster[each.task.forecaster].append(each)
    return tuple(_null(name, runs, strict=strict) for name, runs in by_forecaster.items())


def _null(forecaster: str, runs: Sequence[RunResult], *, strict: bool) -> NullSummary:
    auc, auc_error = _mean([each.auc_direction for each in runs])
    spread, spread_error = _mean([each.auc_long - each.auc_long_of_spread for each in runs])
    promotions = sum(each.proven for each in runs)
    passed = (
        abs(auc - 0.5) <= _allowed(auc_error, strict=strict)
        and abs(spread) <= _allowed(spread_error, strict=strict)
        and promotions <= PROMOTIONS_MAX_FRAC * len(runs)
    )
    return NullSummary(
        forecaster=forecaster,
        runs=len(runs),
        auc_direction=auc,
        auc_direction_error=auc_error,
        spread_difference=spread,
        spread_difference_error=spread_error,
        promotions=promotions,
        informs=sum(each.grade == "inform" for each in runs),
        trades=sum(each.trades for each in runs),
        net_frac=float(np.mean([each.net_frac for each in runs])),
        passed=passed,
    )


def _allowed(error: float, *, strict: bool) -> float:
    """Return how far a mean may lie from what it must be."""
    return AUC_TOLERANCE if strict else max(AUC_TOLERANCE, STANDARD_ERRORS * error)


def planted_summaries(results: Sequence[RunResult]) -> tuple[PlantedSummary, ...]:
    """Return what the runs with an edge say of each kind and strength."""
    config = simulated_markets_config()
    by_edge: dict[tuple[str, float, str], list[RunResult]] = defaultdict(list)
    for each in results:
        task = each.task
        assert task.edge is not None  # noqa: S101  # chosen so by the caller
        strength = config.edges[task.edge].strength if task.strength is None else task.strength
        by_edge[task.edge, strength, task.forecaster].append(each)
    return tuple(
        _planted_summary(
            key, runs, least=ORACLE_MIN_FRAC if key[1] >= config.edges[key[0]].strength else None
        )
        for key, runs in by_edge.items()
    )


def _planted_summary(
    key: tuple[str, float, str], runs: Sequence[RunResult], *, least: float | None
) -> PlantedSummary:
    edge, strength, forecaster = key
    net = float(sum(each.net_frac for each in runs))
    oracle = float(sum(each.oracle_net_frac for each in runs))
    share = net / oracle if oracle > 0 else float("nan")
    return PlantedSummary(
        forecaster=forecaster,
        edge=edge,
        strength=strength,
        runs=len(runs),
        rows_frac=float(np.mean([each.planted_rows_frac for each in runs])),
        trades=sum(each.trades for each in runs),
        net_frac=net,
        oracle_trades=sum(each.oracle_trades for each in runs),
        oracle_net_frac=oracle,
        oracle_share=share,
        promotions=sum(each.proven for each in runs),
        auc_direction=float(np.mean([each.auc_direction for each in runs])),
        least_share=least,
        passed=least is None or share >= least,
    )


def _mean(figures: Sequence[float]) -> tuple[float, float]:
    values = np.asarray(figures)
    error = float(values.std(ddof=1) / sqrt(values.size)) if values.size > 1 else float("nan")
    return float(values.mean()), error


def report_lines(report: SelfcheckReport) -> list[str]:
    """Return the report as lines of text."""
    lines = [f"SIMULATED markets from seed {report.seed} on; nothing is stored and no trial is counted.", ""]
    if report.nulls:
        lines += _null_lines(report)
    if report.planted:
        lines += ["", *_planted_lines(report)]
    return [*lines, "", f"{'PASSED' if report.passed else 'FAILED'} in {report.seconds:.0f} s"]


def _null_lines(report: SelfcheckReport) -> list[str]:
    size = simulated_markets_config().sizes[f"{report.size}_null"]
    forgiven = "" if report.size == "full" else f" (short form: or {STANDARD_ERRORS:g} standard errors)"
    return [
        f"Without an edge: {size.shares} shares, {size.days} days a market. Mean AUC of p_long - p_short against "
        f"the sign of the forward return must be 0.5 +/- {AUC_TOLERANCE}, that of p_long within {AUC_TOLERANCE} of",
        f"the same model that knows volatility and time of day alone{forgiven}, and at most {PROMOTIONS_MAX_FRAC:.0%} of the runs may "
        "be graded trade, or kept from it by nothing but the leak audit that so good a figure asks for.",
        f"{'model':<10}{'runs':>5}{'AUC direction':>18}{'p_long - spread':>20}{'trade':>7}{'inform':>8}{'trades':>8}"
        f"{'net %':>8}",
        *(_null_line(each) for each in report.nulls),
    ]


def _planted_lines(report: SelfcheckReport) -> list[str]:
    config = simulated_markets_config()
    size = config.sizes[f"{report.size}_planted"]
    # News have no threshold.
    thresholds = {
        name: "" if edge.kind == "news_drift" else f"{edge.threshold:g}"
        for name, edge in config.edges.items()
    }
    return [
        f"Planted: {size.shares} shares, {size.days} days a market; drift in standard deviations of the return over "
        "its window, the threshold of a gap or of the index's move in their own. The oracle knows the rows",
        "and goes through the same calibration, policy and account. `trade`: runs with a proven profit, leak audit or not.",
        f"{'edge':<18}{'strength':>9}{'threshold':>11}{'rows %':>8}{'runs':>6}{'net %':>9}{'oracle %':>10}{'share':>7}"
        f"{'asked':>7}{'trades':>8}{'oracle':>8}{'trade':>7}",
        *(_planted_line(each, thresholds[each.edge]) for each in report.planted),
    ]


def _null_line(each: NullSummary) -> str:
    auc = f"{each.auc_direction:.4f} +/- {each.auc_direction_error:.4f}"
    spread = f"{each.spread_difference:+.4f} +/- {each.spread_difference_error:.4f}"
    return (
        f"{each.forecaster:<10}{each.runs:>5}{auc:>18}{spread:>20}{each.promotions:>7}{each.informs:>8}"
        f"{each.trades:>8}{each.net_frac:>8.2%}  {'ok' if each.passed else 'FAILED'}"
    )


def _planted_line(each: PlantedSummary, threshold: str) -> str:
    asked = "" if each.least_share is None else f"{each.least_share:.0%}"
    return (
        f"{each.edge:<18}{each.strength:>9g}{threshold:>11}{each.rows_frac:>8.1%}{each.runs:>6}{each.net_frac:>9.1%}"
        f"{each.oracle_net_frac:>10.1%}{each.oracle_share:>7.0%}{asked:>7}{each.trades:>8}{each.oracle_trades:>8}"
        f"{each.promotions:>7}  {'ok' if each.passed else 'FAILED'}"
    )
