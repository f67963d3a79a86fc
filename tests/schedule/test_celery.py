"""The Celery app as a worker sees it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.conf import settings

from tests.up.processes import ROOT, environment
from traderai.site.celery import QueueLimits, app, queue_of
from traderai.site.endpoints import broker_url, endpoint

# Not pyarrow: imported it starts nothing; the lake reads and writes through it in the children.
HEAVY = {
    "polars", "numba", "talib", "lightgbm", "sklearn", "keras", "tensorflow", "onnxruntime", "pandas",
    "matplotlib", "xgboost", "torch",
}  # fmt: skip
LIST = """
import json, sys
from traderai.site.celery import app
app.loader.import_default_modules()
{sabotage}
ours = sorted(name for name in app.tasks if not name.startswith("celery."))
print(json.dumps([ours, sorted({{name.split(".")[0] for name in sys.modules}})]))
"""


def loaded(sabotage: str = "") -> tuple[list[str], set[str]]:
    run = subprocess.run(
        [sys.executable, "-c", LIST.format(sabotage=sabotage)],
        env=environment("celery"), capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    tasks, modules = json.loads(run.stdout)
    return tasks, set(modules)


def test_a_workers_parent_process_loads_nothing_that_hangs_after_a_fork():
    tasks, modules = loaded()
    assert {"market.tasks.candles_ingest_due", "signals.tasks.signals_score_due"} <= set(tasks)
    assert modules & HEAVY == set()


def test_the_import_check_can_fail():
    assert loaded("import numba")[1] & HEAVY


def test_every_task_has_a_queue_of_its_own_app():
    app.loader.import_default_modules()
    ours = [name for name in app.tasks if not name.startswith("celery.")]
    assert {queue_of(name) for name in ours} >= {"ingest", "features", "inference", "default"}
    assert all(queue_of(name) in settings.CELERY_TASK_QUEUES for name in ours)
    # A model is silenced beside a training that runs for hours, not after it.
    assert queue_of("modeling.tasks.live_floor_check") == "inference"
    assert queue_of("modeling.tasks.drift_daily") == "training"


def test_limits_follow_the_queue_and_stay_below_the_visibility_timeout():
    app.loader.import_default_modules()
    app.finalize()
    sweep = app.tasks["traderai.jobs.tasks.jobs_sweep"]
    assert (sweep.soft_time_limit, sweep.time_limit) == settings.QUEUE_LIMITS_S["default"]
    assert QueueLimits().annotate(sweep) == {"soft_time_limit": 300, "time_limit": 330}
    for soft_s, hard_s in settings.QUEUE_LIMITS_S.values():
        # Longer than the visibility timeout, a task would be delivered to a second worker while it runs.
        assert soft_s < hard_s < settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]


def test_what_protects_tasks_is_set():
    conf = app.conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.worker_prefetch_multiplier) == (
        True,
        True,
        1,
    )
    assert (conf.accept_content, conf.task_serializer, conf.task_ignore_result) == (["json"], "json", True)
    assert conf.broker_transport_options["unacked_restore_throttle"] == 1
    assert conf.timezone == "Europe/Moscow"


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("redis://127.0.0.1:6379/7", "redis://127.0.0.1:6379/7"),
        ("unix:///run/Redis/redis.sock?db=2", "redis+socket:///run/Redis/redis.sock?virtual_host=2"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("", ""),
    ],
)
def test_a_redis_url_becomes_a_brokers(url, broker):
    assert broker_url(url) == broker


def test_the_environment_goes_before_the_note_of_a_running_up(tmp_path, monkeypatch):
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert endpoint("REDIS_URL", state=tmp_path) == ""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "services.json").write_text('{"REDIS_URL": "unix:///x"}')
    assert endpoint("REDIS_URL", state=tmp_path) == "unix:///x"
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    assert endpoint("REDIS_URL", state=tmp_path) == "redis://elsewhere"
    monkeypatch.delenv("REDIS_URL")
    (tmp_path / "run" / "services.json").write_text("{half")
    assert endpoint("REDIS_URL", state=tmp_path) == ""
