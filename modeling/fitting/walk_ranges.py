"""The ranges of a walk: coverage of return quantiles before and after adjusting, volatility beside EWMA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from modeling.contracts import QUANTILE_LEVELS
from modeling.fitting.baselines import ewma_forecast
from modeling.fitting.conformal import CoverageRows, coverage_figures
from modeling.fitting.dataset import TEST
from modeling.fitting.evaluation import volatility_figures
from modeling.fitting.judging import Rules, bootstrap_of
from modeling.fitting.ranges import ranges_started, ranges_tested
from modeling.fitting.recipe import BACKBONES
from modeling.fitting.report_names import named
from modeling.fitting.report_page import Part, Section, Table, bounded, number
from modeling.fitting.walk import JudgedFold, Walk
from modeling.kernels.significance import gaps_by_chance
from traderai.common.arrays import F64, I64

WITH_RANGES: Final = (
    "network",
    "global",
    *BACKBONES,
)  # of the others' outputs quantiles and volatility are the base's own
_TERCILES: Final = ("calm", "usual", "wild")
_ALL: Final = "all horizons"


def range_figures(walk: Walk, rules: Rules) -> dict[str, Any]:
    """Return coverage and volatility of each network of a walk, by horizon, pooled over the folds' test rows.

    Of several horizons the coverage of all their rows together is told, too.
    """
    return {
        name: _figures(folds, walk.dataset.horizons, rules)
        for name, folds in walk.by_forecaster.items()
        if name in WITH_RANGES
    }


def ranges_section(figures: Mapping[str, Any]) -> Section:
    """Return the section of what `range_figures` gives."""
    return Section(
        key="ranges",
        title="Ranges and volatility",
        parts=[
            Part(
                title=f"Coverage of the ranges, {named(name)}",
                texts=[
                    "Quantiles are adjusted once a day, as in service, by outcomes that were known by then, by tercile of the "
                    "expected volatility. A "
                    "miss is the largest distance of a level's coverage from the level, in percentage points; ranges that are right miss "
                    "by up to the last column by chance, the terciles' in brackets."
                ],
                tables=[_coverage_table(own), _volatility_table(own)],
            )
            for name, own in figures.items()
        ],
    )


def range_lines(figures: Mapping[str, Any]) -> list[str]:
    """Return the ranges as lines of the printed table."""
    lines = []
    for name, own in figures.items():
        for horizon, one in own.items():
            told, chance = one["coverage"]["adjusted"], one["coverage"]["miss_by_chance"]
            tercile = max(part["largest_miss"] for part in told["terciles"])
            lines.append(
                f"  {named(name)} {horizon}: quantiles miss by {100 * told['whole']['largest_miss']:.1f} points, in a tercile "
                f"by {100 * tercile:.1f} (by chance up to {100 * chance['whole']:.1f} and {100 * chance['terciles']:.1f})"
                f"{_volatility_words(one)}"
            )
    return lines


def _volatility_words(one: Mapping[str, Any]) -> str:
    if (moved := one.get("volatility")) is None:
        return ""
    return (
        f"; volatility rank correlation {moved['network']['rank_correlation']:.3f}, EWMA "
        f"{moved['ewma']['rank_correlation']:.3f}, more by {bounded(moved['network_less_ewma'], digits=3, sign=True)}"
    )


def _figures(folds: Sequence[JudgedFold], horizons: Sequence[str], rules: Rules) -> dict[str, Any]:
    rows = [_coverage_rows(folds, h) for h in range(len(horizons))]
    found: dict[str, Any] = {
        horizon: {"coverage": _coverage(rows[h], rules), "volatility": _volatility(folds, h, rules)}
        for h, horizon in enumerate(horizons)
    }
    if len(rows) > 1:
        found[_ALL] = {"coverage": _coverage(CoverageRows.joined(rows), rules)}
    return found


def _coverage_rows(folds: Sequence[JudgedFold], h: int) -> CoverageRows:
    found = []
    for fold in folds:
        said, dataset = fold.judged.forecasts, fold.dataset
        found.append(ranges_tested(said, dataset, h, ranges_started(said, dataset, h)))
    return CoverageRows.joined(found)


def _coverage(rows: CoverageRows, rules: Rules) -> dict[str, Any]:
    everything = np.zeros(rows.tercile.size, dtype=np.int64)
    chance = [miss_by_chance(rows, group, rules) for group in (everything, rows.tercile)]
    return coverage_figures(rows) | {"miss_by_chance": dict(zip(("whole", "terciles"), chance, strict=True))}


def miss_by_chance(rows: CoverageRows, group: I64, rules: Rules) -> float:
    """Return the bound of the largest miss of coverage, over levels and groups, of ranges that are right.

    Shapes: rows of n, group (n,) numbers from 0 on.
    Units:  a share of the rows.
    """
    bootstrap = bootstrap_of(np.unique(rows.day), rules)
    days, groups = bootstrap.days.size, int(group.max()) + 1
    place = bootstrap.place(rows.day) * groups + group
    counts = np.bincount(place, minlength=days * groups).reshape(days, groups).astype(np.float64)
    drawn, largest = bootstrap.draws.weights @ counts, np.zeros(bootstrap.draws.weights.shape[0])
    for level, quantile in zip(QUANTILE_LEVELS, rows.adjusted.T, strict=True):
        miss = np.bincount(place, weights=level - (rows.outcome <= quantile), minlength=days * groups)
        gaps = np.abs(gaps_by_chance(miss.reshape(days, groups).astype(np.float64), counts, bootstrap.draws))
        share = np.divide(gaps, drawn, out=np.zeros(gaps.shape), where=drawn > 0)
        largest = np.maximum(largest, share.max(axis=1))
    return float(np.quantile(largest, bootstrap.draws.level))


def _volatility(folds: Sequence[JudgedFold], h: int, rules: Rules) -> dict[str, Any]:
    wanted, said, ewma, day = (
        np.concatenate(column) for column in zip(*(_moved(fold, h) for fold in folds), strict=True)
    )
    bootstrap = bootstrap_of(np.unique(day), rules)
    return volatility_figures(wanted, said, ewma) | {
        "network_less_ewma": bootstrap.rank_gain(wanted, said, ewma, day)
    }


def _moved(fold: JudgedFold, h: int) -> tuple[F64, F64, F64, I64]:
    """Return realised volatility, the forecast, the scaled EWMA and the day of a fold's test rows."""
    said, dataset = fold.judged.forecasts, fold.dataset
    wanted = dataset.targets.forward_volatility[said.rows, h]
    ewma = ewma_forecast(dataset, said.rows)[:, h]
    own = (dataset.part[said.rows, h] == TEST) & np.isfinite(wanted) & np.isfinite(ewma)
    return wanted[own], said.volatility[own, h], ewma[own], dataset.day[said.rows[own]]


def _coverage_table(by_horizon: Mapping[str, Any]) -> Table:
    rows = []
    for horizon, one in by_horizon.items():
        chance = one["coverage"]["miss_by_chance"]
        for way in ("unadjusted", "adjusted"):
            told = one["coverage"][way]
            terciles = {part["tercile"]: part for part in told["terciles"]}
            rows.append(
                (
                    horizon,
                    way,
                    f"{one['coverage']['rows']:,}",
                    number(told["whole"]["largest_miss"], scale=100),
                    *(
                        number(terciles[place]["largest_miss"] if place in terciles else None, scale=100)
                        for place in range(len(_TERCILES))
                    ),
                    number(told["whole"]["central"]["0.90"]["coverage"], scale=100),
                    number(told["whole"]["central"]["0.90"]["mean_width_frac"], scale=100, digits=2),
                    number(told["pinball_loss"], scale=1e4),
                    f"{number(chance['whole'], scale=100)} ({number(chance['terciles'], scale=100)})",
                )
            )
    misses = [f"#Miss, {name}" for name in _TERCILES]
    columns = (
        "Horizon",
        "Quantiles",
        "#Rows",
        "#Miss",
        *misses,
        "#90 % range holds, %",
        "#Its width, %",
        "#Pinball, bp",
        "#By chance up to",
    )
    return Table(caption="Coverage of the test rows", columns=columns, rows=rows)


def _volatility_table(by_horizon: Mapping[str, Any]) -> Table:
    rows = [
        (
            horizon,
            f"{one['volatility']['rows']:,}",
            number(one["volatility"]["network"]["rank_correlation"], digits=3),
            number(one["volatility"]["ewma"]["rank_correlation"], digits=3),
            bounded(one["volatility"]["network_less_ewma"], digits=3, sign=True),
        )
        for horizon, one in by_horizon.items()
        if "volatility" in one
    ]
    columns = ("Horizon", "#Rows", "#Rank correlation with what came", "#Of EWMA(0.94)", "#More")
    return Table(caption="Expected volatility", columns=columns, rows=rows)
