"""Levels that learn after training: what is served is what is judged, day by day, one calibration after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.db import transaction

from features.selectors.catalogue import feature_set_get
from modeling.contracts import QUANTILE_LEVELS, ModelVersionFacts
from modeling.contracts.conformal import ConformalState, HorizonRanges
from modeling.contracts.levels import LEVEL_SIDES, HorizonLevels, LevelState
from modeling.errors import ArtifactBrokenError
from modeling.fitting.dataset import Dataset
from modeling.kernels.served_levels import with_levels
from modeling.kernels.served_ranges import ranged
from modeling.models import ConformalState as StoredState
from modeling.models import ModelVersion, WeeklyCalibration
from modeling.registry import artifact as store
from modeling.selectors.artifacts import artifact_load, scorer_open
from modeling.selectors.calibration import artifact_calibrated
from modeling.selectors.conformal import levels_get, ranges_get
from modeling.services.calibration import dataset_calibrate
from modeling.services.conformal import conformal_update, dataset_conformal
from modeling.services.judgement import artifact_judged, artifact_raw, version_judged
from modeling.services.served import version_said
from tests.modeling.learned_maker import all_kept, plain_bytes, with_files
from tests.modeling.services.test_calibration import bars, folds, moved
from tests.modeling.serving_maker import serving
from traderai.common.clock import from_epoch_s, to_epoch_s

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@cache
def edges() -> tuple[float, float]:
    low, high = np.nanquantile(bars().ewma_volatility, (1 / 3, 2 / 3)).tolist()
    return low, high


def learners(learned_until_s: int) -> tuple[HorizonRanges, HorizonLevels]:
    facts = {"volatility_scale": 1.0, "longest_window_s": 4 * 86_400, "since_s": 1}
    side = LevelState(
        tercile_edges=edges(), step=0.02, offsets=(0.0, 0.1, 0.2), learned_rows=(1, 1, 1),
        learned_until_s=learned_until_s,
    )  # fmt: skip
    ranges = ConformalState(
        levels=QUANTILE_LEVELS, tercile_edges=edges(), steps=(0.02,) * 7, offsets=((0.1,) * 7,) * 3,
        learned_rows=(1, 1, 1), learned_until_s=learned_until_s,
    )  # fmt: skip
    levels = HorizonLevels(**facts, sides=dict.fromkeys(LEVEL_SIDES, side), kept=LEVEL_SIDES)
    return HorizonRanges(**facts, state=ranges), levels


@pytest.fixture
def base(quick: Path) -> ModelVersionFacts:
    """A version in service whose ranges and levels began at the end of its training."""
    ranges, levels = learners(int(np.median(bars().decision_s)))
    more = {
        store.CONFORMAL: plain_bytes(dict.fromkeys(bars().horizons, ranges)),
        store.LEVELS: plain_bytes(dict.fromkeys(bars().horizons, levels)),
        store.FOLDS: folds(),
    }
    return serving(
        bars(),
        "global-quick-1",
        weights=(0.4, 0.0, 0.1),
        informed=False,
        more=more,
        p_long_trust=0.7,
        p_short_trust=0.5,
    )


@cache
def steeper() -> Dataset:
    """Return the bars with longs of late rows that follow the hint more than the network says: no level learns that."""
    data, hint = bars(), bars().values[:, :1]
    follows = np.random.default_rng(5).random(data.targets.p_long.shape) < 0.5
    follows &= (data.decision_s > int(np.median(data.decision_s)))[:, None] & np.isfinite(data.targets.p_long)
    told = np.where(hint > 0.0, 1.0, np.where(hint < 0.0, 0.0, data.targets.p_long))
    return replace(data, targets=replace(data.targets, p_long=np.where(follows, told, data.targets.p_long)))


@pytest.fixture
def published() -> SimpleNamespace:
    """What stands in for a database of bars."""
    return SimpleNamespace(data=bars())


@pytest.fixture(scope="module")
def end() -> datetime:
    return from_epoch_s(int(bars().decision_s.max())) - 20 * DAY


def rows_of(since: datetime, until: datetime) -> np.ndarray:
    """Return the rows decided in a stretch, with a label or without."""
    data = bars()
    inside = (data.decision_s >= to_epoch_s(since)) & (data.decision_s < to_epoch_s(until))
    return np.flatnonzero(data.eligible & inside)


def served(facts: ModelVersionFacts, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what scoring says of rows, each moment by what is stored as known then: p_long, p_short and quantiles."""
    data = bars()
    found = {
        "p_long": np.empty((rows.size, len(data.horizons))),
        "p_short": np.empty((rows.size, len(data.horizons))),
        "return_quantiles": np.empty((rows.size, len(data.horizons), 7)),
    }
    for moment in np.unique(data.decision_s[rows]).tolist():
        own, at = data.decision_s[rows] == moment, from_epoch_s(moment)
        artifact = artifact_calibrated(artifact=artifact_load(version=facts), as_of=at)
        scorer, recent = scorer_open(artifact=artifact), data.ewma_volatility[rows[own]]
        session = data.session[rows[own]].astype(np.int64)
        windows = np.stack([data.values[row - data.lookback_bars + 1 : row + 1] for row in rows[own]])
        secids = [data.secids[number] for number in data.instrument[rows[own]]]
        ranges, levels = (get(artifact=artifact, as_of=at) for get in (ranges_get, levels_get))
        for h, horizon in enumerate(data.horizons):
            said = scorer.predict(windows=windows, secids=secids, horizon=horizon)
            said = ranged(said, recent, session, ranges[horizon]) if horizon in ranges else said
            said = with_levels(said, recent, levels[horizon]) if horizon in levels else said
            for name, array in found.items():
                array[own, h] = [getattr(each, name) for each in said]
    return found


def assert_equal(found: dict[str, np.ndarray], wanted: Any, *, atol: float = 1e-9) -> None:
    for name, array in found.items():
        np.testing.assert_allclose(array, getattr(wanted, name), rtol=0, atol=atol)


def stored() -> tuple[dict[str, Any], ...]:
    columns = ("as_of", "outcomes", "states", "levels", "calibrated_at")
    return tuple(StoredState.objects.order_by("as_of").values(*columns))


def taught(
    facts: ModelVersionFacts, now: datetime, data: Dataset | None = None
) -> tuple[dict[str, Any], ...]:
    StoredState.objects.all().delete()
    dataset_conformal(facts=facts, dataset=data or bars(), now=now)
    return stored()


def test_what_is_served_is_what_is_judged(base: ModelVersionFacts, end: datetime):
    taught(base, end)
    rows = rows_of(end - 9 * DAY, end - 2 * DAY)
    found = served(base, rows)
    assert_equal(found, version_judged(base, bars(), rows=rows).forecasts)
    assert_equal(found, version_said(base, bars(), rows=rows, as_of=end))
    # Seen to fail: without what was learned, and without what was learned on the newest days.
    artifact = artifact_load(version=base)
    plain = artifact_judged(artifact, artifact_raw(artifact, bars(), rows=rows), bars()).forecasts
    for name in ("p_long", "p_short", "return_quantiles"):
        assert np.abs(found[name] - getattr(plain, name)).max() > 1e-3
    StoredState.objects.filter(as_of__gte=end - 5 * DAY).delete()
    stale = version_said(base, bars(), rows=rows, as_of=end)
    assert np.abs(found["p_long"] - stale.p_long).max() > 1e-6
    # Outcomes that would be known by their own decision are refused.
    early = replace(bars(), decision_s=bars().decision_s + 86_400)
    with pytest.raises(ValueError, match="known after their decision"):
        version_judged(base, early, rows=rows)


def test_a_new_calibration_begins_with_what_its_own_words_taught(base: ModelVersionFacts, end: datetime):
    at, data = end - 6 * DAY, steeper()
    dataset_conformal(facts=base, dataset=data, now=at)
    calibration = dataset_calibrate(facts=base, dataset=data, now=at)
    assert calibration is not None and calibration.kept
    own = calibration.levels["2d"].sides["p_long"]
    start = artifact_load(version=base).levels
    assert start is not None
    assert own.step == start["2d"].sides["p_long"].step and own.learned_until_s == to_epoch_s(at)
    before = levels_get(
        artifact=artifact_calibrated(artifact=artifact_load(version=base), as_of=at), as_of=at
    )
    assert before["2d"].sides["p_long"] == own

    dataset_conformal(facts=base, dataset=data, now=end)
    rows = stored()
    assert [row["calibrated_at"] for row in rows] == [None if row["as_of"] < at else at for row in rows]
    stretch = rows_of(at - 2 * DAY, at + 4 * DAY)
    found = served(base, stretch)
    assert_equal(found, version_said(base, data, rows=stretch, as_of=end))
    # Called late, all of it is learned as if daily.
    assert taught(base, end, data) == rows
    # The artifact is judged as it was trained: there it says something else from the calibration on.
    assert np.abs(found["p_long"] - version_judged(base, data, rows=stretch).forecasts.p_long).max() > 1e-3


def test_what_is_known_later_is_in_no_state_and_in_no_calibration(base: ModelVersionFacts, end: datetime):
    at = end - 6 * DAY

    def learned(after: datetime) -> tuple[Any, ...]:
        WeeklyCalibration.objects.all().delete()
        targets = steeper().targets
        late = targets.window_end_s > to_epoch_s(after)
        turned = {
            name: np.where(late, 1.0 - getattr(targets, name), getattr(targets, name)) for name in LEVEL_SIDES
        }
        other = replace(steeper(), targets=replace(targets, **turned))
        found = dataset_calibrate(facts=base, dataset=other, now=at)
        assert found is not None and found.kept
        return found.levels, taught(base, at, other)

    plain = learned(end + 400 * DAY)
    assert learned(at) == plain
    assert learned(at - 3 * DAY) != plain  # seen to fail


def test_what_is_not_kept_is_said_as_trained_and_learns_all_the_same(base: ModelVersionFacts, end: datetime):
    kept, rows = taught(base, end), rows_of(end - 3 * DAY, end - DAY)
    whole = served(base, rows)
    one = all_kept(base, kept=("p_short",))
    assert taught(one, end) == kept
    found = served(one, rows)
    assert_equal(found, version_judged(one, bars(), rows=rows).forecasts)
    artifact = artifact_load(version=one)
    plain = artifact_judged(artifact, artifact_raw(artifact, bars(), rows=rows), bars()).forecasts
    np.testing.assert_allclose(found["p_long"], plain.p_long, atol=1e-12)
    np.testing.assert_array_equal(found["p_short"], whole["p_short"])


def test_an_artifact_from_before_levels_learned_keeps_its_ranges(base: ModelVersionFacts, end: datetime):
    whole, rows = taught(base, end), rows_of(end - 3 * DAY, end - DAY)
    older = with_files(base, {store.LEVELS: None})
    artifact = artifact_load(version=older)
    assert artifact.levels is None and levels_get(artifact=artifact, as_of=end) == {}
    found = taught(older, end)
    assert [row["states"] for row in found] == [row["states"] for row in whole]
    assert {(str(row["levels"]), row["calibrated_at"]) for row in found} == {("{}", None)}
    assert_equal(served(older, rows), version_judged(older, bars(), rows=rows).forecasts)
    calibration = dataset_calibrate(facts=older, dataset=moved(), now=end)
    assert calibration is not None and calibration.levels == {}
    assert levels_get(artifact=artifact_calibrated(artifact=artifact, as_of=end), as_of=end) == {}


def test_a_version_in_shadow_is_taught_as_the_one_in_service(
    base: ModelVersionFacts, end: datetime, loading: list[dict[str, Any]]
):
    wanted = taught(base, end)
    StoredState.objects.all().delete()
    key = feature_set_get(name="tech_v1").key
    ModelVersion.objects.filter(pk=base.id).update(state="shadow", feature_set_key=key)
    assert conformal_update(now=end) is None  # none is in service
    assert stored() == wanted and len(loading) == 1
    ModelVersion.objects.filter(pk=base.id).update(state="retired")
    assert conformal_update(now=end + 3 * DAY) is None and len(loading) == 1


def test_a_crash_stores_nothing_and_another_workers_days_stand(base: ModelVersionFacts, end: datetime):
    class Killed(Exception):
        pass

    with pytest.raises(Killed), transaction.atomic():
        assert len(taught(base, end)) > 10
        raise Killed
    assert stored() == ()
    with pytest.raises(ArtifactBrokenError, match="kept some of them"):
        store.levels_of(plain_bytes({"1d": learners(1)[1]}).replace(b'"kept": [', b'"kept": ["sideways",'))
    whole = taught(base, end)
    # Another worker was first with the last three days.
    others = list(StoredState.objects.order_by("-as_of")[:3])
    StoredState.objects.filter(as_of__gte=whole[-5]["as_of"]).delete()
    StoredState.objects.bulk_create([others[0]])
    dataset_conformal(facts=base, dataset=bars(), now=end)
    assert stored()[-1] == whole[-1]
    assert levels_get(artifact=artifact_load(version=base), as_of=end) == levels_get(
        artifact=artifact_load(version=base), as_of=whole[-1]["as_of"]
    )
