"""Migrations of `modeling` that move data, forth and back on rows that were there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from modeling.models import ModelVersion, Promotion
from tests.modeling.ledger_maker import NOW, sha

BEFORE, AFTER = "0005_drift_reports", "0006_slots_and_shadow"


@pytest.fixture
def back_to_the_newest() -> Iterator[None]:
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def promoted(kind: str, *, state: str = "champion") -> None:
    row = ModelVersion.objects.create(
        version=kind, kind=kind, recipe="r", feature_set_key="f@1", label_set="l", timeframe="1h", horizons=["3d"],
        lookback_bars=8, trained_until=NOW, is_simulated=False, artifact_key=kind, manifest_sha256=sha(kind),
        created_at=NOW, state=state, grade="inform",
    )  # fmt: skip
    Promotion.objects.create(slot=row.slot, version=row, action="promote", by="t", reason="r", at=NOW)


@pytest.mark.django_db(transaction=True)
def test_switches_and_versions_get_their_slot_and_lose_it_again(back_to_the_newest: None):
    promoted("global")
    promoted("adapter")
    promoted("council", state="shadow")
    silenced = ModelVersion.objects.get(kind="global")
    Promotion.objects.create(
        slot="forecast",
        version=silenced,
        action="pause",
        by="t",
        reason="what the older table does not know",
        at=NOW,
    )
    executor = MigrationExecutor(connection)
    executor.migrate([("modeling", BEFORE)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM modeling_promotion ORDER BY id")
        assert [row[0] for row in cursor.fetchall()] == ["global", "adapter", "council"]
        cursor.execute("SELECT kind, state FROM modeling_modelversion ORDER BY id")
        assert cursor.fetchall()[2] == ("council", "candidate")
    executor = MigrationExecutor(connection)
    executor.migrate([("modeling", AFTER)])
    with connection.cursor() as cursor:
        for table in ("modeling_promotion", "modeling_modelversion"):
            cursor.execute(f"SELECT slot FROM {table} ORDER BY id")
            assert [row[0] for row in cursor.fetchall()] == ["forecast", "adapters", "forecast"]
