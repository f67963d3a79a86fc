"""Evidence: break-even knows no more of the volatility than the probability that it meets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.fitting.dataset import TEST, TRAIN, VALIDATION
from modeling.fitting.evidence import Lessons, Novelty, evidence_fit
from modeling.fitting.forecasts import Forecasts, Provenance
from tests.modeling.synthetic import dataset
from tests.modeling.trust_maker import trust


@pytest.fixture(scope="module")
def lessons():
    whole = dataset()
    rows = np.union1d(whole.rows_of(VALIDATION), whole.rows_of(TEST))
    shape = (rows.size, len(whole.horizons))
    volatility = np.repeat(whole.ewma_volatility[rows][:, None], shape[1], axis=1)
    forecasts = Forecasts(
        provenance=Provenance.of_fit("test", whole),
        rows=rows,
        p_long=np.full(shape, 0.3),
        p_short=np.full(shape, 0.3),
        return_quantiles=np.tile(np.linspace(-0.05, 0.05, 7), (*shape, 1)),
        volatility=volatility,
        direction=np.full((*shape, 5), 0.2),
    )
    k = len(whole.features)
    novelty = Novelty(mean=np.zeros(k), precision=np.eye(k), limit=9.0)
    own = dict.fromkeys(whole.horizons, trust())
    return Lessons(forecasts=forecasts, dataset=whole, novelty=novelty, trust=own, training=whole)


def with_trust(lessons: Lessons, trusted: float) -> Lessons:
    own = trust(p_long_trust=trusted, p_short_trust=trusted)
    return replace(lessons, trust=dict.fromkeys(lessons.dataset.horizons, own))


def test_a_base_rate_meets_one_break_even_for_all_volatilities(lessons):
    for evidence in evidence_fit(lessons).values():
        assert len(set(evidence.long.mean_gross_loss_r)) == 1
        assert not evidence.long_informed
        assert not evidence.short_informed


def test_a_base_rate_of_the_training_part_meets_its_losses(lessons):
    """Of a base rate, always trading has the edge that it had in training, no more."""
    whole, targets = lessons.dataset, lessons.dataset.targets
    for h, evidence in enumerate(evidence_fit(lessons).values()):
        train = whole.part[:, h] == TRAIN
        missed = train & (targets.p_long[:, h] == 0)
        expected = -targets.long_gross[missed, h].mean() / whole.stop_loss_frac[0]
        assert evidence.long.mean_gross_loss_r[0] == pytest.approx(expected)


def test_a_trusted_network_meets_losses_by_volatility(lessons):
    for evidence in evidence_fit(with_trust(lessons, 1.0)).values():
        assert len(set(evidence.long.mean_gross_loss_r)) == 3
        assert evidence.long_informed


def test_losses_are_drawn_together_as_far_as_the_probability(lessons):
    common, half, full = (
        next(iter(evidence_fit(with_trust(lessons, t)).values())).short.mean_gross_loss_r
        for t in (0.0, 0.5, 1.0)
    )
    np.testing.assert_allclose(half, (np.asarray(common) + np.asarray(full)) / 2)


def test_evidence_never_reads_the_test_part(lessons):
    whole = lessons.dataset
    targets = whole.targets
    changed = {
        name: np.where(whole.part == TEST, 0.5, getattr(targets, name))
        for name in ("long_gross", "short_gross")
    }
    after = replace(lessons, dataset=replace(whole, targets=replace(targets, **changed)))
    assert evidence_fit(after) == evidence_fit(lessons)
    leaky = replace(
        after,
        dataset=replace(
            after.dataset, part=np.where(whole.part == TEST, VALIDATION, whole.part).astype(np.int8)
        ),
    )
    assert evidence_fit(leaky) != evidence_fit(lessons)  # the check can fail
