"""The ranges of a walk: coverage of return quantiles before and after adjusting, volatility beside EWMA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from modeling.fitting.baselines import ewma_forecast
from modeling.fitting.conformal import (
    CoverageRows,
    conformal_apply,
    conformal_fit,
    coverage_figures,
    coverage_rows,
)
from modeling.fitting.dataset import TEST
from modeling.fitting.evaluation import volatility_figures
from modeling.fitting.recipe import BACKBONES
from modeling.fitting.report_names import named
from modeling.fitting.report_page import Part, Section, Table, number
from modeling.fitting.walk import JudgedFold, Walk
from traderai.common.arrays import F64

WITH_RANGES: Final = (
    "network",
    "global",
    *BACKBONES,
)  # of the others' outputs quantiles and volatility are the base's own
_TERCILES: Final = ("calm", "usual", "wild")


def range_figures(walk: Walk) -> dict[str, Any]:
    """Return coverage and volatility of each network of a walk, by horizon, pooled over the folds' test rows."""
    return {
        name: {
            horizon: {"coverage": _coverage(folds, h), "volatility": _volatility(folds, h)}
            for h, horizon in enumerate(walk.dataset.horizons)
        }
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
                    "Quantiles are adjusted by outcomes that were known by then, by tercile of the expected volatility. A "
                    "miss is the largest distance of a level's coverage from the level, in percentage points."
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
            told, moved = one["coverage"]["adjusted"], one["volatility"]
            tercile = max(part["largest_miss"] for part in told["terciles"])
            lines.append(
                f"  {named(name)} {horizon}: quantiles miss by {100 * told['whole']['largest_miss']:.1f} points, in a tercile "
                f"by {100 * tercile:.1f}; volatility rank correlation {moved['network']['rank_correlation']:.3f}, EWMA "
                f"{moved['ewma']['rank_correlation']:.3f}"
            )
    return lines


def _coverage(folds: Sequence[JudgedFold], h: int) -> dict[str, Any]:
    found = []
    for fold in folds:
        said, dataset = fold.judged.forecasts, fold.dataset
        start = conformal_fit(said, dataset, h=h)
        tested = said.taken(dataset.rows_of(TEST))
        after = conformal_apply(tested, dataset, h=h, state=start.state, issued=start.forecasts)
        found.append(coverage_rows(after, tested, dataset, h=h))
    return coverage_figures(CoverageRows.joined(found))


def _volatility(folds: Sequence[JudgedFold], h: int) -> dict[str, Any]:
    rows = [_moved(fold, h) for fold in folds]
    return volatility_figures(*(np.concatenate(column) for column in zip(*rows, strict=True)))


def _moved(fold: JudgedFold, h: int) -> tuple[F64, F64, F64]:
    """Return realised volatility, the forecast and the scaled EWMA of a fold's test rows."""
    said, dataset = fold.judged.forecasts, fold.dataset
    wanted = dataset.targets.forward_volatility[said.rows, h]
    ewma = ewma_forecast(dataset, said.rows)[:, h]
    own = (dataset.part[said.rows, h] == TEST) & np.isfinite(wanted) & np.isfinite(ewma)
    return wanted[own], said.volatility[own, h], ewma[own]


def _coverage_table(by_horizon: Mapping[str, Any]) -> Table:
    rows = []
    for horizon, one in by_horizon.items():
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
    )
    return Table(caption="Coverage of the test rows", columns=columns, rows=rows)


def _volatility_table(by_horizon: Mapping[str, Any]) -> Table:
    rows = [
        (
            horizon,
            f"{one['volatility']['rows']:,}",
            number(one["volatility"]["network"]["rank_correlation"], digits=3),
            number(one["volatility"]["ewma"]["rank_correlation"], digits=3),
        )
        for horizon, one in by_horizon.items()
    ]
    columns = ("Horizon", "#Rows", "#Rank correlation with what came", "#Of EWMA(0.94)")
    return Table(caption="Expected volatility", columns=columns, rows=rows)
