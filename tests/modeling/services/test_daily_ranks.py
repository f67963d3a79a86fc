"""The stored order of each day: once, never changed, read as of a moment and no longer than a week."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from features.selectors.catalogue import feature_set_get
from modeling.contracts.council import META, META_RANK
from modeling.fitting.daily_ranks import DailyRanks
from modeling.fitting.loading import Loaded
from modeling.fitting.rank_loading import panel_ranks
from modeling.fitting.recipe import Recipe
from modeling.fitting.report_settings import rank_report_config
from modeling.kernels.known_ranks import ORDER_TAKES_S
from modeling.models import DailyOrder, ModelVersion, TrainingRun
from modeling.selectors.daily_ranks import rank_known
from modeling.selectors.versions import facts_of
from modeling.services import daily_ranks as module
from modeling.services import judgement
from modeling.services.daily_ranks import daily_ranks_update, ranks_store
from modeling.tasks import daily_ranks_update as daily_ranks_task
from tests.modeling.council_maker import council_data, council_recipe
from tests.modeling.fitting.cross_maker import panel
from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.clock import from_epoch_s
from traderai.common.errors import NotReadyError

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@cache
def ranks() -> DailyRanks:
    config = rank_report_config("rank_v1")
    assert config.feed is not None
    return panel_ranks(
        panel(planted=True),
        replace(config, test_years=(2023,), validation_days=60.0),
        config.feed,
        name="r@1",
        since=None,
    )


def last() -> datetime:
    return from_epoch_s(int(ranks().known_s.max()))


def told() -> datetime:
    """Return when the newest order may be read: it takes its time."""
    return last() + timedelta(seconds=ORDER_TAKES_S)


def stored() -> list[dict[str, Any]]:
    return list(DailyOrder.objects.order_by("known_at").values())


def test_the_newest_week_is_stored_once():
    assert ranks_store(ranks(), now=last()) == 8
    first = stored()
    assert ranks_store(ranks(), now=last() + DAY) == 0
    assert stored() == first
    newest = first[-1]
    assert newest["known_at"] == last() and newest["learned_until"].year <= 2023
    assert newest["model"] == "ridge" and newest["horizon"] == "5d" and newest["shares"] == 14
    own = ranks().known_s == ranks().known_s.max()
    assert newest["places"]["SHR03"] == pytest.approx(ranks().place[own][3], abs=1e-6)
    assert newest["rank_ic"] == ranks().told["choice_ic"]["2023"] > 0.1  # planted


def test_what_is_not_known_yet_is_not_stored():
    assert ranks_store(ranks(), now=last() - 3 * DAY) == 8
    assert DailyOrder.objects.order_by("-known_at").first().known_at == last() - 3 * DAY
    assert ranks_store(ranks(), now=last()) == 3
    assert ranks_store(ranks(), now=from_epoch_s(0)) == 0


def test_a_place_is_read_as_of_a_moment():
    ranks_store(ranks(), now=last())
    found = rank_known(secid="SHR03", as_of=told())
    assert found is not None and (found.known_at, found.shares, found.feature) == (last(), 14, "r@1")
    own = ranks().known_s == ranks().known_s.max()
    order = np.argsort(-ranks().place[own])
    assert found.position == 1 + int(np.flatnonzero(order == 3)[0])
    before = rank_known(secid="SHR03", as_of=told() - timedelta(seconds=1))
    assert before is not None and before.known_at == last() - DAY
    assert rank_known(secid="SHR03", as_of=told() - 9 * DAY) is None  # nothing of tomorrow
    assert rank_known(secid="SHR03", as_of=told() + 7 * DAY) == found
    assert rank_known(secid="SHR03", as_of=told() + 8 * DAY) is None  # too old
    assert rank_known(secid="NOBODY", as_of=told()) is None


def test_a_share_that_was_not_ranked_today_keeps_its_place_of_yesterday():
    ranks_store(ranks(), now=last())
    row = DailyOrder.objects.latest("known_at")
    DailyOrder.objects.filter(pk=row.pk).delete()
    row.pk, row.places = None, {name: place for name, place in row.places.items() if name != "SHR03"}
    row.save(force_insert=True)
    found = rank_known(secid="SHR03", as_of=told())
    assert found is not None and found.known_at == last() - DAY


def test_the_database_refuses_what_cannot_be():
    ranks_store(ranks(), now=last())
    row = DailyOrder.objects.latest("known_at")
    for changes, rule in (
        ({}, "modeling_dailyorder_once"),
        ({"feature": "r@2", "places": {}}, "modeling_dailyorder_has_places"),
        ({"feature": "r@2", "learned_until": row.known_at}, "modeling_dailyorder_times_in_order"),
        ({"feature": "r@2", "at": row.known_at - DAY}, "modeling_dailyorder_times_in_order"),
    ):
        again = DailyOrder(
            **{**{f.attname: getattr(row, f.attname) for f in row._meta.fields}, "id": None, **changes}
        )
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            again.save(force_insert=True)
    with pytest.raises(IntegrityError, match="is never changed"), transaction.atomic():
        DailyOrder.objects.filter(pk=row.pk).update(rank_ic=0.9)


def test_the_task_loads_only_what_is_due(monkeypatch: pytest.MonkeyPatch):
    asked: list[datetime] = []
    begins = {"SHR00": last() - DAY, "SHR01": last()}  # of the second one the day is not over

    def load(*, as_of: datetime, **_options: Any) -> DailyRanks:
        asked.append(as_of)
        return replace(ranks(), name=module.rank_feature("rank_v1"))

    monkeypatch.setattr(module, "newest_bars", lambda **_options: begins)
    monkeypatch.setattr(module, "features_build", lambda **_options: None)
    monkeypatch.setattr(module, "daily_ranks_load", load)
    now = last() + timedelta(hours=5)
    monkeypatch.setattr(clock, "now", lambda: now)
    daily_ranks_task()
    assert DailyOrder.objects.count() == 8 and asked == [now]
    assert daily_ranks_update(now=now) == 0 and len(asked) == 1
    begins["SHR00"] = last()
    # The day is over, and nobody was liquid.
    assert daily_ranks_update(now=now + DAY) == 0 and len(asked) == 2

    def refused(**_options: Any) -> DailyRanks:
        raise NotReadyError("too few", code="no_bars")

    monkeypatch.setattr(module, "daily_ranks_load", refused)
    assert daily_ranks_update(now=now + DAY) == 0
    begins.clear()
    assert daily_ranks_update(now=now + DAY) == 0


def test_staff_sees_the_orders(client: Client):
    ranks_store(ranks(), now=last())
    staff = User.objects.create_user(username="s", password="x", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_dailyorder"))
    client.force_login(staff)
    page = client.get(reverse("admin:modeling_dailyorder_changelist"))
    assert page.status_code == 200 and b"r@1" in page.content


def test_only_a_version_that_kept_the_rank_has_it_loaded(monkeypatch: pytest.MonkeyPatch):
    recipe = council_recipe(label_set="quick_v1")
    assert recipe.council is not None
    recipe = replace(recipe, council=replace(recipe.council, ranks="rank_v1"), feature_set="tech_v1")
    asked: list[str | None] = []

    def loaded(plan: Recipe, **_options: Any) -> Loaded:
        asked.append(None if plan.council is None else plan.council.ranks)
        return Loaded(dataset=council_data(), instruments=(), is_simulated=False, without_features=())

    monkeypatch.setattr(judgement, "whole_load", loaded)
    run = TrainingRun.objects.create(
        recipe=recipe.name, seed=0, as_of=last(), config=json.loads(json.dumps(asdict(recipe))), started_at=last(),
        state="done", finished_at=last(), data_sha256="d", config_sha256="c", code_sha256="",
    )  # fmt: skip
    for kept in ("global", META, META_RANK):
        version = ModelVersion.objects.create(
            version=kept, kind="council", recipe=recipe.name, feature_set_key=feature_set_get(name="tech_v1").key,
            label_set="quick_v1", timeframe="1h", horizons=["1d", "2d"], lookback_bars=8, trained_until=last(),
            is_simulated=False, artifact_key=kept, manifest_sha256="0" * 64, metrics={"council": {"kept": kept}},
            created_at=last(), run=run,
        )  # fmt: skip
        facts = facts_of(version)
        judgement.dataset_since(facts, since=last(), as_of=last() + DAY)
    assert asked == [None, None, "rank_v1"]
