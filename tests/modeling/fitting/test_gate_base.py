"""What the gate holds a version against that learns after training: a base rate that learns, too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from modeling.contracts import HeadTrust
from modeling.contracts.levels import LEVEL_SIDES
from modeling.fitting.batches import scaler_fit
from modeling.fitting.calibration import Chooser, reduced
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.folds import trust_of
from modeling.fitting.forecasters import FitTask, LogisticForecaster
from modeling.fitting.forecasts import Raw, calibrated
from modeling.fitting.gate_base import base_served
from modeling.fitting.judging import Judged, LearningBase, gate_input
from modeling.fitting.levels import levels_taught
from modeling.fitting.ranges import ranges_taught
from modeling.fitting.served import Learned, served
from modeling.fitting.walk import Entrant, forecaster_judge
from modeling.kernels.gate import KINDS, HeadComparison
from modeling.kernels.metrics import log_loss
from tests.modeling.fitting.walk_maker import rules_of
from tests.modeling.synthetic import FEATURES, dataset, tiny_recipe

RULES = rules_of(
    tiny_recipe(
        **{"split.calibration_folds": 1, "thresholds": "null", "filters": "null", "order_levels": "null"}
    )
)
COLUMN = FEATURES.index("volatility")


@dataclass(frozen=True)
class Made:
    data: Dataset
    entrant: Entrant
    raw: Raw  # also of the rows between the parts, whose outcomes teach
    trust: dict[str, HeadTrust]

    def served(self, trust: dict[str, HeadTrust], kept: tuple[str, ...]) -> tuple[Judged, Learned]:
        """Return what is judged of a trust whose sides and ranges learn, and by what."""
        said = calibrated(self.raw, self.data, trust, column=COLUMN)
        levels = levels_taught(said, self.data, (), RULES).by_horizon
        learned = Learned(
            ranges=ranges_taught(said, self.data).by_horizon,
            levels={name: replace(own, kept=kept) for name, own in levels.items()},
        )
        until_s = int(self.data.decision_s[said.rows].max())
        return replace(
            self.entrant.judged, forecasts=served(said, self.data, learned, until_s=until_s).forecasts
        ), learned

    def base(self, own: Judged, learned: Learned) -> LearningBase:
        return base_served(own.forecasts, self.data, self.trust, learned, column=COLUMN)


@cache
def made() -> Made:
    data = dataset(days=302)
    entrant = forecaster_judge(data, LogisticForecaster(), RULES)
    chooser = Chooser(rules=RULES.recipe.evaluation, seed=0)
    rows = np.flatnonzero(data.usable.any(axis=1) & (data.decision_s >= data.validation_start_s))
    task = FitTask(dataset=data, scaler=scaler_fit(data), column=COLUMN, seed=0)
    return Made(
        data=data,
        entrant=entrant,
        raw=LogisticForecaster().fit(task).raw(rows),
        trust=trust_of([entrant.fold], column=COLUMN, chooser=chooser),
    )


def heads(own: Judged, base: LearningBase | None) -> dict[str, HeadComparison]:
    found = gate_input(own, None, made().data, RULES, champion_trades=False, base=base).heads
    return {head.name: head for head in found}


def test_the_base_learns_where_the_candidate_does_and_nowhere_else():
    own, learned = made().served(made().trust, ("p_long",))
    base = made().base(own, learned)
    assert base.learns == {f"{kind}_{h}" for kind in ("p_long", "return_quantiles") for h in ("1d", "2d")}
    plain, learning = heads(own, None), heads(own, base)
    for h, horizon in enumerate(made().data.horizons):
        tested = made().data.part[base.forecasts.rows, h] == TEST
        y = made().data.targets.p_long[base.forecasts.rows[tested], h]
        assert learning[f"p_long_{horizon}"].base == log_loss(y, base.forecasts.p_long[tested, h])
        assert learning[f"p_long_{horizon}"].base != plain[f"p_long_{horizon}"].base
        assert learning[f"return_quantiles_{horizon}"].base != plain[f"return_quantiles_{horizon}"].base
        for kind in ("p_short", "volatility"):
            assert learning[f"{kind}_{horizon}"] == plain[f"{kind}_{horizon}"]
    for name, head in learning.items():
        assert head.candidate == plain[name].candidate


def test_what_falls_back_to_its_base_is_that_base_to_the_bit():
    fallen = {name: reduced(own, kinds=KINDS) for name, own in made().trust.items()}
    own, learned = made().served(fallen, LEVEL_SIDES)
    base = made().base(own, learned)
    for head in heads(own, base).values():
        if head.kind != "volatility_rank":
            assert head.candidate == head.base, head.name
    # Seen to fail: against a base that learns nothing it would look better, or worse, than itself.
    assert any(head.candidate != head.base for head in heads(own, None).values() if head.kind == "log_loss")


def test_the_base_reads_no_outcome_that_is_known_later():
    own, learned = made().served(made().trust, LEVEL_SIDES)
    data, plain = made().data, made().base(own, learned)
    moment = int(np.median(data.decision_s[data.rows_of(TEST)]))
    late = data.targets.window_end_s > moment
    turned = np.where(late, 1.0 - data.targets.p_long, data.targets.p_long)
    other = replace(data, targets=replace(data.targets, p_long=turned))
    provenance = replace(own.forecasts.provenance, dataset_sha256=other.content_sha256)
    said = replace(own.forecasts, provenance=provenance)
    found = base_served(said, other, made().trust, learned, column=COLUMN).forecasts.p_long
    early = data.decision_s[said.rows] <= moment
    np.testing.assert_array_equal(found[early], plain.forecasts.p_long[early])
    assert not np.array_equal(found, plain.forecasts.p_long)
