"""Folds of a hand-made network that knows the hint, and elsewhere claims edges for longs that are not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from features.contracts import REGIMES
from modeling.contracts.heads import EXCURSION_HEADS
from modeling.fitting.batches import scaler_fit
from modeling.fitting.calibration import base_of
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.folds import Fold, earlier_datasets
from modeling.fitting.forecasts import Provenance, Raw
from modeling.fitting.judging import Judged, Rules
from modeling.fitting.learned_policy import LearnedPolicy, policy_learn
from modeling.fitting.walk import judged_of
from modeling.kernels.known_regimes import RegimeSteps
from tests.modeling.fitting.walk_maker import rules_of
from tests.modeling.linear_network import whole_trust
from tests.modeling.synthetic import tiny_recipe

COLUMN = 1
DAY_S = 86_400
TRUST = dict.fromkeys(("1d", "2d"), whole_trust())
# The log odds of a claim of an edge of a few points; well below -0.5 none is claimed.
CLAIMS, SILENT = 0.05, -3.0


def rules(data: Dataset, *, folds: int = 3, **asked: Any) -> Rules:
    """Return rules under which the market turns from flat to an uptrend and back every ten days."""
    days = np.arange(int(data.decision_s.min()), int(data.decision_s.max()), DAY_S)
    codes = np.where(np.arange(days.size) // 10 % 2, REGIMES.index("uptrend"), REGIMES.index("flat"))
    recipe = replace(
        tiny_recipe(**{"split.calibration_folds": folds}),
        **{"thresholds": None, "filters": None, "order_levels": None} | asked,
    )
    steps = RegimeSteps(moments_s=days.astype(np.int64), codes=codes.astype(np.int8))
    return replace(rules_of(recipe), regimes=steps)


def said(
    own: Dataset,
    rows: np.ndarray,
    *,
    small: float,
    heard: np.ndarray | None = None,
    moves: np.ndarray | None = None,
) -> Raw:
    """Return the outputs of a network that knows the hint, or what it heard of it (m,), and else claims `small` for longs.

    It foretells excursions (m, 4, 7) where they are given.
    """
    known = own.values[:, 0] if heard is None else heard
    hint = known[rows][:, None] * np.ones(len(own.horizons))
    base = base_of(own, h=0, column=COLUMN)
    logit = np.where(hint > 0, 1.5, np.where(hint < 0, -3.0, small))
    other = np.where(hint < 0, 1.5, -3.0)
    recent = own.values[rows, COLUMN].astype(np.float64)
    n, h = logit.shape
    return Raw(
        provenance=Provenance.of_fit("hand-made", own), rows=rows, p_long_logit=logit, p_short_logit=other,
        return_quantiles=np.repeat(np.outer(recent, base.unit_quantiles)[:, None, :], h, axis=1),
        volatility=np.repeat(base.volatility_per_unit * recent[:, None], h, axis=1),
        direction_logits=np.zeros((n, h, 5)),
        more={} if moves is None else {
            head: np.repeat(moves[rows, None, place], h, axis=1) for place, head in enumerate(EXCURSION_HEADS)
        },
    )  # fmt: skip


def learned(
    data: Dataset,
    own: Rules,
    *,
    small: float,
    heard: np.ndarray | None = None,
    moves: np.ndarray | None = None,
) -> tuple[LearnedPolicy, Judged, Sequence[Fold]]:
    """Return what the policy learns of such folds, what is judged before it has, and the folds."""
    held_out = np.union1d(data.rows_of(VALIDATION), data.rows_of(TEST))
    raw = said(data, held_out, small=small, heard=heard, moves=moves)
    folds = [
        Fold(dataset=each, raw=said(each, each.rows_of(VALIDATION), small=small, heard=heard, moves=moves))
        for each in (data, *earlier_datasets(data, own.recipe))
    ]
    judged = judged_of(folds, raw, TRUST, scaler=scaler_fit(data), rules=own)
    found = policy_learn(folds, TRUST, judged, own)
    assert found is not None
    return found, judged, folds
