"""What is known without a network, said as a candidate is: where the candidate learns after training, the base rate does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from modeling.contracts import QUANTILE_LEVELS, HeadTrust
from modeling.contracts.decisions import DIRECTIONS
from modeling.fitting.calibration import reduced
from modeling.fitting.dataset import Dataset
from modeling.fitting.forecasts import Forecasts, Provenance, Raw, calibrated
from modeling.fitting.judging import LearningBase
from modeling.fitting.levels import levels_started
from modeling.fitting.ranges import ranges_started
from modeling.fitting.served import Learned, served
from modeling.kernels.gate import KINDS
from traderai.common.arrays import I64


def base_served(
    said: Forecasts, dataset: Dataset, trust: Mapping[str, HeadTrust], taught: Learned, *, column: int
) -> LearningBase:
    """Return what the base of a trust would say of the forecasts' rows, and the heads that go on learning.

    It begins on the validation part as the candidate did. Else a network could be worse than what is known without it and
    look better for what both would learn.
    Raises: DatasetRefusedError for a validation part too small to teach.
    """
    learns = {f"return_quantiles_{name}" for name, own in taught.ranges.items() if own.kept}
    learns |= {f"{side}_{name}" for name, own in taught.levels.items() for side in own.kept}
    until_s = int(dataset.decision_s[said.rows].max())
    rows = np.union1d(said.rows, taught.rows_that_teach(dataset, until_s=until_s))
    base = {name: reduced(own, kinds=KINDS) for name, own in trust.items()}
    forecasts = calibrated(_silent(said, rows, dataset), dataset, base, column=column)
    ranges, levels = {}, {}
    for h, horizon in enumerate(dataset.horizons):
        if horizon in taught.ranges:
            started = ranges_started(forecasts, dataset, h)
            ranges[horizon] = replace(started, kept=taught.ranges[horizon].kept)
        if horizon in taught.levels:
            own = levels_started(forecasts, dataset, h=h)
            levels[horizon] = replace(own, kept=taught.levels[horizon].kept)
    found = served(forecasts, dataset, Learned(ranges=ranges, levels=levels), until_s=until_s)
    return LearningBase(forecasts=found.forecasts.taken(said.rows), learns=frozenset(learns))


def _silent(said: Forecasts, rows: I64, dataset: Dataset) -> Raw:
    """Return the outputs of a network that says nothing: a base does not read them, and has learned from training alone."""
    shape = (rows.size, len(dataset.horizons))
    return Raw(
        provenance=Provenance.of_fit(said.provenance.model, dataset),
        rows=rows,
        p_long_logit=np.zeros(shape),
        p_short_logit=np.zeros(shape),
        return_quantiles=np.zeros((*shape, len(QUANTILE_LEVELS))),
        volatility=np.zeros(shape),
        direction_logits=np.zeros((*shape, len(DIRECTIONS))),
    )
