"""Ranges that learn after training: a state a day, the same bits however often asked, nothing of the future."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.test import Client, override_settings
from django.urls import reverse

pytest.importorskip("keras", reason="training needs Keras")

from market.kernels.sessions import MAIN
from modeling.contracts import ModelVersionFacts
from modeling.errors import ArtifactBrokenError
from modeling.fitting.conformal import quantile_rows
from modeling.fitting.dataset import TRAIN, VALIDATION, Dataset
from modeling.kernels.conformal import conformal_learn
from modeling.models import ConformalState, ModelVersion
from modeling.registry import artifact as store
from modeling.registry.folds import folds_read
from modeling.selectors.conformal import conformal_newest, conformal_states, ranges_get
from modeling.services.conformal import conformal_update, dataset_conformal
from modeling.services.fit import Origin, dataset_train
from modeling.services.judgement import artifact_judged, artifact_raw
from modeling.tasks import conformal_update as conformal_update_task
from tests.modeling.learned_maker import all_kept, with_files
from tests.modeling.synthetic import dataset, quick_label_sets, tiny_recipe
from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.lake import lake_at

pytestmark = pytest.mark.django_db
FEATURES = ("ret_1", "std_20", "rsi_14")


@dataclass(frozen=True)
class Published:
    """A version in service, the dataset it was trained on, and the moment at which all of it is known."""

    facts: ModelVersionFacts
    table: tuple[str, ...]
    data: Dataset
    end: datetime

    def taught(self, now: datetime, data: Dataset | None = None) -> tuple[dict[str, Any], ...]:
        """What stands in the table after learning at a moment, from nothing."""
        ConformalState.objects.all().delete()
        dataset_conformal(facts=self.facts, dataset=data or self.data, now=now)
        return stored()


def stored() -> tuple[dict[str, Any], ...]:
    columns = ("as_of", "outcomes", "states", "levels", "calibrated_at")
    return tuple(ConformalState.objects.order_by("as_of").values(*columns))


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Published]:
    """Train once; the tests' own transactions lie within the one that is rolled back at the end."""
    home = tmp_path_factory.mktemp("ranges")
    (home / "label_sets.yaml").write_text(quick_label_sets())
    data = replace(dataset(days=150, planted=True), features=FEATURES)
    recipe = tiny_recipe(
        label_set="quick_v1",
        **{"split.calibration_folds": 1, "fit.max_epochs": 1, "network.volatility_feature": "std_20"},
    )
    with pytest.MonkeyPatch.context() as patch, override_settings(LAKE_URL=f"file://{home}/lake"):
        patch.setenv("TRADERAI_CONFIG_DIR", str(home))
        with django_db_blocker.unblock(), transaction.atomic():
            now = datetime(2025, 1, 10, tzinfo=UTC)
            report = dataset_train(
                plan=recipe, dataset=data, origin=Origin(as_of=now, is_simulated=True), seed=0
            )
            # Whatever its gate and its folds found: it is the learning that is looked at here.
            ModelVersion.objects.filter(pk=report.version.id).update(state="champion", grade="inform")
            facts = replace(all_kept(report.version), state="champion", grade="inform")
            end = from_epoch_s(int(data.decision_s.max())) + timedelta(days=1)
            yield Published(facts=facts, table=report.table, data=data, end=end)
            transaction.set_rollback(True)


def test_the_artifact_the_card_and_the_metrics_tell_what_validation_taught(published: Published, settings):
    artifact = store.artifact_read(lake=lake_at(settings.LAKE_URL), version=published.facts)
    assert artifact.ranges is not None and set(artifact.ranges) == set(published.facts.horizons)
    for own in artifact.ranges.values():
        assert own.outcomes > 100
        assert from_epoch_s(own.state.learned_until_s) == published.facts.trained_until
    ranges = published.facts.metrics["ranges"]
    assert set(ranges["1d"]) == {"rows", "unadjusted", "adjusted"}  # type: ignore[index]  # JSON
    card = store.artifact_file(lake=lake_at(settings.LAKE_URL), version=published.facts, name="model_card.md")
    assert card is not None and "as served" in card.decode()
    assert any("as served" in line for line in published.table)


def test_the_artifact_keeps_what_its_fold_said_for_calibrations_to_come(published: Published, settings):
    lake, data = lake_at(settings.LAKE_URL), published.data
    content = store.artifact_file(lake=lake, version=published.facts, name=store.FOLDS)
    assert content is not None
    (fold,) = folds_read(content)
    rows = data.rows_of(VALIDATION)
    raw = artifact_raw(store.artifact_read(lake=lake, version=published.facts), data, rows=rows)
    for h, horizon in enumerate(data.horizons):
        own, at = fold[horizon], data.part[rows, h] == VALIDATION
        np.testing.assert_array_equal(own.p_long_logit, raw.p_long_logit[at, h])
        np.testing.assert_array_equal(own.direction_logits, raw.direction_logits[at, h])
        np.testing.assert_array_equal(own.p_short, data.targets.p_short[rows[at], h])
        np.testing.assert_array_equal(own.day, data.day[rows[at]])
        rate = data.targets.p_long[data.part[:, h] == TRAIN, h].mean()
        assert float(own.p_long_prior) == pytest.approx(np.log(rate / (1.0 - rate)))


def test_the_days_after_training_are_learned_as_if_asked_daily(published: Published):
    whole = published.taught(published.end)
    days = np.unique(
        published.data.trading_day[published.data.decision_s > to_epoch_s(published.facts.trained_until)]
    )
    assert len(whole) == days.size
    assert [row["outcomes"] for row in whole] == sorted(row["outcomes"] for row in whole)
    ConformalState.objects.all().delete()
    for now in (whole[2]["as_of"], whole[3]["as_of"] + timedelta(hours=5), whole[9]["as_of"], published.end):
        facts = dataset_conformal(facts=published.facts, dataset=published.data, now=now)
        assert facts is not None and facts.as_of <= now
    assert stored() == whole
    dataset_conformal(facts=published.facts, dataset=published.data, now=published.end)
    assert stored() == whole


def test_the_first_days_state_equals_learning_by_hand(published: Published, settings):
    first = published.taught(published.end)[0]
    artifact = store.artifact_read(lake=lake_at(settings.LAKE_URL), version=published.facts)
    assert artifact.ranges is not None
    data, own = published.data, artifact.ranges["2d"]
    rows = np.flatnonzero(data.usable[:, 1] & (data.decision_s > own.state.learned_until_s - 10 * 86_400))
    said = artifact_judged(artifact, artifact_raw(artifact, data, rows=rows), data).forecasts
    raw, _ = quantile_rows(said, data, h=1, scale=own.volatility_scale)
    state, offsets, learned = own.state, np.array(own.state.offsets), 0
    assert (raw.session == MAIN).all()  # no session's own offsets learn
    order = np.argsort(raw.resolved_s, kind="stable")
    for row in order:
        if own.state.learned_until_s < raw.resolved_s[row] <= to_epoch_s(first["as_of"]):
            group = sum(raw.volatility[row] >= edge for edge in own.state.tercile_edges)
            said = np.sort(raw.quantiles[row] + raw.volatility[row] * np.array(own.state.offsets)[group])
            now = raw.quantiles[row] + raw.volatility[row] * offsets[group]
            of_said, of_now = (raw.outcome[row] <= each for each in (said, now))
            below = state.said_frac * of_said + (1.0 - state.said_frac) * of_now
            lent = np.where(np.arange(3) == group, 1.0, state.lent_frac)[:, None]
            offsets = offsets + lent * np.array(state.steps) * (np.array(state.levels) - below)
            learned += 1
    np.testing.assert_allclose(first["states"]["2d"]["offsets"], offsets, rtol=1e-12, atol=1e-14)
    assert sum(first["states"]["2d"]["learned_rows"]) == own.outcomes + learned
    assert conformal_learn(own.state, raw, raw.quantiles, until_s=own.state.learned_until_s) == own.state


def test_outcomes_that_are_known_later_have_no_say(published: Published):
    now = published.taught(published.end)[7]["as_of"] + timedelta(hours=7)
    known = published.taught(now)

    def changed(after: datetime) -> Dataset:
        targets = published.data.targets
        late = targets.window_end_s > to_epoch_s(after)
        moved = np.where(late, targets.forward_return - 0.5, targets.forward_return)
        return replace(published.data, targets=replace(targets, forward_return=moved))

    assert published.taught(now, changed(now)) == known
    assert published.taught(now, changed(now - timedelta(days=3))) != known  # the change can be seen


def test_the_newest_state_known_at_a_moment_counts_and_comes_back_to_the_bit(published: Published, settings):
    artifact = store.artifact_read(lake=lake_at(settings.LAKE_URL), version=published.facts)
    assert ranges_get(artifact=artifact, as_of=published.end) == artifact.ranges
    rows = published.taught(published.end)
    states = conformal_states(version_id=published.facts.id)
    assert [asdict(own.states["1d"]) for own in states] == [
        {name: tuples(value) for name, value in row["states"]["1d"].items()} for row in rows
    ]
    third = ranges_get(artifact=artifact, as_of=states[3].as_of - timedelta(seconds=1))
    assert {name: own.state for name, own in third.items()} == states[2].states
    assert artifact.ranges is not None
    assert third["1d"] == replace(artifact.ranges["1d"], state=states[2].states["1d"])
    before = states[0].as_of - timedelta(seconds=1)
    assert conformal_newest(version_id=published.facts.id, as_of=before) is None
    assert ranges_get(artifact=artifact, as_of=before) == artifact.ranges


def tuples(value: Any) -> Any:
    return tuple(tuples(item) for item in value) if isinstance(value, list) else value


def test_the_task_learns_once_a_day_and_asks_for_no_more_than_it_needs(
    published: Published, loading: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(clock, "now", lambda: published.end)
    conformal_update_task()
    first = stored()
    conformal_update_task()
    assert stored() == first and len(first) > 10
    last = first[-1]["as_of"]
    assert loading[0]["since"] < published.facts.trained_until < last
    assert conformal_update(now=last + timedelta(hours=10)) is not None
    assert len(loading) == 1  # the days that are over have been learned: nothing is loaded
    assert conformal_update(now=last + timedelta(hours=25)) is not None
    assert len(loading) == 2 and stored() == first  # a day without bars has no state
    # What was missed for longer than is remembered is left out.
    late = published.end + timedelta(days=200)
    assert conformal_update(now=late) == conformal_newest(version_id=published.facts.id, as_of=late)
    assert loading[-1]["since"] > late - timedelta(days=120)
    assert stored() == first


def test_without_a_version_in_service_nothing_is_learned(published: Published):
    ModelVersion.objects.filter(pk=published.facts.id).update(state="retired")
    assert conformal_update(now=published.end) is None
    assert not ConformalState.objects.exists()


def test_an_older_artifact_learns_nothing_and_still_loads(published: Published, settings):
    older = with_files(published.facts, {store.CONFORMAL: None, store.LEVELS: None})
    lake = lake_at(settings.LAKE_URL)
    artifact = store.artifact_read(lake=lake, version=older)
    assert artifact.ranges is None and ranges_get(artifact=artifact, as_of=published.end) == {}
    assert conformal_update(now=published.end) is None
    assert dataset_conformal(facts=older, dataset=published.data, now=published.end) is None
    assert not ConformalState.objects.exists()


def test_a_start_that_cannot_be_is_refused_and_stores_nothing(published: Published, settings):
    path = Path(settings.LAKE_URL.removeprefix("file://")) / published.facts.artifact_key / store.CONFORMAL
    whole = path.read_bytes()
    try:
        path.write_bytes(whole.replace(b"since_s", b"since"))
        with pytest.raises(ArtifactBrokenError, match="corrupt"):
            conformal_update(now=published.end)
    finally:
        path.write_bytes(whole)
    broken = json.loads(whole)
    broken["1d"]["volatility_scale"] = -1.0
    with pytest.raises(ArtifactBrokenError, match="volatility_scale"):
        store.ranges_of(json.dumps(broken).encode())
    assert not ConformalState.objects.exists()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, "modeling_conformalstate_once"),
        ({"days": 1, "states": {}}, "modeling_conformalstate_has_states"),
        ({"days": 9999}, "modeling_conformalstate_known_when_stored"),
    ],
)
def test_the_database_keeps_one_whole_state_a_moment(
    published: Published, changes: dict[str, Any], rule: str
):
    row = kept(published, published.end)
    assert str(row).startswith(f"{published.facts.version}: 7 outcomes by ")
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        kept(published, published.end + timedelta(days=changes.pop("days", 0)), **changes)


def kept(published: Published, as_of: datetime, **fields: Any) -> ConformalState:
    plain = {"outcomes": 7, "states": {"1d": {}}, "at": published.end + timedelta(days=9)}
    return ConformalState.objects.create(version_id=published.facts.id, as_of=as_of, **plain | fields)


def test_the_database_refuses_to_change_a_state(published: Published):
    kept(published, published.end)
    with (
        pytest.raises(IntegrityError, match="never changed"),
        transaction.atomic(),
    ):
        ConformalState.objects.update(outcomes=8)


def test_staff_sees_the_states_and_changes_none(published: Published, client: Client):
    row = kept(published, published.end)
    clerk = User.objects.create_user("clerk", is_staff=True)
    client.force_login(clerk)
    listed = reverse("admin:modeling_conformalstate_changelist")
    assert client.get(listed).status_code == 403
    clerk.user_permissions.set(Permission.objects.filter(codename="view_conformalstate"))
    assert published.facts.version in client.get(listed).content.decode()
    client.force_login(User.objects.create_superuser("boss"))
    page = reverse("admin:modeling_conformalstate_change", args=[row.pk])
    assert client.get(page).status_code == 200
    assert client.post(page, {"outcomes": 8}).status_code == 403
    assert client.get(reverse("admin:modeling_conformalstate_add")).status_code == 403
