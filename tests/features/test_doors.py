"""What the web process may import stays light, and staff can look at everything but change nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from features.services.regime import regime_build
from features.tasks import features_build_due, regime_build_due
from market.models import Instrument
from tests.features.conftest import NOW, build, long_bars
from traderai.accounts.models import User

HEAVY = ("talib", "numba", "pandas", "polars", "xgboost", "lightgbm", "sklearn", "keras", "tensorflow")
LIGHT = (
    "features.models", "features.admin", "features.tasks", "features.contracts", "features.catalog",
    "features.selectors.regime", "features.selectors.catalogue",
)  # fmt: skip


def heavy_imports_of(*modules: str) -> str:
    code = (
        "import django, importlib, sys; django.setup();"
        f"[importlib.import_module(name) for name in {modules!r}];"
        f"print(','.join(sorted(set({HEAVY!r}) & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_light_doors_load_nothing_heavy() -> None:
    assert heavy_imports_of(*LIGHT) == ""


def test_the_check_sees_a_heavy_door() -> None:
    assert "talib" in heavy_imports_of("features.services.build")


@pytest.mark.django_db
def test_staff_see_snapshots_and_regimes_and_change_nothing(
    share: Callable[..., Instrument], lake: Any, client: Client
) -> None:
    share("AAAA", long_bars())
    build()
    regime_build(now=NOW)
    client.force_login(User.objects.create_superuser("boss", password="x"))
    for model in ("featuresnapshot", "regimehistory", "unlistedfile"):
        assert client.get(reverse(f"admin:features_{model}_changelist")).status_code == 200
        assert client.get(reverse(f"admin:features_{model}_add")).status_code == 403


@pytest.mark.django_db
def test_the_tasks_call_their_services(share: Callable[..., Instrument], lake: Any) -> None:
    share("AAAA", long_bars().cut(40))
    features_build_due(limit=5)
    regime_build_due()
    assert list(lake.rglob("*.parquet"))
