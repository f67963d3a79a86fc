"""Drift of synthetic days: what is planted is found and named, what is not there is not, nothing later is read."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from modeling.contracts.drift import DriftConfig, DriftFindings, DriftGrade
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.drift import SCORES, UNKNOWN_FAMILY, DriftReference, drift_reference, hit_days
from modeling.fitting.drift_findings import drift_findings, late_rows
from modeling.fitting.forecasts import Forecasts, Provenance
from tests.modeling.synthetic import dataset
from traderai.common.config import parse

CONFIG = DriftConfig(
    stretch_days=8, bins=10, least_stretches=8, least_psi=0.25, ks_level=0.01, top_frac=0.2, cusum_slack=0.25,
    cusum_run_length=500.0, history_days=365, max_scored_rows=20_000,
)  # fmt: skip
FAMILIES = {"hint": "news", "volatility": "volatility"}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset()


def saying(data: Dataset, *, seed: int = 0) -> Forecasts:
    """Return forecasts that are calibrated: base rates that the label moves by a little."""
    rng = np.random.default_rng(seed)
    rows = np.union1d(data.rows_of(VALIDATION), data.rows_of(TEST))
    shape = (rows.size, len(data.horizons))

    def side(name: str) -> np.ndarray:
        hit = getattr(data.targets, name)[rows]
        base = np.nanmean(hit, axis=0)
        # A shift of the score's mean by its label; Bayes' rule turns it into a probability.
        score = rng.standard_normal(shape) + 0.5 * np.nan_to_num(hit)
        odds = base / (1 - base) * np.exp(0.5 * score - 0.125)
        return odds / (1 + odds)

    return Forecasts(
        provenance=Provenance.of_fit("test", data), rows=rows, p_long=side("p_long"), p_short=side("p_short"),
        return_quantiles=np.zeros((*shape, 7)), volatility=1 + rng.random(shape), direction=np.full((*shape, 5), 0.2),
    )  # fmt: skip


@pytest.fixture(scope="module")
def reference(data: Dataset) -> DriftReference:
    return drift_reference(data, saying(data), families=FAMILIES, config=CONFIG)


def found(
    reference: DriftReference,
    data: Dataset,
    said: Forecasts | None = None,
    *,
    as_of_s: int | None = None,
    config: DriftConfig = CONFIG,
) -> tuple[DriftGrade, DriftFindings]:
    end_s = int(data.decision_s.max()) + 1 if as_of_s is None else as_of_s
    late = late_rows(
        data,
        learned_s=data.taught_until_s(TRAIN, VALIDATION),
        as_of_s=end_s,
        stretch_days=reference.stretch_days,
    )
    own = saying(data) if said is None else said
    return drift_findings(reference, data, own.taken(late.rows), late, config)


def test_the_reference_is_of_the_rows_it_says_and_survives_json(data: Dataset, reference: DriftReference):
    rows = data.eligible & (data.decision_s <= data.decision_s[data.rows_of(TRAIN)].max())
    assert [(own.name, own.family) for own in reference.features.columns] == [
        ("hint", "news"), ("volatility", "volatility"), ("noise", UNKNOWN_FAMILY),
    ]  # fmt: skip
    assert {sum(own.counts) for own in reference.features.columns} == {int(rows.sum())}
    assert {len(own.stretch_psi) for own in reference.features.columns} == {reference.features.days // 8}
    assert {own.family for own in reference.scores.columns} == {SCORES}
    assert len(reference.scores.columns) == 3 * len(data.horizons)
    assert [own.name for own in reference.hits] == ["p_long_1d", "p_long_2d", "p_short_1d", "p_short_2d"]
    assert all(0 < own.spread < 0.5 for own in reference.hits)
    read: DriftReference = parse(json.loads(json.dumps(asdict(reference))), DriftReference, where="test")
    assert read == reference


def test_the_reference_knows_nothing_of_later_rows_but_their_scores(data: Dataset, reference: DriftReference):
    later = data.decision_s >= data.validation_start_s
    test = data.part == TEST
    noised = replace(
        data,
        values=np.where(later[:, None], np.float32(9.0), data.values),
        targets=replace(data.targets, p_long=np.where(test, 1.0 - data.targets.p_long, data.targets.p_long)),
    )
    again = drift_reference(noised, saying(data), families=FAMILIES, config=CONFIG)
    assert again == reference


def test_days_without_change_are_ok(data: Dataset, reference: DriftReference):
    grade, told = found(reference, data)
    assert grade == "ok"
    assert told.days == 8
    assert [own.grade for own in told.hits] == ["ok"] * 4
    assert told.features is not None and told.features.stretches == reference.features.days // 8
    assert [own.strangeness for own in told.features.found] == sorted(
        (own.strangeness for own in told.features.found), reverse=True
    )


def test_a_shifted_feature_is_found_and_named_with_its_family(data: Dataset, reference: DriftReference):
    values = data.values.copy()
    values[data.decision_s > data.test_start_s, 0] += 4.0
    grade, told = found(reference, replace(data, values=values))
    assert grade == "drift"
    assert told.features is not None
    worst = told.features.found[0]
    assert (worst.name, worst.family, worst.grade) == ("hint", "news", "drift")
    assert worst.strangeness > told.features.limit
    assert [(own.family, own.drift, own.strangest) for own in told.families if own.drift] == [
        ("news", 1, "hint")
    ]
    few, _ = found(reference, replace(data, values=values), config=replace(CONFIG, least_stretches=99))
    assert few == "watch"


def test_a_feature_that_goes_missing_is_found(data: Dataset, reference: DriftReference):
    sparse = replace(data, sparse_blocks=("news", "", ""), features=(*data.features, "flag"))
    late = data.decision_s > data.test_start_s
    gone = np.where(late[:, None] & (np.arange(3) == 0), np.float32(np.nan), data.values)
    grade, told = found(reference, replace(sparse, values=np.c_[gone, late].astype(np.float32)))
    assert grade == "drift"
    assert told.features is not None and told.features.found[0].name == "hint"


def test_shifted_scores_are_found(data: Dataset, reference: DriftReference):
    said = saying(data)
    late = data.decision_s[said.rows] > data.test_start_s
    grade, told = found(
        reference, data, replace(said, volatility=np.where(late[:, None], 5.0, said.volatility))
    )
    assert grade == "drift"
    assert told.scores is not None
    assert {own.name for own in told.scores.found if own.grade == "drift"} == {
        "volatility_1d",
        "volatility_2d",
    }


def test_scores_that_are_one_number_are_no_drift_while_they_stay(data: Dataset):
    said = saying(data)
    base = replace(said, p_long=np.full(said.p_long.shape, 0.3))
    own = drift_reference(data, base, families=FAMILIES, config=CONFIG)
    _, told = found(own, data, base)
    assert told.scores is not None
    assert {each.psi for each in told.scores.found if each.name.startswith("p_long")} == {0.0}
    grade, told = found(own, data, replace(base, p_long=base.p_long + 0.01))
    assert grade == "drift"


def test_a_collapse_of_the_hit_rate_is_found_by_its_sum_alone(data: Dataset, reference: DriftReference):
    # What scores best hits no more, from the middle of the test part on; the scores themselves stay.
    said = saying(data)
    rows, middle_s = said.rows, data.test_start_s + 5 * 86_400
    p_long = data.targets.p_long.copy()
    p_long[data.decision_s > middle_s, 0] = 0.0
    fallen = replace(data, targets=replace(data.targets, p_long=p_long))
    grade, told = found(reference, fallen, said)
    assert grade == "drift"
    by_name = {own.name: own for own in told.hits}
    worst = by_name["p_long_1d"]
    assert (worst.grade, worst.low > worst.limit, worst.high) == ("drift", True, 0.0)
    assert worst.hit_rate < worst.expected / 2
    assert {own.grade for name, own in by_name.items() if name != "p_long_1d"} == {"ok"}
    assert rows.size > worst.outcomes  # many rows, few outcomes
    risen = replace(data, targets=replace(data.targets, p_long=np.where(np.isnan(p_long), np.nan, 1.0)))
    assert found(reference, risen, said)[0] == "watch"  # better than said is not calibrated either


def test_outcomes_do_not_overlap(data: Dataset):
    said = saying(data)
    whole = np.ones(said.rows.size, dtype=bool)
    one, two = (
        hit_days(data, said, side="p_long", h=h, least_p=0.0, among=whole) for h in range(len(data.horizons))
    )
    assert one.rows.sum() == np.isfinite(data.targets.p_long[said.rows, 0]).sum()
    assert np.all(one.end_s > one.start_s)
    assert np.median(two.end_s - two.start_s) > np.median(one.end_s - one.start_s)
    none = hit_days(data, said, side="p_long", h=0, least_p=2.0, among=whole)
    assert none.hits.size == 0


def test_nothing_later_is_read(data: Dataset, reference: DriftReference):
    as_of_s = int(data.decision_s.max()) - 10 * 86_400
    told = found(reference, data, as_of_s=as_of_s)
    unseen = data.decision_s > as_of_s
    open_still = data.targets.window_end_s > as_of_s
    other = replace(
        data,
        values=np.where(unseen[:, None], np.float32(99.0), data.values),
        targets=replace(
            data.targets,
            p_long=np.where(open_still, 0.0, data.targets.p_long),
            p_short=np.where(open_still, 1.0, data.targets.p_short),
        ),
    )
    said = saying(data)
    assert found(reference, other, said, as_of_s=as_of_s) == told
    # The check can fail: what was known does change the findings.
    known = replace(data, values=np.where(~unseen[:, None], np.float32(99.0), data.values))
    assert found(reference, known, said, as_of_s=as_of_s) != told


def test_too_few_days_are_not_compared(data: Dataset, reference: DriftReference):
    learned_s = data.taught_until_s(TRAIN, VALIDATION)
    grade, told = found(reference, data, as_of_s=learned_s + 3 * 86_400)
    assert grade == "unknown"
    assert (told.days, told.features, told.scores) == (0, None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stretch_days": 0}, {"bins": 1}, {"least_stretches": 1}, {"least_psi": 0.0}, {"ks_level": 1.0},
        {"top_frac": 0.0}, {"cusum_slack": 0.0}, {"cusum_run_length": 1.0}, {"history_days": 7},
        {"max_scored_rows": 0},
    ],
)  # fmt: skip
def test_limits_that_cannot_be_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match="must be"):
        replace(CONFIG, **wrong)
